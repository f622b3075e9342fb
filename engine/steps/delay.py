"""Sleeps: for a duration, until a moment, or until a schedule matches."""

from __future__ import annotations

from datetime import datetime

from designer.graph.model import Task
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
from engine.core.schedule import BadMoment, is_too_far, moment_after, next_match, parse_moment, zone_of
from engine.core.templates import TemplateError, render_value
from engine.notifying import contents
from engine.notifying.moments import moment_at
from engine.notifying.preferences import schedule_of
from engine.notifying.schedules import next_opening, zone_named
from engine.notifying.sending import NobodyToNotify, errand_of, skipped_by_rule


class DelayExecutor:
    """Waits for one timer."""

    kind = "delay"

    def has_outside_effect(self, task: Task) -> bool:
        """Never."""
        return False

    def begin(self, context: StepContext) -> Result:
        """Wait until the moment; one that has passed lets the flow go on at once."""
        skipped = skipped_by_rule(context, contents.view_of(context.data))
        if skipped is not None:
            return skipped
        try:
            wakes_at = _within_schedule(context, _wakes_at(context))
        except TemplateError as bad:
            return failed("TemplateError", str(bad))
        except BadMoment as bad:
            return failed("BadMoment", str(bad))
        if wakes_at <= context.now:
            return Completed(output={"woke_at": context.now.isoformat()})
        if is_too_far(wakes_at, context.now):
            return failed("BadMoment", f"{wakes_at:%Y-%m-%d} is too far away.")
        return Waiting(for_="timer", timers=(Timer(TimerPurpose.WAKE, wakes_at),))

    def on_timer(self, context: StepContext, purpose: str) -> Result | None:
        """The moment has come."""
        return Completed(output={"woke_at": context.now.isoformat()}) if purpose == TimerPurpose.WAKE else None

    def on_event(self, context: StepContext, event: InboundMessage) -> Result | None:
        """No events are awaited."""
        return None


def _wakes_at(context: StepContext) -> datetime:
    settings = context.task.settings
    zone = zone_of(str(settings.get("timezone") or context.timezone))
    if settings.get("cron") is not None:
        return next_match(str(settings["cron"]), context.now, zone)
    if settings.get("dynamic"):
        return moment_at(str(settings["dynamic"]), contents.view_of(context.data), context.now, zone)
    if settings.get("until") is not None:
        return parse_moment(render_value(settings["until"], context.data, "until"), zone)
    return moment_after(render_value(settings.get("for"), context.data, "for"), context.now, zone)


def _within_schedule(context: StepContext, wakes_at: datetime) -> datetime:
    """A moment outside of the subscriber's hours becomes the one when they next begin, where that is set. Hours that
    never begin hold nothing up.
    """
    if context.task.settings.get("extend_to_schedule") is not True:
        return wakes_at
    try:
        subscriber = errand_of(context).subscriber
    except NobodyToNotify:
        return wakes_at
    moment = max(wakes_at, context.now)
    opening = next_opening(schedule_of(subscriber), moment, zone_named(subscriber.timezone))
    return wakes_at if opening in (None, moment) else opening


EXECUTOR = DelayExecutor()
