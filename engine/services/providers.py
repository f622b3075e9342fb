"""Providers of channels: what carries messages out; kept by administrators."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.db import transaction

from accounts.audit import record
from accounts.scope import Scope
from accounts.sealing import seal
from designer.services.triggering import new_signing_secret
from engine.notifying.models import Provider

FIELDS: Final = ("channel", "type", "name", "url", "settings", "is_active", "is_primary")


@transaction.atomic
def save_provider(scope: Scope, provider: Provider, values: Mapping[str, Any], *, password: str = "") -> str:
    """Make or change a provider. The first choice of a channel is one: another one steps back.

    Answers the signing secret of a new webhook, which can only be shown now; else nothing.
    """
    is_new = provider.pk is None
    before = None if is_new else {name: getattr(provider, name) for name in FIELDS}
    for name in FIELDS:
        setattr(provider, name, values[name])
    provider.environment = scope.environment
    shown = ""
    if provider.type == Provider.Type.WEBHOOK and not provider.secret:
        shown = new_signing_secret()
        provider.secret = seal(shown)
    elif password:
        provider.secret = seal(password)
    if provider.is_primary and provider.is_active:
        same = Provider.objects.within(scope).filter(channel=provider.channel, is_primary=True)
        same.exclude(pk=provider.pk).update(is_primary=False)
    provider.save()
    after = {name: values[name] for name in FIELDS}
    record(scope, "provider.added" if is_new else "provider.changed", provider, before=before, after=after)
    return shown


@transaction.atomic
def remove_provider(scope: Scope, provider: Provider) -> None:
    """Forget it; a channel without any has the built-in one again."""
    record(scope, "provider.removed", provider, before={"channel": provider.channel, "name": provider.name})
    provider.delete()
