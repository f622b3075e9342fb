"""One organization's backlog does not starve another's."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import Environment, Organization
from accounts.scope import Scope, system_scope
from engine.models import Instance, Step
from engine.runners import attempt_loop
from engine.runners.attempt_loop import AttemptLoop
from engine.storage import shared, storage
from engine.storage.contract import Batch, StepKey, StepPatch
from tests.integration.engine.conftest import NOON, Engine, python


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
    monkeypatch.setattr(shared, "MOST_PLACES", 3)
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
