"""Signing in and out."""

from typing import Any

from django.http import HttpRequest, HttpResponse


def locked_out(request: HttpRequest, credentials: dict[str, Any], *_: Any, **__: Any) -> HttpResponse:
    """429 after too many wrong passwords."""
    return HttpResponse("Too many failed sign-ins. Try again in a few minutes.\n", status=429)
