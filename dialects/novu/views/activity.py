"""`/v1/notifications`, `/v1/messages`: what became of triggers, and what was said."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from django.db.models import Q
from django.http import QueryDict
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.roles import ApiScope
from dialects.novu import validation
from dialects.novu.activity import activities_json, message_json
from dialects.novu.base import NovuView, enveloped
from dialects.novu.errors import not_found
from dialects.novu.ids import message_id, notification_id
from dialects.novu.models import Workflow
from dialects.novu.translate.forms import CHANNEL_TYPES
from dialects.novu.translate.ids import IdOf, decode_id
from engine.notifying.models import Message, Notification

READ: Final = ApiScope.INSTANCES_READ
WRITE: Final = ApiScope.INSTANCES_WRITE
SEVERITIES: Final = ("high", "medium", "low", "none")


def paged(query: QueryDict, problems: list[str]) -> tuple[int, int]:
    """`page` from 0, and `limit`."""
    page = validation.whole(query, "page", default=0, least=0, most=None, problems=problems)
    limit = validation.whole(query, "limit", default=10, least=1, most=validation.MOST_LISTED, problems=problems)
    return page, limit


class Notifications(NovuView):
    """`/v1/notifications`"""

    needs = {"GET": READ}

    def get(self, request: Request) -> Response:
        """A page of activities, newest first; bare, as it has keys beside `data`."""
        query = request.query_params
        problems: list[str] = []
        page, limit = paged(query, problems)
        rows = self._filtered(query, problems)
        validation.refuse(problems)
        found = list(rows[page * limit : (page + 1) * limit + 1])
        body = {"data": activities_json(found[:limit]), "hasMore": len(found) > limit, "page": page, "pageSize": limit}
        return Response(body)

    def _filtered(self, query: QueryDict, problems: list[str]) -> Any:
        rows = Notification.objects.within(self.scope).select_related(
            "subscriber", "instance", "environment__organization"
        )
        subscribers = validation.several(query, "subscriberIds", None, problems=problems)
        emails = validation.several(query, "emails", None, problems=problems)
        channels = validation.several(query, "channels", None, problems=problems)
        templates = validation.several(query, "templates", None, problems=problems)
        severities = validation.several(query, "severity", SEVERITIES, problems=problems)
        if query.get("transactionId"):
            rows = rows.filter(transaction_id__in=query.getlist("transactionId"))
        if subscribers:
            rows = rows.filter(subscriber__subscriber_id__in=subscribers)
        if emails:
            rows = rows.filter(subscriber__email__in=emails)
        if channels:
            rows = rows.filter(messages__channel__in=channels).distinct()
        if templates:
            pks = [decode_id(text, IdOf.WORKFLOW) or 0 for text in templates]
            flows = Workflow.objects.filter(environment=self.scope.environment).filter(
                Q(pk__in=pks) | Q(identifier__in=templates)
            )
            rows = rows.filter(flow__in=flows.values("flow"))
        if severities:
            rows = rows.filter(severity__in=severities)
        if query.get("search"):
            text = query["search"][:200]
            rows = rows.filter(
                Q(transaction_id__icontains=text)
                | Q(subscriber__subscriber_id__icontains=text)
                | Q(subscriber__email__icontains=text)
            )
        for name, lookup in (("after", "created_at__gte"), ("before", "created_at__lte")):
            if query.get(name):
                try:
                    moment = datetime.fromisoformat(str(query[name]))
                    moment = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
                except (ValueError, OverflowError):  # overflow: an offset that leads out of the calendar
                    problems.append(f"{name} must be a valid ISO 8601 date string")
                    continue
                rows = rows.filter(**{lookup: moment})
        return rows


class OneNotification(NovuView):
    """`/v1/notifications/{notificationId}`"""

    needs = {"GET": READ}

    def get(self, request: Request, notification: str) -> Response:
        """One activity."""
        rows = Notification.objects.within(self.scope).select_related(
            "subscriber", "instance", "environment__organization"
        )
        pk = decode_id(notification, IdOf.NOTIFICATION)
        found = rows.filter(pk=pk).first() if pk is not None else None
        if found is None or notification_id(found) != notification:
            raise not_found("Notification", notificationId=notification)
        return enveloped(activities_json([found])[0])


class Messages(NovuView):
    """`/v1/messages`"""

    needs = {"GET": READ}

    def get(self, request: Request) -> Response:
        """A page of messages, newest first; bare."""
        query = request.query_params
        problems: list[str] = []
        page, limit = paged(query, problems)
        channel = validation.chosen(query, "channel", CHANNEL_TYPES, default="", problems=problems)
        transactions = validation.several(query, "transactionId", None, problems=problems)
        validation.refuse(problems)
        rows = Message.objects.within(self.scope).select_related("subscriber", "notification", "flow__novu_workflow")
        if channel:
            rows = rows.filter(channel=channel)
        if query.get("subscriberId"):
            rows = rows.filter(subscriber__subscriber_id=query["subscriberId"])
        if transactions:
            rows = rows.filter(transaction_id__in=transactions)
        total = rows.count()
        found = rows[page * limit : (page + 1) * limit]
        data = [message_json(row, self.scope.environment, _identifier(row)) for row in found]
        more = total > (page + 1) * limit
        return Response({"data": data, "hasMore": more, "page": page, "pageSize": limit, "totalCount": total})


def _identifier(row: Message) -> str:
    workflow = getattr(row.flow, "novu_workflow", None) if row.flow is not None else None
    return workflow.identifier if workflow is not None else row.flow_key


class OneMessage(NovuView):
    """`/v1/messages/{messageId}`"""

    needs = {"DELETE": WRITE}

    def delete(self, request: Request, message: str) -> Response:
        """Forget a message."""
        pk = decode_id(message, IdOf.MESSAGE)
        found = Message.objects.within(self.scope).filter(pk=pk).first() if pk is not None else None
        if found is None or message_id(found) != message:
            raise not_found("Message", messageId=message)
        found.delete()
        return enveloped({"acknowledged": True, "status": "deleted"})
