"""Long lists, the newest first, a page at a time without counting them all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from django.db.models import Model, QuerySet
from django.http import HttpRequest

A_PAGE: Final = 50
LONGEST_SEARCH: Final = 200


@dataclass(frozen=True, slots=True)
class Page:
    """Rows with the way on: query strings of the older ones (empty: none) and of the beginning (empty: this is it)."""

    rows: Sequence[Any]
    older: str
    newest: str
    wanted: dict[str, str]

    @property
    def is_filtered(self) -> bool:
        """Whether anything was asked for."""
        return bool(self.wanted)


def wanted_of(request: HttpRequest, *names: str) -> dict[str, str]:
    """What the filters of a list say, those that say something."""
    given = {name: request.GET.get(name, "").replace("\0", "").strip()[:LONGEST_SEARCH] for name in names}
    return {name: value for name, value in given.items() if value}


def page_of(request: HttpRequest, rows: QuerySet[Any], wanted: dict[str, str]) -> Page:
    """The rows before `?before=` (a row's number), or the newest."""
    before = request.GET.get("before", "")
    is_number = before.isascii() and before.isdigit() and len(before) < 18
    if is_number:
        rows = rows.filter(pk__lt=int(before))
    found: list[Model] = list(rows.order_by("-pk")[: A_PAGE + 1])
    shown = found[:A_PAGE]
    older = urlencode({**wanted, "before": str(shown[-1].pk)}) if len(found) > A_PAGE else ""
    return Page(shown, older, f"?{urlencode(wanted)}" if is_number else "", wanted)
