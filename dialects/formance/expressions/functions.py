"""The functions of expressions, and how its values behave."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from dialects.formance.durations import BadGoDuration, go_duration, parse_go_duration

LARGEST_TEXT: Final = 100_000
LARGEST_LIST: Final = 10_000
CLOSURES: Final = frozenset({"all", "any", "one", "none", "map", "filter", "find", "count"})
Fetch = Callable[[str], Any]
"""Fetches the JSON behind an address. Raises `Wrong`."""


class Wrong(ValueError):
    """A function was given what it cannot take."""


def type_name(value: Any) -> str:
    """What Go calls the type of a value, in error messages."""
    if value is None:
        return "<nil>"
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int):
        return "int"
    if isinstance(value, float):
        return "float64"
    if isinstance(value, str):
        return "string"
    if isinstance(value, Mapping):
        return "map[string]interface {}"
    if isinstance(value, datetime):
        return "time.Time"
    return "time.Duration" if isinstance(value, timedelta) else "[]interface {}"


def is_number(value: Any) -> bool:
    """Whether a value is a number; booleans are none."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def linked(arguments: Sequence[Any], fetch: Fetch) -> Any:
    """What `link(object, relation)` comes to: the data behind the one link of that name. Raises `Wrong`."""
    if len(arguments) != 2:
        raise Wrong(f"expect two arguments, got {len(arguments)}")
    holder, relation = arguments
    links = holder.get("links") if isinstance(holder, Mapping) else None
    known = links if isinstance(links, (list, tuple)) else ()
    named = [one for one in known if isinstance(one, Mapping) and one.get("name") == relation]
    if not named:
        raise Wrong(f"link '{as_text(relation)[:100]}' not defined for object")
    if len(named) > 1:
        raise Wrong(f"multiple link '{as_text(relation)[:100]}' defined for object")
    answer = fetch(as_text(named[0].get("uri")))
    return answer.get("data") if isinstance(answer, Mapping) else None


