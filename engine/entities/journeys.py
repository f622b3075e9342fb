"""Journeys: made, found by their addresses."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from engine.entities.models import Journey


def new_address() -> str:
    """A secret address nobody can guess."""
    return secrets.token_urlsafe(24)


def make_journey(
    environment_id: int,
    *,
    key: str,
    name: str,
    form: Mapping[str, Any],
    entity_schema: str = "",
    is_public: bool = False,
    is_enabled: bool = True,
) -> Journey:
    """A new journey with an address of its own."""
    return Journey.objects.create(
        environment_id=environment_id,
        key=key,
        name=name,
        form=dict(form),
        entity_schema=entity_schema,
        is_public=is_public,
        is_enabled=is_enabled,
        secret_path=new_address(),
    )


def find_journey(secret_path: str) -> Journey | None:
    """The enabled journey at an address; None where there is none."""
    journeys = Journey.objects.select_related("environment__organization")
    return journeys.filter(secret_path=secret_path, is_enabled=True).first()
