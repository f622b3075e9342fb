"""Waits for an inbound event of a type, as far as a filter lets it pass, for at most a while."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from designer.graph.model import Task
from engine.core.filters import matches_filter
from engine.core.ports import (
    Completed,
    InboundMessage,
    Result,
    StepContext,
    Timer,
    TimerPurpose,
    Waiting,
    failed,
)
from engine.core.schedule import BadMoment, moment_after, zone_of
from engine.core.templates import TemplateError, render_value

DEFAULT_TIMEOUT: Final = "24 hours"
LONGEST_TIMEOUT: Final = timedelta(days=365)


class WaitEventExecutor:
    """Its output is the payload of the event."""

    kind = "wait_event"

    def has_outside_effect(self, task: Task) -> bool:
        """Never."""
        return False

    def begin(self, context: StepContext) -> Result:
        """Wait; events that came before are offered first, by the caller."""
        settings = context.task.settings
        try:
            type = str(render_value(settings.get("event_type", ""), context.data, "event_type"))
            timeout = render_value(settings.get("timeout", DEFAULT_TIMEOUT), context.data, "timeout")
            until = moment_after(timeout, context.now, zone_of(context.timezone))
        except TemplateError as bad:
            return failed("TemplateError", str(bad))
        except BadMoment as bad:
            return failed("BadDuration", str(bad))
        if not type or len(type) > 200:
            return failed("BadEventType", "The event type must have 1 to 200 characters.")
        latest = context.now + LONGEST_TIMEOUT
        return Waiting(
            for_="event",
            timers=() if settings.get("forever") is True else (Timer(TimerPurpose.TIMEOUT, min(until, latest)),),
            event_type=type,
            event_filter=str(settings.get("filter") or ""),
        )

    def on_timer(self, context: StepContext, purpose: str) -> Result | None:
        """It did not come in time."""
        if purpose != TimerPurpose.TIMEOUT:
            return None
        type = context.task.settings.get("event_type", "")
        return failed("WaitTimedOut", f"No event {type!r} came in time.")

    def on_event(self, context: StepContext, event: InboundMessage) -> Result | None:
        """The payload, if the filter lets it pass."""
        text = str(context.task.settings.get("filter") or "")
        return Completed(output=event.payload) if matches_filter(text, event.payload) else None


EXECUTOR = WaitEventExecutor()
