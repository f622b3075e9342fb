"""Steps with a schedule: when they start, and what is wrong with one that cannot."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from engine.core.commands import CancelStep, SetTimer
from engine.core.facts import FactRefused, FactType
from engine.core.schedule import BadMoment, MomentPassed, ReferenceMissing, is_scheduled, starts_at, zone_of
from tests.drawing import draw
from tests.unit.engine.driving import NOON, Driven

LATER = {"mode": "delayed", "duration": "1 hour"}
BERLIN = zone_of("Europe/Berlin")


def scheduled(**more: Any) -> Driven:
    """An instance at a step that is ready and has a schedule."""
    return Driven(draw("a -> b", settings={"a": {"schedule": LATER, **more}})).start()


def test_a_scheduled_step_waits_for_its_moment_and_then_runs() -> None:
    driven = scheduled()
    assert driven.executes() == ["a"]
    at = NOON + timedelta(hours=1)
    found = driven.tell(FactType.STEP_SCHEDULED, "a", wakes_at=at.isoformat())
    assert driven.status("a") == "waiting"
    assert found.state.status == "waiting"
    assert found.commands == (SetTimer("start", "a", 1, at),)
    driven.now = at
    driven.tell(FactType.TIMER_FIRED, "a", purpose="start")
    assert driven.status("a") == "ready"
    assert driven.executes() == ["a", "a"]
    assert driven.complete("a", "b").is_over


def test_a_person_does_not_wait_for_the_moment() -> None:
    driven = scheduled()
    driven.tell(FactType.STEP_SCHEDULED, "a", wakes_at=(NOON + timedelta(hours=1)).isoformat())
    found = driven.tell(FactType.STEP_READY, "a", by={"name": "Ann"})
    assert CancelStep("a", 1) in found.commands
    assert driven.status("a") == "ready"
    with pytest.raises(FactRefused):
        driven.tell(FactType.TIMER_FIRED, "a", purpose="start")


def test_a_moment_that_has_come_starts_it_at_once() -> None:
    driven = scheduled()
    driven.tell(FactType.STEP_SCHEDULED, "a", wakes_at=NOON.isoformat())
    assert driven.status("a") == "ready"


def test_a_step_without_a_schedule_is_not_started_by_a_person() -> None:
    with pytest.raises(FactRefused):
        Driven(draw("a")).start().tell(FactType.STEP_READY, "a", by={"name": "Ann"})


def test_a_pause_shifts_the_moment_and_a_person_waits_for_the_resume() -> None:
    driven = scheduled()
    driven.tell(FactType.STEP_SCHEDULED, "a", wakes_at=(NOON + timedelta(hours=1)).isoformat())
    driven.tell(FactType.INSTANCE_PAUSE_REQUESTED)
    assert driven.state.status == "paused"
    with pytest.raises(FactRefused):
        driven.tell(FactType.STEP_READY, "a", by={"name": "Ann"})


def test_each_round_and_each_restart_has_a_schedule_of_its_own() -> None:
    driven = scheduled()
    driven.tell(FactType.STEP_SCHEDULED, "a", wakes_at=NOON.isoformat())
    driven.complete("a")
    driven.tell(FactType.INSTANCE_RESTARTED, **{"from": "a"})
    assert not driven.state.scheduled
    driven.tell(FactType.STEP_SCHEDULED, "a", wakes_at=(NOON + timedelta(hours=1)).isoformat())
    assert driven.status("a") == "waiting"


# -- moments ----------------------------------------------------------------------------------------------------------

NOW = datetime(2030, 3, 30, 12, tzinfo=UTC)
DATA = {
    "instance": {"started_at": "2030-03-30T11:00:00+00:00"},
    "steps": {
        "done": {"status": "completed", "ended_at": "2030-03-30T11:30:00+00:00"},
        "open": {"status": "running"},
    },
}


def moment(**schedule: Any) -> datetime:
    return starts_at(
        schedule, DATA, NOW, BERLIN, flow=draw("done,open,also", phases={"work": "done", "all": "open also"})
    )


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ({"mode": "delayed", "duration": "90 minutes"}, NOW + timedelta(minutes=90)),
        # The clocks in Berlin go forward on the 31st: a calendar day is 23 hours long.
        ({"mode": "delayed", "duration": "1 day"}, NOW + timedelta(hours=23)),
        ({"mode": "relative", "duration": "2 hours", "reference": "start"}, NOW + timedelta(hours=1)),
        ({"mode": "relative", "duration": "2 hours", "reference": "task:done"}, NOW + timedelta(hours=1.5)),
        ({"mode": "relative", "duration": "2 hours", "reference": "phase:work"}, NOW + timedelta(hours=1.5)),
        (
            {"mode": "relative", "direction": "before", "duration": "1 day", "reference": "2030-04-01T14:00:00+02:00"},
            NOW + timedelta(hours=24),
        ),
        ({"mode": "relative", "duration": "1 hour", "reference": "2030-03-30T14:00:00"}, NOW + timedelta(hours=2)),
        (
            {"mode": "relative", "direction": "before", "duration": "1 hour", "reference": "2030-03-30T14:00:00+01:00"},
            NOW,
        ),
    ],
)
def test_when_a_step_starts(schedule: dict[str, Any], expected: datetime) -> None:
    assert moment(**schedule) == expected


@pytest.mark.parametrize(
    ("schedule", "error", "words"),
    [
        ({"reference": "task:open", "duration": "1 hour"}, ReferenceMissing, "counts from open, which"),
        ({"reference": "task:gone", "duration": "1 hour"}, ReferenceMissing, "counts from gone, which"),
        ({"reference": "phase:all", "duration": "1 hour"}, ReferenceMissing, "counts from all, which"),
        ({"reference": None, "duration": "1 hour"}, ReferenceMissing, "is not in the data"),
        ({"reference": "", "duration": "1 hour"}, ReferenceMissing, "is not in the data"),
        ({"reference": "start", "duration": "1 minute"}, MomentPassed, "2030-03-30 11:01:00 UTC"),
        ({"reference": "2030-03-31", "direction": "before", "duration": "2 days"}, MomentPassed, "has passed"),
        ({"reference": "soon", "duration": "1 hour"}, BadMoment, "'soon' is no moment"),
        ({"reference": "start", "duration": 5}, BadMoment, "a number has no unit"),
        ({"reference": "9999-12-31", "duration": "1 day"}, BadMoment, "calendar"),
    ],
)
def test_what_is_wrong_with_a_schedule(schedule: dict[str, Any], error: type[BadMoment], words: str) -> None:
    with pytest.raises(error, match=words):
        moment(mode="relative", **schedule)


def test_only_other_modes_than_at_once_are_schedules() -> None:
    flow = draw("a,b,c", settings={"a": {"schedule": {"mode": "immediate"}}, "b": {"schedule": LATER}})
    assert [key for key, task in flow.tasks.items() if is_scheduled(task)] == ["b"]
