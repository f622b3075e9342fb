"""API keys: making, showing once, checking.

A key reads `qd_<prefix>_<secret>`. The prefix finds the row and may be shown; the secret has 256 random bits. One
SHA-256 of it is stored: slow password hashing protects guessable secrets, and nobody guesses 256 bits, while every API
call pays for the check.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Collection
from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING

from django.db import models
from django.utils import timezone

from accounts.beliefs import insist
from accounts.lookups import Lookup
from accounts.roles import ApiScope

if TYPE_CHECKING:
    from accounts.models import ApiKey, Environment, User

KEY_SHAPE = re.compile(r"qd_([0-9a-f]{12})_([A-Za-z0-9_-]{43})")
LAST_USED_PRECISION = timedelta(minutes=1)
UNKNOWN_HASH = hashlib.sha256(b"no such key").hexdigest()


class ApiKeyManager(models.Manager["ApiKey"]):
    """Issues keys."""

    def issue(
        self,
        *,
        environment: Environment,
        name: str,
        scopes: Collection[str] = tuple(ApiScope.values),
        expires_at: datetime | None = None,
        created_by: User | None = None,
    ) -> tuple[ApiKey, str]:
        """A new key and its plain text, which is not kept: this is the only time it can be shown.

        Raises ValueError for a scope that does not exist.
        """
        unknown = sorted(set(scopes) - set(ApiScope.values))
        if unknown:
            raise ValueError(f"no such API scope: {', '.join(unknown)}")
        prefix, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
        key = self.create(
            environment=environment,
            name=name,
            prefix=prefix,
            secret_hash=hash_secret(secret),
            scopes=[scope for scope in ApiScope.values if scope in scopes],
            expires_at=expires_at,
            created_by=created_by,
        )
        return key, f"qd_{prefix}_{secret}"


def hash_secret(secret: str) -> str:
    """SHA-256 of a secret, in hexadecimal."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _is_usable(key: ApiKey, now: datetime) -> bool:
    return key.revoked_at is None and (key.expires_at is None or key.expires_at > now)


@cache
def _by_prefix() -> Lookup[ApiKey]:
    from accounts.models import ApiKey

    rows = ApiKey.objects.select_related("environment__organization").order_by()
    # A moment takes longer to read than a text, and nobody who calls wants to know since when there is what they use.
    rows = rows.defer("created_at", "environment__created_at", "environment__organization__created_at")
    return Lookup(lambda prefix: rows.filter(prefix=prefix), "a prefix", is_kept=True)


def find_usable_key(plain: str, *, now: datetime | None = None) -> ApiKey | None:
    """The key with this plain text, unless unknown, wrong, revoked or expired. Notes its use, at most once a minute."""
    shape = KEY_SHAPE.fullmatch(plain)
    if shape is None:
        return None
    now = now or timezone.now()
    prefix, secret = shape.groups()
    found = _by_prefix().first(prefix)
    key = found if found is not None and _is_usable(found, now) else None
    # An unknown prefix costs the same comparison, so time says nothing about which prefixes exist.
    if not hmac.compare_digest(key.secret_hash if key else UNKNOWN_HASH, hash_secret(secret)) or key is None:
        return None
    note_use(key, now)
    return key


def note_use(key: ApiKey, now: datetime) -> None:
    """Remember when a key was last used, to the minute: a busy key must not cost a write per call."""
    if key.last_used_at is not None and now - key.last_used_at < LAST_USED_PRECISION:
        return
    insist()
    key.last_used_at = now
    key.save(update_fields=["last_used_at"])
