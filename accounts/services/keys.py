"""API keys of an environment: issuing and revoking."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from accounts.audit import record
from accounts.models import ApiKey
from accounts.scope import Scope


@transaction.atomic
def issue_key(scope: Scope, *, name: str, scopes: Collection[str], expires_at: datetime | None) -> tuple[ApiKey, str]:
    """A new key for the scope's environment, and its plain text, which can only be shown now."""
    key, plain = ApiKey.objects.issue(
        environment=scope.environment, name=name, scopes=scopes, expires_at=expires_at, created_by=scope.user
    )
    expiry = expires_at.isoformat() if expires_at else None
    record(scope, "key.issued", key, after={"prefix": key.prefix, "scopes": key.scopes, "expires_at": expiry})
    return key, plain


@transaction.atomic
def revoke_key(scope: Scope, key: ApiKey) -> bool:
    """Make a key useless at once. Tells whether it was usable before."""
    revoked = ApiKey.objects.within(scope).filter(pk=key.pk, revoked_at=None).update(revoked_at=timezone.now())
    if revoked:
        record(scope, "key.revoked", key, before={"prefix": key.prefix})
    return bool(revoked)
