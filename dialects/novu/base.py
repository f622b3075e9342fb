"""The base of every view of this room: `Authorization: ApiKey …`, the envelope, refusals in Novu's shape."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Final

from django.conf import settings
from django.core.cache import cache
from django.utils.timezone import now
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.roles import ApiScope
from accounts.scope import Scope, authenticate_key
from dialects.novu.errors import PREFIX, NovuError, body_of, error_of
from dialects.novu.idempotency import answer_once
from dialects.novu.ids import environment_id
from dialects.shared.bodies import read_json, refuse_forms
from dialects.shared.views import ApiView

log = logging.getLogger(__name__)
SCHEME: Final = "apikey "


def api_path(request: Any) -> str:
    """The path of a request as Novu names it."""
    return str(request.path).removeprefix(PREFIX)


def authenticate(request: Request) -> Scope:
    """The scope that the request's key opens. Raises `NovuError` 401."""
    header = request.META.get("HTTP_AUTHORIZATION", "")
    if header[: len(SCHEME)].lower() != SCHEME:
        raise NovuError(401, "Unauthorized")
    scope = authenticate_key(header[len(SCHEME) :].strip())
    if scope is None:
        raise NovuError(401, "Unauthorized")
    return scope


def refuse_too_fast(scope: Scope) -> None:
    """Count a request of a key. Raises `NovuError` 429 beyond `NOVU_REQUEST_RATE` in a second (contract 8.15)."""
    most = settings.NOVU_REQUEST_RATE
    if most <= 0 or scope.api_key is None:
        return
    place = f"novu-requests:{scope.api_key.pk}:{int(now().timestamp())}"
    if cache.add(place, 1, timeout=10):
        return
    try:
        count = cache.incr(place)
    except ValueError:  # it has just run out
        return
    if count > most:
        raise NovuError(429, "API rate limit exceeded", headers={"Retry-After": "1"})


class NovuView(ApiView):
    """A view of this room. `needs` says which scope a key must have, by method."""

    schema = None  # described by the vendor, not in our own OpenAPI document
    needs: ClassVar[Mapping[str, ApiScope]] = {}

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Check the key before anything else, then whether it may do this, then whether it asks for its own place."""
        self.scope = authenticate(request)
        refuse_too_fast(self.scope)
        needed = self.needs.get("GET" if request.method == "HEAD" else request.method or "")
        if needed is not None and not self.scope.may(needed):
            raise NovuError(403, f"This API key lacks the scope {needed.value}")
        asked = request.query_params.get("environmentId")
        if asked and asked != environment_id(self.scope.environment):
            raise NovuError(403, "This API key is scoped to a single environment and cannot reach another one")
        refuse_forms(request)

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        """As usual, with the idempotency key around what is changed."""
        return super().dispatch(request, *args, **kwargs)

    def once(self, request: Request, act: Callable[[], Response], *, is_secret: bool = False) -> Response:
        """Answer `act` under the request's idempotency key; refusals are answers too, and kept like them. An answer
        that holds a secret is kept sealed."""

        def answer() -> Response:
            try:
                return act()
            except Exception as error:
                return self.handle_exception(error)

        return answer_once(request, self.scope, answer, is_secret=is_secret)

    def handle_exception(self, exc: Exception) -> Response:
        """Answer in Novu's shape, also for mistakes of ours."""
        refusal = error_of(exc)
        if refusal is None:
            id = str(uuid.uuid4())
            log.exception("error %s at %s", id, self.request.path)
            refusal = NovuError(500, f"Internal server error, contact support with the errorId {id}", errorId=id)
        response = Response(body_of(refusal, api_path(self.request)), status=refusal.status, headers=refusal.headers)
        response.exception = True
        return response

    def body(self, request: Request) -> dict[str, Any]:
        """The JSON object in the body; an empty body counts as `{}`. Raises `NovuError` 400."""
        found = read_json(request) if request.body else {}
        if not isinstance(found, dict):
            raise NovuError(400, ["The body must be an object"])
        return found


def enveloped(data: Any, status: int = 200) -> Response:
    """`{data: …}`."""
    return Response({"data": data}, status=status)


class NoSuchPath(NovuView):
    """Everything that is not there."""

    def answer(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """404 in Novu's shape."""
        raise NovuError(404, f"Cannot {request.method} {api_path(request)}")

    get = post = put = patch = delete = answer
