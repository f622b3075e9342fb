"""Who calls: `Authorization: Bearer <API key>` opens the key's one environment."""

from __future__ import annotations

from django.http import HttpRequest

from accounts.roles import ApiScope
from accounts.scope import Scope, authenticate_key
from dialects.shared.problems import Problem

CHALLENGE = {"WWW-Authenticate": 'Bearer realm="Quadrille"'}


def bearer_token(header: str) -> str | None:
    """The token of an `Authorization` header, or None when it carries no bearer token."""
    scheme, _, token = header.partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


def authenticate(request: HttpRequest) -> Scope:
    """The scope the request's key opens. Raises Problem 401."""
    token = bearer_token(request.META.get("HTTP_AUTHORIZATION", ""))
    if token is None:
        raise Problem(401, "Send an API key: `Authorization: Bearer <key>`.", headers=CHALLENGE)
    scope = authenticate_key(token)
    if scope is None:
        raise Problem(401, "This API key is unknown, revoked or expired.", headers=CHALLENGE)
    return scope


def require(scope: Scope, needed: ApiScope) -> None:
    """Raise Problem 403 unless the key was issued for this part of the API."""
    if not scope.may(needed):
        raise Problem(403, f"This API key lacks the scope {needed.value} ({needed.label.lower()}).")
