"""What was sent to whom: messages with their state, subscribers with what they want, topics with who is in them."""

from __future__ import annotations

from typing import Final

from csp.constants import NONE, SELF, UNSAFE_INLINE
from csp.decorators import csp_replace, csp_update
from django.db.models import Count, Q
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_GET

from accounts.http import HtmxHttpRequest
from accounts.roles import Role
from accounts.scope import Scope, scoped
from engine.display.json_text import json_text
from engine.notifying.models import Channel, Message, Subscriber, Topic, TopicMember
from engine.notifying.sending import HTML
from engine.views.data.listing import page_of, wanted_of

LATEST: Final = 20
LOOKED_AT: Final = {
    **{name: [NONE] for name in ("script-src", "font-src", "connect-src", "manifest-src", "worker-src", "form-action")},
    "style-src": [UNSAFE_INLINE],
    "img-src": ["data:"],
    "frame-ancestors": [SELF],
    "sandbox": True,
}
"""What the body of a message may do while an operator looks at it: it has its own styles. It runs nothing, and nothing
is fetched for it, so that nobody outside learns that somebody looked."""


@require_GET
@scoped(Role.VIEWER)
def messages(request: HtmxHttpRequest, scope: Scope) -> HttpResponse:
    """Messages by channel, status, subscriber and transaction."""
    wanted = wanted_of(request, "channel", "status", "subscriber", "transaction", "flow")
    rows = Message.objects.within(scope).select_related("subscriber", "flow")
    for name, field in (
        ("channel", "channel"),
        ("status", "status"),
        ("subscriber", "subscriber__subscriber_id"),
        ("transaction", "transaction_id"),
        ("flow", "flow_key"),
    ):
        if name in wanted:
            rows = rows.filter(**{field: wanted[name]})
    context = {
        "page": page_of(request, rows, wanted),
        "channels": Channel.choices,
        "statuses": Message.Status.choices,
    }
    return render(request, "engine/data/messages.html", context)


@require_GET
@csp_update({"frame-src": [SELF]})
@scoped(Role.VIEWER)
def message(request: HtmxHttpRequest, scope: Scope, pk: int) -> HttpResponse:
    """One message as it was rendered, what carried it, and what became of it."""
    rows = Message.objects.within(scope).select_related("subscriber", "flow", "instance", "notification")
    found = get_object_or_404(rows, pk=pk)
    beside = Message.objects.none()
    if found.transaction_id:
        beside = Message.objects.within(scope).filter(transaction_id=found.transaction_id, subscriber=found.subscriber)
    context = {
        "message": found,
        "is_html": _is_html(found),
        "content": json_text(found.content),
        "payload": json_text(found.notification.payload if found.notification else None),
        "beside": beside.exclude(pk=found.pk).select_related("subscriber")[:LATEST],
    }
    return render(request, "engine/data/message.html", context)


def _is_html(message: Message) -> bool:
    return message.channel in HTML and "<" in message.body


@require_GET
@csp_replace(LOOKED_AT)
@xframe_options_sameorigin
@scoped(Role.VIEWER)
def message_body(request: HtmxHttpRequest, scope: Scope, pk: int) -> HttpResponse:
    """The body of a message as whoever it was sent to sees it: a page for a frame. A body without markup is a 404."""
    found = get_object_or_404(Message.objects.within(scope), pk=pk)
    if not _is_html(found):
        raise Http404
    return render(request, "engine/data/message_body.html", {"message": found})


@require_GET
@scoped(Role.VIEWER)
def subscribers(request: HtmxHttpRequest, scope: Scope) -> HttpResponse:
    """Subscribers by a part of their id, name or address."""
    wanted = wanted_of(request, "q")
    rows = Subscriber.objects.within(scope)
    if "q" in wanted:
        names = ("subscriber_id", "first_name", "last_name", "email", "phone")
        match = Q()
        for name in names:
            match |= Q(**{f"{name}__icontains": wanted["q"]})
        rows = rows.filter(match)
    return render(request, "engine/data/subscribers.html", {"page": page_of(request, rows, wanted)})


@require_GET
@scoped(Role.VIEWER)
def subscriber(request: HtmxHttpRequest, scope: Scope, pk: int) -> HttpResponse:
    """One: how they are reached, what they want, their topics, their latest messages."""
    found = get_object_or_404(Subscriber.objects.within(scope), pk=pk)
    latest = Message.objects.within(scope).filter(subscriber=found).select_related("flow", "subscriber")
    preferences = found.preferences.select_related("flow").order_by("flow__name", "pk")
    context = {
        "subscriber": found,
        "data": json_text(found.data),
        "channels": json_text(found.channels),
        "topics": found.topics.all()[:LATEST],
        "preferences": preferences[:LATEST],
        "latest": latest[:LATEST],
        "unread": latest.filter(channel=Channel.IN_APP, read_at=None, archived_at=None).order_by().count(),
    }
    return render(request, "engine/data/subscriber.html", context)


@require_GET
@scoped(Role.VIEWER)
def topics(request: HtmxHttpRequest, scope: Scope) -> HttpResponse:
    """Topics with how many are in them."""
    wanted = wanted_of(request, "q")
    rows = Topic.objects.within(scope).annotate(member_count=Count("members"))
    if "q" in wanted:
        rows = rows.filter(Q(key__icontains=wanted["q"]) | Q(name__icontains=wanted["q"]))
    return render(request, "engine/data/topics.html", {"page": page_of(request, rows, wanted)})


@require_GET
@scoped(Role.VIEWER)
def topic(request: HtmxHttpRequest, scope: Scope, pk: int) -> HttpResponse:
    """One, with who is in it."""
    found = get_object_or_404(Topic.objects.within(scope), pk=pk)
    members = TopicMember.objects.filter(topic=found).select_related("subscriber")
    context = {"topic": found, "page": page_of(request, members, {})}
    return render(request, "engine/data/topic.html", context)
