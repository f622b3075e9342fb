"""Adding, changing and removing connections. Each is an entry of the audit log, without the secret."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.audit import record
from accounts.connections.models import Connection
from accounts.scope import Scope
from accounts.sealing import seal
from accounts.slugs import free_slug

SHOWN_OF_AGENTS = ("key", "name", "base_url", "model", "answer_format")
SHOWN_OF_SERVICES = (
    "key",
    "name",
    "base_url",
    "auth",
    "user_name",
    "header_name",
    "query_name",
    "token_url",
    "token_scope",
)


class KeyTaken(Exception):
    """Another connection of this environment has this short name."""


def add_connection(scope: Scope, *, name: str, key: str = "", secret: str = "", **fields: Any) -> Connection:
    """A new connection; without a `key` one is made of its name. Raises `KeyTaken`."""
    taken = Connection.objects.within(scope).values_list("key", flat=True)
    connection = Connection(
        environment=scope.environment,
        name=name,
        key=key or free_slug(name, taken, fallback="connection"),
        secret=seal(secret) if secret else "",
        **fields,
    )
    _save(scope, connection, "connection.added", None)
    return connection


def change_connection(scope: Scope, connection: Connection, *, secret: str | None = None, **fields: Any) -> None:
    """Change a connection. `secret`: another one, empty to forget it, None to keep it. Raises `KeyTaken`."""
    stored = Connection.objects.within(scope).get(pk=connection.pk)
    before = _shown(stored)
    for name, value in fields.items():
        setattr(stored, name, value)
    if secret is not None:
        stored.secret = seal(secret) if secret else ""
    stored.changed_at = timezone.now()
    _save(scope, stored, "connection.changed", before)


def remove_connection(scope: Scope, connection: Connection) -> None:
    """Forget it and its secret. Tasks that ask it fail from now on, and say so."""
    with transaction.atomic():
        record(scope, "connection.removed", connection, before=_shown(connection))
        connection.delete()


def _save(scope: Scope, connection: Connection, action: str, before: dict[str, Any] | None) -> None:
    try:
        with transaction.atomic():
            connection.save()
            record(scope, action, connection, before, _shown(connection))
    except IntegrityError:
        raise KeyTaken("Another connection of this environment has this short name.") from None


def _shown(connection: Connection) -> dict[str, Any]:
    names = SHOWN_OF_AGENTS if connection.type == Connection.Type.AGENT else SHOWN_OF_SERVICES
    shown = {name: getattr(connection, name) for name in names}
    return {"type": connection.type, **shown, "has_secret": bool(connection.secret)}
