"""What only pages need is left out for programs: sessions, who is signed in, notes for the next page.

An API has no use for any of it, as a key says on each request who calls, and it costs a third of what a request costs
before anything is done. Whoever looks for a session or a signed-in person on such a request finds none: nothing there
may trust a cookie.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final

from csp.constants import HEADER
from csp.middleware import CSPMiddleware
from csp.utils import build_policy
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest, HttpResponseBase
from django_htmx.middleware import HtmxMiddleware

from config.static import StaticFilesMiddleware

PREFIXES: Final = ("/api/v1/", "/hooks/", "/cloudflare/", "/formance/", "/novu/")
NONCE: Final = "_csp_nonce"
OWN_POLICY: Final = frozenset(
    f"_csp_{what}{only_told}" for what in ("exempt", "config", "update", "replace") for only_told in ("", "_ro")
)
"""What a view that wants another policy writes on its answer."""
PAGES: Final = frozenset({"/api/v1/", "/api/v1/reference"})
"""Of these, for people after all."""


def is_for_a_program(request: HttpRequest) -> bool:
    """Whether the answer is no page of ours."""
    path: str = request.path_info
    return path.startswith(PREFIXES) and path not in PAGES


class _PassedByPrograms:
    """Before a middleware of Django's: requests of programs go straight on."""

    get_response: Any

    def __call__(self, request: HttpRequest) -> Any:
        """Through the middleware, or past it."""
        if is_for_a_program(request):
            return self.get_response(request)
        return super().__call__(request)  # type: ignore[misc]  # Django's, which comes next


class Sessions(_PassedByPrograms, SessionMiddleware):
    """Django's sessions."""


class SignedIn(_PassedByPrograms, AuthenticationMiddleware):
    """Django's `request.user`."""


class Notes(_PassedByPrograms, MessageMiddleware):
    """Django's messages."""


class Files(_PassedByPrograms, StaticFilesMiddleware):
    """The collected files."""


class Htmx(_PassedByPrograms, HtmxMiddleware):
    """`request.htmx`."""


class ContentPolicy(CSPMiddleware):
    """What a program is answered has the same policy each time: it is put together once."""

    plain = ""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Set the header."""
        if not is_for_a_program(request) or not OWN_POLICY.isdisjoint(vars(response)) or NONCE in vars(request):
            return super().process_response(request, response)
        if not self.plain:
            self.plain = build_policy(**asdict(self.get_policy_parts(request=request, response=response)))
        response.headers.setdefault(HEADER, self.plain)
        return response