def as_text(value: Any) -> str:
    """A value as the text of a variable: floats without exponent, nil empty, moments and durations as a delay
    takes them, lists and maps as JSON.
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return plain_float(value)
    if isinstance(value, (datetime, timedelta)):  # as a delay takes them
        return str(plain(value))
    return json.dumps(plain(value), ensure_ascii=False, separators=(",", ":"))


def plain_float(value: float) -> str:
    """A float in plain decimal form: `2500000`, never `2.5e+06`."""
    if not math.isfinite(value):
        return {math.inf: "+Inf", -math.inf: "-Inf"}.get(value, "NaN")
    text = f"{value:.17f}" if abs(value) < 1e16 else f"{value:.0f}"
    short = repr(value)
    if "e" not in short and "E" not in short:
        text = short
    return text.rstrip("0").rstrip(".") if "." in text else text


def plain(value: Any) -> Any:
    """A value as JSON has it."""
    if isinstance(value, datetime):
        return stamp(value)
    if isinstance(value, timedelta):
        return go_duration(round(value.total_seconds() * 1e9))
    if isinstance(value, Mapping):
        return {key: plain(entry) for key, entry in value.items()}
    return [plain(entry) for entry in value] if isinstance(value, (list, tuple)) else value


def stamp(value: datetime) -> str:
    """RFC 3339."""
    return value.isoformat().replace("+00:00", "Z")


def bounded(value: Any) -> Any:
    """The value itself, unless it has grown too large."""
    if isinstance(value, str) and len(value) > LARGEST_TEXT:
        raise Wrong("the text is too long")
    if isinstance(value, (list, tuple)) and len(value) > LARGEST_LIST:
        raise Wrong("memory budget exceeded")
    return value


def _need(value: Any, *kinds: type, name: str) -> Any:
    if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
        raise Wrong(f"invalid argument for {name} (type {type_name(value)})")
    return value


def _len(value: Any) -> int:
    return len(_need(value, str, list, Mapping, name="len"))


def _split(text: Any, separator: Any, count: Any = -1) -> list[str]:
    _need(text, str, name="split"), _need(separator, str, name="split")
    if separator == "":
        return list(text)
    return list(text.split(separator, count - 1 if isinstance(count, int) and count > 0 else -1))


def _join(values: Any, separator: Any = "") -> str:
    return str(_need(separator, str, name="join")).join(
        _need(entry, str, name="join") for entry in _need(values, list, name="join")
    )


def _trim(text: Any, characters: Any = None) -> str:
    return str(_need(text, str, name="trim").strip(characters))


def _replace(text: Any, old: Any, new: Any) -> str:
    for value in (text, old, new):
        _need(value, str, name="replace")
    if old and text.count(old) * max(0, len(new) - len(old)) > LARGEST_TEXT:
        raise Wrong("the text is too long")
    return str(text.replace(old, new))


def _has_prefix(text: Any, part: Any) -> bool:
    return bool(_need(text, str, name="hasPrefix").startswith(_need(part, str, name="hasPrefix")))


def _has_suffix(text: Any, part: Any) -> bool:
    return bool(_need(text, str, name="hasSuffix").endswith(_need(part, str, name="hasSuffix")))


def _int(value: Any) -> int:
    if isinstance(value, str):
        try:
            return int(value.strip(), 10) if len(value) <= 400 else int("")
        except ValueError:
            raise Wrong(f"invalid operation: int({value[:60]})") from None
    if not is_number(value) or (isinstance(value, float) and not math.isfinite(value)):
        raise Wrong(f"invalid operation: int({type_name(value)})")
    return int(value)


def _float(value: Any) -> float:
    try:
        if isinstance(value, str) or is_number(value):
            return float(value)
    except (ValueError, OverflowError):
        pass
    raise Wrong(f"invalid operation: float({type_name(value)})")


def _string(value: Any) -> str:
    return "<nil>" if value is None else as_text(value)


def _type(value: Any) -> str:
    if value is None:
        return "nil"
    names = {"bool": "bool", "int": "int", "float64": "float", "string": "string", "time.Time": "time.Time"}
    return names.get(type_name(value), "map" if isinstance(value, Mapping) else "array")


def _number(value: Any, name: str) -> Any:
    if not is_number(value):
        raise Wrong(f"invalid argument for {name} (type {type_name(value)})")
    return value


def _round(value: Any) -> float:
    number = float(_number(value, "round"))
    return math.copysign(math.floor(abs(number) + 0.5), number)


def _extreme(name: str, pick: Callable[..., Any]) -> Callable[..., Any]:
    def run(*values: Any) -> Any:
        flat = [entry for value in values for entry in (value if isinstance(value, list) else [value])]
        if not flat:
            raise Wrong(f"not enough arguments to call {name}")
        return pick(_number(entry, name) for entry in flat)

    return run


def _sum(values: Any) -> Any:
    return sum(_number(entry, "sum") for entry in _need(values, list, name="sum"))


def _first(values: Any) -> Any:
    return _need(values, list, name="first")[0] if values else None


def _last(values: Any) -> Any:
    return _need(values, list, name="last")[-1] if values else None


def _from_json(text: Any) -> Any:
    try:
        return json.loads(_need(text, str, name="fromJSON"))
    except (ValueError, RecursionError):
        raise Wrong("fromJSON: this is no JSON") from None


def _date(text: Any) -> datetime:
    try:
        found = datetime.fromisoformat(_need(text, str, name="date").strip().replace("Z", "+00:00"))
    except ValueError:
        raise Wrong(f"invalid date {str(text)[:60]}") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _duration(text: Any) -> timedelta:
    try:
        return timedelta(microseconds=parse_go_duration(text) / 1_000)
    except BadGoDuration:
        raise Wrong(f"invalid duration {str(text)[:60]}") from None


FUNCTIONS: Final[Mapping[str, tuple[Callable[..., Any], int, int]]] = {
    "len": (_len, 1, 1),
    "lower": (lambda text: _need(text, str, name="lower").lower(), 1, 1),
    "upper": (lambda text: _need(text, str, name="upper").upper(), 1, 1),
    "trim": (_trim, 1, 2),
    "split": (_split, 2, 3),
    "join": (_join, 1, 2),
    "replace": (_replace, 3, 3),
    "indexOf": (lambda text, part: _need(text, str, name="indexOf").find(_need(part, str, name="indexOf")), 2, 2),
    "hasPrefix": (_has_prefix, 2, 2),
    "hasSuffix": (_has_suffix, 2, 2),
    "int": (_int, 1, 1),
    "float": (_float, 1, 1),
    "string": (_string, 1, 1),
    "type": (_type, 1, 1),
    "abs": (lambda value: abs(_number(value, "abs")), 1, 1),
    "ceil": (lambda value: float(math.ceil(_number(value, "ceil"))), 1, 1),
    "floor": (lambda value: float(math.floor(_number(value, "floor"))), 1, 1),
    "round": (_round, 1, 1),
    "min": (_extreme("min", min), 1, 100),
    "max": (_extreme("max", max), 1, 100),
    "sum": (_sum, 1, 1),
    "first": (_first, 1, 1),
    "last": (_last, 1, 1),
    "keys": (lambda value: list(_need(value, Mapping, name="keys")), 1, 1),
    "values": (lambda value: list(_need(value, Mapping, name="values").values()), 1, 1),
    "toJSON": (lambda value: json.dumps(plain(value), ensure_ascii=False, indent=2), 1, 1),
    "fromJSON": (_from_json, 1, 1),
    "date": (_date, 1, 1),
    "duration": (_duration, 1, 1),
    "now": (lambda: datetime.now(UTC), 0, 0),
}
"""By name: the function, and how many arguments it takes at least and at most."""
