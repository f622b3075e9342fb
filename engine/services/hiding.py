"""What of an instance people and programs may see, where something sensitive went through it.

A sensitive output is stored and passed on, but shown nowhere (semantics: Data). Steps say so themselves
(`Step.is_sensitive`); here is what follows for the instance.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from designer.graph.conditions import REDACTED
from designer.graph.model import Json
from engine.models import Instance


def shown_output(instance: Instance) -> Json:
    """The output, with `[REDACTED]` in place of what sensitive steps have made of it."""
    if instance.output is None:
        return None
    secret = _secret_tasks(instance)
    if not secret:
        return instance.output
    ends = _ends(instance)
    if len(ends) == 1:
        return REDACTED if ends[0] in secret else instance.output
    if not isinstance(instance.output, Mapping):
        return REDACTED
    return {key: REDACTED if key in secret else value for key, value in instance.output.items()}


def is_output_hidden(instance: Instance) -> bool:
    """Whether any of the output is shown nowhere."""
    return instance.output is not None and not _secret_tasks(instance).isdisjoint(_ends(instance))


def is_input_hidden(instance: Instance) -> bool:
    """Whether the instance was called with what is shown nowhere."""
    return isinstance(instance.trigger, Mapping) and bool(instance.trigger.get("is_input_hidden"))


def shown_input(instance: Instance) -> Json:
    """The input, or `[REDACTED]`."""
    return REDACTED if is_input_hidden(instance) and instance.input is not None else instance.input


def _secret_tasks(instance: Instance) -> frozenset[str]:
    return frozenset(instance.steps.filter(is_sensitive=True, is_past=False).values_list("task", flat=True))


def _ends(instance: Instance) -> Sequence[str]:
    """The tasks whose outputs make the instance's."""
    ended = instance.facts.filter(type="InstanceCompleted").order_by("-number").first()
    ends: list[str] = list(ended.data.get("ends", ())) if ended else []
    return ends
