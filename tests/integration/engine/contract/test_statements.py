"""The storage contract: the same suite on SQLite and, with `python -m tests.postgres`, on PostgreSQL."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection

from engine.models import Fact, Instance, Step, Timer
from engine.storage import storage
from engine.storage.contract import Batch, FactRow, Fence, Lease, Outdated, StepKey, StepPatch, TimerRow
from tests.integration.engine.conftest import NOON, Engine

AWKWARD = {"text": "é \U0001f389 \\u0000 \"quoted\" 'quoted' %s {}", "deep": [[{"n": None}]], "big": 2**53, "no": False}


@pytest.fixture
def instance(engine: Engine) -> Instance:
    """One that waits for a person, with the step `ask`."""
    return engine.start("ask", kinds={"ask": "manual"})


def key(instance: Instance, task: str = "new", iteration: int = 1) -> StepKey:
    return StepKey(instance.pk, task, iteration)


def put(instance: Instance, step: StepKey, **columns: object) -> None:
    patch = StepPatch(instance.environment_id, "automation", dict(columns), may_be_new=True)
    storage().write(Batch(steps={step: patch}))


def test_a_new_step_has_what_the_patch_says_and_empty_columns_otherwise(instance: Instance) -> None:
    put(instance, key(instance), status="ready", ready_at=NOON, output=AWKWARD)
    step = Step.objects.get(instance=instance, task="new")
    assert (step.status, step.ready_at, step.output, step.kind) == ("ready", NOON, AWKWARD, "automation")
    assert (step.attempts, step.assigned_to, step.claimable_at, step.error) == ([], [], None, None)
    step.delete()


def test_a_step_that_is_there_is_written_not_doubled(instance: Instance) -> None:
    put(instance, key(instance), status="ready", lease_token=5, attempt=2)
    put(instance, key(instance), status="skipped")
    step = Step.objects.get(instance=instance, task="new")
    assert (step.status, step.lease_token, step.attempt) == ("skipped", 5, 2)
    step.delete()


def test_attempts_are_appended(instance: Instance) -> None:
    put(instance, key(instance), status="running", attempts=[{"number": 1, "error": AWKWARD}])
    patch = StepPatch(instance.environment_id, "automation", {"attempts": [{"number": 2, "error": None}]})
    storage().write(Batch(steps={key(instance): patch}))
    put(instance, key(instance), attempts=[{"number": 3}])
    step = Step.objects.get(instance=instance, task="new")
    assert step.attempts == [{"number": 1, "error": AWKWARD}, {"number": 2, "error": None}, {"number": 3}]
    step.delete()


def test_steps_with_different_columns_are_written_in_one_call(instance: Instance) -> None:
    put(instance, key(instance, "one"), status="ready")
    patches = {
        key(instance, "one"): StepPatch(instance.environment_id, "noop", {"status": "completed", "output": [1]}),
        key(instance, "two"): StepPatch(instance.environment_id, "noop", {"status": "skipped"}, may_be_new=True),
    }
    storage().write(Batch(steps=patches))
    rows = Step.objects.filter(instance=instance).exclude(task="ask").order_by("task")
    assert [(step.task, step.status, step.output) for step in rows] == [
        ("one", "completed", [1]),
        ("two", "skipped", None),
    ]
    rows.delete()


def test_facts_keep_their_data(instance: Instance) -> None:
    storage().write(Batch(facts=[FactRow(instance.pk, 99, "ContextChanged", NOON, "", 0, AWKWARD, False)]))
    fact = Fact.objects.get(instance=instance, number=99)
    assert (fact.data, fact.at, fact.is_derived) == (AWKWARD, NOON, False)
    fact.delete()


def fenced(instance: Instance, *, fact_count: int, token: int) -> tuple[Batch, Fence]:
    """A batch with a part of each kind, fenced by what a worker remembers."""
    step = key(instance)
    batch = Batch(
        facts=[FactRow(instance.pk, 99, "ContextChanged", NOON, "", 0, {}, False)],
        steps={
            step: StepPatch(instance.environment_id, "automation", {"status": "completed"}),
            key(instance, "next"): StepPatch(instance.environment_id, "noop", {"status": "ready"}, may_be_new=True),
        },
        instances={instance.pk: {"fact_count": 99}},
    )
    return batch, Fence({instance.pk: fact_count}, {step: token})


def written(instance: Instance) -> dict[str, object]:
    steps = Step.objects.filter(instance=instance).exclude(task="ask")
    return {
        "facts": Fact.objects.filter(instance=instance, number=99).count(),
        "steps": {step.task: step.status for step in steps},
        "fact_count": Instance.objects.get(pk=instance.pk).fact_count,
    }


def clean_up(instance: Instance, fact_count: int) -> None:
    Step.objects.filter(instance=instance).exclude(task="ask").delete()
    Fact.objects.filter(instance=instance, number=99).delete()
    Instance.objects.filter(pk=instance.pk).update(fact_count=fact_count)


def test_a_fenced_batch_is_written_when_everything_is_as_remembered(instance: Instance) -> None:
    put(instance, key(instance), status="running", lease_token=7)
    count = Instance.objects.get(pk=instance.pk).fact_count
    storage().write(*fenced(instance, fact_count=count, token=7))
    assert written(instance) == {"facts": 1, "steps": {"new": "completed", "next": "ready"}, "fact_count": 99}
    clean_up(instance, count)


@pytest.mark.parametrize(("missing_facts", "token"), [(1, 7), (0, 8)])
def test_nothing_of_a_fenced_batch_is_written_when_something_is_not(
    instance: Instance, missing_facts: int, token: int
) -> None:
    put(instance, key(instance), status="running", lease_token=7)
    count = Instance.objects.get(pk=instance.pk).fact_count
    batch, fence = fenced(instance, fact_count=count - missing_facts, token=token)
    with pytest.raises(Outdated):
        storage().write(batch, fence)
    assert written(instance) == {"facts": 0, "steps": {"new": "running"}, "fact_count": count}
    clean_up(instance, count)


def test_claims_count_lost_leases_and_draw_new_tokens(instance: Instance) -> None:
    step = key(instance)
    put(instance, step, status="ready", claimable_at=NOON)
    assert storage().has_claimable(NOON)
    assert storage().lock_claimable(NOON, 10) == [step]
    lease = Lease("worker", NOON + timedelta(seconds=30))
    (claimed,) = storage().claim({step: 2**62}, lease, NOON)
    assert (claimed.step, claimed.status, claimed.lost_leases) == (step, "ready", 0)
    assert storage().claim({step: 1}, lease, NOON) == []
    put(instance, step, status="running", attempt=1)
    assert storage().lease_tokens([step]) == {step: 2**62}
    (claimed,) = storage().claim({step: 3}, Lease("other", NOON + timedelta(seconds=90)), lease.until)
    assert (claimed.status, claimed.attempt, claimed.lost_leases) == ("running", 1, 1)
    Step.objects.filter(task="new").delete()


def test_the_longest_waiting_step_is_claimed_first(instance: Instance) -> None:
    put(instance, key(instance, "late"), status="ready", claimable_at=NOON)
    put(instance, key(instance, "early"), status="ready", claimable_at=NOON - timedelta(microseconds=1))
    put(instance, key(instance, "future"), status="ready", claimable_at=NOON + timedelta(microseconds=1))
    assert [step.task for step in storage().lock_claimable(NOON, 10)] == ["early", "late"]
    assert [step.task for step in storage().lock_claimable(NOON, 1)] == ["early"]
    Step.objects.filter(instance=instance).exclude(task="ask").delete()


def test_leases_expire_all_at_once(instance: Instance) -> None:
    put(instance, key(instance, "mine"), status="running", claimable_at=NOON + timedelta(hours=1), lease_owner="gone")
    put(instance, key(instance, "free"), status="ready", claimable_at=NOON + timedelta(hours=1))
    assert storage().expire_leases(NOON) == 1
    assert [step.task for step in storage().lock_claimable(NOON, 10)] == ["mine"]
    Step.objects.filter(instance=instance).exclude(task="ask").delete()


def timer(instance: Instance, purpose: str, seconds: float, *, is_suspended: bool = False) -> TimerRow:
    return TimerRow(instance.pk, "ask", 1, purpose, NOON + timedelta(seconds=seconds), is_suspended)


def test_due_timers_come_in_their_order_and_once(instance: Instance) -> None:
    rows = [timer(instance, "wake", 2), timer(instance, "retry", 1), timer(instance, "due", 3)]
    storage().set_timers([*rows, timer(instance, "expire", 0, is_suspended=True)])
    now = NOON + timedelta(seconds=2)
    assert storage().has_due_timer(now)
    assert storage().next_moment(now) == NOON + timedelta(seconds=3)
    due = storage().lock_due_timers(now, 10)
    assert [(one.purpose, one.due_at) for one in due] == [("retry", rows[1].due_at), ("wake", rows[0].due_at)]
    assert storage().lock_due_timers(now, 10) == []
    assert Timer.objects.count() == 2


def test_a_timer_takes_the_place_of_one_of_its_purpose(instance: Instance) -> None:
    storage().set_timers([timer(instance, "wake", 2)])
    storage().set_timers([timer(instance, "wake", 5)])
    assert Timer.objects.get().due_at == NOON + timedelta(seconds=5)


def test_timers_are_suspended_shifted_and_dropped(instance: Instance) -> None:
    storage().set_timers([timer(instance, "wake", 1), timer(instance, "due", 2)])
    storage().hold_instances([instance.pk])
    assert not storage().has_due_timer(NOON + timedelta(hours=1))
    storage().resume_timers({instance.pk: 3600.25})
    moments = list(Timer.objects.order_by("due_at").values_list("due_at", "is_suspended"))
    assert moments == [(NOON + timedelta(seconds=3600.25 + each), False) for each in (1, 2)]
    storage().drop_timers([key(instance, "ask", 2)])
    assert Timer.objects.count() == 2
    storage().drop_timers([key(instance, "ask")])
    assert Timer.objects.count() == 0


def test_nothing_to_do_costs_no_statement(instance: Instance, django_assert_num_queries: object) -> None:
    store = storage()
    with django_assert_num_queries(0):  # type: ignore[operator]  # a fixture that is a context manager
        store.write(Batch())
        store.set_timers([])
        store.drop_timers([])
        store.hold_instances([])
        store.resume_timers({})
        store.consume_events([], NOON)
        assert store.lock_instances([]) == []
        assert store.kept_events([]) == store.awaiting_steps([]) == store.step_data({}) == store.instance_data([]) == []


def test_only_the_asked_for_steps_are_read(engine: Engine, instance: Instance) -> None:
    put(instance, key(instance, "a", 1), status="completed", output="first", started_at=NOON)
    put(instance, key(instance, "a", 2), status="completed", output="second", ended_at=NOON)
    put(instance, key(instance, "b", 1), status="failed", error={"name": "E"}, is_past=True)
    some = storage().step_data({instance.pk: ["a", "b", "missing"]})
    assert [(row.iteration, row.output, row.started_at, row.ended_at) for row in some] == [
        (1, '"first"', NOON, None),
        (2, '"second"', None, NOON),
    ]
    assert {row.task for row in storage().step_data({instance.pk: None})} == {"a", "ask"}
    Step.objects.filter(instance=instance).exclude(task="ask").delete()


def test_what_is_inserted_again_and_again_is_prepared_on_any_connection(engine: Engine) -> None:
    flow = engine.publish("ask", kinds={"ask": "manual"})
    for _ in range(6):
        engine.start(flow)
    if connection.vendor != "postgresql":  # nothing is planned for longer than it takes
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement FROM pg_prepared_statements")
        assert any("INSERT INTO engine_instance" in statement for (statement,) in cursor.fetchall())
