"""Digests and throttles in a try: nobody else's events are there, so a window holds this one."""

from __future__ import annotations

from engine.core.ports import Completed, Result, Timer, TimerPurpose, Waiting, failed
from engine.core.schedule import BadMoment
from engine.notifying.sending import skipped_by_rule
from engine.sandbox.kinds.messages import data_of
from engine.sandbox.question import Question
from engine.steps.digest import window_end


def pretend_digest(question: Question) -> Result:
    """Open a window and wait until it ends."""
    context = question.context
    skipped = skipped_by_rule(context, data_of(context))
    if skipped is not None:
        return skipped
    try:
        ends_at = window_end(context)
    except BadMoment as bad:
        return failed("BadWindow", str(bad))
    return Waiting(for_="timer", timers=(Timer(TimerPurpose.WAKE, max(ends_at, context.now)),))


def end_digest(question: Question) -> Result:
    """The window has ended."""
    context = question.context
    event = {"id": "1", "time": context.now.isoformat(), "payload": context.data.get("payload")}
    return Completed(output=question.say({"events": [event], "eventCount": 1, "is_merged": False}))


def pretend_throttle(question: Question) -> Result:
    """It is let through. An answer whose output says `throttled` ends the path here, as it will."""
    context = question.context
    skipped = skipped_by_rule(context, data_of(context))
    if skipped is not None:
        return skipped
    threshold = context.task.settings.get("threshold", 1)
    output = question.say({"throttled": False, "threshold": threshold})
    is_full = isinstance(output, dict) and output.get("throttled") is True
    return Completed(output=output, ends_path=is_full)
