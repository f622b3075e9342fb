"""Statements about attributes of linked entities: `options: {"rules": "attribute", …}` (see `conditions` for the rest).

Their values are texts, as forms send them; the attribute's declared type says how they are read. Other options:
`type` (of the attribute), `sources` (more attributes) with `match` any or all, `offset` `{amount, unit}` added to the
date that was found, `relative` (the value is a word such as `today`).

What sets them apart from plain statements: a list is one of many values, so that `equals` asks whether it holds
exactly that one; contains, starts with and ends with ignore case; negative operators are the exact negation of the
positive ones; what cannot be compared is not met.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from dateutil.relativedelta import relativedelta

from designer.graph.model import Json

RULES: Final = "attribute"
OPTION_KEYS: Final = ("rules", "type", "sources", "match", "offset", "relative")
UNITS: Final = ("days", "months", "years")
RELATIVE: Final[Mapping[str, int]] = {"today": 0, "yesterday": -1, "tomorrow": 1}

_NEGATED: Final[Mapping[str, str]] = {
    "not_equals": "equals",
    "none_of": "any_of",
    "not_contains": "contains",
    "is_not_empty": "is_empty",
}
_ORDERED: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "greater_than": lambda a, b: bool(a > b),
    "less_than": lambda a, b: bool(a < b),
    "greater_than_or_equals": lambda a, b: bool(a >= b),
    "less_than_or_equals": lambda a, b: bool(a <= b),
}


class _Different(Exception):
    """Two values that cannot be compared."""


def options_in_words(options: Mapping[str, Json]) -> str:
    """What the options of a statement say, for people who look at it; empty for none."""
    if not options:
        return ""
    words = ["Compared as an attribute"]
    if options.get("type"):
        words.append(f"of the type {options['type']}")
    said = [" ".join(words)]
    sources = options.get("sources") or ()
    if sources:
        joined = "all of them must hold" if options.get("match") == "all" else "one of them is enough"
        said.append(f"also {', '.join(map(str, sources))}: {joined}")
    offset = options.get("offset")
    if isinstance(offset, Mapping):
        said.append(f"{offset.get('amount')} {offset.get('unit')} are added to its date")
    if options.get("relative"):
        said.append("the value is a day as seen from today")
    return "; ".join(said) + "."


def options_reason(options: Json) -> str | None:
    """Why these are no options of a statement, or None."""
    if not isinstance(options, Mapping) or options.get("rules") != RULES:
        return f'Options are an object with rules: "{RULES}".'
    unknown = next((key for key in options if key not in OPTION_KEYS), None)
    if unknown is not None:
        return f"There is no option {unknown[:40]!r} of a statement."
    sources = options.get("sources", [])
    if not isinstance(sources, (list, tuple)) or len(sources) > 20 or not all(isinstance(s, str) for s in sources):
        return "sources are a list of at most 20 texts."
    offset = options.get("offset")
    if offset is None:
        return None
    if not isinstance(offset, Mapping) or offset.get("unit") not in UNITS or not _is_whole(offset.get("amount")):
        return "offset is an object with a whole amount and a unit: days, months or years."
    return None


def _is_whole(value: Json) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) <= 100_000


def holds(
    operator: str, found: Sequence[Json], values: Sequence[Json], options: Mapping[str, Json], now: datetime
) -> bool:
    """Whether a statement is met by the values found at its sources (None where there is nothing). Never raises."""
    each = [_one_holds(operator, value, values, options, now) for value in found]
    return bool(each) and (all(each) if options.get("match") == "all" else any(each))


def _one_holds(operator: str, value: Json, values: Sequence[Json], options: Mapping[str, Json], now: datetime) -> bool:
    positive = _NEGATED.get(operator)
    if positive is not None:
        return not _one_holds(positive, value, values, options, now)
    if operator == "is_empty":
        return value is None or value == "" or (isinstance(value, (list, tuple)) and not value)
    if value is None:
        return False
    held = list(value) if isinstance(value, (list, tuple)) else [value]
    wanted = [_relative(v, now) for v in values] if options.get("relative") else list(values)
    if operator in ("equals", "contains", "starts_with", "ends_with", *_ORDERED):
        wanted = wanted[:1]
    if not wanted:
        return False
    return any(_compare(operator, one, other, options, now) for one in held for other in wanted)


def _compare(operator: str, value: Json, wanted: Json, options: Mapping[str, Json], now: datetime) -> bool:
    declared = str(options.get("type") or "")
    try:
        if operator in ("contains", "starts_with", "ends_with"):
            return _text_holds(operator, _as_text(value), _as_text(wanted))
        if declared in ("date", "datetime") or options.get("offset") or options.get("relative"):
            one, other = _as_moments(value, wanted, options.get("offset"))
        elif declared in ("number", "price") or (not declared and _is_number(value)):
            one, other = _as_number(value), _as_number(wanted)
        elif declared == "boolean" or isinstance(value, bool):
            one, other = _as_boolean(value), _as_boolean(wanted)
        elif operator in _ORDERED:
            one, other = _orderable(value, wanted)
        else:
            one, other = _as_text(value), _as_text(wanted)
    except (_Different, OverflowError):
        return False
    return bool(one == other) if operator in ("equals", "any_of") else _ORDERED[operator](one, other)


def _text_holds(operator: str, value: str, wanted: str) -> bool:
    one, other = value.casefold(), wanted.casefold()
    if operator == "contains":
        return other in one
    return one.startswith(other) if operator == "starts_with" else one.endswith(other)


def _orderable(value: Json, wanted: Json) -> tuple[Any, Any]:
    """Numbers where both are, else texts in their order."""
    try:
        return _as_number(value), _as_number(wanted)
    except _Different:
        return _as_text(value), _as_text(wanted)


def _is_number(value: Json) -> bool:
    return isinstance(value, (int, float, Decimal)) and not isinstance(value, bool)


def _as_text(value: Json) -> str:
    """A text; of an object its name, title, address, number or id, as people would say it."""
    if isinstance(value, Mapping):
        for name in ("value", "name", "title", "_title", "email", "phone", "id", "_id", "entity_id"):
            if isinstance(value.get(name), (str, int, float)) and not isinstance(value[name], bool):
                return _as_text(value[name])
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, (int, float, Decimal)):
        return str(value)
    raise _Different


def _as_number(value: Json) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, (int, float, str, Decimal)) or len(str(value)) > 400:
        raise _Different
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        raise _Different from None
    if not number.is_finite():
        raise _Different
    return number


def _as_boolean(value: Json) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    raise _Different


def _as_moments(value: Json, wanted: Json, offset: Json) -> tuple[Any, Any]:
    """Two days when either is written as one, else two moments; those without an offset count as UTC."""
    one, other = _moment(value), _moment(wanted)
    if isinstance(offset, Mapping):
        amounts: dict[str, Any] = {str(offset["unit"]): int(offset["amount"])}
        one = one + relativedelta(**amounts)
    if isinstance(one, datetime) and isinstance(other, datetime):
        return one, other
    return tuple(moment.date() if isinstance(moment, datetime) else moment for moment in (one, other))  # type: ignore[return-value]


def _moment(value: Json) -> date | datetime:
    if isinstance(value, (datetime, date)):
        return value
    if not isinstance(value, str):
        raise _Different
    text = value.strip()
    try:
        if len(text) == 10:
            return date.fromisoformat(text)
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise _Different from None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _relative(word: Json, now: datetime) -> Json:
    """The day that a word names; `now` is the moment itself; other words stay."""
    if word == "now":
        return now
    days = RELATIVE.get(word) if isinstance(word, str) else None
    return word if days is None else now.date() + timedelta(days=days)
