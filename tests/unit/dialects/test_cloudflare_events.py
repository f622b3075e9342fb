"""The history of an instance under the names of the vendor's events."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from dialects.cloudflare.events import Happening, events_of

NOON = datetime(2030, 5, 1, 12, tzinfo=UTC)


def told(*facts: tuple[int, str, str, dict[str, Any]]) -> list[Happening]:
    """`(second, type, "kind:key" or "", data)`."""
    found = []
    for second, type, place, data in facts:
        kind, _, key = place.partition(":")
        found.append(Happening(type, NOON + timedelta(seconds=second), (key, 1), data, kind, key and f"{key}-1"))
    return found


def names(facts: list[Happening]) -> list[str]:
    return [f"{event['event']} {event.get('step', '')}".strip() for event in events_of(facts)]


def test_a_step_that_is_retried_and_a_sleep() -> None:
    busy = {"name": "Error", "message": "busy"}
    facts = told(
        (0, "InstanceQueued", "", {}),
        (0, "InstanceStarted", "", {}),
        (0, "StepReady", "do:charge", {}),
        (1, "AttemptStarted", "do:charge", {"number": 1}),
        (1, "StepStarted", "do:charge", {}),
        (2, "AttemptFailed", "do:charge", {"number": 1, "error": busy}),
        (2, "RetryScheduled", "do:charge", {"number": 2, "at": (NOON + timedelta(seconds=3.5)).isoformat()}),
        (4, "AttemptStarted", "do:charge", {"number": 2}),
        (5, "StepCompleted", "do:charge", {"number": 2}),
        (5, "StepReady", "sleep:rest", {}),
        (5, "TimerSet", "sleep:rest", {}),
        (5, "StepWaiting", "sleep:rest", {}),
        (65, "StepCompleted", "sleep:rest", {}),
        (65, "InstanceCompleted", "", {}),
    )
    assert names(facts) == [
        "workflow_queued",
        "workflow_started",
        "step_started charge-1",
        "attempt_started charge-1",
        "attempt_errored charge-1",
        "attempt_retry_scheduled charge-1",
        "attempt_started charge-1",
        "step_completed charge-1",
        "sleep_started rest-1",
        "workflow_waiting",
        "sleep_completed rest-1",
        "workflow_completed",
    ]
    failed, retry = list(events_of(facts))[4:6]
    assert failed["error"] == busy
    assert (retry["attempt"], retry["retry_delay_ms"], retry["timestamp"]) == (2, 1500, "2030-05-01T12:00:02.000Z")


def test_a_wait_that_took_too_long_and_a_rollback_that_failed() -> None:
    late = {"error": {"name": "WaitTimedOut", "message": "late"}}
    facts = told(
        (0, "StepWaiting", "wait:paid", {}),
        (9, "StepFailed", "wait:paid", late),
        (9, "RollbackStarted", "", {}),
        (9, "AttemptStarted", "do:book", {"number": 1, "compensation": True}),
        (9, "RollbackFinished", "", {"outcome": "failed"}),
        (9, "InstanceFailed", "", late),
    )
    assert names(facts) == [
        "wait_started paid-1",
        "workflow_waiting",
        "wait_timed_out paid-1",
        "rollback_started",
        "rollback_attempt_started book-1",
        "rollback_errored",
        "workflow_errored",
    ]


def test_pausing_and_what_the_vendor_has_no_event_for() -> None:
    facts = told(
        (0, "InstancePauseRequested", "", {}),
        (1, "InstancePaused", "", {}),
        (2, "InstanceResumed", "", {}),
        (3, "PhaseStarted", "", {}),
        (3, "AttemptStarted", "program:program", {"number": 1}),
        (4, "InstanceTerminated", "", {}),
    )
    assert names(facts) == [
        "workflow_waiting_for_pause",
        "workflow_paused",
        "workflow_running",
        "workflow_terminated",
    ]
