"""Preferences as Novu writes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from designer.graph.model import Json

DEFAULT_CHANNELS: Final = ("in_app", "email", "sms", "push", "chat")


def clean_layer(given: Json) -> dict[str, Any] | None:
    """`{all: {enabled, readOnly}, channels}` with what was left out filled in; None stays None."""
    if not isinstance(given, Mapping):
        return None
    everything = given.get("all") if isinstance(given.get("all"), Mapping) else {}
    channels = given.get("channels") if isinstance(given.get("channels"), Mapping) else {}
    return {
        "all": {"enabled": True, "readOnly": False, **(everything or {})},
        "channels": {name: {"enabled": True, **(wish or {})} for name, wish in (channels or {}).items()},
    }


def default_layer() -> dict[str, Any]:
    """Everything is on, and may be turned off."""
    return {
        "all": {"enabled": True, "readOnly": False},
        "channels": {channel: {"enabled": True} for channel in DEFAULT_CHANNELS},
    }


def preferences_json(user: Json, author: Json) -> dict[str, Any]:
    """As a workflow's answer shows them."""
    return {"user": user, "default": author if author is not None else default_layer()}
