"""Paging of version 2: `{cursor: {pageSize, hasMore, next?, previous?, data}}`."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from django.db.models import Model, QuerySet
from django.http import QueryDict

from designer.graph.model import Json
from dialects.formance.errors import bad_request

DEFAULT_SIZE: Final = 15
LARGEST_SIZE: Final = 100
ORDER: Final = "desc"

Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True, slots=True)
class Window:
    """Which rows a page shows, and what the list was filtered by."""

    offset: int
    size: int
    filters: Mapping[str, str]


def window_of(query: QueryDict, names: Sequence[str]) -> Window:
    """What the query asks for. A cursor carries the filters, so everything beside it is ignored.

    Raises FormanceError 400.
    """
    if query.get("cursor"):
        return decode(str(query["cursor"]))
    filters = {name: str(query[name]) for name in names if query.get(name)}
    return Window(0, page_size(query.get("pageSize")), filters)


def page_size(raw: str | None) -> int:
    """15 when nothing or zero is asked for, at most 100. Raises FormanceError 400."""
    if not raw:
        return DEFAULT_SIZE
    if not (raw.isascii() and raw.isdigit() and len(raw) <= 18):
        raise bad_request("invalid 'pageSize' query param")
    return min(int(raw), LARGEST_SIZE) or DEFAULT_SIZE


def encode(window: Window) -> str:
    """An opaque text for a window."""
    value = {"offset": window.offset, "order": ORDER, "pageSize": window.size, "filters": dict(window.filters)}
    return base64.urlsafe_b64encode(json.dumps(value, separators=(",", ":")).encode()).decode().rstrip("=")


def decode(text: str) -> Window:
    """The window a cursor names. Raises FormanceError 400 for what was not made here."""
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        value = json.loads(raw)
        offset, size, filters = value["offset"], value["pageSize"], value.get("filters") or {}
        is_ours = (
            all(isinstance(number, int) and not isinstance(number, bool) for number in (offset, size))
            and 0 <= offset < 2**53
            and 0 < size <= LARGEST_SIZE
            and isinstance(filters, dict)
            and all(isinstance(entry, str) and "\0" not in entry for entry in filters.values())
        )
    except (binascii.Error, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        is_ours = False
    if not is_ours:
        raise bad_request("invalid 'cursor' query param")
    return Window(offset, size, filters)


def page(rows: QuerySet[Row], window: Window, write: Callable[[Sequence[Row]], list[Json]]) -> dict[str, Any]:
    """One page of ordered rows as it goes over the wire."""
    found = list(rows[window.offset : window.offset + window.size + 1])
    has_more = len(found) > window.size
    cursor: dict[str, Any] = {"pageSize": window.size, "hasMore": has_more}
    if has_more:
        cursor["next"] = encode(Window(window.offset + window.size, window.size, window.filters))
    if window.offset:
        cursor["previous"] = encode(Window(max(0, window.offset - window.size), window.size, window.filters))
    return {"cursor": {**cursor, "data": write(found[: window.size])}}
