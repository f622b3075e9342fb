"""What views of things with an id of their own share: found in the environment, listed, answered, removed."""

from __future__ import annotations

from typing import Any, ClassVar, Generic, TypeVar

from django.db.models import Model
from django.http import Http404
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.querysets import ScopedQuerySet
from dialects.native.base import NativeView
from dialects.shared.cursors import newest_first, page_json
from dialects.shared.problems import invalid

Row = TypeVar("Row", bound=Model)
LONGEST_KEY = 100


class KeyedView(NativeView, Generic[Row]):
    """A view of rows of `model`, which have a `key` and belong to an environment."""

    model: ClassVar[type[Any]]

    def json_of(self, row: Row) -> dict[str, Any]:
        """A row as it is answered."""
        raise NotImplementedError

    def rows(self) -> ScopedQuerySet[Row]:
        """Those of the environment."""
        found: ScopedQuerySet[Row] = self.model.objects.within(self.scope)
        return found

    def find(self, key: str) -> Row:
        """The row of this key. Raises Http404."""
        row = self.rows().filter(key=key).first() if "\0" not in key else None
        if row is None:
            raise Http404
        return row

    def page(self, request: Request, rows: ScopedQuerySet[Row]) -> Response:
        """A page of rows, the newest first."""
        page = newest_first(rows, request.query_params)
        return Response(page_json([self.json_of(row) for row in page.rows], page.next))

    def answer(self, row: Row, *, is_new: bool = False) -> Response:
        """A row; 201 for one that has just been made."""
        return Response(self.json_of(row), status=201 if is_new else 200)

    def remove(self, key: str) -> Response:
        """Delete a row. Raises Http404."""
        self.find(key).delete()
        return Response(status=204)


def checked_key(key: str) -> str:
    """A key that may be stored. Raises Problem 422."""
    if not key.isprintable() or len(key) > LONGEST_KEY:
        raise invalid([("id", f"must have at most {LONGEST_KEY} printable characters")])
    return key
