"""The process is started anew after every single step: random flows go the very same way as without."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from django.db import transaction
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from designer.graph.model import Flow
from designer.services import versions
from engine.models import Fact, Instance, Step
from engine.services import states
from engine.services.events import send_event
from engine.services.human_tasks import complete_step
from engine.services.instances import start_instance
from engine.services.timers import fire_due_timers
from engine.storage import storage
from tests.chaos.ends import end_of
from tests.drawing import draw
from tests.integration.engine.conftest import NOON, Engine, assert_history_is_whole, python
from tests.strategies import flows
from tests.unit.engine.driving import drawing

MOST_TURNS = 600


def with_attempts(flow: Flow, failing: set[str]) -> Flow:
    """Its automations as leased attempts, some of which fail."""
    for task in list(flow.tasks.values()):
        if task.kind == "automation":
            kept = {key: value for key, value in task.settings.items() if key == "requirements"}
            run = python("no.such.function" if task.key in failing else "echo", arguments={"task": task.key})
            flow = flow.with_task(replace(task, settings=run | kept))
    return flow


def restart_process(engine: Engine) -> None:
    """What a process knows is gone."""
    engine.workers.clear()
    versions._plans._found.clear()
    versions._flows._found.clear()
    states._known.clear()
    states._texts.clear()


def run(engine: Engine, instance: Instance, *, restarts: bool) -> None:
    """To the end, one thing at a time, always the first there is."""
    for _ in range(MOST_TURNS):
        instance.refresh_from_db()
        if instance.is_final:
            return
        if restarts:
            restart_process(engine)
        part_ties(engine, instance)
        if attempts := engine.claim(room=1):
            if restarts:
                restart_process(engine)
            assert engine.settle(*attempts) == 1
        elif not ask_somebody(engine, instance) and not fire_due_timers(engine.now, limit=1):
            moment = storage().next_moment(engine.now)
            assert moment is not None, f"stuck: {list(instance.steps.values_list('task', 'status'))}"
            engine.now = moment
    raise AssertionError("it does not end")


def part_ties(engine: Engine, instance: Instance) -> None:
    """Steps that became claimable in the same moment are claimed in any order. Here in that of their names, as it may
    matter who is first: one that fails cancels the others.
    """
    queued = Step.objects.filter(instance=instance, lease_owner="", claimable_at__lte=engine.now)
    for number, step in enumerate(queued.order_by("claimable_at", "task", "iteration").only("pk")):
        Step.objects.filter(pk=step.pk).update(claimable_at=engine.now - timedelta(seconds=1, microseconds=-number))


def ask_somebody(engine: Engine, instance: Instance) -> bool:
    """Have a person do the first human task, or send the first awaited event."""
    step = (
        Step.objects.filter(instance=instance, status="waiting", waits_for__in=["person", "event"])
        .order_by("pk")
        .first()
    )
    if step is None:
        return False
    if step.waits_for == "event":
        send_event(engine.scope, instance, type=step.event_type, payload={"n": 1}, now=engine.now)
    elif step.kind == "decision":
        complete_step(engine.scope, step, branch="yes", now=engine.now)
    else:
        complete_step(engine.scope, step, output={"by": "hand"}, now=engine.now)
    return True


def history(instance: Instance) -> list[tuple[Any, ...]]:
    """Everything that happened, in order."""
    rows = Fact.objects.filter(instance=instance).order_by("number")
    return list(rows.values_list("type", "task", "iteration", "is_derived"))


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large],
)
@given(flow=flows(most_blocks=12), data=st.data())
def test_a_restart_after_every_step_changes_nothing(engine: Engine, flow: Flow, data: st.DataObject) -> None:
    keys = [task.key for task in flow.tasks.values() if task.kind == "automation"]
    failing = set(data.draw(st.lists(st.sampled_from(keys), max_size=2))) if keys else set()
    input = {key: data.draw(st.booleans()) for key in ("yes", "no", "maybe", "again", "done")}
    note(f"{drawing(flow)}\nfailing {failing}, {input}")
    with transaction.atomic():
        row = engine.publish(with_attempts(flow, failing))
        found = []
        for restarts in (False, True):
            engine.now = NOON
            engine.workers.clear()
            instance = start_instance(engine.scope, row, input=input, now=NOON)
            run(engine, instance, restarts=restarts)
            assert_history_is_whole(instance)
            found.append((end_of(instance), history(instance)))
        transaction.set_rollback(True)
    assert found[1] == found[0]


def test_restarts_are_restarts(engine: Engine) -> None:
    flow = draw("a -> b", settings={"a": python(), "b": python()})
    row = engine.publish(flow)
    run(engine, start_instance(engine.scope, row, now=NOON), restarts=True)
    assert engine.workers["worker"].rows != {}
    restart_process(engine)
    assert engine.workers == {}
