"""Paging by cursor: `{items, next}`. A cursor names the last row that was sent, so new rows move nothing."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.db.models import Model, QuerySet
from django.http import QueryDict

from dialects.shared.problems import Problem

DEFAULT_LIMIT = 50
MAX_LIMIT = 200
PREFIX = "pk:"

Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Some rows and the cursor of the page after them (None at the end)."""

    rows: list[Row]
    next: str | None


def encode_cursor(pk: int) -> str:
    """An opaque text for the last row that was sent."""
    return base64.urlsafe_b64encode(f"{PREFIX}{pk}".encode()).decode().rstrip("=")


def decode_cursor(text: str) -> int:
    """The row a cursor names. Raises Problem 400 for anything we did not make."""
    try:
        plain = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        raise bad_cursor() from None
    number = plain.removeprefix(PREFIX)
    if not plain.startswith(PREFIX) or not (number.isascii() and number.isdigit()) or len(number) > 18:
        raise bad_cursor()
    return int(number)


def bad_cursor() -> Problem:
    """A cursor that was not made here."""
    return Problem(
        400, "The cursor is not one of ours: take `next` from the page before.", errors=[("cursor", "unknown")]
    )


def whole_number(query: QueryDict, name: str, *, default: int, least: int, most: int) -> int:
    """A number from the query, within its bounds. Raises Problem 400 with its name."""
    raw = query.get(name)
    if raw is None or raw == "":
        return default
    if not (raw.isascii() and raw.isdigit() and len(raw) <= 10 and least <= int(raw) <= most):
        message = f"must be a whole number from {least} to {most}"
        raise Problem(400, f"{name} {message}.", errors=[(name, message)])
    return int(raw)


def newest_first(rows: QuerySet[Row], query: QueryDict) -> Page[Row]:
    """The page of `rows` that `?cursor=` and `?limit=` (at most 200) ask for, by falling primary key: one query."""
    limit = whole_number(query, "limit", default=DEFAULT_LIMIT, least=1, most=MAX_LIMIT)
    cursor = query.get("cursor")
    if cursor:
        rows = rows.filter(pk__lt=decode_cursor(cursor))
    found = list(rows.order_by("-pk")[: limit + 1])
    more = len(found) > limit
    return Page(found[:limit], encode_cursor(found[limit - 1].pk) if more else None)


def page_json(items: list[Any], next_cursor: str | None) -> dict[str, Any]:
    """A list as it goes over the wire."""
    return {"items": items, "next": next_cursor}
