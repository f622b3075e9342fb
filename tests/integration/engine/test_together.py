"""What several threads want at once is done by one of them, in one transaction; each is answered for itself."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from time import monotonic, sleep

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.beliefs import BeliefWrong, acting, believing
from accounts.lookups import Lookup
from accounts.models import Environment
from accounts.scope import Scope
from designer.models import Flow, Trigger
from engine.models import Event, InboundEvent, Instance, Occurrence
from engine.services import events
from engine.services.errors import InvalidInput, KeyTaken, NotLegalNow
from engine.services.events import NotTheOnlyOne, send_event, send_event_to
from engine.services.instances import StartRequest, check_start, start_checked, start_instance, start_instances
from engine.services.together import DoAlone, Together
from engine.services.triggers import fire_trigger, receive_event, receive_webhook
from engine.storage import storage
from tests.integration.engine.conftest import Engine

SECONDS = 60
"""Longer than anything here takes on a busy machine."""


class Gate:
    """An act that remembers its groups, and whose first call waits to be let through."""

    def __init__(self, fails: Callable[[Sequence[str]], None] = lambda wishes: None) -> None:
        self.groups: list[list[str]] = []
        self.is_reached = threading.Event()
        self.opened = threading.Event()
        self.fails = fails

    def __call__(self, wishes: Sequence[str]) -> list[str | Exception]:
        self.groups.append(list(wishes))
        if len(self.groups) == 1:
            self.is_reached.set()
            assert self.opened.wait(SECONDS)
        self.fails(wishes)
        return [self.answer(wish, len(wishes)) for wish in wishes]

    def answer(self, wish: str, companions: int) -> str | Exception:
        if wish == "alone" and companions > 1:
            return DoAlone()
        return NotLegalNow(wish) if wish == "refused" else f"{wish} done"


class Crowd:
    """Threads that want something of one `Together`: the first is at work while the others come."""

    def __init__(self, gate: Gate, pool: ThreadPoolExecutor) -> None:
        self.gate, self.pool = gate, pool
        self.together = Together(gate)

    def wants(self, first: str, *others: str) -> list[Future[str]]:
        """All of them; the gate is closed still."""
        futures = [self.pool.submit(self._want, first)]
        assert self.gate.is_reached.wait(SECONDS)
        return futures + [self.pool.submit(self._want, other) for other in others]

    def _want(self, wish: str) -> str:
        try:
            return str(self.together(wish))
        finally:
            connection.close()

    def open_for(self, count: int) -> None:
        """Let the first through once so many wait."""
        wait_for(lambda: len(self.together._waiting) == count)
        self.gate.opened.set()


def wait_for(condition: Callable[[], bool]) -> None:
    """Until it is so, which other threads see to."""
    deadline = monotonic() + SECONDS
    while not condition():
        assert monotonic() < deadline
        sleep(0.001)


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody loses patience, however slow the machine is."""
    monkeypatch.setattr("engine.services.together.PATIENCE_SECONDS", SECONDS)


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(8) as threads:
        yield threads


def served(gate: Gate) -> list[list[str]]:
    """What was done in which company."""
    return [sorted(group) for group in gate.groups]


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("patient")
def test_those_who_come_meanwhile_are_each_answered_for_themselves(pool: ThreadPoolExecutor) -> None:
    gate = Gate()
    crowd = Crowd(gate, pool)
    first, *others = crowd.wants("a", "b", "refused", "alone", "c")
    crowd.open_for(4)
    assert first.result(SECONDS) == "a done"
    assert [others[place].result(SECONDS) for place in (0, 2, 3)] == ["b done", "alone done", "c done"]
    with pytest.raises(NotLegalNow, match="refused"):
        others[1].result(SECONDS)
    assert served(gate) == [["a"], ["alone", "b", "c", "refused"], ["alone"]]


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("patient")
def test_those_who_go_by_what_is_not_so_any_more_are_left_out(
    pool: ThreadPoolExecutor, environment: Environment
) -> None:
    named = Lookup(lambda slug: Environment.objects.filter(slug=slug).order_by(), "a slug", is_kept=True)
    assert named.first(environment.slug) is not None
    Environment.objects.update(name="Called something else")
    gate = Gate()
    crowd = Crowd(gate, pool)

    def want(wish: str, *, goes_by_it: bool) -> tuple[str, bool]:
        try:
            with believing() as beliefs:
                if goes_by_it:
                    assert named.first(environment.slug) is not None
                return str(crowd.together(wish)), beliefs.are_sound
        finally:
            connection.close()

    (first,) = crowd.wants("a")
    wrong, free = (pool.submit(want, wish, goes_by_it=wish == "b") for wish in "bc")
    wait_for(lambda: len(crowd.together._waiting) == 2)
    gate.opened.set()
    assert (first.result(SECONDS), free.result(SECONDS)) == ("a done", ("c done", True))
    with pytest.raises(BeliefWrong):
        wrong.result(SECONDS)
    assert served(gate) == [["a"], ["c"]]
    assert pool.submit(want, "b", goes_by_it=True).result(SECONDS) == ("b done", True)


