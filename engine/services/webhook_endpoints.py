"""Endpoints of webhooks: made, changed, given another secret, removed; by administrators."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone

from accounts.audit import record
from accounts.scope import Scope
from accounts.sealing import seal
from designer.services.triggering import new_signing_secret
from engine.outbox.models import Delivery, Endpoint


@transaction.atomic
def add_endpoint(scope: Scope, *, name: str, url: str, types: Sequence[str]) -> tuple[Endpoint, str]:
    """A new endpoint and its signing secret, which can only be shown now."""
    secret = new_signing_secret()
    made = Endpoint.objects.create(
        environment=scope.environment, name=name, url=url, types=list(types), secret=seal(secret)
    )
    record(scope, "webhook.added", made, after={"url": url, "types": list(types)})
    return made, secret


@transaction.atomic
def change_endpoint(
    scope: Scope, endpoint: Endpoint, *, name: str, url: str, types: Sequence[str], is_active: bool
) -> None:
    """Change what it is told, or whether. What is on its way to it goes to the new address."""
    before = {"url": endpoint.url, "types": endpoint.types, "is_active": endpoint.is_active}
    endpoint.name, endpoint.url, endpoint.types = name, url, list(types)
    endpoint.is_active, endpoint.note = is_active, ""
    endpoint.save(update_fields=["name", "url", "types", "is_active", "note"])
    after = {"url": url, "types": list(types), "is_active": is_active}
    record(scope, "webhook.changed", endpoint, before=before, after=after)


@transaction.atomic
def renew_secret(scope: Scope, endpoint: Endpoint) -> str:
    """Another signing secret, which can only be shown now."""
    secret = new_signing_secret()
    endpoint.secret = seal(secret)
    endpoint.save(update_fields=["secret"])
    record(scope, "webhook.secret_renewed", endpoint)
    return secret


@transaction.atomic
def remove_endpoint(scope: Scope, endpoint: Endpoint) -> None:
    """Tell it nothing more, and forget what it was told."""
    record(scope, "webhook.removed", endpoint, before={"url": endpoint.url})
    endpoint.delete()


@transaction.atomic
def deliver_again(scope: Scope, delivery: Delivery) -> bool:
    """Try one that was given up once more. Answers whether it was."""
    rows = Delivery.objects.filter(pk=delivery.pk, status=Delivery.Status.FAILED)
    again = rows.update(status=Delivery.Status.PENDING, tries=0, next_at=timezone.now(), ended_at=None)
    if again:
        record(scope, "webhook.delivered_again", delivery.endpoint, after={"message": delivery.message.key})
    return bool(again)
