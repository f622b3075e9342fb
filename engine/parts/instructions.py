"""What the designer wrote for whoever does a task, with its references filled in."""

from __future__ import annotations

import re
from typing import Any, Final

from designer.graph.hiding import hidden_in
from designer.graph.references import is_template
from engine.core.templates import TemplateError, render_text
from engine.display.json_text import REDACTED
from engine.models import Instance
from engine.parts.steps import StepLook
from engine.services.hiding import shown_input

STEP: Final = re.compile(r"steps\.([A-Za-z0-9_-]{1,64})")
LONGEST: Final = 5_000


def instructions_of(look: StepLook, instance: Instance) -> str:
    """The description of a task as text. One that cannot be rendered is shown as it was written.

    The output of a sensitive step reads `[REDACTED]` in it, as everywhere.
    """
    written = look.task.description
    if not is_template(written):
        return written
    try:
        return str(render_text(written, _data(written, look, instance)))[:LONGEST]
    except TemplateError:
        return written


def _data(written: str, look: StepLook, instance: Instance) -> dict[str, Any]:
    steps = {}
    named = set(STEP.findall(written))
    if named:
        for step in (
            instance.steps.filter(task__in=named, is_past=False).order_by("iteration").defer("input", "attempts")
        ):
            output = REDACTED if step.is_sensitive else step.output
            steps[step.task] = {"output": output, "error": step.error, "status": step.status}
    hidden = hidden_in(look.flow)
    trigger = instance.trigger if isinstance(instance.trigger, dict) else {}
    return {
        "input": shown_input(instance),
        "context": instance.context,
        "vars": {key: REDACTED if hidden.covers(("vars", key)) else value for key, value in instance.vars.items()},
        "event": trigger.get("payload"),
        "steps": steps,
        "instance": {"id": instance.key},
        "flow": {"key": look.flow.key, "name": look.flow.name},
        "now": look.now.isoformat(),
    }