@pytest.mark.django_db(transaction=True)
def test_within_a_transaction_beliefs_are_confirmed_as_well(environment: Environment) -> None:
    named = Lookup(lambda slug: Environment.objects.filter(slug=slug).order_by(), "a slug", is_kept=True)
    together = Together(lambda wishes: [f"{wish} done" for wish in wishes])
    assert named.first(environment.slug) is not None
    with believing() as beliefs, transaction.atomic():
        named.first(environment.slug)
        assert not beliefs.are_sound
        assert together("a") == "a done"
        assert beliefs.are_sound
        named.first(environment.slug)
        assert not beliefs.are_sound
        with acting():
            Environment.objects.update(name="Called something else")
        with pytest.raises(BeliefWrong):
            together("b")


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("patient")
def test_what_fails_before_the_commit_fails_for_one_alone(pool: ThreadPoolExecutor) -> None:
    def fail(wishes: Sequence[str]) -> None:
        if "bad" in wishes:
            raise InvalidInput([("", "bad")])

    gate = Gate(fail)
    crowd = Crowd(gate, pool)
    futures = crowd.wants("a", "b", "bad", "c")
    crowd.open_for(3)
    assert [futures[place].result(SECONDS) for place in (0, 1, 3)] == ["a done", "b done", "c done"]
    with pytest.raises(InvalidInput):
        futures[2].result(SECONDS)
    assert sorted(served(gate)[1:]) == [["b"], ["b", "bad", "c"], ["bad"], ["c"]]


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("patient")
def test_what_fails_in_the_commit_is_not_done_again(pool: ThreadPoolExecutor) -> None:
    def fail(wishes: Sequence[str]) -> None:
        if "b" in wishes:
            transaction.on_commit(lambda: print(int("nobody knows")))

    gate = Gate(fail)
    crowd = Crowd(gate, pool)
    first, *others = crowd.wants("a", "b", "c")
    crowd.open_for(2)
    assert first.result(SECONDS) == "a done"
    for other in others:
        with pytest.raises(ValueError, match="nobody knows"):
            other.result(SECONDS)
    assert served(gate) == [["a"], ["b", "c"]]


@pytest.mark.django_db(transaction=True)
def test_who_loses_patience_begins_beside_those_at_work(pool: ThreadPoolExecutor) -> None:
    gate = Gate()
    crowd = Crowd(gate, pool)
    futures = crowd.wants("a", "b")
    wait_for(lambda: crowd.together._leaders == 2)
    gate.opened.set()
    assert [future.result(SECONDS) for future in futures] == ["a done", "b done"]
    assert (served(gate), crowd.together._leaders) == ([["a"], ["b"]], 0)


def test_within_a_transaction_a_wish_is_done_at_once(db: None) -> None:
    gate = Gate()
    gate.opened.set()
    assert Together(gate)("a") == "a done"
    with pytest.raises(NotLegalNow, match="refused"):
        Together(gate)("refused")


