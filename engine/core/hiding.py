"""What of a step's input people may see."""

from __future__ import annotations

from designer.graph.model import Json
from designer.graph.references import steps_read
from engine.core.ports import StepContext


def shown(context: StepContext, setting: str, rendered: Json) -> Json:
    """The rendered value of a setting as it is kept for people: that very object, unless it may hold what is shown
    nowhere. Then it is kept as it is written, not as rendered.
    """
    hidden = context.sensitive_steps
    read = steps_read(context.task) if hidden else None
    if read is not None and (read.any_step or not hidden.isdisjoint(read.keys)):
        return context.task.settings.get(setting)
    return rendered
