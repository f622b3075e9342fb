"""Pages. Both SDKs ask for `page + 1` until a page is empty, whatever `result_info` says: every list honours it."""

from __future__ import annotations

import base64
import binascii
import json
import math
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeVar

from django.db.models import Model, Q, QuerySet
from django.http import QueryDict
from django.utils.dateparse import parse_datetime

from dialects.cloudflare.errors import CloudflareError, invalid

DEFAULT_PER_PAGE: Final = 25
MOST_PER_PAGE: Final = 100
LARGEST: Final = 1_000_000_000

Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True, slots=True)
class Paging:
    """Which page of what size. More than 100 a page are cut to 100: auto-pagers pass on what users give unchecked."""

    page: int
    per_page: int

    @property
    def skipped(self) -> int:
        """How many rows lie before it."""
        return (self.page - 1) * self.per_page

    def info(self, *, count: int, total: int, cursor: str | None = None) -> dict[str, Any]:
        """`result_info`."""
        info: dict[str, Any] = {
            "page": self.page,
            "per_page": self.per_page,
            "count": count,
            "total_count": total,
            "total_pages": math.ceil(total / self.per_page),
        }
        if cursor is not None:
            info["cursor"] = cursor
        return info


def paging_of(query: QueryDict) -> Paging:
    """`page` and `per_page`; the SDKs write them as floats (`25.0`). Raises 400."""
    return Paging(
        _number(query, "page", default=1), min(_number(query, "per_page", default=DEFAULT_PER_PAGE), MOST_PER_PAGE)
    )


def _number(query: QueryDict, name: str, *, default: int) -> int:
    raw = query.get(name)
    if raw is None or raw == "":
        return default
    try:
        number = float(raw)
    except ValueError:
        number = math.nan
    if not (1 <= number <= LARGEST and number == int(number)):
        raise invalid(f"{name} must be a whole number of at least 1")
    return int(number)


def choice(query: QueryDict, name: str, choices: tuple[str, ...], default: str = "") -> str:
    """One of several words from the query. Raises 400."""
    raw = query.get(name)
    if raw is None or raw == "":
        return default
    if raw not in choices:
        raise invalid(f"{name} must be one of {', '.join(choices)}")
    return raw


# -- cursors of instance lists ----------------------------------------------------------------------------------------


def encode_cursor(flow: int, created_at: datetime, pk: int) -> str:
    """Names the last row that was sent."""
    raw = json.dumps([flow, created_at.isoformat(), pk], separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def after_cursor(rows: QuerySet[Row], text: str, *, flow: int, is_rising: bool) -> QuerySet[Row]:
    """The rows behind a cursor. Raises 400 for one that was not issued for this workflow."""
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        of_flow, moment, pk = json.loads(raw)
        created_at = parse_datetime(moment)
    except (binascii.Error, ValueError, TypeError, RecursionError):
        raise _bad_cursor() from None
    if of_flow != flow or created_at is None or created_at.tzinfo is None or type(pk) is not int or pk >= 1 << 62:
        raise _bad_cursor()
    if is_rising:
        return rows.filter(Q(created_at__gt=created_at) | Q(created_at=created_at, pk__gt=pk))
    return rows.filter(Q(created_at__lt=created_at) | Q(created_at=created_at, pk__lt=pk))


def _bad_cursor() -> CloudflareError:
    return CloudflareError(400, 10313, "Invalid pagination cursor")
