"""The list of workflows: filtered, ordered, paged."""

from __future__ import annotations

from typing import Any, Final

from django.db.models import F
from django.http import QueryDict

from accounts.scope import Scope
from dialects.novu import validation
from dialects.novu.faults import with_status
from dialects.novu.wire import channels_without_provider, list_item_json, whole
from dialects.novu.workflows import filtered, workflows

ORDERS: Final = {
    "createdAt": "created_at",
    "updatedAt": "updated_at",
    "name": "flow__name",
    "lastTriggeredAt": "flow__message_policy__last_triggered_at",
}
STATUSES: Final = ("ACTIVE", "INACTIVE", "ERROR")


def listed(scope: Scope, query: QueryDict) -> dict[str, Any]:
    """`{workflows, totalCount}`. Raises the 422 for what is wrong with the query."""
    problems: list[str] = []
    limit = validation.whole(query, "limit", default=50, least=1, most=validation.MOST_LISTED, problems=problems)
    offset = validation.whole(query, "offset", default=0, least=0, most=None, problems=problems)
    order = validation.chosen(query, "orderBy", tuple(ORDERS), default="createdAt", problems=problems)
    direction = validation.chosen(query, "orderDirection", ("ASC", "DESC"), default="DESC", problems=problems)
    tags = validation.several(query, "tags", None, problems=problems)
    statuses = validation.several(query, "status", STATUSES, problems=problems)
    validation.refuse(problems)
    rows = filtered(workflows(scope), query=query.get("query", "")[:200], tags=tags)
    field = F(ORDERS[order])
    rows = rows.order_by(
        field.asc(nulls_last=True) if direction == "ASC" else field.desc(nulls_last=True),
        "pk" if direction == "ASC" else "-pk",
    )
    if statuses:
        rows = with_status(rows, statuses)
    lacking = channels_without_provider(scope.environment.pk)
    page = rows.select_related("environment").prefetch_related("steps")[offset : offset + limit]
    return {
        "workflows": [list_item_json(whole(row, without=lacking)) for row in page],
        "totalCount": rows.count(),
    }
