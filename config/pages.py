"""Django over ASGI, from the first middleware to the view in one thread."""

from __future__ import annotations

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIHandler
from django.http import HttpRequest
from django.http.response import HttpResponseBase


class Pages(ASGIHandler):
    """Our middleware and views are synchronous. Django would go to a thread and back for each of them, some twenty
    times for a page, which takes longer than what they do; here a request goes there once.
    """

    def load_middleware(self, is_async: bool = False) -> None:
        """The chain as under WSGI."""
        super().load_middleware(is_async=False)

    async def get_response_async(self, request: HttpRequest) -> HttpResponseBase:
        """The answer, in the thread of this request."""
        return await sync_to_async(self.get_response, thread_sensitive=True)(request)
