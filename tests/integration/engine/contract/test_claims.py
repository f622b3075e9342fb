"""Claims and leases: a step is one worker's at a time, for as long as its lease lasts."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection

from engine.models import Instance, Step
from engine.services.attempts import claim_attempts, extend_leases, give_back
from engine.services.interventions import pause, resume, terminate
from engine.services.rounds import LEASE, Worker
from engine.storage import storage
from engine.storage.contract import Batch, Lease, StepKey, StepPatch
from engine.storage.postgres import end_forsaken_transactions, let_migrations_take_their_time
from tests.integration.engine.conftest import NOON, Engine, python, rolled_back

ONE = {"settings": {"a": python()}}
FAN = {"settings": {key: python() for key in "abcdef"}}
SECOND = timedelta(seconds=1)


def test_a_ready_step_can_be_claimed_from_its_moment_on(engine: Engine) -> None:
    engine.start("a", **ONE)
    assert storage().lock_claimable(NOON - timedelta(microseconds=1), 10) == []
    assert len(storage().lock_claimable(NOON, 10)) == 1


def test_a_claim_takes_at_most_what_is_asked_for(engine: Engine) -> None:
    engine.start("a,b,c,d,e,f", **FAN)
    assert [len(engine.claim(f"w{n}", room=2)) for n in range(4)] == [2, 2, 2, 0]


def test_every_claim_has_a_token_of_its_own(engine: Engine) -> None:
    engine.start("a,b,c,d,e,f", **FAN)
    tokens = [attempt.token for attempt in engine.claim()]
    assert len(set(tokens)) == 6
    assert all(0 < token < 2**63 for token in tokens)


def test_a_claimed_step_is_nobody_elses_until_its_lease_ends(engine: Engine) -> None:
    engine.start("a", **ONE)
    engine.claim("first")
    engine.now += LEASE - timedelta(microseconds=1)
    assert engine.claim("second") == []
    engine.now += timedelta(microseconds=1)
    assert len(engine.claim("second")) == 1


def test_a_claim_begins_the_attempt_once(engine: Engine, facts_of: Callable[..., list[str]]) -> None:
    instance = engine.start("a", **ONE)
    for _ in range(3):
        engine.claim()
        engine.now += LEASE
    assert facts_of(instance, "AttemptStarted") == ["AttemptStarted a"]
    assert Step.objects.get(instance=instance).lost_leases == 2


def test_a_claim_of_a_step_that_has_moved_on_takes_nothing(engine: Engine) -> None:
    instance = engine.start("a", **ONE)
    step = StepKey(instance.pk, "a", 1)
    engine.work()
    assert storage().claim({step: 5}, Lease("late", engine.now + LEASE), engine.now) == []


def test_a_claim_of_a_step_that_does_not_exist_takes_nothing(engine: Engine) -> None:
    instance = engine.start("a", **ONE)
    lease = Lease("w", NOON + LEASE)
    assert storage().claim({StepKey(instance.pk, "b", 1): 5, StepKey(0, "a", 1): 6}, lease, NOON) == []


def test_a_claim_that_is_rolled_back_leaves_the_step_to_others(engine: Engine) -> None:
    engine.start("a", **ONE)
    with rolled_back():
        assert len(engine.claim("first")) == 1
    assert len(engine.claim("second")) == 1


def test_a_heartbeat_moves_the_end_of_the_lease(engine: Engine) -> None:
    instance = engine.start("a", **ONE)
    (attempt,) = engine.claim()
    extend_leases({attempt.step: attempt.token}, now=engine.now + SECOND)
    assert Step.objects.get(instance=instance).claimable_at == engine.now + SECOND + LEASE


def test_a_heartbeat_with_a_wrong_token_moves_nothing(engine: Engine) -> None:
    instance = engine.start("a", **ONE)
    (attempt,) = engine.claim()
    extend_leases({attempt.step: attempt.token + 1}, now=engine.now + SECOND)
    assert Step.objects.get(instance=instance).claimable_at == engine.now + LEASE


def test_a_heartbeat_after_the_result_does_not_open_the_step_again(engine: Engine) -> None:
    instance = engine.start("a", **ONE)
    (attempt,) = engine.claim()
    engine.settle(attempt)
    extend_leases({attempt.step: attempt.token}, now=engine.now)
    assert Step.objects.get(instance=instance).claimable_at is None


def test_giving_back_with_a_wrong_token_gives_nothing_back(engine: Engine) -> None:
    engine.start("a", **ONE)
    (attempt,) = engine.claim("first")
    give_back({attempt.step: attempt.token + 1}, now=engine.now)
    assert engine.claim("second") == []


def test_a_heartbeat_of_many_attempts_keeps_each(engine: Engine) -> None:
    engine.start("a,b,c,d,e,f", **FAN)
    tokens = {attempt.step: attempt.token for attempt in engine.claim("first")}
    engine.now += LEASE - SECOND
    extend_leases(dict(list(tokens.items())[:4]), now=engine.now)
    engine.now += SECOND
    assert len(engine.claim("second")) == 2


def test_steps_of_paused_instances_are_not_claimed(engine: Engine) -> None:
    instance = engine.start("a", **ONE)
    pause(engine.scope, instance, now=engine.now)
    assert engine.claim() == []
    resume(engine.scope, instance, now=engine.now)
    assert len(engine.claim()) == 1


def test_steps_of_ended_instances_are_not_claimed(engine: Engine) -> None:
    instance = engine.start("a,b", settings={"a": python(), "b": python()})
    terminate(engine.scope, instance, now=engine.now)
    engine.now += LEASE
    assert engine.claim() == []
    assert not storage().has_claimable(engine.now)


def test_only_steps_under_way_have_a_lease_token(engine: Engine) -> None:
    instance = engine.start("a -> b", settings={"a": python(), "b": python()})
    steps = [StepKey(instance.pk, key, 1) for key in "ab"]
    assert storage().lease_tokens(steps) == {}
    (attempt,) = engine.claim()
    assert storage().lease_tokens(steps) == {steps[0]: attempt.token}
    engine.settle(attempt)
    assert storage().lease_tokens(steps) == {}


def test_steps_that_lost_many_workers_can_be_left_out(engine: Engine) -> None:
    instance = engine.start("a,b", settings={"a": python(), "b": python()})
    Step.objects.filter(instance=instance, task="a").update(lost_leases=3)
    chosen = storage().lock_claimable(NOON, 10, most_lost=2, unless_since=NOON - SECOND)
    assert [step.task for step in chosen] == ["b"]
    assert len(storage().lock_claimable(NOON, 10, most_lost=3)) == 2
    assert len(storage().lock_claimable(NOON, 10, most_lost=2, unless_since=NOON)) == 2


def test_what_is_claimable_next_is_a_moment_to_wake_for(engine: Engine) -> None:
    engine.start("a", **ONE)
    assert storage().next_moment(NOON) is None
    engine.claim()
    assert storage().next_moment(NOON) == NOON + LEASE


def test_leases_of_all_are_ended_by_a_process_that_is_alone(engine: Engine) -> None:
    engine.start("a,b,c,d,e,f", **FAN)
    engine.claim("first", room=4)
    assert storage().expire_leases(NOON) == 4
    assert len(engine.claim("second")) == 6


def test_a_claim_of_steps_of_many_instances_begins_each(engine: Engine) -> None:
    row = engine.publish("a", **ONE)
    instances = [engine.start(row) for _ in range(30)]
    assert {attempt.step.instance_id for attempt in engine.claim()} == {instance.pk for instance in instances}
    assert set(Step.objects.values_list("status", flat=True)) == {"running"}


def test_a_claim_answers_steps_as_they_were_before(engine: Engine) -> None:
    instance = engine.start("a", **ONE)
    step = StepKey(instance.pk, "a", 1)
    (claimed,) = storage().claim({step: 1}, Lease("w", NOON + LEASE), NOON)
    assert (claimed.status, claimed.attempt, claimed.lost_leases) == ("ready", 0, 0)


def test_the_owner_of_a_lease_is_noted_and_forgotten(engine: Engine) -> None:
    instance = engine.start("a", **ONE)
    (attempt,) = engine.claim("somebody")
    assert Step.objects.get(instance=instance).lease_owner == "somebody"
    engine.settle(attempt, name="somebody")
    assert Step.objects.get(instance=instance).lease_owner == ""


def test_a_ready_step_without_a_moment_is_not_claimed(engine: Engine) -> None:
    instance = engine.start("ask", kinds={"ask": "manual"})
    patch = StepPatch(instance.environment_id, "automation", {"status": "ready"}, may_be_new=True)
    storage().write(Batch(steps={StepKey(instance.pk, "new", 1): patch}))
    assert engine.claim() == []
    Step.objects.filter(task="new").delete()


@pytest.mark.django_db(transaction=True)
def test_workers_that_claim_at_once_share_the_steps(engine: Engine) -> None:
    row = engine.publish("a,b,c,d,e,f", **FAN)
    for _ in range(10):
        engine.start(row)
    got: list[StepKey] = []
    begin = threading.Barrier(6)

    def work(name: str) -> None:
        begin.wait()
        while True:
            worker = Worker(name, 5)
            if not claim_attempts(worker, now=engine.now, limit=5):
                break
            got.extend(attempt.step for attempt in worker.claimed)
        connection.close()

    threads = [threading.Thread(target=work, args=(f"w{number}",)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    engine_left = len(engine.claim("last", room=100))
    assert len(got) == len(set(got))
    assert len(got) + engine_left == 60
    assert Instance.objects.count() == 10


@pytest.mark.django_db(transaction=True)
def test_a_transaction_that_stands_still_for_a_lease_is_ended_by_the_server_but_no_migration_is() -> None:
    def seconds() -> int | None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT setting FROM pg_settings WHERE name = 'idle_in_transaction_session_timeout'")
            return int(cursor.fetchone()[0]) // 1000

    connection.close()
    if connection.vendor != "postgresql":  # one writer at a time, within one machine: nobody to end anything
        end_forsaken_transactions(connection)
        let_migrations_take_their_time("default")
        return
    assert seconds() == LEASE.total_seconds()
    let_migrations_take_their_time("default")
    assert seconds() == 0
    connection.close()
