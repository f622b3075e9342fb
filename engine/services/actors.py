"""Who did it, as facts keep it."""

from __future__ import annotations

from accounts.scope import Scope
from designer.graph.model import Json


def actor_of(scope: Scope) -> dict[str, Json]:
    """`{type: user | api_key | system, id, name}`; the name as it is now, so that history stays when accounts go."""
    if scope.user is not None:
        return {"type": "user", "id": scope.user.pk, "name": scope.actor_name}
    if scope.api_key is not None:
        return {"type": "api_key", "id": scope.api_key.pk, "name": scope.actor_name}
    return {"type": "system", "id": None, "name": scope.actor_name}
