"""A JSON value for people who read no JSON: its parts, each with the label that the form has for it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, Final
from zoneinfo import ZoneInfo

from designer.schema_words import choices_of, label_of

DEEPEST: Final = 4
MOST_ROWS: Final = 100
LONGEST: Final = 2_000
"""Characters of one value that are shown; the whole is in the JSON."""

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """One part: `Order · Total`, `80`."""

    label: str
    text: str


def labelled(value: Any, schema: Any, *, timezone: str = "UTC") -> Sequence[Row]:
    """The parts of an object in the order of its schema, what that does not know after it; the first hundred.

    Empty where there is nothing to label: for what is no object, and for an object without content. Parts that are
    null or an empty text are left out.
    """
    if not isinstance(value, Mapping) or not value:
        return ()
    return list(islice(_rows((), value, schema, ZoneInfo(timezone)), MOST_ROWS))


def _rows(path: Path, value: Any, schema: Any, zone: ZoneInfo) -> Iterator[Row]:
    if value is None or value == "":
        return
    if len(path) < DEEPEST and isinstance(value, Mapping) and value:
        known = _part(schema, "properties")
        for key in [*(key for key in known if key in value), *(key for key in value if key not in known)]:
            yield from _rows((*path, label_of(str(key), known.get(key))), value[key], known.get(key), zone)
    elif len(path) < DEEPEST and isinstance(value, list) and any(isinstance(entry, Mapping | list) for entry in value):
        for number, entry in enumerate(value, start=1):
            yield from _rows((*path, str(number)), entry, _part(schema, "items"), zone)
    else:
        text = _text(value, schema, zone)
        yield Row(" · ".join(path), text if len(text) <= LONGEST else f"{text[:LONGEST]}…")


def _part(schema: Any, name: str) -> Mapping[str, Any]:
    found = schema.get(name) if isinstance(schema, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _text(value: Any, schema: Any, zone: ZoneInfo) -> str:
    choices = choices_of(schema)
    if choices is not None and value in choices[0]:
        return choices[1][choices[0].index(value)]
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, list) and not any(isinstance(entry, Mapping | list) for entry in value):
        return ", ".join(_text(entry, _part(schema, "items"), zone) for entry in value) or "none"
    if not isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    return _moment(value, zone) if _part({"_": schema}, "_").get("format") == "date-time" else value


def _moment(text: str, zone: ZoneInfo) -> str:
    try:
        moment = datetime.fromisoformat(text)
        return f"{moment.astimezone(zone):%Y-%m-%d %H:%M} {zone.key}" if moment.tzinfo else text
    except (ValueError, OverflowError):  # no moment, or one that is beyond the calendar over there
        return text
