"""How the engine's pages answer: done, refused, or in need of another try."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TypeVar

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect

from accounts.http import HtmxHttpRequest
from engine.services.errors import InvalidInput, NotLegalNow

Result = TypeVar("Result")


def done(request: HtmxHttpRequest, text: str, *, to: str, undone: bool = False) -> HttpResponse:
    """It is done. htmx: a toast, dialogs close, live parts catch up. Without script: back to `to` with a message."""
    if request.htmx:
        triggers = {"toast": {"text": text, "kind": "success"}, "live-sync": {}, "close-dialogs": {}}
        return HttpResponse(status=204, headers={"HX-Trigger": json.dumps(triggers)})
    messages.success(request, text)
    return HttpResponseRedirect(to)


def refused(request: HtmxHttpRequest, reason: str, *, to: str, status: int = 409) -> HttpResponse:
    """It is not legal now. htmx: a toast, dialogs stay as they were filled in. Without script: back with the reason."""
    if request.htmx:
        return HttpResponse(reason, status=status, content_type="text/plain; charset=utf-8")
    if "text/html" in request.headers.get("Accept", ""):
        messages.error(request, reason)
        return HttpResponseRedirect(to)
    return HttpResponse(reason, status=status, content_type="text/plain; charset=utf-8")


def attempt(act: Callable[[], Result]) -> tuple[Result | None, str | None, tuple[tuple[str, str], ...]]:
    """What `act` answered, or why it was refused, or the problems of what it was given."""
    try:
        return act(), None, ()
    except NotLegalNow as not_legal:
        return None, str(not_legal), ()
    except InvalidInput as invalid:
        return None, None, tuple((str(path), str(message)) for path, message in invalid.problems)


def problems_text(problems: Any) -> str:
    """Problems in one line, for a place without fields."""
    return "; ".join(f"{path}: {message}" if path else message for path, message in problems)
