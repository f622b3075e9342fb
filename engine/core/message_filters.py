"""Liquid filters about lists of events, as messages use them: `digest`, `toSentence`, `pluralize`.

Novu: https://docs.novu.co describes them for digests ("Ann, Bob and 2 others", "3 comments").
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from designer.graph.model import Json


def to_sentence(
    items: Any,
    key: Any = "",
    limit: Any = 2,
    overflow: Any = "other",
    between: Any = ", ",
    between_two: Any = " and ",
    before_last: Any = ", and ",
) -> str:
    """`Ann, Bob, and 2 others`: the first `limit` entries (their value at `key`), and how many more there are."""
    names = [_text(_at(entry, str(key))) for entry in _list(items)]
    names = [name for name in names if name]
    most = _whole(limit, 2)
    shown, rest = (names, 0) if len(names) <= most else (names[:most], len(names) - most)
    if rest:
        shown = [*shown, f"{rest} {pluralize(rest, overflow, show_count=False)}"]
    if len(shown) < 2:
        return "".join(shown)
    if len(shown) == 2:
        return f"{shown[0]}{between_two}{shown[1]}"
    return f"{str(between).join(shown[:-1])}{before_last}{shown[-1]}"


def pluralize(count: Any, singular: Any = "", plural: Any = "", show_count: Any = True) -> str:
    """`1 comment`, `3 comments`; of a list its length counts. Nothing for none."""
    number = len(count) if isinstance(count, (Sequence, Mapping)) and not isinstance(count, str) else _whole(count, 0)
    one = str(singular)
    many = str(plural) or (one if not one else f"{one}s")
    if number <= 0:
        return ""
    word = one if number == 1 else many
    return f"{number} {word}" if show_count not in (False, "false") else word


def digest(items: Any, most: Any = 2, key: Any = "", separator: Any = ", ") -> str:
    """`Ann, Bob and 2 others`: the older form of `toSentence`."""
    names = [_text(_at(entry, str(key))) for entry in _list(items)]
    shown = names[: _whole(most, 2)]
    rest = len(names) - len(shown)
    text = str(separator).join(shown)
    return f"{text} and {rest} {'other' if rest == 1 else 'others'}" if rest else text


FILTERS: Final[Mapping[str, Callable[..., Any]]] = {"toSentence": to_sentence, "pluralize": pluralize, "digest": digest}


def _list(items: Any) -> Sequence[Any]:
    return items if isinstance(items, (list, tuple)) else []


def _at(entry: Json, path: str) -> Json:
    for part in path.split(".") if path else ():
        entry = entry.get(part) if isinstance(entry, Mapping) else None
    return entry


def _text(value: Json) -> str:
    return "" if value is None else str(value)


def _whole(value: Any, otherwise: int) -> int:
    try:
        return max(0, int(value))
    except (TypeError, ValueError):
        return otherwise
