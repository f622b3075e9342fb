"""References into an instance's data, in templates and conditions: finding them, and renaming the steps they name.

`{{ steps.fetch.output.total | round }}` refers to the path `("steps", "fetch", "output", "total")`. Templates are
Liquid; they are read by its own parser, so that loop variables and captured names are not taken for references.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from liquid import Environment
from liquid.exceptions import LiquidError

from designer.graph.kinds import KINDS
from designer.graph.model import Json, Statement, Task
from designer.graph.paths import DataPath, lone_reference, parse_path
from designer.graph.values import Path

ROOTS: Final[Mapping[str, str]] = {
    "input": "What the instance was started with",
    "context": "Linked entities",
    "steps": "Outputs, errors and statuses of tasks, by their keys",
    "vars": "What set values has set",
    "event": "The event of the trigger",
    "instance": "The instance: id, started_at, …",
    "flow": "The flow: key, name, version",
    "now": "The present moment",
    "payload": "What messages are triggered with: the input under its other name",
    "subscriber": "Who is notified: subscriberId, firstName, email, data, …",
    "workflow": "The flow under its other name: name, workflowId",
}
"""Every name a reference may begin with, and what it stands for."""

STEP_PARTS: Final = ("output", "error", "status", "started_at", "ended_at", "iteration")
"""What there is of a step."""

LONGEST_TEMPLATE: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Template:
    """What a template refers to.

    `error` says why it cannot be read; `reads_any_step` that it looks steps up by a computed key.
    """

    paths: tuple[DataPath, ...] = ()
    reads_any_step: bool = False
    filters: tuple[str, ...] = ()
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Reference:
    """One reference of a task: where it is written (`field`, from the task's own keys) and the path it names."""

    field: Path
    path: DataPath


_LIQUID: Final = Environment()
for _tag in ("include", "render", "extends", "block", "macro", "call"):
    _LIQUID.tags.pop(_tag, None)  # a template stands alone

FILTERS: Final = frozenset({*_LIQUID.filters, "json", "digest", "pluralize", "toSentence"})
"""The filters a template may use, by name. `json` is ours (`engine.core.liquid`): a value as it stands in JSON. The
last three are about lists of events (`engine.core.message_filters`).
"""

_NOTHING: Final = Template()


def is_template(text: str) -> bool:
    """Whether a text holds Liquid at all."""
    return "{{" in text or "{%" in text


def read_template(text: str) -> Template:
    """What `text` refers to; a text without Liquid refers to nothing. Never raises."""
    if not is_template(text):
        return _NOTHING
    return _read_template(text) if len(text) <= LONGEST_TEMPLATE else Template(error="The template is too long.")


@lru_cache(maxsize=8192)
def _read_template(text: str) -> Template:
    lone = lone_reference(text)
    path = parse_path(lone) if lone else None
    if path is not None:
        return Template(paths=(path,), reads_any_step=path == ("steps",))
    try:
        analysis = _LIQUID.parse(text).analyze(include_partials=False)
    except (LiquidError, RecursionError) as bad:
        return Template(error=str(bad).partition("\n")[0][:200] or "The template cannot be read.")
    paths: dict[DataPath, None] = {}
    reads_any_step = False
    for variables in analysis.globals.values():
        for variable in variables:
            known = _plain_prefix(variable.segments)
            paths[known] = None
            reads_any_step |= known == ("steps",)
    return Template(tuple(paths), reads_any_step, tuple(analysis.filters))


def _plain_prefix(segments: Sequence[object]) -> DataPath:
    """The segments up to the first that is computed."""
    plain: list[str | int] = []
    for segment in segments:
        if not isinstance(segment, (str, int)):
            break
        plain.append(segment)
    return tuple(plain)


# -- of a task --------------------------------------------------------------------------------------------------------


def texts_of(value: Json, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """Every text inside a JSON value, keys of objects left aside."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for key, entry in value.items():
            yield from texts_of(entry, (*path, key))
    elif isinstance(value, (list, tuple)):
        for number, entry in enumerate(value):
            yield from texts_of(entry, (*path, number))


def references_of(task: Task) -> Iterator[Reference]:
    """Every reference in the settings and conditions of a task; none of templates that cannot be read."""
    for path, text in texts_of(task.settings, ("settings",)):
        if is_template(text):
            yield from (Reference(path, found) for found in read_template(text).paths)
    for number, condition in enumerate(task.conditions):
        for place, statement in enumerate(condition.statements):
            where: Path = ("settings", "conditions", number, "statements", place)
            yield from (Reference((*where, *rest), path) for rest, path in statement_references(statement))


def statement_references(statement: Statement) -> Iterator[tuple[Path, DataPath]]:
    """The references of a statement: its source, and values that are lone references."""
    source = parse_path(lone_reference(statement.source) or statement.source.strip())
    if source is not None:
        yield ("source",), source
    for number, value in enumerate(statement.values):
        reference = lone_reference(value) if isinstance(value, str) else None
        path = parse_path(reference) if reference else None
        if path is not None:
            yield ("values", number), path


@dataclass(frozen=True, slots=True)
class StepsRead:
    """Whose outputs, errors or statuses a task reads. `any_step`: a key is computed, so it may be any."""

    keys: frozenset[str]
    any_step: bool


def steps_read(task: Task) -> StepsRead:
    """Which steps have to be at hand to run `task`. Keys that name no task are included."""
    keys: set[str] = set()
    any_step = False
    for reference in references_of(task):
        if reference.path[0] == "steps":
            if len(reference.path) > 1:
                keys.add(str(reference.path[1]))
            else:
                any_step = True
    return StepsRead(frozenset(keys), any_step)


def output_keys(task: Task) -> tuple[str, ...] | None:
    """The keys the output of `task` has, or None when that is not known before it runs."""
    return KINDS[task.kind].output_keys(task)


# -- renaming ---------------------------------------------------------------------------------------------------------

_MARKUP: Final = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
_STEP: Final = re.compile(
    r"""(?<![\w.-])steps(?:\.(?P<word>\w[\w-]*)|\[\s*(?P<quote>["'])(?P<key>[^"']*)(?P=quote)\s*\])"""
)


def rename_steps(text: str, keys: Mapping[str, str]) -> str:
    """A template with `steps.OLD` written as `steps.NEW`, for each pair of `keys`. Text outside of Liquid stays."""
    if "steps" not in text or not is_template(text):
        return text
    return _MARKUP.sub(lambda found: rename_path(found[0], keys), text)


def rename_path(text: str, keys: Mapping[str, str]) -> str:
    """As `rename_steps`, for a bare path or expression."""
    return _STEP.sub(lambda found: _renamed(found, keys), text)


def _renamed(found: re.Match[str], keys: Mapping[str, str]) -> str:
    new = keys.get(found["word"] or found["key"] or "")
    if new is None:
        return found[0]
    return f"steps.{new}" if new[0].isalpha() or new[0] == "_" else f'steps["{new}"]'


def map_texts(value: Json, change: Callable[[Path, str], str], path: Path = ()) -> Json:
    """`value` with every text in it changed; the very same object where nothing changes."""
    if isinstance(value, str):
        return change(path, value)
    if isinstance(value, Mapping):
        entries = {key: map_texts(entry, change, (*path, key)) for key, entry in value.items()}
        return entries if any(entries[key] is not value[key] for key in value) else value
    if isinstance(value, (list, tuple)):
        items = [map_texts(entry, change, (*path, number)) for number, entry in enumerate(value)]
        return items if any(new is not old for new, old in zip(items, value, strict=True)) else value
    return value
