"""Instances that stand at the same point share the thinking, not the record."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import timedelta
from typing import Any

import pytest

from accounts.scope import Scope
from designer.models import Flow
from engine.core.ports import failed
from engine.models import Fact, Instance, Step
from engine.outbox.models import Message
from engine.services import cohorts, passages, well_known
from engine.services.attempts import EndedAttempt, make_attempt, settle_attempts
from engine.services.cohorts import cohorts_of
from engine.services.instances import StartRequest, start_instances
from engine.services.rounds import LEASE, ClaimedAttempt
from engine.services.webhook_endpoints import add_endpoint
from engine.telemetry import metrics
from tests.integration.engine.conftest import Engine, python

LINE = "a -> b -> c"
ECHO = {task: python("echo", arguments={"task": task}) for task in "abc"}
OF_STEP = ("task", "iteration", "status", "attempt", "output", "input", "waits_for", "claimable_at", "lease_owner")
OF_FACT = ("number", "type", "task", "iteration", "data", "is_derived")


@pytest.fixture(autouse=True)
def _nothing_known() -> Iterator[None]:
    cohorts._different.clear()
    passages.forget_all()
    yield
    cohorts._different.clear()
    passages.forget_all()


def started(engine: Engine, scope: Scope, row: Flow, count: int) -> list[Instance]:
    return start_instances(scope, row, [StartRequest(input={"n": n}) for n in range(count)], now=engine.now)


def well_known_line(engine: Engine, scope: Scope, settings: dict[str, Any]) -> Flow:
    """A flow of which every way is known: three instances have gone through it, at different moments."""
    row = engine.publish(LINE, settings=settings)
    for _ in range(3):
        started(engine, scope, row, 1)
        engine.work()
        engine.later(seconds=7)
    return row


def recorded(instance: Instance) -> tuple[Any, ...]:
    """All that is stored of an instance but its name, its moments and its tokens."""
    instance.refresh_from_db()
    steps = list(Step.objects.filter(instance=instance).order_by("task", "iteration").values(*OF_STEP, "attempts"))
    facts = list(Fact.objects.filter(instance=instance).order_by("number").values(*OF_FACT))
    return instance.status, instance.state, instance.fact_count, instance.output, steps, facts


def test_each_of_a_cohort_is_recorded_as_if_it_had_been_alone(engine: Engine, scope: Scope) -> None:
    row = engine.publish(LINE, settings=ECHO)
    together = started(engine, scope, row, 5)
    engine.work()
    (alone,) = started(engine, scope, row, 1)
    engine.work()
    wanted = recorded(alone)
    assert wanted[0] == "complete"
    assert [recorded(instance) for instance in together] == [wanted] * 5


def test_each_of_a_cohort_keeps_its_own_output_and_input(engine: Engine, scope: Scope) -> None:
    settings = {"a": python("echo", arguments={"n": "{{ input.n }}"}), "b": python()}
    together = started(engine, scope, engine.publish("a -> b", settings=settings), 4)
    engine.work()
    outputs = (
        Step.objects.filter(instance__in=together, task="a").order_by("instance_id").values_list("output", "input")
    )
    assert [(output["n"], input["arguments"]["n"]) for output, input in outputs] == [(n, n) for n in range(4)]


def test_steps_that_read_what_came_before_see_their_own_instance(engine: Engine, scope: Scope) -> None:
    settings = {
        "a": python("echo", arguments={"n": "{{ input.n }}"}),
        "b": python("echo", arguments={"m": "{{ steps.a.output.n }}"}),
        "c": python("echo", arguments={"m": "{{ steps.b.output.m }}"}),
    }
    together = started(engine, scope, engine.publish(LINE, settings=settings), 4)
    engine.work()
    assert [
        instance.output for instance in Instance.objects.filter(pk__in=[i.pk for i in together]).order_by("pk")
    ] == [{"m": n} for n in range(4)]


def test_each_of_a_cohort_has_a_lease_and_a_context_of_its_own(engine: Engine, scope: Scope) -> None:
    started(engine, scope, engine.publish(LINE, settings=ECHO), 4)
    worker = engine.worker("worker", 100)
    begun = settle_all(engine, engine.claim())
    assert {attempt.step.task for attempt in begun} == {"b"}
    assert len({attempt.token for attempt in begun}) == 4
    assert [attempt.context.instance_id for attempt in begun] == [attempt.step.instance_id for attempt in begun]
    assert len({attempt.context.idempotency_key for attempt in begun}) == 4
    assert worker.room == 96
    tokens = dict(Step.objects.filter(task="b").values_list("instance_id", "lease_token"))
    assert tokens == {attempt.step.instance_id: attempt.token for attempt in begun}


def test_a_worker_begins_no_more_for_a_cohort_than_it_has_room_for(engine: Engine, scope: Scope) -> None:
    started(engine, scope, engine.publish(LINE, settings=ECHO), 4)
    claimed = engine.claim()
    worker = engine.worker("worker", 2)
    settle_attempts([ended(engine, attempt) for attempt in claimed], worker, now=engine.now)
    assert (len(worker.claimed), worker.room) == (2, 0)
    assert Step.objects.filter(task="b", lease_owner="").count() == 2
    settle_to_the_end(engine, list(worker.claimed))
    engine.work()
    assert not Instance.objects.exclude(status="complete").exists()


def test_a_result_with_an_outdated_lease_is_refused_and_the_rest_of_its_cohort_counts(
    engine: Engine, scope: Scope
) -> None:
    started(engine, scope, engine.publish(LINE, settings=ECHO), 4)
    begun = settle_all(engine, engine.claim())
    late = begun[2].step
    Step.objects.filter(instance_id=late.instance_id, task="b").update(lease_token=5)
    settle_all(engine, begun)
    done = Step.objects.filter(task="b", status="completed").values_list("instance_id", flat=True)
    assert set(done) == {attempt.step.instance_id for attempt in begun} - {late.instance_id}


def test_a_failed_attempt_belongs_to_no_cohort(engine: Engine, scope: Scope) -> None:
    row = engine.publish(LINE, settings={**ECHO, "b": {"action": "raise_error", "inputs": {"message": "No."}}})
    together = started(engine, scope, row, 3)
    engine.work()
    assert {instance.status for instance in Instance.objects.filter(pk__in=[i.pk for i in together])} == {"errored"}


def test_two_attempts_of_one_instance_are_never_in_one_cohort(engine: Engine, scope: Scope) -> None:
    row = engine.publish("start -> a,b; a,b -> c", settings={**ECHO, "start": python()})
    started(engine, scope, row, 3)
    begun = settle_all(engine, engine.claim())
    worker = engine.workers["worker"]
    sorted_ = cohorts_of([ended(engine, attempt) for attempt in begun], worker.rows)
    for cohort in sorted_:
        ids = [one.attempt.step.instance_id for one in (cohort.first, *cohort.others)]
        assert len(ids) == len(set(ids))
    settle_to_the_end(engine, begun)
    assert not Instance.objects.exclude(status="complete").exists()


def test_what_is_known_from_earlier_batches_is_recorded_as_if_it_were_not(engine: Engine, scope: Scope) -> None:
    row = engine.publish(LINE, settings=ECHO)
    runs = []
    for _ in range(4):
        (instance,) = started(engine, scope, row, 1)
        engine.work()
        runs.append(recorded(instance))
        engine.later(seconds=7)
    assert passages._known.by_key
    assert runs[0][0] == "complete"
    # The moments of the attempts are their own.
    assert [_without_moments(run) for run in runs] == [_without_moments(runs[0])] * 4


def test_what_is_known_has_its_moments_lease_and_context_of_now(engine: Engine, scope: Scope) -> None:
    row = engine.publish(LINE, settings={**ECHO, "b": python("echo", arguments={"at": "{{ now }}"})})
    for _ in range(3):
        (instance,) = started(engine, scope, row, 1)
        (begun,) = settle_all(engine, engine.claim())
        before = len(passages._known.by_key)
        step = Step.objects.get(instance=instance, task="b")
        assert (step.ready_at, step.started_at, step.claimable_at) == (engine.now, engine.now, engine.now + LEASE)
        assert (step.lease_owner, step.lease_token, step.attempt) == ("worker", begun.token, 1)
        first = Step.objects.get(instance=instance, task="a")
        assert (first.ended_at, first.lease_owner, first.lease_token) == (engine.now, "", 0)
        assert begun.context.data["now"] == engine.now.isoformat()
        assert (begun.context.instance_id, begun.context.instance_key) == (instance.pk, instance.key)
        assert set(Fact.objects.filter(instance=instance).values_list("at", flat=True)) == {engine.now}
        settle_to_the_end(engine, [begun])
        assert Step.objects.get(instance=instance, task="b").output == {"at": engine.now.isoformat()}
        engine.later(seconds=7)
    assert before


def test_a_result_with_an_outdated_lease_is_refused_where_the_way_is_known(engine: Engine, scope: Scope) -> None:
    row = well_known_line(engine, scope, ECHO)
    (instance,) = started(engine, scope, row, 1)
    (begun,) = settle_all(engine, engine.claim())
    Step.objects.filter(instance=instance, task="b").update(lease_token=5)
    assert settle_all(engine, [begun]) == []
    assert Step.objects.get(instance=instance, task="b").status == "running"
    assert not Step.objects.filter(instance=instance, task="c").exists()


def test_a_worker_without_room_begins_nothing_where_the_way_is_known(engine: Engine, scope: Scope) -> None:
    row = well_known_line(engine, scope, ECHO)
    (instance,) = started(engine, scope, row, 1)
    claimed = engine.claim()
    worker = engine.worker("worker", 0)
    settle_attempts([ended(engine, attempt) for attempt in claimed], worker, now=engine.now)
    assert worker.claimed == []
    assert Step.objects.get(instance=instance, task="b").lease_owner == ""
    engine.work()
    instance.refresh_from_db()
    assert instance.status == "complete"
    # It was for want of room, not because each goes its own way.
    assert not cohorts._different


def test_instances_at_different_points_are_recorded_as_if_alone_where_their_ways_are_known(
    engine: Engine, scope: Scope
) -> None:
    row = engine.publish(LINE, settings=ECHO)
    for _ in range(3):
        (alone,) = started(engine, scope, row, 1)
        engine.work()
        engine.later(seconds=7)
    wanted = _without_moments(recorded(alone))
    assert all(passage.track is not None for passage in passages._known.by_key.values())
    begun: list[ClaimedAttempt] = []
    together = []
    for _ in range(4):
        together += started(engine, scope, row, 2)
        begun = settle_all(engine, [*begun, *engine.claim()])
        engine.later(seconds=1)
    assert {attempt.step.task for attempt in begun} == {"b", "c"}
    settle_to_the_end(engine, begun)
    assert [_without_moments(recorded(instance)) for instance in together] == [wanted] * 8


def test_steps_that_begin_side_by_side_are_begun_where_the_way_is_known(engine: Engine, scope: Scope) -> None:
    row = engine.publish("start -> a,b; a,b -> c", settings={**ECHO, "start": python()})
    for _ in range(4):
        (instance,) = started(engine, scope, row, 1)
        begun = settle_all(engine, engine.claim())
        assert {(attempt.step.task, attempt.context.task.key) for attempt in begun} == {("a", "a"), ("b", "b")}
        tokens = dict(Step.objects.filter(instance=instance, lease_owner="worker").values_list("task", "lease_token"))
        assert tokens == {attempt.step.task: attempt.token for attempt in begun}
        settle_to_the_end(engine, begun)
        instance.refresh_from_db()
        assert instance.status == "complete"
        engine.later(seconds=7)


DATA = {
    "a": python("echo", arguments={"n": "{{ input.n }}", "key": "{{ instance.id }}"}),
    "b": python("echo", arguments={"m": "{{ steps.a.output.n }}", "began": "{{ steps.a.started_at }}"}),
    "c": python(
        "echo",
        arguments={
            "first": "{{ steps.a.output.key }}",
            "last": "{{ steps.b }}",
            "again": "{{ input.n }}",
            "started": "{{ instance.started_at }}",
        },
    ),
}


def test_steps_see_their_own_data_where_the_way_is_known(engine: Engine, scope: Scope) -> None:
    row = well_known_line(engine, scope, DATA)
    together = started(engine, scope, row, 4)
    with failing_without_the_known_way():
        at = [engine.now]
        begun = settle_all(engine, engine.claim())
        for _ in range(2):
            engine.now += timedelta(seconds=2)
            at.append(engine.now)
            begun = settle_all(engine, begun)
        assert begun == []
    moments = [moment.isoformat() for moment in at]
    for n, instance in enumerate(together):
        instance.refresh_from_db()
        assert instance.output == {
            "first": instance.key,
            "last": {
                "status": "completed",
                "output": {"m": n, "began": moments[0]},
                "error": None,
                "iteration": 1,
                "started_at": moments[0],
                "ended_at": moments[1],
            },
            "again": n,
            "started": moments[0],
        }


def test_a_step_that_was_tried_again_is_read_as_it_is_stored_where_the_way_is_known(
    engine: Engine, scope: Scope
) -> None:
    retried = python(retries={"limit": 3, "delay": "1 second", "backoff": "constant"})
    read = python("echo", arguments={"began": "{{ steps.a.started_at }}", "ended": "{{ steps.a.ended_at }}"})
    row = engine.publish("a -> b", settings={"a": retried, "b": read})
    for _ in range(4):
        (instance,) = started(engine, scope, row, 1)
        engine.settle(*engine.claim(), result=failed("Away", "Not now.", retryable=True))
        engine.later(seconds=5)
        instance.refresh_from_db()
        step = Step.objects.get(instance=instance, task="a")
        assert step.attempt == 2
        assert step.started_at is not None
        assert step.ended_at is not None
        assert instance.output == {"began": step.started_at.isoformat(), "ended": step.ended_at.isoformat()}
        engine.later(seconds=7)


def test_claimed_steps_are_begun_as_if_their_way_were_not_known(engine: Engine, scope: Scope) -> None:
    row = engine.publish(LINE, settings=DATA)
    runs = []
    for number in range(5):
        (instance,) = started(engine, scope, row, 1)
        with failing_without_the_known_way("carry_claims") if number > 2 else nullcontext():
            (begun,) = engine.claim()
        step = Step.objects.get(instance=instance)
        assert (step.status, step.started_at, step.claimable_at) == ("running", engine.now, engine.now + LEASE)
        assert (step.lease_owner, step.lease_token, begun.number) == ("worker", begun.token, 1)
        assert begun.context.data["input"] == {"n": 0}
        assert begun.context.data["instance"]["id"] == instance.key
        runs.append(recorded(instance))
        settle_to_the_end(engine, [begun])
        engine.later(seconds=7)
    assert [_without_moments(run) for run in runs] == [_without_moments(runs[0])] * 5


def test_a_lost_step_is_taken_over_although_the_way_of_its_first_claim_is_known(engine: Engine, scope: Scope) -> None:
    row = well_known_line(engine, scope, ECHO)
    (instance,) = started(engine, scope, row, 1)
    (lost,) = engine.claim()
    engine.now += LEASE + timedelta(seconds=1)
    (begun,) = engine.claim("other")
    assert (begun.step, begun.number, begun.lost_leases) == (lost.step, lost.number, 1)
    assert begun.token != lost.token
    settle_to_the_end(engine, [begun])
    instance.refresh_from_db()
    assert instance.status == "complete"


def test_where_nothing_has_ended_nothing_is_written(engine: Engine) -> None:
    assert settle_attempts([], engine.worker("worker", 10), now=engine.now) == 0


def test_whoever_listens_is_told_where_the_way_is_known(engine: Engine, scope: Scope) -> None:
    row = well_known_line(engine, scope, ECHO)
    assert passages._known.by_key
    assert not Message.objects.exists()
    add_endpoint(scope, name="Shop", url="http://127.0.0.1:9/", types=["step.completed", "instance.completed"])
    started(engine, scope, row, 2)
    engine.work()
    told = list(Message.objects.values_list("type", flat=True))
    assert (told.count("step.completed"), told.count("instance.completed")) == (6, 2)


@pytest.mark.django_db(transaction=True)
def test_what_is_recorded_is_counted_where_the_way_is_known(engine: Engine, scope: Scope) -> None:
    row = engine.publish(LINE, settings=ECHO)
    metrics.turn_on()
    try:
        found = []
        for _ in range(5):
            before = counted()
            started(engine, scope, row, 2)
            engine.work()
            found.append({name: value - before.get(name, 0) for name, value in counted().items()})
            engine.later(seconds=7)
        assert passages._known.by_key
        with failing_without_the_known_way():
            before = counted()
            started(engine, scope, row, 2)
            engine.work()
            found.append({name: value - before.get(name, 0) for name, value in counted().items()})
    finally:
        metrics.turn_off()
    assert found[0]["quadrille_steps_total", "completed"] == 6
    assert found[0]["quadrille_instances_ended_total", "complete"] == 2
    assert found == [found[0]] * 6


def counted() -> dict[tuple[str, str], float]:
    """What the counters of facts, steps and instances say, by their label."""
    return {
        (sample.name, next(iter(sample.labels.values()))): sample.value
        for meter in (metrics.meters().facts, metrics.meters().steps, metrics.meters().instances)
        for family in meter.collect()
        for sample in family.samples
        if sample.name.endswith("_total")
    }


@contextmanager
def failing_without_the_known_way(name: str = "carry") -> Iterator[None]:
    """Fail where attempts that have ended (or claims, by `name`) are thought about anew."""
    carried = []
    original = getattr(well_known, name)

    def carry(*arguments: Any) -> bool:
        carried.append(original(*arguments))
        return carried[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(well_known, name, carry)
        yield
    assert carried
    assert all(carried)


def _without_moments(run: tuple[Any, ...]) -> tuple[Any, ...]:
    steps = [
        {**step, "claimable_at": None, "attempts": [attempt["number"] for attempt in step["attempts"]]}
        for step in run[4]
    ]
    return *run[:4], steps, run[5]


def ended(engine: Engine, attempt: ClaimedAttempt) -> EndedAttempt:
    return EndedAttempt(attempt, make_attempt(attempt), engine.now)


def settle_all(engine: Engine, claimed: list[ClaimedAttempt]) -> list[ClaimedAttempt]:
    """Make attempts and settle them in one batch; answers what the worker has begun by that."""
    worker = engine.worker("worker", 100)
    settle_attempts([ended(engine, attempt) for attempt in claimed], worker, now=engine.now)
    return worker.claimed


def settle_to_the_end(engine: Engine, claimed: list[ClaimedAttempt]) -> None:
    while claimed:
        claimed = settle_all(engine, claimed)
