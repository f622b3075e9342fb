"""Lets at most `threshold` through per subscriber (and key) within the window; for the others the path ends here.

Like a digest it runs as a leased attempt, so that its lock lasts for one short transaction of its own.
"""

from __future__ import annotations

from datetime import datetime

from designer.graph.model import Task
from engine.core.ports import Completed, InboundMessage, Result, StepContext, failed
from engine.core.schedule import BadMoment, moment_after, zone_of
from engine.notifying.groups import pass_through, value_of_key
from engine.notifying.moments import moment_at
from engine.notifying.sending import Errand, NobodyToNotify, errand_of, skipped_by_rule


class ThrottleExecutor:
    """Its output is `{throttled, threshold}`, and `executionCount` for what is not let through."""

    kind = "throttle"

    def has_outside_effect(self, task: Task) -> bool:
        """So that it runs as an attempt of its own; see above."""
        return True

    def is_quick(self, task: Task) -> bool:
        """A few rows."""
        return True

    def begin(self, context: StepContext) -> Result:
        """Count it."""
        try:
            errand = errand_of(context)
        except NobodyToNotify as bad:
            return failed("NobodyToNotify", str(bad))
        skipped = skipped_by_rule(context, errand.data)
        if skipped is not None:
            return skipped
        settings = context.task.settings
        threshold = settings.get("threshold", 1)
        if isinstance(threshold, bool) or not isinstance(threshold, (int, float)) or threshold < 1:
            return failed("BadThreshold", "The threshold must be a whole number from 1.")
        try:
            expires_at = _expires_at(context, errand)
        except BadMoment as bad:
            return failed("BadWindow", str(bad))
        who, value = errand.subscriber.subscriber_id, value_of_key(settings.get("key"), errand.data)
        is_through, number = pass_through(
            context, who=who, value=value, threshold=int(threshold), expires_at=expires_at
        )
        if is_through:
            return Completed(output={"throttled": False, "threshold": int(threshold)})
        output = {"throttled": True, "threshold": int(threshold), "executionCount": number}
        return Completed(output=output, ends_path=True)

    def on_timer(self, context: StepContext, purpose: str) -> Result | None:
        """No timers are set."""
        return None

    def on_event(self, context: StepContext, event: InboundMessage) -> Result | None:
        """No events are awaited."""
        return None


def _expires_at(context: StepContext, errand: Errand) -> datetime:
    settings, zone = context.task.settings, zone_of(context.timezone)
    if settings.get("dynamic"):
        return moment_at(str(settings["dynamic"]), errand.data, context.now, zone)
    return moment_after(settings.get("window"), context.now, zone)


EXECUTOR = ThrottleExecutor()
