"""The feed over HTTP: `/feed/…`, for pages of any origin. Errors are `{error, message}`."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, wraps
from pathlib import Path
from typing import Any, Concatenate, Final, ParamSpec

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from accounts.clean_json import BadJson, clean_json
from engine.notifying.feed import inbox
from engine.notifying.feed.tokens import open_session, subscriber_of
from engine.notifying.models import Subscriber

Arguments = ParamSpec("Arguments")
COMPONENT: Final = Path(settings.BASE_DIR) / "static" / "js" / "feed" / "inbox.js"
MAX_BODY_BYTES: Final = 10_000


def refuse(status: int, error: str, message: str) -> HttpResponse:
    """A refusal that programs and people understand."""
    return JsonResponse({"error": error, "message": message}, status=status)


def open_to_pages(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Let pages of any origin call it. There are no cookies to abuse: whoever asks brings their own token."""

    @csrf_exempt
    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = HttpResponse(status=204) if request.method == "OPTIONS" else view(request, *args, **kwargs)
        response["Access-Control-Allow-Origin"] = "*"
        response["Access-Control-Allow-Headers"] = "Authorization, Content-Type"
        response["Access-Control-Allow-Methods"] = "GET, POST, OPTIONS"
        response["Access-Control-Max-Age"] = "600"
        response["Cross-Origin-Resource-Policy"] = "cross-origin"
        response["Cache-Control"] = response.get("Cache-Control", "no-store")
        return response

    return answer


def for_subscriber(
    view: Callable[Concatenate[HttpRequest, Subscriber, Arguments], HttpResponse],
) -> Callable[..., HttpResponse]:
    """Have the subscriber of the request's token; 401 without a good one."""

    @open_to_pages
    @wraps(view)
    def answer(request: HttpRequest, *args: Arguments.args, **kwargs: Arguments.kwargs) -> HttpResponse:
        scheme, _, token = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
        subscriber = subscriber_of(token.strip()) if scheme.lower() == "bearer" else None
        if subscriber is None:
            return refuse(401, "unauthorized", "Open a session first; the token is missing, forged or too old.")
        return view(request, subscriber, *args, **kwargs)

    return answer


@open_to_pages
def session(request: HttpRequest, org: str, env: str) -> HttpResponse:
    """`POST {subscriberId, subscriberHash}` → `{token, unseen, unread, total}`."""
    if request.method != "POST":
        return refuse(405, "method", "Send a POST.")
    try:
        body = clean_json(request.body, max_bytes=MAX_BODY_BYTES)
    except BadJson as bad:
        return refuse(400, "body", str(bad))
    if not isinstance(body, dict):
        return refuse(400, "body", "The body must be an object with subscriberId and subscriberHash.")
    opened = open_session(org, env, str(body.get("subscriberId") or ""), str(body.get("subscriberHash") or ""))
    if opened is None:
        return refuse(401, "unauthorized", "The hash does not fit the subscriber, or there is no such place.")
    subscriber, token = opened
    return JsonResponse({"token": token, **inbox.counts_of(subscriber)})


@for_subscriber
def messages(request: HttpRequest, subscriber: Subscriber) -> HttpResponse:
    """`GET ?before=&limit=&archived=true&unread=true` → `{items, next, unseen, unread, total}`."""
    try:
        before = int(request.GET["before"]) if request.GET.get("before") else None
        limit = int(request.GET.get("limit") or inbox.PAGE)
    except ValueError:
        return refuse(400, "query", "before and limit must be whole numbers.")
    if not 1 <= limit <= inbox.MOST or not (before is None or 0 < before < 2**62):
        return refuse(400, "query", f"limit must be from 1 to {inbox.MOST}, before the id of a message.")
    archived, unread = request.GET.get("archived") == "true", request.GET.get("unread") == "true"
    rows, following = inbox.page_of(subscriber, before=before, limit=limit, archived=archived, unread=unread)
    counts = inbox.counts_of(subscriber)
    return JsonResponse({"items": [inbox.message_json(row) for row in rows], "next": following, **counts})


@for_subscriber
def count(request: HttpRequest, subscriber: Subscriber) -> HttpResponse:
    """`GET` → `{unseen, unread, total}`."""
    return JsonResponse(inbox.counts_of(subscriber))


@for_subscriber
def mark(request: HttpRequest, subscriber: Subscriber, id: int, how: str) -> HttpResponse:
    """`POST /messages/<id>/<seen|read|unread|archive|unarchive>` → the message and the counts."""
    if request.method != "POST":
        return refuse(405, "method", "Send a POST.")
    try:
        row = inbox.mark(subscriber, id, how)
    except inbox.NoSuchMessage:
        return refuse(404, "not_found", "There is no such message in this inbox.")
    except KeyError:
        return refuse(404, "not_found", "A message can be seen, read, unread, archive or unarchive.")
    return JsonResponse({"message": inbox.message_json(row), **inbox.counts_of(subscriber)})


@for_subscriber
def mark_all(request: HttpRequest, subscriber: Subscriber, how: str) -> HttpResponse:
    """`POST /messages/all/<seen|read|archive>` → how many changed, and the counts."""
    if request.method != "POST":
        return refuse(405, "method", "Send a POST.")
    try:
        number = inbox.mark_all(subscriber, how)
    except KeyError:
        return refuse(404, "not_found", "All messages can be seen, read or archive.")
    return JsonResponse({"changed": number, **inbox.counts_of(subscriber)})


@for_subscriber
def press(request: HttpRequest, subscriber: Subscriber, id: int, button: str) -> HttpResponse:
    """`POST /messages/<id>/actions/<primary|secondary>` → the message and the counts."""
    if request.method != "POST":
        return refuse(405, "method", "Send a POST.")
    try:
        row = inbox.press(subscriber, id, button)
    except inbox.NoSuchMessage:
        return refuse(404, "not_found", "There is no such message in this inbox.")
    except inbox.NoSuchButton:
        return refuse(404, "not_found", "The message has no such button.")
    return JsonResponse({"message": inbox.message_json(row), **inbox.counts_of(subscriber)})


@open_to_pages
def component(request: HttpRequest) -> HttpResponse:
    """The web component, at an address that stays."""
    response = HttpResponse(_component(), content_type="text/javascript; charset=utf-8")
    response["Cache-Control"] = "public, max-age=300"
    return response


@cache
def _component() -> bytes:
    return COMPONENT.read_bytes()
