"""Waits for a person."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from designer.graph.model import Json, Task
from engine.core.ports import InboundMessage, Result, StepContext, Timer, TimerPurpose, Waiting, failed
from engine.core.schedule import BadMoment, due_at, moment_after, zone_of
from engine.core.templates import TemplateError, render_value


class ManualExecutor:
    """A person completes it; `engine.services.human_tasks` checks the form."""

    kind = "manual"

    def has_outside_effect(self, task: Task) -> bool:
        """Never: it only waits."""
        return False

    def begin(self, context: StepContext) -> Result:
        """Wait for a person: who may do it, until when, what is to be filled in."""
        settings = context.task.settings
        try:
            zone = zone_of(context.timezone)
            assigned = render_value(settings.get("assigned_to", []), context.data, "assigned_to")
            wanted = render_value(settings.get("due"), context.data, "due")
            due = due_at(wanted, context.data, context.now, zone, flow=context.flow)
            timers = []
            if due is not None and due > context.now:
                timers.append(Timer(TimerPurpose.DUE, due))
            if settings.get("expires") is not None:
                expires = render_value(settings["expires"], context.data, "expires")
                timers.append(Timer(TimerPurpose.EXPIRE, moment_after(expires, context.now, zone)))
        except TemplateError as bad:
            return failed("TemplateError", str(bad))
        except BadMoment as bad:
            return failed("BadMoment", str(bad))
        form = settings.get("form")
        return Waiting(
            for_="person",
            timers=tuple(timers),
            assigned_to=tuple(dict.fromkeys(_names(assigned))),
            due_at=due,
            form=form if isinstance(form, Mapping) else None,
        )

    def on_timer(self, context: StepContext, purpose: str) -> Result | None:
        """Expired: nobody did it in time. A due date that has come is only recorded."""
        if purpose == TimerPurpose.EXPIRE:
            return failed("TaskExpired", f"Nobody completed {context.task.name or context.task.key} in time.")
        return None

    def on_event(self, context: StepContext, event: InboundMessage) -> Result | None:
        """No events are awaited."""
        return None


def _names(value: Json) -> Iterable[str]:
    """Addresses and groups, out of texts and lists of texts (a reference may name a whole list)."""
    if isinstance(value, str):
        if value.strip():
            yield value.strip()[:300]
    elif isinstance(value, (list, tuple)):
        for entry in value:
            yield from _names(entry)


EXECUTOR = ManualExecutor()
