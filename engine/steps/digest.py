"""Collects events over a window. The first opens it and goes on with all of them; the others end in it.

It runs as a leased attempt although it only writes rows: so its lock on the group lasts for one short transaction of
its own, and two batches of instances can never wait for each other's groups. The step's idempotency key makes it
happen once.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings as house

from designer.graph.durations import BadDuration, parse_duration
from designer.graph.model import Task
from engine.core.ports import Completed, InboundMessage, Result, StepContext, Timer, TimerPurpose, Waiting, failed
from engine.core.schedule import BadMoment, moment_after, next_match, zone_of
from engine.notifying import contents
from engine.notifying.groups import close_window, collect, value_of_key
from engine.notifying.sending import NobodyToNotify, errand_of, skipped_by_rule


class DigestExecutor:
    """Its output is `{events, eventCount, is_merged}`."""

    kind = "digest"

    def has_outside_effect(self, task: Task) -> bool:
        """So that it runs as an attempt of its own; see above."""
        return True

    def is_quick(self, task: Task) -> bool:
        """A few rows."""
        return True

    def begin(self, context: StepContext) -> Result:
        """Open a window, join one, or go on at once."""
        try:
            errand = errand_of(context)
        except NobodyToNotify as bad:
            return failed("NobodyToNotify", str(bad))
        skipped = skipped_by_rule(context, errand.data)
        if skipped is not None:
            return skipped
        settings = context.task.settings
        try:
            ends_at = window_end(context)
            look_back = _duration(settings["look_back"]) if settings.get("look_back") else None
        except BadMoment as bad:
            return failed("BadWindow", str(bad))
        who, value = errand.subscriber.subscriber_id, value_of_key(settings.get("key"), errand.data)
        payload = context.data.get("payload")
        collected = collect(context, who=who, value=value, ends_at=ends_at, look_back=look_back, payload=payload)
        if collected.ends_at is None:
            event = {"id": "1", "time": context.now.isoformat(), "payload": payload}
            return Completed(output={"events": [event], "eventCount": 1, "is_merged": False, "is_at_once": True})
        return Waiting(for_="timer", timers=(Timer(TimerPurpose.WAKE, max(collected.ends_at, context.now)),))

    def on_timer(self, context: StepContext, purpose: str) -> Result | None:
        """The window has ended: its owner goes on with all events, the others end here."""
        if purpose != TimerPurpose.WAKE:
            return None
        events = close_window(context)
        if events is None:
            return Completed(output={"is_merged": True, "events": [], "eventCount": 0}, ends_path=True)
        return _complete(context, events)

    def on_event(self, context: StepContext, event: InboundMessage) -> Result | None:
        """No events are awaited."""
        return None


def _complete(context: StepContext, events: list[dict[str, object]]) -> Completed:
    return Completed(output={"events": events, "eventCount": len(events), "is_merged": False})


def window_end(context: StepContext) -> datetime:
    """When a window that opens now ends. Raises `BadMoment`."""
    settings = context.task.settings
    zone = zone_of(str(settings.get("timezone") or context.timezone))
    if settings.get("cron"):
        return next_match(str(settings["cron"]), context.now, zone)
    window = contents.render(settings.get("window"), contents.view_of(context.data))
    ends_at = moment_after(window, context.now, zone)
    if ends_at - context.now > timedelta(days=house.DIGEST_MAX_DAYS, hours=1):
        raise BadMoment(f"A digest collects for at most {house.DIGEST_MAX_DAYS} days.")
    return ends_at


def _duration(raw: object) -> timedelta:
    try:
        return parse_duration(raw).as_timedelta()
    except BadDuration as bad:
        raise BadMoment(str(bad)) from bad


EXECUTOR = DigestExecutor()
