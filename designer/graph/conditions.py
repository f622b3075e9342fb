"""Which branches of a decision are met: structured statements, never code.

A statement that cannot be compared (a text against a number, a date that is none) is not met; its record says why.
Numbers are compared exactly, as decimals: `0.1` is `"0.1"`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from designer.graph import attributes
from designer.graph.hiding import NOTHING_HIDDEN, Hidden
from designer.graph.model import NONE_MET, Condition, Json, Match, Statement
from designer.graph.paths import MISSING, Missing, lone_reference, parse_path, resolve, resolve_each

STATEMENT_TYPES: Final[Mapping[str, str]] = {
    "text": "Text",
    "number": "Number",
    "boolean": "Yes or no",
    "date": "Date",
    "datetime": "Date and time",
    "list": "List",
}
"""What a statement may declare as its type, and the wording."""

OPERATOR_WORDS: Final[Mapping[str, str]] = {
    "equals": "is",
    "not_equals": "is not",
    "any_of": "is one of",
    "none_of": "is none of",
    "contains": "contains",
    "not_contains": "does not contain",
    "starts_with": "starts with",
    "ends_with": "ends with",
    "greater_than": "over",
    "less_than": "under",
    "greater_than_or_equals": "at least",
    "less_than_or_equals": "at most",
    "is_empty": "is empty",
    "is_not_empty": "is not empty",
}
"""Every operator and its wording."""

OPERATORS_BY_TYPE: Final[Mapping[str, tuple[str, ...]]] = {
    "text": (
        "equals",
        "not_equals",
        "any_of",
        "none_of",
        "contains",
        "not_contains",
        "starts_with",
        "ends_with",
        "is_empty",
        "is_not_empty",
    ),
    **dict.fromkeys(
        ("number", "date", "datetime"),
        (
            "equals",
            "not_equals",
            "any_of",
            "none_of",
            "greater_than",
            "less_than",
            "greater_than_or_equals",
            "less_than_or_equals",
            "is_empty",
            "is_not_empty",
        ),
    ),
    "boolean": ("equals", "not_equals", "any_of", "none_of", "is_empty", "is_not_empty"),
    "list": ("equals", "not_equals", "any_of", "none_of", "contains", "not_contains", "is_empty", "is_not_empty"),
}
"""What can be asked of a value of each type."""

WITHOUT_VALUES: Final = frozenset({"is_empty", "is_not_empty"})
WITH_MANY_VALUES: Final = frozenset({"any_of", "none_of", "contains", "not_contains", "starts_with", "ends_with"})
"""Operators with any number of values; those in neither set have exactly one (`equals` on lists: any number)."""

LONGEST_SEEN: Final = 500
REDACTED: Final = "[REDACTED]"


@dataclass(frozen=True, slots=True)
class Evaluation:
    """`branches` in their order, `none_met` alone when none is met; `records` as JSON, one per condition looked at.

    A record is `{key, is_met, statements: [{source, operator, values, saw, is_met, note?}]}`.
    """

    branches: tuple[str, ...]
    records: tuple[Mapping[str, Json], ...]


class _Mismatch(Exception):
    """The values cannot be compared in this way."""


def evaluate(
    conditions: Sequence[Condition],
    data: Mapping[str, Json],
    *,
    parallel: bool = True,
    hidden: Hidden = NOTHING_HIDDEN,
) -> Evaluation:
    """The branches whose conditions are met in `data`: all of them, or with `parallel` false only the first.

    Never raises. `hidden`: what is shown as `[REDACTED]` in the records.
    """
    branches: list[str] = []
    records: list[Mapping[str, Json]] = []
    for condition in conditions:
        record = _record(condition, data, hidden)
        records.append(record)
        if record["is_met"]:
            branches.append(condition.key)
            if not parallel:
                break
    return Evaluation(tuple(branches) or (NONE_MET,), tuple(records))


def _record(condition: Condition, data: Mapping[str, Json], hidden: Hidden) -> Mapping[str, Json]:
    statements = [_statement_record(statement, data, hidden) for statement in condition.statements]
    met = [statement["is_met"] for statement in statements]
    is_met = bool(met) and (all(met) if condition.match is Match.ALL else any(met))
    return {"key": condition.key, "is_met": is_met, "statements": statements}


def _statement_record(statement: Statement, data: Mapping[str, Json], hidden: Hidden) -> dict[str, Json]:
    source = lone_reference(statement.source) or statement.source.strip()
    saw = resolve_each(source, data) if statement.options else resolve(source, data)
    values = [_value_of(value, data) for value in statement.values]
    note = ""
    try:
        if statement.options:
            is_met = _attribute_holds(statement, saw, values, data)
        else:
            is_met = _holds(statement, saw, [None if value is MISSING else value for value in values])
    except _Mismatch as mismatch:
        is_met, note = False, str(mismatch)
    if saw is MISSING and not note and statement.operator not in WITHOUT_VALUES:
        note = "There is no such value."
    are_hidden = [_is_hidden(raw, hidden) for raw in statement.values]
    is_hidden = _is_hidden("{{" + source + "}}", hidden)
    record = {
        "source": source,
        "operator": statement.operator,
        "values": [REDACTED if hide else _shortened(value) for hide, value in zip(are_hidden, values, strict=True)],
        "saw": REDACTED if is_hidden else _shortened(saw),
        "is_met": is_met,
    }
    if note and (is_hidden or any(are_hidden)):
        note = "The values do not go together."
    return {**record, "note": note} if note else record


def _attribute_holds(
    statement: Statement, saw: Json | Missing, values: Sequence[Json | Missing], data: Mapping[str, Json]
) -> bool:
    """By the rules for attributes (`attributes.holds`)."""
    more: Sequence[str] = statement.options.get("sources") or ()
    found = [saw, *(resolve_each(lone_reference(source) or source.strip(), data) for source in more)]
    moment = _as_datetime(data.get("now"))
    plain = [None if value is MISSING else value for value in values]
    return attributes.holds(
        statement.operator, [None if v is MISSING else v for v in found], plain, statement.options, moment
    )


def _value_of(value: Json, data: Mapping[str, Json]) -> Json | Missing:
    reference = lone_reference(value) if isinstance(value, str) else None
    return value if reference is None else resolve(reference, data)


def _is_hidden(value: Json, hidden: Hidden) -> bool:
    reference = lone_reference(value) if isinstance(value, str) and hidden else None
    path = parse_path(reference) if reference else None
    return bool(path and hidden.covers(path))


def _shortened(value: Json | Missing) -> Json:
    """What a record keeps of a value: short enough to be stored with every decision."""
    if value is MISSING:
        return None
    if isinstance(value, str):
        return value if len(value) <= LONGEST_SEEN else value[:LONGEST_SEEN] + "…"
    if isinstance(value, Mapping):
        return {"…": f"{len(value)} keys"}
    if isinstance(value, (list, tuple)):
        shown = [_shortened(entry) for entry in value[:10]]
        return [*shown, "…"] if len(value) > 10 else shown
    return str(value) if isinstance(value, (Decimal, datetime, date)) else value


# -- comparing --------------------------------------------------------------------------------------------------------


def _holds(statement: Statement, saw: Json | Missing, values: Sequence[Json]) -> bool:
    if statement.operator in WITHOUT_VALUES:
        return _is_empty(saw) is (statement.operator == "is_empty")
    compare = _COMPARISONS.get(statement.operator)
    if compare is None:
        raise _Mismatch(f"There is no operator {statement.operator}.")
    if saw is MISSING or saw is None:
        # Nothing is not something: it differs from every value and holds none.
        return statement.operator in ("not_equals", "none_of", "not_contains") and None not in values
    kind = statement.type or _own_type(saw)
    if statement.operator not in OPERATORS_BY_TYPE.get(kind, ()):
        hint = " Name its type: number, date or datetime." if statement.type is None and kind == "text" else ""
        raise _Mismatch(f"A value of type {kind} has no “{OPERATOR_WORDS[statement.operator]}”.{hint}")
    if kind == "list":
        return _list_holds(statement.operator, _as_list(saw), values)
    read = _READERS[kind]
    if statement.operator not in WITH_MANY_VALUES and len(values) != 1:
        raise _Mismatch("It is compared with exactly one value.")
    return compare(read(saw), [read(value) for value in values])


def _is_empty(saw: Json | Missing) -> bool:
    return saw is MISSING or saw is None or (isinstance(saw, (str, list, tuple, Mapping)) and len(saw) == 0)


def _own_type(value: Json) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float, Decimal)):
        return "number"
    if isinstance(value, str):
        return "text"
    if isinstance(value, (list, tuple)):
        return "list"
    if isinstance(value, datetime):
        return "datetime"
    if isinstance(value, date):
        return "date"
    raise _Mismatch("An object cannot be compared; name one of its values.")


def _as_text(value: Json) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float, Decimal)):
        return str(value)
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    raise _Mismatch(f"{_named(value)} is no text.")


def _as_number(value: Json) -> Decimal:
    if isinstance(value, (int, float, Decimal, str)) and not isinstance(value, bool):
        try:
            number = Decimal(repr(value) if isinstance(value, float) else value if len(str(value)) < 400 else "NaN")
        except (InvalidOperation, ValueError):
            number = Decimal("NaN")
        if number.is_finite():
            return number
    raise _Mismatch(f"{_named(value)} is no number.")


def _as_boolean(value: Json) -> bool:
    if isinstance(value, bool):
        return value
    if value in ("true", "false"):
        return bool(value == "true")
    raise _Mismatch(f"{_named(value)} is neither true nor false.")


def _as_datetime(value: Json) -> datetime:
    """Without an offset a moment counts as UTC; a date as its first moment."""
    moment = value
    if isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value.strip())
        except ValueError:
            moment = None
    if isinstance(moment, datetime):
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    raise _Mismatch(f"{_named(value)} is no date and time.")


def _as_date(value: Json) -> date:
    """The date as it is written; an offset does not change it."""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    if isinstance(value, str):
        try:
            return datetime.fromisoformat(value.strip()).date()
        except ValueError:
            pass
    raise _Mismatch(f"{_named(value)} is no date.")


def _as_list(value: Json) -> Sequence[Json]:
    if isinstance(value, (list, tuple)):
        return value
    raise _Mismatch(f"{_named(value)} is no list.")


def _list_holds(operator: str, saw: Sequence[Json], values: Sequence[Json]) -> bool:
    """Lists hold what their entries equal. One value that is a list itself stands for its entries."""
    wanted = values[0] if len(values) == 1 and isinstance(values[0], (list, tuple)) else values
    match operator:
        case "equals":
            return _same_lists(saw, wanted)
        case "not_equals":
            return not _same_lists(saw, wanted)
        case "contains":
            return bool(wanted) and all(_holds_entry(saw, value) for value in wanted)
        case "any_of":
            return any(_holds_entry(saw, value) for value in wanted)
        case _:
            return not any(_holds_entry(saw, value) for value in wanted)


def _same_lists(saw: Sequence[Json], wanted: Sequence[Json]) -> bool:
    return len(saw) == len(wanted) and all(_same(a, b) for a, b in zip(saw, wanted, strict=True))


def _holds_entry(entries: Sequence[Json], wanted: Json) -> bool:
    return any(_same(entry, wanted) for entry in entries)


def _same(entry: Json, wanted: Json) -> bool:
    """Whether an entry equals a value, by the entry's own type; what cannot be compared is not the same."""
    if isinstance(entry, (list, tuple, Mapping)) or entry is None:
        return bool(entry == wanted)
    try:
        read = _READERS[_own_type(entry)]
        return bool(read(entry) == read(wanted))
    except _Mismatch:
        return False


