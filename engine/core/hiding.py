"""What a step leaves for people to see: nothing of what is passed on but shown nowhere.

Applied to whatever an executor answers, so that no kind can forget it: to the input that is kept of the step, and to
the words of its errors.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from designer.graph.conditions import REDACTED
from designer.graph.model import Json
from designer.graph.paths import MISSING, resolve
from designer.graph.references import references_of
from engine.core.ports import Failed, Result, StepContext

SHORTEST_SECRET: Final = 3
"""Characters of a hidden value that is looked for in errors; shorter ones stand in any text."""
KEPT_OF_ERRORS: Final = frozenset({"name", "message", "retryable", "status", "task", "flow", "instance"})
"""What is kept of the error of a step whose output is hidden: the rest may be that output in other clothes."""


def reads_hidden(context: StepContext) -> bool:
    """Whether the task refers to anything that is shown nowhere."""
    hidden = context.hidden
    return bool(hidden) and any(hidden.covers(reference.path) for reference in references_of(context.task))


def without_hidden(context: StepContext, result: Result) -> Result:
    """The result as it may be kept: an input that holds hidden values as it was written instead of as rendered, and
    errors without them.
    """
    if not context.hidden:
        return result
    if isinstance(result, Failed) and context.task.settings.get("sensitive") == "output":
        result = replace(result, error={key: value for key, value in result.error.items() if key in KEPT_OF_ERRORS})
    if not reads_hidden(context):
        return result
    if result.input is not None:
        result = replace(result, input=_as_written(context, result.input))
    if isinstance(result, Failed):
        secrets = sorted(set(_secrets(context)), key=len, reverse=True)
        result = replace(result, error=_scrubbed(dict(result.error), secrets))
    return result


def _as_written(context: StepContext, given: Json) -> Json:
    """Each part of an input as the task's settings write it; what they do not name is not shown."""
    settings = context.task.settings
    inputs = settings.get("inputs")
    if not isinstance(given, Mapping):
        return REDACTED
    written = {**settings, **(inputs if isinstance(inputs, Mapping) else {})}
    return {key: written.get(key, REDACTED) for key in given}


def _secrets(context: StepContext) -> Iterator[str]:
    """The texts and numbers that the task reads of what is hidden."""
    for reference in references_of(context.task):
        if context.hidden.covers(reference.path):
            found = resolve(reference.path, context.data)
            yield from _leaves(None if found is MISSING else found)


def _leaves(value: Json) -> Iterator[str]:
    if isinstance(value, Mapping):
        for entry in value.values():
            yield from _leaves(entry)
    elif isinstance(value, (list, tuple)):
        for entry in value:
            yield from _leaves(entry)
    elif value is not None and not isinstance(value, bool) and len(str(value)) >= SHORTEST_SECRET:
        yield str(value)


def _scrubbed(value: Json, secrets: list[str]) -> Json:
    if isinstance(value, Mapping):
        return {key: _scrubbed(entry, secrets) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_scrubbed(entry, secrets) for entry in value]
    if isinstance(value, str):
        for secret in secrets:
            value = value.replace(secret, REDACTED)
        return value
    return REDACTED if value is not None and str(value) in secrets else value