@pytest.mark.django_db(transaction=True)
def test_many_threads_start_and_send_and_call(engine: Engine, pool: ThreadPoolExecutor) -> None:
    flow = engine.publish("wait", kinds={"wait": "wait_event"}, settings={"wait": {"event_type": "paid"}})
    row = engine.publish("a", kinds={"a": "noop"}, key="hooked", triggers=({"type": "webhook"},))
    trigger = Trigger.objects.select_related("flow__live_version", "environment__organization").get(flow=row)

    def act(number: int) -> tuple[str, bool, str]:
        try:
            instance = start_instance(engine.scope, flow, key=f"k{number}", input=number)
            event = send_event(engine.scope, instance, type="paid", payload=number)
            arrived = receive_event(engine.scope, "heard", number)
            occurrence = receive_webhook(trigger, b"%d" % number, {})
            assert occurrence.instance is not None
            assert (arrived.payload, occurrence.payload, occurrence.instance.input) == (number, number, number)
            return instance.key, event.consumed_at is not None, occurrence.outcome
        finally:
            connection.close()

    done = list(pool.map(act, range(24)))
    assert done == [(f"k{number}", True, "started") for number in range(24)]
    assert InboundEvent.objects.count() == 24
    assert {(row.key, row.input, row.status) for row in Instance.objects.filter(flow=flow)} == {
        (f"k{number}", number, "complete") for number in range(24)
    }


def waiting(engine: Engine, flow: Flow, key: str) -> Instance:
    return start_instance(engine.scope, flow, key=key, now=engine.now)


@pytest.mark.django_db(transaction=True)
def test_of_many_threads_that_want_the_same_key_one_gets_it(engine: Engine, pool: ThreadPoolExecutor) -> None:
    flow = engine.publish("a", kinds={"a": "manual"})

    def act(number: int) -> str:
        try:
            return start_instance(engine.scope, flow, key="same", input=number).key
        except KeyTaken:
            return "taken"
        finally:
            connection.close()

    assert sorted(pool.map(act, range(8))) == ["same", *["taken"] * 7]
    assert Instance.objects.count() == 1


def test_events_sent_together_are_answered_for_each(engine: Engine, scope: Scope) -> None:
    flow = engine.publish("wait", kinds={"wait": "wait_event"}, settings={"wait": {"event_type": "paid"}})
    waits, other, ended = (waiting(engine, flow, key) for key in ("waits", "other", "ended"))
    send_event(scope, ended, type="paid", now=engine.now)
    wishes = [
        events._Sending(id, type, {"n": 1}, engine.now, None)
        for id, type in ((waits.pk, "paid"), (other.pk, "sent"), (ended.pk, "paid"), (0, "paid"))
    ]
    with transaction.atomic():
        took, kept, refused, missing = events._send(wishes)
    assert isinstance(took, Event)
    assert isinstance(kept, Event)
    assert (took.consumed_at, kept.consumed_at) == (engine.now, None)
    assert isinstance(refused, NotLegalNow)
    assert isinstance(missing, DoAlone)
    assert list(Event.objects.filter(instance=ended).values_list("consumed_at", flat=True)) == [engine.now]
    assert list(Instance.objects.order_by("pk").values_list("status", flat=True)) == ["complete", "waiting", "complete"]


ODD = """odd' OR %s,"{}\\"""
"""A key that has to be quoted wherever one can."""


def test_events_to_keys_are_answered_for_each(engine: Engine, scope: Scope) -> None:
    kinds, settings = {"wait": "wait_event"}, {"wait": {"event_type": "paid"}}
    flow, second = (engine.publish("wait", kinds=kinds, settings=settings, key=key) for key in ("flow", "second"))
    for key in ("waits", "other", "both", ODD):
        start_instances(scope, flow, [StartRequest(key=key, is_key_ours=True)], now=engine.now)
    elsewhere = Environment.objects.create(organization=scope.organization, name="Else", slug="else", position=9)
    waiting(engine, second, "both")
    place = scope.environment.pk
    names = [
        (place, "waits"),
        (place, "both"),
        (place, "nobody"),
        (elsewhere.pk, "other"),
        (place, ODD),
    ]
    with transaction.atomic():
        first, *refused, last = events._send([events._Sending(one, "paid", {}, engine.now, None) for one in names])
    assert isinstance(first, Event)
    assert isinstance(last, Event)
    assert [type(one) for one in refused] == [NotTheOnlyOne] * 3
    keys = Instance.objects.filter(status="complete").order_by("pk").values_list("key", flat=True)
    assert list(keys) == ["waits", ODD]
    assert send_event_to(scope, "other", type="paid", now=engine.now).consumed_at == engine.now
    with pytest.raises(NotTheOnlyOne):
        send_event_to(scope, "both", type="paid")


