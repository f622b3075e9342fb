"""What the demo's outside world is made of: JSON in, JSON out, the same answer to the same question."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from accounts.clean_json import BadJson, clean_json

Json = Mapping[str, Any]
MAX_BYTES = 64 * 1024
TRIES_KEPT_SECONDS = 3600


class Answer(Exception):
    """An answer that is not 200: the outside world refuses or is busy."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def endpoint(method: str) -> Callable[[Callable[[HttpRequest, Json], Json]], Callable[[HttpRequest], HttpResponse]]:
    """Make a view of `answer(request, body) -> body`: 404 outside demo mode, 4xx for anything but a JSON object."""

    def decorate(answer: Callable[[HttpRequest, Json], Json]) -> Callable[[HttpRequest], HttpResponse]:
        @csrf_exempt
        @wraps(answer)
        def view(request: HttpRequest) -> HttpResponse:
            if not settings.DEMO:
                return JsonResponse({"error": "demo mode is off"}, status=404)
            if request.method != method:
                return HttpResponseNotAllowed([method])
            try:
                return JsonResponse(answer(request, body_of(request)))
            except Answer as refusal:
                return refused(refusal)

        return view

    return decorate


def refused(refusal: Answer) -> JsonResponse:
    """The answer to a call that did not work. It is meant to fail, so the server's log need not call it an error."""
    answer = JsonResponse({"error": refusal.message}, status=refusal.status)
    setattr(answer, "_has_been_logged", True)  # noqa: B010 (how Django itself says so; its types do not know)
    return answer


def body_of(request: HttpRequest) -> Json:
    """The JSON object that was sent; empty for a GET."""
    if request.method == "GET":
        return {}
    try:
        body = clean_json(request.body, max_bytes=MAX_BYTES)
    except BadJson as error:
        raise Answer(400, str(error)) from error
    if not isinstance(body, dict):
        raise Answer(400, "send a JSON object")
    return body


def text_of(body: Json, name: str) -> str:
    """A text of the body. Answers 422 when it is missing or empty."""
    value = body.get(name)
    if not isinstance(value, str | int | float) or isinstance(value, bool) or str(value).strip() == "":
        raise Answer(422, f"{name} is missing")
    return str(value)


def number_from(text: str, *, least: int, most: int) -> int:
    """A number between the bounds that is always the same for the same text."""
    return least + zlib.crc32(text.encode()) % (most - least + 1)


def busy_at_first(request: HttpRequest, about: str, *, times: int) -> None:
    """Answer 503 the first `times` times this call is tried: its `Idempotency-Key` tells the tries of one call."""
    name = f"demo:{request.path}:{request.headers.get('Idempotency-Key', '')}:{zlib.crc32(about.encode())}"
    cache.add(name, 0, TRIES_KEPT_SECONDS)
    tries = cache.incr(name)
    if tries <= times:
        raise Answer(503, f"busy, try again (that was try {tries})")
