"""A page whose head is sent before its body is drawn: the browser fetches styles and scripts meanwhile."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Mapping
from typing import Any

from asgiref.sync import sync_to_async
from django.contrib.messages import get_messages
from django.core.handlers.asgi import ASGIRequest
from django.core.signals import got_request_exception
from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.template.loader import render_to_string

logger = logging.getLogger("django.request")

BROKEN = "broken_body.html"


def render_head_first(request: HttpRequest, template: str, context: Mapping[str, Any]) -> HttpResponseBase:
    """A page that extends `base.html`, in two pieces over ASGI and in one otherwise; byte by byte the same.

    What decides about the status must have been done. Where drawing the body fails, that is told in its place and
    logged like any failure of a page, but the status has been sent by then: 200.
    """
    if not isinstance(request, ASGIRequest):
        return render(request, template, context)
    get_token(request)  # its cookie has to go with the head
    list(get_messages(request))  # these count as shown from now on; the body still has them
    head = render_to_string(template, {**context, "piece": "head"}, request)

    def body() -> str:
        try:
            return render_to_string(template, {**context, "piece": "body"}, request)
        except Exception:
            logger.exception("Internal Server Error: %s", request.path, extra={"status_code": 500, "request": request})
            got_request_exception.send(sender=None, request=request)
            return render_to_string(BROKEN)

    async def pieces() -> AsyncIterator[str]:
        yield head
        yield await sync_to_async(body)()

    return StreamingHttpResponse(pieces())
