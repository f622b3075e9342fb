"""The number of statements depends on the shape of the flow, never on the size of the batch."""

from __future__ import annotations

import pytest

from accounts.scope import Scope
from designer.models import Flow
from engine.services.attempts import EndedAttempt, claim_attempts, make_attempt, settle_attempts
from engine.services.instances import StartRequest, start_instances
from engine.services.rounds import Worker
from engine.services.timers import fire_due_timers
from tests.drawing import draw
from tests.integration.engine.conftest import Engine, python
from tests.integration.engine.counting import counted_statements

SHAPES = {
    "chain": draw("a -> b -> c", settings={task: python() for task in "abc"}, key="chain"),
    "data": draw(
        "a -> b -> c",
        settings={
            "a": python("echo", arguments={"n": "{{ input.n }}"}),
            "b": {"inputs": {"values": {"m": "{{ steps.a.output.n }}"}}},
            "c": python("echo", arguments={"m": "{{ vars.m }}", "all": "{{ steps.b.output }}"}),
        },
        key="data",
    ),
    "waits": draw(
        "a -> rest,ask,wait; rest,ask,wait -> b",
        kinds={"rest": "delay", "ask": "manual", "wait": "wait_event"},
        settings={"a": python(), "b": python(), "rest": {"for": "1 minute"}},
        key="waits",
    ),
    "decision": draw(
        "a -> pick; pick -yes-> b; pick -none_met-> c", settings={task: python() for task in "abc"}, key="decision"
    ),
}


def turns_of(engine: Engine, scope: Scope, row: Flow, count: int) -> list[int]:
    """How many statements each turn sends: the start, the claim, every settling, the timers."""
    turns = []
    worker = Worker("worker", 1000)
    with counted_statements() as sent:

        def note() -> None:
            turns.append(len(sent))
            sent.clear()

        start_instances(scope, row, [StartRequest(input={"n": n, "yes": True}) for n in range(count)], now=engine.now)
        note()
        claim_attempts(worker, now=engine.now, limit=1000)
        note()
        while worker.claimed:
            ended = [EndedAttempt(attempt, make_attempt(attempt), engine.now) for attempt in worker.claimed]
            worker.claimed = []
            settle_attempts(ended, worker, now=engine.now)
            note()
        engine.now = engine.now.replace(minute=engine.now.minute + 1)
        fire_due_timers(engine.now)
        note()
    return turns


@pytest.mark.parametrize("shape", list(SHAPES))
def test_forty_instances_cost_as_many_statements_as_two(engine: Engine, scope: Scope, shape: str) -> None:
    row = engine.publish(SHAPES[shape])
    turns_of(engine, scope, row, 2)  # what is remembered per process is remembered from now on
    few = turns_of(engine, scope, row, 2)
    many = turns_of(engine, scope, row, 40)
    assert few == many
    # Settling a batch of steps: lock, check the leases, facts, steps (ended, begun), instances; and the transaction.
    assert max(many) <= 20, many


def test_a_step_of_a_chain_costs_eight_statements_for_the_whole_batch(engine: Engine, scope: Scope) -> None:
    row = engine.publish(SHAPES["chain"])
    turns_of(engine, scope, row, 2)
    _, _, settling, *_ = turns_of(engine, scope, row, 40)
    assert settling <= 8
