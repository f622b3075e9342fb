"""Which of several workers takes up what is new."""

from __future__ import annotations

import pytest
from django.utils import timezone

from accounts.scope import Scope
from engine.models import Instance, Step
from engine.runners import attempt_loop
from engine.runners.attempt_loop import AttemptLoop
from tests.integration.engine.conftest import Engine, python

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What takes milliseconds takes a minute, so that no slow machine decides what is found."""
    for name in ("HOLD_BACK_SECONDS", "MOST_HOLD_BACK_SECONDS", "BUSY_POLL_SECONDS"):
        monkeypatch.setattr(attempt_loop, name, 60.0)


def workers_of(instance: Instance) -> set[str]:
    """Who has leases of its steps."""
    return set(Step.objects.filter(instance=instance).exclude(lease_owner="").values_list("lease_owner", flat=True))


@pytest.mark.usefixtures("_patient")
def test_a_worker_with_work_in_hand_leaves_what_is_new_to_an_idle_one(scope: Scope) -> None:
    engine = Engine(scope, now=timezone.now())
    row = engine.publish("a -> b -> c -> d", settings={task: python() for task in "abcd"})
    busy, idle = AttemptLoop(), AttemptLoop()
    first = engine.start(row)
    busy.turn(wait=False)  # claims a
    busy.turn(wait=False)  # records a, has b in hand
    second = engine.start(row)
    busy.wake()
    busy.turn(wait=False)
    assert (workers_of(first), workers_of(second)) == ({busy.name}, set())
    idle.turn(wait=False)
    assert (workers_of(first), workers_of(second)) == ({busy.name}, {idle.name})


@pytest.mark.usefixtures("_patient")
def test_a_worker_that_ends_what_it_had_takes_what_is_left(scope: Scope) -> None:
    engine = Engine(scope, now=timezone.now())
    row = engine.publish("a -> b", settings={task: python() for task in "ab"})
    worker = AttemptLoop()
    first = engine.start(row)
    worker.turn(wait=False)
    second = engine.start(row)
    worker.wake()
    worker.turn(wait=False)  # records a, has b in hand
    assert workers_of(second) == set()
    worker.turn(wait=False)  # records b, has nothing more, and looks
    first.refresh_from_db()
    assert first.status == "complete"
    assert workers_of(second) == {worker.name}