@pytest.mark.django_db(transaction=True)
def test_many_threads_send_to_keys(engine: Engine, pool: ThreadPoolExecutor) -> None:
    flow = engine.publish("wait", kinds={"wait": "wait_event"}, settings={"wait": {"event_type": "paid"}})
    for number in range(0, 24, 2):
        waiting(engine, flow, f"k{number}")

    def act(number: int) -> int | None:
        try:
            event = send_event_to(engine.scope, f"k{number}", type="paid", payload=number)
            assert event.consumed_at is not None
            return Event.objects.get(instance__key=f"k{number}").payload  # type: ignore[no-any-return]
        except NotTheOnlyOne:
            return None
        finally:
            connection.close()

    assert list(pool.map(act, range(24))) == [None if number % 2 else number for number in range(24)]
    assert set(Instance.objects.values_list("status", flat=True)) == {"complete"}


@pytest.mark.django_db(transaction=True)
def test_events_together_pass_over_an_instance_that_somebody_holds(
    engine: Engine, scope: Scope, pool: ThreadPoolExecutor
) -> None:
    """On SQLite whoever writes holds everything, so that nobody else gets as far as to pass over it."""
    flow = engine.publish("wait", kinds={"wait": "wait_event"}, settings={"wait": {"event_type": "paid"}})
    held, free = (waiting(engine, flow, key) for key in ("held", "free"))
    is_held, may_go = threading.Event(), threading.Event()

    def hold() -> None:
        try:
            with transaction.atomic():
                storage().lock_instances([held.pk])
                is_held.set()
                assert may_go.wait(SECONDS)
        finally:
            connection.close()

    holding = pool.submit(hold) if connection.vendor == "postgresql" else None
    assert holding is None or is_held.wait(SECONDS)
    try:
        with transaction.atomic():
            if holding is not None:
                with connection.cursor() as cursor:
                    cursor.execute("SET LOCAL lock_timeout = '10s'")
            wishes = [events._Sending(one.pk, "paid", {}, engine.now, None) for one in (held, free)]
            first, second = events._send(wishes)
    finally:
        may_go.set()
    assert isinstance(first, Event if holding is None else DoAlone)
    assert isinstance(second, Event)
    if holding is not None:
        holding.result(SECONDS)
        assert send_event(scope, held, type="paid", now=engine.now).consumed_at == engine.now


def test_starts_together_are_all_or_none_and_share_their_statements(engine: Engine, scope: Scope) -> None:
    flow = engine.publish("a", kinds={"a": "manual"})

    def statements(count: int) -> int:
        wishes = [check_start(scope, flow, [StartRequest(input=number)], now=engine.now) for number in range(count)]
        with CaptureQueriesContext(connection) as captured, transaction.atomic():
            started = start_checked(wishes)
        assert [[row.input for row in rows] for rows in started] == [[number] for number in range(count)]
        return len(captured)

    statements(1)  # the plan is known from here on
    assert statements(1) == statements(5)
    wishes = [check_start(scope, flow, [StartRequest(key=key)], now=engine.now) for key in ("one", "two", "two")]
    with pytest.raises(IntegrityError), transaction.atomic():
        start_checked(wishes)
    assert not Instance.objects.filter(key__in=["one", "two"]).exists()


def test_a_firing_that_is_refused_by_itself_leaves_its_occurrence(engine: Engine) -> None:
    row = engine.publish("a", kinds={"a": "noop"}, key="hooked", triggers=({"type": "webhook"},))
    trigger = Trigger.objects.select_related("flow__live_version", "environment__organization").get(flow=row)
    trigger.flow.is_enabled = False
    occurrence = fire_trigger(trigger, {}, now=engine.now)
    assert (occurrence.outcome, occurrence.instance) == (Occurrence.Outcome.REFUSED, None)
    assert Occurrence.objects.get().reason == "The flow is disabled: nothing starts it."
