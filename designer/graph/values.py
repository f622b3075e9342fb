"""Does a value fit its field?"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Final
from zoneinfo import available_timezones

from designer.graph.cron import BadCron, check_cron
from designer.graph.durations import BadDuration, parse_duration
from designer.graph.fields import Field, FieldType
from designer.graph.json_schemas import json_schema_reason
from designer.graph.model import PHASE_PREFIX, Json, is_key
from designer.graph.suggestions import did_you_mean, listed, quoted

TASK_PREFIX: Final = "task:"
INSTANCE_START: Final = "start"
MARK: Final = "{{"

Path = tuple[str | int, ...]


class Fault(StrEnum):
    """What is wrong with a value."""

    WRONG = "wrong"
    """It can never be right as it is: of another type, out of range, not readable."""
    UNKNOWN = "unknown"
    """There is no such field."""
    STRAY = "stray"
    """It belongs to another choice than the one made beside it."""
    MISSING = "missing"
    """A required field is not set yet."""


@dataclass(frozen=True, slots=True)
class ValueProblem:
    """`path` leads from the settings to the culprit; `message` is a sentence for people."""

    path: Path
    fault: Fault
    message: str


def group_problems(
    fields: Sequence[Field], values: Mapping[str, Json], path: Path = (), *, is_variant: bool = False
) -> Iterator[ValueProblem]:
    """What is wrong with `values` as values of `fields`: unknown keys, missing and wrong values, but not `OneOf`."""
    known = 0
    for field in fields:
        key = field.key
        if key in values:
            known += 1
            value = values[key]
            if field.by:
                yield from _variant_problems(field, values, value, (*path, key))
            elif (read := _REASONS.get(field.type)) is None:
                yield from value_problems(field, value, (*path, key))
            elif (reason := _reason(field, value, read)) is not None:
                yield ValueProblem((*path, key), Fault.WRONG, f"{field.label}: {reason}")
            if field.required and value in (None, ""):
                yield ValueProblem((*path, key), Fault.MISSING, f"{field.label} is required.")
        elif field.required:
            yield ValueProblem((*path, key), Fault.MISSING, f"{field.label} is required.")
    if known < len(values):
        yield from _unknown(fields, values, path, Fault.STRAY if is_variant else Fault.UNKNOWN)


def _unknown(fields: Sequence[Field], values: Mapping[str, Json], path: Path, fault: Fault) -> Iterator[ValueProblem]:
    known = [field.key for field in fields]
    for key in values:
        if key not in known:
            hint = did_you_mean(key, known)
            hint = hint or (f" Known here: {listed(known, last='and')}." if known else " Nothing can be set here.")
            yield ValueProblem((*path, key), fault, f"There is no setting {quoted(key)} here.{hint}")


def _variant_problems(field: Field, siblings: Mapping[str, Json], value: Json, path: Path) -> Iterator[ValueProblem]:
    chosen = siblings.get(field.by)
    if not isinstance(value, Mapping):
        yield _wrong(field, path, "settings, as an object")
    elif isinstance(chosen, str) and chosen in field.variants:
        yield from group_problems(field.variants[chosen], value, path, is_variant=True)


def value_problems(field: Field, value: Json, path: Path) -> Iterator[ValueProblem]:
    """Everything wrong with `value` as a value of `field`; of a group with variants only that it is one."""
    match field.type:
        case FieldType.GROUP:
            if isinstance(value, Mapping):
                yield from () if field.by else group_problems(field.fields, value, path)
                yield from one_of_problems(field, value, path)
            else:
                yield _wrong(field, path, "settings, as an object")
        case FieldType.LIST:
            yield from _list_problems(field, value, path)
        case FieldType.MAP:
            yield from _map_problems(field, value, path)
        case FieldType.REQUIREMENTS:
            yield from _requirement_problems(field, value, path)
        case _:
            reason = _reason(field, value, _REASONS[field.type])
            if reason is not None:
                yield ValueProblem(path, Fault.WRONG, f"{field.label}: {reason}")


def _reason(field: Field, value: Json, read: Callable[[Field, Json], str | None]) -> str | None:
    if field.is_templated and isinstance(value, str) and MARK in value:
        return f"at most {field.longest:,} characters." if len(value) > field.longest else None
    return read(field, value)


def one_of_problems(field: Field, values: Mapping[str, Json], path: Path) -> Iterator[ValueProblem]:
    """What the `OneOf` rules of a group find in its values."""
    for rule in field.one_of:
        labels = {known.key: known.label for known in field.fields}
        given = [key for key in rule.keys if values.get(key) not in (None, "")]
        names = [labels.get(key, key) for key in rule.keys]
        if len(given) > 1:
            message = f"Set only one of {listed(names, last='and')}."
            yield ValueProblem((*path, given[1]), Fault.STRAY, message)
        elif rule.is_required and not given:
            yield ValueProblem((*path, rule.keys[0]), Fault.MISSING, f"Set {listed(names)}.")


def _wrong(field: Field, path: Path, expected: str) -> ValueProblem:
    return ValueProblem(path, Fault.WRONG, f"{field.label}: give {expected}.")


def _list_problems(field: Field, value: Json, path: Path) -> Iterator[ValueProblem]:
    if not isinstance(value, (list, tuple)):
        yield _wrong(field, path, "a list")
        return
    if len(value) > field.longest:
        yield _wrong(field, path, f"at most {field.longest:,} entries")
    for number, entry in enumerate(value[: field.longest]):
        yield from value_problems(field.entry, entry, (*path, number))


def _map_problems(field: Field, value: Json, path: Path) -> Iterator[ValueProblem]:
    if not isinstance(value, Mapping):
        yield _wrong(field, path, "keys and values, as an object")
        return
    if len(value) > field.longest:
        yield _wrong(field, path, f"at most {field.longest:,} keys")
    for key, entry in value.items():
        yield from value_problems(field.entry, entry, (*path, key))


def _requirement_problems(field: Field, value: Json, path: Path) -> Iterator[ValueProblem]:
    if not isinstance(value, (list, tuple)):
        yield _wrong(field, path, "a list of {task: KEY} and {phase: KEY}")
        return
    for number, entry in enumerate(value):
        keys = list(entry) if isinstance(entry, Mapping) else []
        named = entry[keys[0]] if keys in (["task"], ["phase"]) else None
        if not (isinstance(named, str) and is_key(named)):
            yield _wrong(field, (*path, number), "either {task: KEY} or {phase: KEY}")


def _text(field: Field, value: Json) -> str | None:
    if not isinstance(value, str):
        return "give a text."
    if len(value) > field.longest:
        return f"at most {field.longest:,} characters."
    if field.type is FieldType.TEXT and "\n" in value:
        return "keep it to one line."
    return None


def _number(field: Field, value: Json) -> str | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return "give a number."
    if field.is_whole and value != int(value):
        return "give a whole number."
    if field.minimum is not None and value < field.minimum:
        return f"at least {field.minimum:g}."
    if field.maximum is not None and value > field.maximum:
        return f"at most {field.maximum:,g}."
    return None


def _boolean(field: Field, value: Json) -> str | None:
    return None if isinstance(value, bool) else "give true or false."


def _choice(field: Field, value: Json) -> str | None:
    if any(choice.value == value for choice in field.choices):
        return None
    known = [choice.value for choice in field.choices]
    hint = did_you_mean(value, known) if isinstance(value, str) else ""
    return f"{quoted(value)} is none of {listed(known, last='and')}.{hint}"


def _duration(field: Field, value: Json) -> str | None:
    if not isinstance(value, str):
        return str(BadDuration(value))
    reason, seconds = _read_duration(value)
    if reason is None and field.minimum is not None and seconds < field.minimum:
        return f"at least {field.minimum:g} seconds."
    if reason is None and field.maximum is not None and seconds > field.maximum:
        return f"at most {field.maximum / 86400:g} days."
    return reason


@lru_cache(maxsize=4096)
def _read_duration(value: str) -> tuple[str | None, float]:
    try:
        return None, parse_duration(value).as_timedelta().total_seconds()
    except BadDuration as bad:
        return str(bad), 0


def _datetime(field: Field, value: Json) -> str | None:
    try:
        datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return "write a date and time such as 2026-01-31T09:00:00+01:00."
    return None


@lru_cache(maxsize=1024)
def _read_cron(value: str) -> str | None:
    if len(value.split()) != 5:
        return 'write five fields such as "0 6 * * 1-5": minute, hour, day, month, weekday.'
    try:
        check_cron(value)
    except BadCron as bad:
        return f"{quoted(value)} is no schedule: {bad}."
    return None


def _cron(field: Field, value: Json) -> str | None:
    return _read_cron(value) if isinstance(value, str) else "write a schedule as a text."


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def timezone_reason(value: Json) -> str | None:
    """Why `value` is no time zone, or None."""
    if isinstance(value, str) and value in _zones():
        return None
    hint = did_you_mean(value, _zones()) if isinstance(value, str) else ""
    return f"{quoted(value)} is no time zone; write one such as Europe/Berlin.{hint}"


def _json_schema(field: Field, value: Json) -> str | None:
    return json_schema_reason(value)


def _reference(field: Field, value: Json) -> str | None:
    if isinstance(value, str):
        prefix, _, key = value.partition(":")
        if value == INSTANCE_START or (f"{prefix}:" in (TASK_PREFIX, PHASE_PREFIX) and is_key(key)):
            return None
    return "give start, task:KEY or phase:KEY."


def _key(field: Field, value: Json) -> str | None:
    return None if isinstance(value, str) and is_key(value) else f"{quoted(value)} is no key."


def _anything(field: Field, value: Json) -> str | None:
    return None


_REASONS: Final[Mapping[FieldType, Callable[[Field, Json], str | None]]] = {
    FieldType.TEXT: _text,
    FieldType.LONGTEXT: _text,
    FieldType.TEMPLATE: _text,
    FieldType.CEL: _text,
    FieldType.NUMBER: _number,
    FieldType.BOOLEAN: _boolean,
    FieldType.CHOICE: _choice,
    FieldType.DURATION: _duration,
    FieldType.DATETIME: _datetime,
    FieldType.CRON: _cron,
    FieldType.TIMEZONE: lambda field, value: timezone_reason(value),
    FieldType.JSON: _anything,
    FieldType.JSON_SCHEMA: _json_schema,
    FieldType.REFERENCE: _reference,
    FieldType.BRANCH: _key,
    FieldType.FLOW_KEY: _key,
    FieldType.CONNECTION: _key,
    FieldType.AGENT: _key,
}