def _named(value: Json) -> str:
    if value is None:
        return "Nothing"
    if isinstance(value, (list, tuple)):
        return "A list"
    if isinstance(value, Mapping):
        return "An object"
    text = str(value)
    return f"“{text[:40]}…”" if len(text) > 40 else f"“{text}”"


_READERS: Final[Mapping[str, Callable[[Json], Any]]] = {
    "text": _as_text,
    "number": _as_number,
    "boolean": _as_boolean,
    "date": _as_date,
    "datetime": _as_datetime,
    "list": _as_list,
}

_COMPARISONS: Final[Mapping[str, Callable[[Any, Sequence[Any]], bool]]] = {
    "equals": lambda saw, values: bool(saw == values[0]),
    "not_equals": lambda saw, values: bool(saw != values[0]),
    "any_of": lambda saw, values: saw in values,
    "none_of": lambda saw, values: saw not in values,
    "contains": lambda saw, values: bool(values) and all(value in saw for value in values),
    "not_contains": lambda saw, values: not any(value in saw for value in values),
    "starts_with": lambda saw, values: any(saw.startswith(value) for value in values),
    "ends_with": lambda saw, values: any(saw.endswith(value) for value in values),
    "greater_than": lambda saw, values: bool(saw > values[0]),
    "less_than": lambda saw, values: bool(saw < values[0]),
    "greater_than_or_equals": lambda saw, values: bool(saw >= values[0]),
    "less_than_or_equals": lambda saw, values: bool(saw <= values[0]),
}


def is_of_type(value: Json, declared: str) -> bool:
    """Whether a literal value can be read as a value of this type."""
    try:
        _READERS[declared](value)
    except _Mismatch:
        return False
    return True
