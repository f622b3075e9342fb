"""The audit log: `record(scope, "member.added", membership, after={...})`."""

from __future__ import annotations

from typing import Any

from django.db import models

from accounts.models import AuditEntry
from accounts.scope import Scope


def record(
    scope: Scope,
    action: str,
    subject: models.Model,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> AuditEntry:
    """Write down one change, in the caller's transaction. `before` and `after` are JSON without secrets."""
    return AuditEntry.objects.create(
        organization=scope.organization,
        environment=scope.environment,
        actor_user=scope.user,
        actor_key=scope.api_key,
        actor_name=scope.actor_name[:200],
        action=action,
        subject_type=subject._meta.model_name or "",
        subject_id=str(subject.pk),
        subject_name=str(subject)[:200],
        before=before,
        after=after,
    )
