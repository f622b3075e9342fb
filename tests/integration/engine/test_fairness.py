"""One organization's backlog does not starve another's."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Collection, Iterator
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import Environment, Organization
from accounts.scope import Scope, system_scope
from engine.actions.python import flow_function
from engine.models import Instance, Step
from engine.runners import attempt_loop
from engine.runners.attempt_loop import AttemptLoop
from engine.storage import claiming, storage
from engine.storage.contract import Batch, StepKey, StepPatch
from tests.integration.engine.conftest import NOON, Engine, python

gate = threading.Event()


@flow_function("fairness.slow")
def be_slow() -> None:
    """Until the gate is opened."""
    gate.wait(60)


@pytest.fixture
def _gate() -> Iterator[None]:
    gate.clear()
    yield
    gate.set()


def place(organization: Organization, slug: str) -> Instance:
    """An instance in an environment of its own, to hang steps on."""
    environment = Environment.objects.create(organization=organization, name=slug, slug=slug)
    return Engine(system_scope(environment), now=NOON).start("ask", kinds={"ask": "manual"})


def queue(instance: Instance, count: int, *, minutes: int = 0, **columns: object) -> None:
    """Steps that have waited for so long."""
    values = {"status": "ready", "claimable_at": NOON - timedelta(minutes=minutes), **columns}
    patch = StepPatch(instance.environment_id, "automation", values, may_be_new=True)
    names = [f"{values['status']}{number}" for number in range(count)]
    storage().write(Batch(steps={StepKey(instance.pk, name, 1): patch for name in names}))


def claimed(limit: int) -> dict[str, int]:
    """How many a claim takes, by environment; they are done with then."""
    steps = storage().lock_claimable(NOON, limit)
    assert len(set(steps)) == len(steps)
    places = dict(Instance.objects.values_list("pk", "environment__slug"))
    for step in steps:
        Step.objects.filter(instance=step.instance_id, task=step.task).update(claimable_at=None)
    return dict(Counter(places[step.instance_id] for step in steps))


@pytest.fixture
def others(db: None) -> Organization:
    """Another organization."""
    return Organization.objects.create(name="Initech", slug="initech")


def test_a_backlog_leaves_each_organization_its_share(organization: Organization, others: Organization) -> None:
    queue(place(organization, "flooded"), 60, minutes=90)
    queue(place(others, "modest"), 20)
    assert claimed(10) == {"flooded": 5, "modest": 5}


def test_who_needs_less_than_its_share_leaves_it_to_others(organization: Organization, others: Organization) -> None:
    queue(place(organization, "flooded"), 60, minutes=90)
    queue(place(others, "modest"), 2)
    assert claimed(20) == {"flooded": 18, "modest": 2}
    assert claimed(100) == {"flooded": 42}
    assert claimed(100) == {}


def test_an_organization_has_one_share_for_all_its_environments(
    organization: Organization, others: Organization
) -> None:
    for slug in ("one", "two"):
        queue(place(organization, slug), 30, minutes=90)
    queue(place(others, "modest"), 30)
    assert claimed(12) == {"one": 3, "two": 3, "modest": 6}


def test_steps_of_lost_workers_come_first(organization: Organization, others: Organization) -> None:
    flooded = place(organization, "flooded")
    queue(flooded, 60, minutes=90)
    queue(flooded, 3, minutes=1, status="running", lease_owner="gone", lease_token=7)
    queue(place(others, "modest"), 30)
    lost = {step.task for step in storage().lock_claimable(NOON, 10)[:3]}
    assert lost == {"running0", "running1", "running2"}
    assert sum(claimed(10).values()) == 10


def test_many_environments_take_turns(others: Organization, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claiming, "MOST_PLACES", 3)
    for number in range(7):
        queue(place(others, f"place-{number}"), 30)
    got: Counter[str] = Counter()
    for _ in range(3):
        got.update(claimed(6))
    assert len(got) == 7
    assert sum(got.values()) == 18


def test_the_oldest_claimable_step_is_found_wherever_it_is(organization: Organization, others: Organization) -> None:
    assert storage().oldest_claimable(NOON) is None
    queue(place(organization, "new"), 2, minutes=1)
    queue(place(others, "old"), 2, minutes=5)
    assert storage().oldest_claimable(NOON) == NOON - timedelta(minutes=5)
    queue(place(others, "lost"), 1, minutes=9, status="running")
    assert storage().oldest_claimable(NOON) == NOON - timedelta(minutes=9)


def test_what_is_given_back_counts_as_no_lost_worker(organization: Organization) -> None:
    instance = place(organization, "here")
    queue(instance, 1, status="running", lease_owner="me", lease_token=7)
    step = StepKey(instance.pk, "running0", 1)
    storage().end_leases({step: 8}, NOON)
    assert storage().lease_tokens([step]) == {step: 7}
    storage().end_leases({step: 7}, NOON)
    (taken,) = storage().claim({step: 9}, shared_lease(), NOON)
    assert taken.lost_leases == 0


def shared_lease() -> object:
    from engine.storage.contract import Lease

    return Lease("you", NOON + timedelta(minutes=1))


@pytest.mark.django_db(transaction=True)
def test_a_worker_full_of_follow_up_steps_lets_others_in(
    scope: Scope, others: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempt_loop, "GUESTS_SECONDS", 0.0)
    long = " -> ".join(f"s{number}" for number in range(40))
    quick = {f"s{number}": python("noop") for number in range(40)}
    ours = Engine(scope, now=timezone.now())
    flow = ours.publish(long, settings=quick)
    instances = [ours.start(flow) for _ in range(6)]
    loop = AttemptLoop(capacity=4, threads=2, first_claim=2)
    for _ in range(3):
        loop.turn(wait=False)
    environment = Environment.objects.create(organization=others, name="Theirs", slug="theirs")
    noops = {"a": python("noop"), "b": python("noop")}
    theirs = Engine(system_scope(environment), now=timezone.now()).start("a -> b", settings=noops)
    for _ in range(30):
        loop.turn(wait=False)
        theirs.refresh_from_db()
        if theirs.is_final:
            break
    assert theirs.status == "complete"
    assert Instance.objects.filter(pk__in=[one.pk for one in instances]).unfinished().count() >= 4


# -- slow attempts of one flow beside quick ones of another -----------------------------------------------------------


def others_than(flows: Collection[int], limit: int = 100) -> list[StepKey]:
    now = NOON + timedelta(seconds=1)
    queue = storage().queue(now)
    return storage().lock_claimable_of_others(now, limit, queue=queue, most_lost=2, without_flows=flows)


def test_steps_of_other_flows_are_found_behind_a_backlog(
    engine: Engine, organization: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claiming, "LOOKED_AT", 5)
    slow = place(organization, "slow")
    queue(slow, 60, minutes=90)
    environment = Environment.objects.get(slug="slow")
    quick = Engine(system_scope(environment), now=NOON).start(
        "a,b,c", key="quick", settings={key: python() for key in "abc"}
    )
    found = others_than([slow.flow_id])
    assert {step.task for step in found} == {"a", "b", "c"}
    assert len(others_than([slow.flow_id], limit=2)) == 2
    assert others_than([slow.flow_id, quick.flow_id]) == []


def test_lost_steps_of_other_flows_are_found_too(organization: Organization) -> None:
    slow, other = place(organization, "slow"), place(organization, "other")
    lost = {"status": "running", "lease_owner": "gone", "lease_token": 7}
    queue(slow, 3, minutes=1, **lost)
    queue(other, 2, minutes=1, **lost)
    queue(other, 2, status="ready", lost_leases=3)
    assert {step.instance_id for step in others_than([slow.flow_id])} == {other.pk}
    assert {step.task for step in others_than([slow.flow_id])} == {"running0", "running1"}


def turn_until_final(loop: AttemptLoop, *instances: Instance) -> None:
    """Let a worker take turns until these have ended."""
    deadline = time.monotonic() + 30
    while Instance.objects.filter(pk__in=[one.pk for one in instances]).unfinished().exists():
        assert time.monotonic() < deadline, "they were held up"
        loop.turn(wait=True)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("_gate")
def test_quick_attempts_pass_slow_ones_of_another_flow(scope: Scope) -> None:
    ours = Engine(scope, now=timezone.now())
    slow = ours.publish("wait", key="slow", settings={"wait": python("fairness.slow")})
    backlog = [ours.start(slow) for _ in range(40)]
    loop = AttemptLoop(capacity=64, threads=8, first_claim=4)
    for _ in range(8):
        loop.turn(wait=False)
    quick = ours.publish("a -> b", key="quick", settings={"a": python("noop"), "b": python("noop")})
    turn_until_final(loop, *[ours.start(quick) for _ in range(5)])
    assert Instance.objects.filter(pk__in=[one.pk for one in backlog]).unfinished().count() == 40
    gate.set()
    turn_until_final(loop, *backlog)
    loop.drain(5)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("_gate")
def test_one_slow_flow_more_does_not_get_the_whole_reserve(scope: Scope) -> None:
    ours = Engine(scope, now=timezone.now())
    settings = {"wait": python("fairness.slow")}
    slow = [ours.publish("wait", key=f"slow{number}", settings=settings) for number in range(2)]
    loop = AttemptLoop(capacity=16, threads=16, first_claim=16)
    instances = [ours.start(slow[0]) for _ in range(20)]
    for _ in range(4):
        loop.turn(wait=False)
    instances += [ours.start(slow[1]) for _ in range(20)]
    deadline = time.monotonic() + 30
    while Step.objects.filter(instance__flow=slow[1], status="running").count() < 1:
        assert time.monotonic() < deadline
        loop.turn(wait=True)
    for _ in range(10):
        loop.turn(wait=True)
    assert Step.objects.filter(instance__flow=slow[0], status="running").count() == 16
    assert Step.objects.filter(instance__flow=slow[1], status="running").count() == 1  # a quarter of a reserve of four
    quick = ours.publish("a", key="quick", settings={"a": python("noop")})
    turn_until_final(loop, ours.start(quick))
    gate.set()
    turn_until_final(loop, *instances)
    loop.drain(5)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("_gate")
def test_a_worker_whose_threads_are_all_busy_rests(scope: Scope) -> None:
    ours = Engine(scope, now=timezone.now())
    slow = ours.publish("wait", settings={"wait": python("fairness.slow")})
    instances = [ours.start(slow) for _ in range(6)]
    loop = AttemptLoop(capacity=2, threads=2, first_claim=2)
    for _ in range(3):
        loop.turn(wait=True)
    began, turns = time.monotonic(), 0
    while time.monotonic() - began < 1:
        loop.turn(wait=True)
        turns += 1
    assert turns < 30
    gate.set()
    turn_until_final(loop, *instances)
    loop.drain(5)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("_gate")
def test_what_waits_for_a_thread_is_given_to_a_worker_that_has_one(scope: Scope) -> None:
    ours = Engine(scope, now=timezone.now())
    slow = ours.publish("wait", settings={"wait": python("fairness.slow")})
    instances = [ours.start(slow) for _ in range(6)]
    greedy, other = (AttemptLoop(capacity=16, threads=threads, first_claim=16) for threads in (2, 4))
    greedy.turn(wait=False)
    assert Step.objects.filter(lease_owner=greedy.name).count() == 6
    deadline = time.monotonic() + 30
    while Step.objects.filter(lease_owner=greedy.name).count() > 2:
        assert time.monotonic() < deadline, "it keeps what it has no thread for"
        greedy.turn(wait=True)
    while Step.objects.filter(status="running").exclude(lease_owner="").count() < 6:
        assert time.monotonic() < deadline, "nobody takes the rest"
        other.turn(wait=True)
        greedy.turn(wait=False)
    gate.set()
    while Instance.objects.filter(pk__in=[one.pk for one in instances]).unfinished().exists():
        assert time.monotonic() < deadline, "they were held up"
        greedy.turn(wait=False)
        other.turn(wait=False)
    steps = Step.objects.filter(instance__in=instances)
    assert {(step.lost_leases, len(step.attempts)) for step in steps} == {(0, 1)}
    greedy.drain(5)
    other.drain(5)
