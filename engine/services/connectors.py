"""Adding, changing and removing connectors. Each is an entry of the audit log, without the secret."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.db import IntegrityError, transaction

from accounts.audit import record
from accounts.scope import Scope
from accounts.sealing import seal
from engine.ledger.models import Connector

SHOWN: Final = ("name", "type", "url", "is_active")


class NameTaken(Exception):
    """Another connector of this environment has this name."""

    def __init__(self) -> None:
        super().__init__(self.__doc__)


def save_connector(
    scope: Scope, connector: Connector | None, values: Mapping[str, Any], *, secret: str | None = None
) -> Connector:
    """Make a connector (None) or change one. `secret`: another one, empty to forget it, None to keep it.

    Raises `NameTaken`.
    """
    if connector is None:
        stored, before = Connector(environment=scope.environment), None
    else:
        stored = Connector.objects.within(scope).get(pk=connector.pk)
        before = _shown(stored)
    for name in SHOWN:
        setattr(stored, name, values[name])
    if secret is not None:
        stored.secret = seal(secret) if secret else ""
    try:
        with transaction.atomic():
            stored.save()
            record(scope, "connector.added" if before is None else "connector.changed", stored, before, _shown(stored))
    except IntegrityError:
        raise NameTaken from None
    return stored


@transaction.atomic
def remove_connector(scope: Scope, connector: Connector) -> None:
    """Forget it and its secret. Transfers that ask for it wait for a person from now on."""
    record(scope, "connector.removed", connector, before=_shown(connector))
    connector.delete()


def _shown(connector: Connector) -> dict[str, Any]:
    return {name: getattr(connector, name) for name in SHOWN} | {"has_secret": bool(connector.secret)}
