"""The texts of PostgreSQL's statements and values.

The same few statements are written over and over, which took longer than most else of a step.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from engine.storage import json_text
from engine.storage.tables import BIG, JSON, MOMENT, TEXT, TRUTH, WHOLE

_TYPES: Final[Mapping[str, str]] = {
    TEXT: "text",
    WHOLE: "integer",
    BIG: "bigint",
    TRUTH: "boolean",
    MOMENT: "timestamptz",
    JSON: "jsonb",
    "real": "double precision",
}
PLAIN: Final = frozenset({WHOLE, BIG, TRUTH, MOMENT, "real"})
"""Types whose values need no quotes within an array."""
HELD: Final = "held_"
"""The column of a row source with the value that the table has to hold still."""


@lru_cache(maxsize=1024)
def source_text(columns: tuple[tuple[str, str], ...], values: tuple[str, ...], spread: tuple[str, ...]) -> str:
    types = dict(columns)
    selected = ["r.*", *(f"%s::{_TYPES[types[name]]} AS {name}" for name in values)]
    unnested = ", ".join(f"%s::{_TYPES[types[name]]}[]" for name in spread)
    return f"(SELECT {', '.join(selected)} FROM unnest({unnested}) AS r({', '.join(spread)})) x"


@lru_cache(maxsize=1024)
def insert_text(table: str, columns: tuple[str, ...], source: str, after: str, conflict: str) -> str:
    names = ", ".join(columns)
    return f"INSERT INTO {table} ({names}) SELECT {names} FROM {source} WHERE {after} {conflict}"


@lru_cache(maxsize=1024)
def update_text(
    table: str, columns: tuple[str, ...], key: tuple[str, ...], source: str, fence: str, after: str, appended: str
) -> str:
    """`fence`: the column that has to hold still what the source's column `HELD` says."""
    changes = ", ".join(
        f"attempts = {appended}" if name == "attempts" else f"{name} = x.{name}" for name in columns if name not in key
    )
    conditions = [f"{table}.{name} = x.{name}" for name in key]
    if fence:
        conditions.append(f"{table}.{fence} = x.{HELD}")
    if after:
        conditions.append(after)
    return f"UPDATE {table} SET {changes} FROM {source} WHERE {' AND '.join(conditions)} RETURNING 1"


@lru_cache(maxsize=1024)
def statement_text(parts: tuple[str, ...], fences: tuple[str, ...]) -> str:
    written = ", ".join(f"w{number} AS ({part})" for number, part in enumerate(parts))
    checks = " AND ".join(f"(SELECT count(*) FROM {name}) = %s::bigint" for name in fences)
    return f"WITH {written} SELECT {f'1 / ({checks})::int' if checks else '1'}"


@lru_cache(maxsize=1024)
def numbered(sql: str) -> str:
    """`%s` as `$1`, `$2`, …: the statement as the server reads it."""
    first, *others = sql.replace("%%", "%").split("%s")
    return first + "".join(f"${number}{part}" for number, part in enumerate(others, start=1))


def text_of(type: str, value: Any) -> str | None:
    """A value as PostgreSQL reads it; None for NULL."""
    if value is None or (value.__class__ is str and type != JSON):
        return value
    if type == JSON:
        return json_text.write(value)
    return _moment_text(value) if type == MOMENT else str(value)


_moment_text = lru_cache(maxsize=256)(str)  # a batch has few different moments: mostly its own


def texts_of(type: str, column: Sequence[Any]) -> list[str | None]:
    """The values of a column as PostgreSQL reads them; None for NULL."""
    if type == JSON:
        # Rows of a batch often share a value. (None is one as well: there is but one of it.)
        written = {id(value): None if value is None else json_text.write(value) for value in column}
        return [written[id(value)] for value in column]
    known = {value: None if value is None else str(value) for value in set(column)}
    return [known[value] for value in column]


def array_of(texts: Iterable[str | None]) -> str:
    """The text of an array. Written here because psycopg takes many times as long for it."""
    column = list(texts)
    known = {text: "NULL" if text is None else f'"{_escaped(text)}"' for text in set(column)}
    return "{" + ",".join([known[text] for text in column]) + "}"


def plain_array_of(texts: Sequence[str | None]) -> str:
    """As `_array`, for texts without quotes, commas and backslashes."""
    return "{" + ",".join(["NULL" if text is None else text for text in texts] if None in texts else texts) + "}"  # type: ignore[arg-type]


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
