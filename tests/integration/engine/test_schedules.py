"""Tasks that start at a moment of their own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from engine.models import Fact, Instance, Step, Timer
from engine.services import human_tasks, interventions
from engine.services.errors import NotLegalNow
from tests.integration.engine.conftest import Engine

StepOf = Callable[..., Step]
LATER = {"mode": "delayed", "duration": "1 hour"}
PYTHON = {"action": "python", "inputs": {"function": "echo", "arguments": {"n": 1}}}


def scheduled(engine: Engine, schedule: dict[str, Any] = LATER, *, input: Any = None, **more: Any) -> Instance:
    """An instance whose second task has a schedule."""
    settings = {"late": {**PYTHON, "schedule": schedule, **more}}
    return engine.start("first -> late -> last", input=input, settings=settings)


def test_it_waits_until_its_moment_and_runs_once(engine: Engine, step_of: StepOf) -> None:
    instance = scheduled(engine)
    assert engine.work() == 0
    step = step_of(instance, "late")
    assert (step.status, step.waits_for, step.started_at) == ("waiting", "start", None)
    assert step.wakes_at == engine.now + timedelta(hours=1)
    instance.refresh_from_db()
    assert instance.status == "waiting"
    assert engine.later(minutes=59) == 0
    assert engine.later(minutes=1) == 1
    instance.refresh_from_db()
    assert (instance.status, step_of(instance, "late").output) == ("complete", {"n": 1})
    types = list(Fact.objects.filter(instance=instance, task="late").values_list("type", flat=True))
    assert types == [
        "StepReady", "StepScheduled", "TimerFired", "StepReady", "AttemptStarted", "StepStarted", "StepCompleted",
    ]  # fmt: skip


def test_a_person_runs_it_now(engine: Engine, step_of: StepOf) -> None:
    instance = scheduled(engine)
    human_tasks.start_step(engine.scope, step_of(instance, "late"), now=engine.now)
    assert not Timer.objects.exists()
    engine.work()
    instance.refresh_from_db()
    assert instance.status == "complete"
    with pytest.raises(NotLegalNow):
        human_tasks.start_step(engine.scope, step_of(instance, "late"), now=engine.now)


def test_it_counts_from_a_date_in_the_data(engine: Engine, step_of: StepOf) -> None:
    schedule = {"mode": "relative", "direction": "before", "duration": "2 days", "reference": "{{ input.delivery }}"}
    delivery = engine.now + timedelta(days=5)
    instance = scheduled(engine, schedule, input={"delivery": delivery.isoformat()})
    assert step_of(instance, "late").wakes_at == delivery - timedelta(days=2)


def test_it_counts_from_the_end_of_a_task(engine: Engine, step_of: StepOf) -> None:
    schedule = {"mode": "relative", "duration": "1 hour", "reference": "task:first"}
    instance = engine.start(
        "first -> sleep -> late",
        kinds={"sleep": "delay"},
        settings={"sleep": {"for": "20 minutes"}, "late": {**PYTHON, "schedule": schedule}},
    )
    started = engine.now
    engine.later(minutes=20)
    assert step_of(instance, "late").wakes_at == started + timedelta(hours=1)


@pytest.mark.parametrize(
    ("reference", "name"),
    [
        ("{{ input.nothing }}", "ReferenceMissing"),
        ("task:last", "ReferenceMissing"),
        ("{{ input.past }}", "MomentPassed"),
        ("start", "MomentPassed"),
        ("{{ input.word }}", "BadMoment"),
    ],
)
def test_a_moment_that_cannot_be_fails_the_step_with_its_reason(
    engine: Engine, step_of: StepOf, reference: str, name: str
) -> None:
    schedule = {"mode": "relative", "direction": "before", "duration": "1 hour", "reference": reference}
    instance = scheduled(engine, schedule, input={"word": "soon", "past": "2029-01-01"})
    engine.work()
    instance.refresh_from_db()
    step = step_of(instance, "late")
    assert (instance.status, step.status, step.attempt) == ("errored", "failed", 0)
    assert step.error is not None
    assert step.error["name"] == name
    assert not Timer.objects.exists()


def test_a_pause_shifts_the_moment(engine: Engine, step_of: StepOf) -> None:
    instance = scheduled(engine)
    due = step_of(instance, "late").wakes_at
    interventions.pause(engine.scope, instance, now=engine.now)
    assert engine.later(hours=2) == 0
    interventions.resume(engine.scope, instance, now=engine.now)
    assert due is not None
    assert step_of(instance, "late").wakes_at == due + timedelta(hours=2)
    assert engine.later(hours=1) == 1


def test_a_retry_does_not_wait_again(engine: Engine, step_of: StepOf) -> None:
    broken = {"action": "python", "inputs": {"function": "nowhere"}}
    instance = engine.start("late", settings={"late": {**broken, "schedule": LATER}})
    engine.later(hours=1)
    instance.refresh_from_db()
    assert instance.status == "errored"
    interventions.retry(engine.scope, instance, now=engine.now)
    assert engine.work() == 1


def test_a_person_starts_it_and_then_it_waits(engine: Engine, step_of: StepOf) -> None:
    instance = scheduled(engine, start="manual")
    assert step_of(instance, "late").waits_for == "person"
    human_tasks.start_step(engine.scope, step_of(instance, "late"), now=engine.now)
    assert step_of(instance, "late").waits_for == "start"
    assert engine.later(hours=1) == 1


def test_a_decision_may_have_a_schedule(engine: Engine, step_of: StepOf) -> None:
    instance = engine.start("choose -yes-> a", input={"yes": True}, settings={"choose": {"schedule": LATER}})
    assert step_of(instance, "choose").status == "waiting"
    assert engine.later(hours=1) == 1
    instance.refresh_from_db()
    assert instance.status == "complete"


def test_each_round_of_a_loop_waits_anew(engine: Engine) -> None:
    instance = engine.start(
        "late -> again; again -yes-> late; again -no-> done",
        input={"yes": True},
        loops={"again": ("yes", "no", 3)},
        settings={"late": {**PYTHON, "schedule": LATER}},
    )
    for _ in range(3):
        assert engine.later(hours=1) == 1
    instance.refresh_from_db()
    assert instance.status == "complete"


def test_terminating_forgets_the_moment(engine: Engine) -> None:
    instance = scheduled(engine)
    interventions.terminate(engine.scope, instance, now=engine.now)
    assert not Timer.objects.exists()
    assert engine.later(hours=2) == 0


def test_days_are_those_of_the_flows_calendar_and_hours_are_hours_where_clocks_change(engine: Engine) -> None:
    engine.now = datetime(2030, 3, 30, 12, tzinfo=UTC)  # In the night that follows clocks in Berlin go on by an hour.

    def before(duration: str) -> dict[str, Any]:
        schedule = {"mode": "relative", "direction": "before", "duration": duration, "reference": "{{ input }}"}
        return {**PYTHON, "schedule": schedule}

    settings = {
        "day": before("1 day"),
        "hours": before("24 hours"),
        "rest": {"for": "1 day"},
        "wait": {"event_type": "x", "timeout": "1 day"},
        "ask": {"due": {"for": "1 day"}, "expires": "24 hours"},
    }
    kinds = {"rest": "delay", "wait": "wait_event", "ask": "manual"}
    drawing = "day; hours; rest; wait; ask"
    engine.start(drawing, input="2030-03-31T15:00:00", kinds=kinds, settings=settings, timezone="Europe/Berlin")
    assert {(task, purpose): due for task, purpose, due in Timer.objects.values_list("task", "purpose", "due_at")} == {
        ("day", "start"): datetime(2030, 3, 30, 14, tzinfo=UTC),
        ("hours", "start"): datetime(2030, 3, 30, 13, tzinfo=UTC),
        ("rest", "wake"): datetime(2030, 3, 31, 11, tzinfo=UTC),
        ("wait", "timeout"): datetime(2030, 3, 31, 11, tzinfo=UTC),
        ("ask", "due"): datetime(2030, 3, 31, 11, tzinfo=UTC),
        ("ask", "expire"): datetime(2030, 3, 31, 12, tzinfo=UTC),
    }
