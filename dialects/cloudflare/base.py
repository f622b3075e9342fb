"""The base of this dialect's views: who calls, which account, and the vendor's envelope around every answer."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from django.db import DatabaseError
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.roles import ApiScope
from accounts.scope import Scope, authenticate_key
from dialects.cloudflare.errors import error_of, forbidden, internal, unauthenticated
from dialects.cloudflare.translate import account_id_of
from dialects.shared.auth import bearer_token
from dialects.shared.rendering import JsonRenderer

log = logging.getLogger(__name__)


class CloudflareView(APIView):
    """A view of this dialect. `needs`: the scope a key must have, by method."""

    authentication_classes = []
    permission_classes = []
    parser_classes = []
    renderer_classes = [JsonRenderer]
    schema = None  # described by the vendor, not in our own OpenAPI document
    needs: ClassVar[Mapping[str, ApiScope]] = {}
    scope: Scope

    def perform_content_negotiation(self, request: Request, force: bool = False) -> tuple[BaseRenderer, str]:
        """JSON, always."""
        renderers: Sequence[BaseRenderer] = self.get_renderers()
        return renderers[0], renderers[0].media_type

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Check the credential, the account and the scope before anything else is looked at."""
        super().initial(request, *args, **kwargs)
        self.scope = authenticate(request)
        if kwargs.get("account") not in account_ids_of(self.scope):
            raise forbidden()
        needed = self.needs.get("GET" if request.method == "HEAD" else request.method or "")
        if needed is not None and not self.scope.may(needed):
            raise forbidden()

    def handle_exception(self, exc: Exception) -> Response:
        """Answer what we know in the vendor's shape; a mistake of ours is logged and answered as 10001."""
        refusal = error_of(exc)
        if refusal is None:
            refusal = internal()
        if refusal.code == 10001 or isinstance(exc, DatabaseError):
            log.exception("%s %s broke", self.request.method, self.request.path, exc_info=exc)
        response = Response(refusal.to_json(), status=refusal.status, headers=refusal.headers)
        response.exception = True
        return response


def authenticate(request: Request) -> Scope:
    """The scope that the request's credential opens. Any complete scheme will do. Raises 401."""
    for plain in _credentials(request):
        scope = authenticate_key(plain)
        if scope is not None:
            return scope
    raise unauthenticated()


def _credentials(request: Request) -> list[str]:
    """What may be one of our keys: an API token, an API key beside an email address, a user service key."""
    headers = request.headers
    found = [bearer_token(headers.get("Authorization", ""))]
    if headers.get("X-Auth-Email"):
        found.append(headers.get("X-Auth-Key"))
    found.append(headers.get("X-Auth-User-Service-Key"))
    return [text.strip() for text in found if text]


def account_ids_of(scope: Scope) -> frozenset[str]:
    """The account ids of a key's environment: 32 hexadecimal digits, or `<organization>.<environment>` (slugs)."""
    organization, environment = scope.organization.slug, scope.environment.slug
    return frozenset({account_id_of(organization, environment), f"{organization}.{environment}"})


def answer(result: Any, *, info: Mapping[str, Any] | None = None) -> Response:
    """A success; always 200."""
    body: dict[str, Any] = {"success": True, "errors": [], "messages": [], "result": result}
    if info is not None:
        body["result_info"] = dict(info)
    return Response(body)
