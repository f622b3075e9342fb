"""Whatever happens, in any order, the engine and a small reference in memory come to the same."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from accounts.scope import Scope
from designer.models import Flow
from engine import failpoints
from engine.core.ports import Completed, failed
from engine.failpoints import FailpointReached
from engine.models import Event, Instance, Step, Timer
from engine.services.attempts import EndedAttempt, extend_leases, settle_attempts
from engine.services.errors import KeyTaken, NotLegalNow
from engine.services.events import send_event
from engine.services.instances import start_instance
from engine.services.interventions import pause, resume, terminate
from engine.services.rounds import LEASE, ClaimedAttempt, Worker
from engine.services.timers import fire_due_timers
from tests.integration.engine.conftest import Engine, assert_history_is_whole
from tests.integration.engine.reference import VERSIONS, Reference, due_in_order, flow_of

SPANS = [timedelta(milliseconds=1), timedelta(seconds=1), timedelta(seconds=10), LEASE, timedelta(hours=1)]
RESULTS = {
    "success": Completed(output={"n": 1}),
    "failure": failed("Flaky", "not yet", retryable=True),
    "fatal": failed("Broken", "never"),
}
numbers = st.integers(0, 5)
"""Which of the things there are; counted round."""
late = st.sampled_from([0, 0, 0, 1, 1, 2, 3, 5, 8, 13])
"""Which of the attempts: mostly one of the newest."""


class Model(RuleBasedStateMachine):
    """The engine at work on a few instances, beside the reference."""

    scope: Scope
    flow: Flow

    def __init__(self) -> None:
        super().__init__()
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        self.engine = Engine(self.scope)
        self.version = 0
        self.known: dict[int, Reference] = {}
        self.attempts: list[ClaimedAttempt] = []
        """Every attempt any worker was ever given: what is delivered may be late, or twice."""

    def teardown(self) -> None:
        failpoints.armed.clear()
        try:
            for instance in Instance.objects.all():
                assert_history_is_whole(instance)
        finally:
            transaction.set_rollback(True)
            self.atomic.__exit__(None, None, None)

    def pick(self, number: int) -> tuple[Instance, Reference]:
        pk = list(self.known)[number % len(self.known)]
        return Instance.objects.get(pk=pk), self.known[pk]

    @initialize()
    def begin(self) -> None:
        self.start()
        self.start()

    # -- people -------------------------------------------------------------------------------------------------------

    @rule(version=st.integers(0, len(VERSIONS) - 1))
    def publish(self, version: int) -> None:
        """Instances that run stay on their version."""
        if version != self.version:
            self.engine.publish_again(self.flow, flow_of(version))
            self.version = version

    @precondition(lambda self: len(self.known) < 5)
    @rule()
    def start(self) -> None:
        self.flow.refresh_from_db()
        instance = start_instance(self.scope, self.flow, key=f"i{len(self.known)}", now=self.engine.now)
        self.known[instance.pk] = Reference(self.version).start(self.engine.now)

    @precondition(lambda self: self.known)
    @rule(number=numbers)
    def start_again(self, number: int) -> None:
        with pytest.raises(KeyTaken):
            start_instance(self.scope, self.flow, key=self.pick(number)[0].key, now=self.engine.now)

    @precondition(lambda self: self.known)
    @rule(number=numbers, type=st.sampled_from(["go-a", "go-b"]))
    def send(self, number: int, type: str) -> None:
        instance, reference = self.pick(number)
        self._ask(
            not reference.is_final,
            lambda: send_event(self.scope, instance, type=type, now=self.engine.now),
            lambda: reference.send(type, self.engine.now),
        )

    @precondition(lambda self: self.known)
    @rule(number=numbers)
    def pause(self, number: int) -> None:
        instance, reference = self.pick(number)
        self._ask(
            not (reference.is_final or reference.is_held),
            lambda: pause(self.scope, instance, now=self.engine.now),
            lambda: reference.pause(self.engine.now),
        )

    @precondition(lambda self: any(reference.is_held for reference in self.known.values()))
    @rule(number=numbers)
    def resume(self, number: int) -> None:
        instance, reference = self.pick(number)
        self._ask(
            reference.is_held,
            lambda: resume(self.scope, instance, now=self.engine.now),
            lambda: reference.resume(self.engine.now),
        )

    @precondition(lambda self: len(self.known) > 3)
    @rule(number=numbers)
    def cancel(self, number: int) -> None:
        instance, reference = self.pick(number)
        self._ask(
            not reference.is_final,
            lambda: terminate(self.scope, instance, now=self.engine.now),
            reference.cancel,
        )

    def _ask(self, is_legal: bool, act: Callable[[], Any], note: Callable[[], None]) -> None:
        if is_legal:
            act()
            note()
        else:
            with pytest.raises(NotLegalNow):
                act()

    # -- workers ------------------------------------------------------------------------------------------------------

    @rule(room=st.integers(1, 3), fate=st.sampled_from(["lives", "lives", "dies", "died long ago"]))
    def claim(self, room: int, fate: str) -> None:
        """A worker asks for work. One that dies has what it got until its lease ends."""
        now, name = self.engine.now, f"worker-{room}"
        in_company = {(pk, task) for pk, one in self.known.items() for task in one.claimable(now, in_company=True)}
        anyhow = {(pk, task) for pk, one in self.known.items() for task in one.claimable(now, in_company=False)}
        given_up = {(pk, task) for pk, task in anyhow if self.known[pk].is_given_up(task)}
        got = self.engine.claim(name, room=room)
        keys = {(attempt.step.instance_id, attempt.step.task) for attempt in got}
        possible = in_company or anyhow
        assert keys <= possible
        if not given_up:
            assert len(keys) == min(room if in_company else 1, len(possible))
        for attempt in got:
            self.known[attempt.step.instance_id].claim(attempt.step.task, attempt.token, now)
        for pk, task in given_up - keys:
            # Of two of an instance the first one fails, and that cancels the other.
            if Step.objects.filter(instance=pk, task=task, status="failed").exists():
                self.known[pk].fail(task, now, retryable=False)
        if fate == "lives":
            self.attempts += got
        else:
            self.engine.workers.pop(name, None)
        if fate == "died long ago":
            self.engine.now += LEASE

    @precondition(lambda self: self.attempts)
    @rule(number=late, result=st.sampled_from([*RESULTS, "success", "success"]), dies=st.booleans())
    def deliver(self, number: int, result: str, dies: bool) -> None:
        """A result comes: in time, late, once more. Its worker begins the step that follows, and may die then."""
        attempt = self.attempts[-1 - number % len(self.attempts)]
        worker = self.engine.worker("worker-1", 1)
        assert self._settle(attempt, result, worker) == self._note(attempt, result)
        for following in worker.claimed:
            self.known[following.step.instance_id].claim(following.step.task, following.token, self.engine.now)
        if dies:
            self.engine.workers.clear()
        else:
            self.attempts += worker.claimed

    @rule(times=st.integers(1, 3))
    def work(self, times: int) -> None:
        """As on most days: a worker asks, makes what it gets, and tells."""
        for _ in range(times):
            before = len(self.attempts)
            self.claim(2, "lives")
            for _ in range(len(self.attempts) - before):
                self.deliver(0, "success", False)

    @precondition(lambda self: self.attempts)
    @rule(
        number=late,
        result=st.sampled_from([*RESULTS]),
        point=st.sampled_from(["before_write", "before_commit"]),
    )
    def crash(self, number: int, result: str, point: str) -> None:
        """The process dies before its commit: as if nothing had been delivered."""
        attempt = self.attempts[-1 - number % len(self.attempts)]
        self.engine.workers.clear()
        failpoints.armed.update(failpoints.parse(f"{point}=raise"))
        try:
            with transaction.atomic():
                assert self._settle(attempt, result, Worker("dying", 0)) == 0
        except FailpointReached:
            pass
        finally:
            failpoints.armed.clear()

    def _settle(self, attempt: ClaimedAttempt, result: str, worker: Worker) -> int:
        ended = EndedAttempt(attempt, RESULTS[result], self.engine.now)
        return settle_attempts([ended], worker, now=self.engine.now)

    def _note(self, attempt: ClaimedAttempt, result: str) -> int:
        reference, task = self.known[attempt.step.instance_id], attempt.step.task
        if not reference.accepts(task, attempt.token):
            return 0
        if result == "success":
            reference.succeed(task, self.engine.now)
        else:
            reference.fail(task, self.engine.now, retryable=result == "failure")
        return 1

    @precondition(lambda self: self.attempts)
    @rule(number=late)
    def beat(self, number: int) -> None:
        """A heartbeat, perhaps of a worker that has long lost its lease."""
        attempt = self.attempts[-1 - number % len(self.attempts)]
        extend_leases({attempt.step: attempt.token}, now=self.engine.now)
        reference, task = self.known[attempt.step.instance_id], attempt.step.task
        if reference.accepts(task, attempt.token):
            reference.lane(task).claimable_at = self.engine.now + LEASE

    # -- time ---------------------------------------------------------------------------------------------------------

    @rule()
    def wait_and_tick(self) -> None:
        self.wait(timedelta(hours=1))
        self.tick(False, 200)

    @rule(span=st.sampled_from(SPANS))
    def wait(self, span: timedelta) -> None:
        """The clock moves; leases run out; nobody does anything."""
        self.engine.now += span

    @rule(dies=st.booleans(), limit=st.sampled_from([1, 200]))
    def tick(self, dies: bool, limit: int) -> None:
        """Timers fire, or the process dies at it."""
        if dies:
            failpoints.armed.update(failpoints.parse("before_commit=raise"))
        try:
            with transaction.atomic():
                fired = fire_due_timers(self.engine.now, limit=limit)
        except FailpointReached:
            return
        finally:
            failpoints.armed.clear()
        due = due_in_order(self.known.items(), self.engine.now)[:limit]
        assert fired == len(due)
        for due_at, pk, task in due:
            if self.known[pk].timers().get(task) == due_at:
                self.known[pk].fire(task, self.engine.now)

    # -- what must hold -----------------------------------------------------------------------------------------------

    @invariant()
    def agree(self) -> None:
        """The database says what the reference says."""
        statuses = dict(Instance.objects.values_list("pk", "status"))
        assert statuses == {pk: one.status for pk, one in self.known.items()}
        steps: dict[int, dict[str, str]] = {pk: {} for pk in self.known}
        for pk, task, status in Step.objects.values_list("instance", "task", "status"):
            steps[pk][task] = status
        for pk, one in self.known.items():
            open_end = {"end": steps[pk]["end"]} if steps[pk].get("end") in ("ready", "cancelled") else {}
            assert steps[pk] == one.steps() | open_end
        timers = {(pk, task): due for pk, task, due in Timer.objects.values_list("instance", "task", "due_at")}
        assert timers == {(pk, task): due for pk, one in self.known.items() for task, due in one.timers().items()}
        kept = Event.objects.filter(consumed_at=None).order_by("pk").values_list("instance", "type")
        assert sorted(kept) == sorted((pk, type) for pk, one in self.known.items() for type in one.events)


def test_the_engine_does_what_the_reference_does(scope: Scope, engine: Engine) -> None:
    flow = engine.publish(flow_of(0))
    machine = type("BoundModel", (Model,), {"scope": scope, "flow": flow, "__doc__": Model.__doc__})
    run_state_machine_as_test(
        machine,
        settings=settings(
            # Each statement is a way to a server and back on PostgreSQL.
            max_examples=60 if connection.vendor == "sqlite" else 30,
            stateful_step_count=50,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
        ),
    )
