"""What views share: the request type, and one URL that serves a page or a part of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django_htmx.middleware import HtmxDetails

if TYPE_CHECKING:
    from accounts.scope import Scope


class HtmxHttpRequest(HttpRequest):
    """A request as our middleware leaves it."""

    htmx: HtmxDetails
    console_scope: Scope | None  # set by `@scoped`, for the shell around every console page


def sent(request: HttpRequest) -> QueryDict | None:
    """What a form was sent with; None when it is only to be shown. An empty form that was sent is bound and refused."""
    return request.POST if request.method == "POST" else None


def render_part(
    request: HtmxHttpRequest,
    template: str,
    *,
    part: str,
    context: Mapping[str, Any] | None = None,
    status: int = 200,
) -> HttpResponse:
    """The whole page; or, when htmx asked, only the named `{% partialdef %}` of it.

    A boosted link or a history restore gets the page: it replaces the whole body.
    """
    wants_part = request.htmx and not request.htmx.boosted and not request.htmx.history_restore_request
    name = f"{template}#{part}" if wants_part else template
    response = render(request, name, context, status=status)
    # The same address answers in two shapes: no cache may mix them up.
    response.headers["Vary"] = ", ".join(filter(None, [response.headers.get("Vary"), "HX-Request"]))
    return response
