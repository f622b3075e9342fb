"""OAuth 2 client credentials against our API keys (RFC 6749, section 4.4).

The client id is the key's prefix (`qd_` and twelve letters, or the letters alone), the client secret the whole key or
the part behind the prefix. The token is signed, not stored: it names the key and what it was given for, and is checked
against the key at each call, so revoking the key ends its tokens.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.core import signing
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from accounts.keys import KEY_SHAPE, find_usable_key
from accounts.models import ApiKey
from accounts.roles import ApiScope, role_for
from accounts.scope import Scope

LIFETIME_SECONDS: Final = 3600
SALT: Final = "dialects.formance.token"
READ: Final = "orchestration:read"
WRITE: Final = "orchestration:write"
NEEDS: Final[Mapping[str, tuple[ApiScope, ...]]] = {
    READ: (ApiScope.FLOWS_READ, ApiScope.INSTANCES_READ),
    WRITE: (ApiScope.FLOWS_WRITE, ApiScope.INSTANCES_WRITE),
    "ledger:read": (ApiScope.INSTANCES_READ,),
    "ledger:write": (ApiScope.INSTANCES_WRITE,),
    "wallets:read": (ApiScope.INSTANCES_READ,),
    "wallets:write": (ApiScope.INSTANCES_WRITE,),
    "payments:read": (ApiScope.INSTANCES_READ,),
    "payments:write": (ApiScope.INSTANCES_WRITE,),
}
"""What our key must be good for, by what a client asks for."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls: our scope, and the scopes of this API that the token carries."""

    scope: Scope
    granted: frozenset[str]


@csrf_exempt
@never_cache
@require_POST
def token(request: HttpRequest) -> JsonResponse:
    """The token endpoint."""
    form = request.POST
    if form.get("grant_type") != "client_credentials":
        return JsonResponse({"error": "unsupported_grant_type"}, status=400)
    client, secret = _credentials(request)
    key = find_client(client, secret)
    if key is None:
        return JsonResponse({"error": "invalid_client"}, status=401, headers={"WWW-Authenticate": "Basic"})
    asked = form.get("scope", "").split()
    granted = [name for name in (asked or NEEDS) if is_allowed(key, name)]
    answer = {"token_type": "Bearer", "expires_in": LIFETIME_SECONDS, "scope": " ".join(granted)}
    return JsonResponse({"access_token": issue(key, granted), **answer}, headers={"Pragma": "no-cache"})


def _credentials(request: HttpRequest) -> tuple[str, str]:
    """From the form, or from HTTP Basic."""
    scheme, _, rest = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "basic" and "client_secret" not in request.POST:
        try:
            client, _, secret = base64.b64decode(rest, validate=True).decode().partition(":")
        except (binascii.Error, ValueError):
            return "", ""
        return client, secret
    return str(request.POST.get("client_id", "")), str(request.POST.get("client_secret", ""))


def find_client(client: str, secret: str) -> ApiKey | None:
    """The usable key of these credentials."""
    prefix = client.removeprefix("qd_")
    plain = secret if KEY_SHAPE.fullmatch(secret) else f"qd_{prefix}_{secret}"
    key = find_usable_key(plain)
    return key if key is not None and key.prefix == prefix else None


def is_allowed(key: ApiKey, name: str) -> bool:
    """Whether a key is good for a scope of this API."""
    needed = NEEDS.get(name)
    return needed is not None and all(scope.value in key.scopes for scope in needed)


def issue(key: ApiKey, granted: list[str]) -> str:
    """A token for a key."""
    return signing.dumps({"key": key.pk, "for": granted}, salt=SALT, compress=False)


def caller_of_token(text: str) -> Caller | None:
    """Who a token belongs to; None when it is unknown, expired, or its key not usable any more."""
    try:
        found: Any = signing.loads(text, salt=SALT, max_age=LIFETIME_SECONDS)
    except signing.BadSignature:
        return None
    keys = ApiKey.objects.usable(timezone.now()).select_related("environment__organization")
    key = keys.filter(pk=found["key"]).first()
    return None if key is None else Caller(scope_of(key), frozenset(found["for"]))


def caller_of_key(plain: str) -> Caller | None:
    """Who a bare API key belongs to: it may do all it is good for."""
    key = find_usable_key(plain) if KEY_SHAPE.fullmatch(plain) else None
    return None if key is None else Caller(scope_of(key), frozenset(name for name in NEEDS if is_allowed(key, name)))


def scope_of(key: ApiKey) -> Scope:
    """The scope a key opens."""
    environment, scopes = key.environment, frozenset(key.scopes)
    return Scope(environment.organization, environment, key, role_for(scopes), scopes)
