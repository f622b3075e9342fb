"""What is to be done is written with what made it so: the claimable step is the outbox. Wake-ups only say "look".

And a request under an idempotency key is carried out once.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from accounts.scope import Scope
from dialects.shared.idempotency import claim, forget_old_keys
from dialects.shared.problems import Problem
from engine import failpoints
from engine.models import IdempotencyKey, InboundEvent, Instance, Occurrence, Step
from engine.services.triggers import match_inbound_events, receive_event
from engine.services.waking import add_waker, remove_waker
from engine.storage import storage
from engine.tasks import sweep
from tests.integration.engine.conftest import NOON, Engine, python, rolled_back

ONE = {"settings": {"a": python()}}
TWO = {"settings": {"a": python(), "b": python()}}
LISTENS = {"triggers": ({"type": "event", "event": "order.made"},), **ONE}


@pytest.fixture
def rings() -> Iterator[list[bool]]:
    """Whether a transaction was open at each wake-up."""
    heard: list[bool] = []

    def ring() -> None:
        heard.append(connection.in_atomic_block)

    add_waker(ring)
    yield heard
    remove_waker(ring)


def test_a_change_and_the_work_it_makes_are_one_transaction(engine: Engine) -> None:
    with rolled_back():
        engine.start("a", **ONE)
        assert storage().has_claimable(NOON)
    assert not storage().has_claimable(NOON)
    assert Instance.objects.count() == Step.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_workers_are_woken_after_the_commit(engine: Engine, rings: list[bool]) -> None:
    with transaction.atomic():
        engine.start("a", **ONE)
        assert rings == []
    assert rings
    assert not any(rings)


@pytest.mark.django_db(transaction=True)
def test_the_clock_is_left_alone_when_there_are_only_attempts_to_make(engine: Engine) -> None:
    heard: list[str] = []

    def ring() -> None:
        heard.append("all")

    add_waker(ring, lambda: heard.append("attempts"))
    try:
        engine.start("a", **ONE)
        engine.start("b", kinds={"b": "delay"}, settings={"b": {"for": "1 hour"}}, key="waits")
    finally:
        remove_waker(ring)
    assert heard == ["attempts", "all"]


@pytest.mark.django_db(transaction=True)
def test_nobody_is_woken_by_what_is_rolled_back(engine: Engine, rings: list[bool]) -> None:
    row = engine.publish("a", **ONE)
    with rolled_back():
        engine.start(row)
    assert rings == []


@pytest.mark.django_db(transaction=True)
def test_a_waker_that_breaks_harms_neither_the_change_nor_the_other_wakers(engine: Engine, rings: list[bool]) -> None:
    def broken() -> None:
        raise ConnectionError("the broker is away")

    add_waker(broken)
    try:
        instance = engine.start("a", **ONE)
    finally:
        remove_waker(broken)
    assert Instance.objects.get(pk=instance.pk).status == "running"
    assert rings


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("how", "times"), [("drop", 0), ("thrice", 3)])
def test_wake_ups_that_are_lost_or_repeated_change_nothing(
    engine: Engine, rings: list[bool], monkeypatch: pytest.MonkeyPatch, how: str, times: int
) -> None:
    row = engine.publish("a -> b", **TWO)
    monkeypatch.setattr(failpoints, "armed", failpoints.parse(f"wake={how}"))
    instance = engine.start(row)
    assert len(rings) == times
    assert engine.work() == 2
    assert Instance.objects.get(pk=instance.pk).status == "complete"


def test_work_waits_for_whoever_looks_first(engine: Engine) -> None:
    engine.start("a -> b", **TWO)
    assert len(engine.claim("one")) == 1
    assert engine.claim("two") == []


@pytest.mark.django_db(transaction=True)
def test_the_sweep_finds_what_a_lost_wake_up_left(engine: Engine, scope: Scope) -> None:
    row = engine.publish("sleep", kinds={"sleep": "delay"}, settings={"sleep": {"for": "1 millisecond"}})
    engine.now = timezone.now()
    sleeping = engine.start(row)
    engine.publish("a", key="listening", **LISTENS)
    receive_event(scope, "order.made", {"n": 1})
    sweep()
    assert Instance.objects.get(pk=sleeping.pk).status == "complete"
    assert Occurrence.objects.get().outcome == "started"


# -- inbound events ---------------------------------------------------------------------------------------------------


def test_an_inbound_event_is_kept_until_it_is_matched(engine: Engine, scope: Scope) -> None:
    engine.publish("a", **LISTENS)
    receive_event(scope, "order.made", {"n": 1}, now=NOON)
    with rolled_back():
        assert match_inbound_events(NOON) == 1
    assert InboundEvent.objects.get().matched_at is None
    assert [match_inbound_events(NOON) for _ in range(3)] == [1, 0, 0]
    assert Instance.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_an_inbound_event_that_many_match_at_once_starts_one_instance(engine: Engine, scope: Scope) -> None:
    engine.publish("a", **LISTENS)
    for number in range(10):
        receive_event(scope, "order.made", {"n": number}, now=NOON)
    in_threads(4, lambda _: match_inbound_events(NOON))
    while match_inbound_events(NOON):
        pass
    assert Instance.objects.count() == Occurrence.objects.count() == 10


def in_threads(count: int, act: Any) -> list[Any]:
    """What several threads get that act at once."""
    begin, answers = threading.Barrier(count), []

    def run(number: int) -> None:
        begin.wait()
        try:
            answers.append(act(number))
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


# -- idempotency keys -------------------------------------------------------------------------------------------------


def act_once(scope: Scope, key: str, wanted: str, *, engine: Engine, row: Any) -> str:
    """What a request under a key does: start an instance, once."""
    with transaction.atomic():
        kept, stored = claim(scope, key, wanted)
        if stored is not None:
            return f"again {stored.data}"
        answer = engine.start(row).key
        kept.status_code, kept.response = 201, answer
        kept.save()
        return f"first {answer}"


def test_a_repeated_request_is_answered_and_not_carried_out(engine: Engine, scope: Scope) -> None:
    row = engine.publish("a", **ONE)
    first, again = (act_once(scope, "k", "same", engine=engine, row=row) for _ in range(2))
    assert again == first.replace("first", "again")
    assert Instance.objects.count() == 1


def test_a_request_that_is_rolled_back_leaves_its_key_free(engine: Engine, scope: Scope) -> None:
    row = engine.publish("a", **ONE)
    with rolled_back():
        act_once(scope, "k", "same", engine=engine, row=row)
    assert act_once(scope, "k", "same", engine=engine, row=row).startswith("first")
    assert Instance.objects.count() == 1


def test_a_key_is_not_for_another_request(engine: Engine, scope: Scope) -> None:
    row = engine.publish("a", **ONE)
    act_once(scope, "k", "same", engine=engine, row=row)
    with pytest.raises(Problem) as refused:
        act_once(scope, "k", "other", engine=engine, row=row)
    assert refused.value.status == 422


def test_a_key_is_an_environments_own(engine: Engine, scope: Scope, foreign_scope: Scope) -> None:
    row = engine.publish("a", **ONE)
    act_once(scope, "k", "same", engine=engine, row=row)
    kept, stored = claim(foreign_scope, "k", "same")
    assert stored is None
    assert kept.environment == foreign_scope.environment


def test_a_key_is_forgotten_after_a_day(engine: Engine, scope: Scope) -> None:
    row = engine.publish("a", **ONE)
    act_once(scope, "k", "same", engine=engine, row=row)
    IdempotencyKey.objects.update(created_at=timezone.now() - timedelta(hours=24, seconds=1))
    assert forget_old_keys() == 1
    assert act_once(scope, "k", "other", engine=engine, row=row).startswith("first")


@pytest.mark.django_db(transaction=True)
def test_of_requests_that_come_at_once_under_a_key_one_is_carried_out(engine: Engine, scope: Scope) -> None:
    row = engine.publish("a", **ONE)
    answers = in_threads(5, lambda _: act_once(scope, "k", "same", engine=engine, row=row))
    assert sorted(answer.split()[0] for answer in answers) == ["again"] * 4 + ["first"]
    assert len({answer.split()[1] for answer in answers}) == 1
    assert Instance.objects.count() == 1
