"""An engine whose clock stands still until a test moves it, and which works when it is told to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import transaction

from accounts.scope import Scope
from designer.graph.model import Flow as Graph
from designer.graph.plan import Plan
from designer.models import Flow, Version
from designer.services.drafting import create_flow, replace_draft
from designer.services.publishing import publish_flow
from designer.services.versions import plan_of
from engine.core.advance import fold
from engine.core.facts import FactType
from engine.core.migrating import Move, migrate
from engine.core.state import new_state
from engine.models import Fact, Instance, Step
from engine.services.attempts import EndedAttempt, claim_attempts, make_attempt, settle_attempts
from engine.services.calls import deliver_signals
from engine.services.history import told_facts
from engine.services.instances import start_instance
from engine.services.rounds import ClaimedAttempt, Worker
from engine.services.states import read_state
from engine.services.timers import fire_due_timers
from tests.drawing import draw
from tests.integration.engine.listening import Listener

NOON = datetime(2030, 5, 1, 12, tzinfo=UTC)


@dataclass
class Engine:
    """The services at a moment that only the test moves."""

    scope: Scope
    now: datetime = NOON
    workers: dict[str, Worker] = field(default_factory=dict)

    def publish(self, graph: Graph | str, **drawing: Any) -> Flow:
        """A flow that is drawn or given, published."""
        flow = draw(graph, **drawing) if isinstance(graph, str) else graph
        row = create_flow(self.scope, key=flow.key, name=flow.name, flow=flow)
        publish_flow(self.scope, row)
        return row

    def publish_again(self, flow: Flow, graph: Graph | str, **drawing: Any) -> Version:
        """The flow's next version."""
        drawn = draw(graph, key=flow.key, **drawing) if isinstance(graph, str) else graph
        flow.refresh_from_db()
        replace_draft(self.scope, flow, drawn, revision=flow.draft_revision)
        return publish_flow(self.scope, flow)

    def start(self, graph: Graph | str | Flow, input: Any = None, **drawing: Any) -> Instance:
        """An instance of a flow that is drawn, given or published."""
        row = graph if isinstance(graph, Flow) else self.publish(graph, **drawing)
        return start_instance(self.scope, row, input=input, now=self.now)

    def worker(self, name: str, room: int) -> Worker:
        """A worker as it is at the beginning of a turn: it remembers instances from the turns before."""
        worker = self.workers.setdefault(name, Worker(name, room))
        worker.room, worker.claimed = room, []
        return worker

    def claim(self, name: str = "worker", room: int = 100) -> list[ClaimedAttempt]:
        """What a worker gets when it asks."""
        worker = self.worker(name, room)
        claim_attempts(worker, now=self.now, limit=room)
        return worker.claimed

    def settle(self, *attempts: ClaimedAttempt, result: Any = ..., name: str = "worker") -> int:
        """Hand in results: `result`, or what making the attempt answers. Answers how many counted."""
        worker = self.worker(name, 0)
        ended = [
            EndedAttempt(attempt, make_attempt(attempt) if result is ... else result, self.now) for attempt in attempts
        ]
        return settle_attempts(ended, worker, now=self.now)

    def work(self) -> int:
        """Make attempts until there are none; answers how many."""
        made = 0
        worker = self.worker("worker", 100)
        while self.deliver() or claim_attempts(worker, now=self.now, limit=100) or worker.claimed:
            claimed, worker.claimed, worker.room = worker.claimed, [], 100
            made += len(claimed)
            settle_attempts([EndedAttempt(a, make_attempt(a), self.now) for a in claimed], worker, now=self.now)
        return made

    def deliver(self) -> int:
        """Deliver what instances have to tell one another. (Tests do not commit: nobody does it after the commit.)"""
        delivered = 0
        while count := deliver_signals(self.now):
            delivered += count
        return delivered

    def later(self, **span: float) -> int:
        """Move the clock, fire what is due and work. Answers how many timers fired."""
        self.now += timedelta(**span)
        fired = 0
        while count := fire_due_timers(self.now):
            fired += count
            self.work()
        self.work()
        return fired


@pytest.fixture
def engine(scope: Scope) -> Iterator[Engine]:
    """The engine; after the test every instance's history is checked."""
    yield Engine(scope)
    for instance in Instance.objects.all():
        assert_history_is_whole(instance)


def assert_history_is_whole(instance: Instance) -> None:
    """Facts are numbered without gaps, and folding the told ones again gives the state and the derived facts."""
    columns = ("number", "type", "task", "iteration", "is_derived")
    rows = list(Fact.objects.filter(instance=instance).order_by("number").values_list(*columns))
    assert [number for number, *_ in rows] == list(range(1, instance.fact_count + 1))
    told = told_facts(instance)
    moves = [fact for fact in told if fact.type is FactType.INSTANCE_MIGRATED]
    plan = plan_numbered(instance, moves[0].data["from"] if moves else instance.version.number)
    state = new_state(plan)
    again = []
    for fact in told:
        if fact.type is FactType.INSTANCE_MIGRATED:
            other, mapping = plan_numbered(instance, fact.data["to"]), fact.data.get("mapping", {})
            way = Move.of(plan, other, state, mapping, fact.data["to"])
            plan, advance = other, migrate(way, state, fact, now=fact.at)
        else:
            advance = fold(plan, state, [fact], now=fact.at)
        state = advance.state
        again += [(one.type.value, one.task or "", one.iteration, one.derived) for one in advance.facts]
    assert again == [tuple(fact) for _, *fact in rows]
    assert state == read_state(instance.state)


def plan_numbered(instance: Instance, number: int) -> Plan:
    """The plan of a version of the instance's flow."""
    return plan_of(Version.objects.get(flow_id=instance.flow_id, number=number).pk)


@pytest.fixture
def step_of() -> Callable[..., Step]:
    """`step_of(instance, "ask")`: the newest step of a task."""

    def find(instance: Instance, task: str) -> Step:
        return Step.objects.filter(instance=instance, task=task).latest("iteration")

    return find


@pytest.fixture
def facts_of() -> Callable[..., list[str]]:
    """`facts_of(instance)`: its history as `Type task`."""

    def read(instance: Instance, *types: str) -> list[str]:
        rows = Fact.objects.filter(instance=instance).order_by("number")
        found = rows.filter(type__in=types) if types else rows
        return [f"{row.type} {row.task}".strip() for row in found]

    return read


@pytest.fixture
def status_of() -> Callable[..., str]:
    """`status_of(instance)`: as the database has it now."""

    def read(instance: Instance) -> str:
        return str(Instance.objects.values_list("status", flat=True).get(pk=instance.pk))

    return read


@contextmanager
def rolled_back() -> Iterator[None]:
    """Everything done inside is undone at the end, as by a process that dies before its commit."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def python(function: str = "noop", **settings: Any) -> dict[str, Any]:
    """The settings of an automation that runs a registered function as a leased attempt."""
    arguments = settings.pop("arguments", None)
    inputs = {"function": function} | ({"arguments": arguments} if arguments else {})
    return {"action": "python", "inputs": inputs, **settings}


@pytest.fixture
def listener() -> Iterator[Listener]:
    """A server that notes what is posted to it."""
    made = Listener()
    yield made
    made.server.shutdown()
    made.server.server_close()
