"""Signed addresses for people outside."""

from __future__ import annotations

from typing import Final

from django.core import signing

from engine.entities.models import Entity

PORTAL_SALT: Final = "entities.portal"


def portal_path(entity: Entity) -> str:
    """Where whoever has this address finds what there is to do about an entity."""
    return f"/portal/{token_of(entity)}/"


def token_of(entity: Entity) -> str:
    """What opens the portal of an entity."""
    return signing.dumps([entity.environment_id, entity.key], salt=PORTAL_SALT)


def entity_of(token: str) -> Entity | None:
    """The entity whose portal a token opens; None for one we did not make."""
    try:
        environment, key = signing.loads(token, salt=PORTAL_SALT)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    rows = Entity.objects.select_related("environment__organization")
    return rows.filter(environment_id=environment, key=key).first()
