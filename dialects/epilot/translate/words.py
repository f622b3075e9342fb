"""Names on both sides."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any, Final

from designer.graph.model import TRIGGER, is_key

DIALECT: Final = "epilot"
_VARIABLE: Final = re.compile(r"\{\{\s*entity\.([\w.-]+)\s*\}\}")


def key_of(id: str) -> str:
    """The key that an id of the vendor's has in our flow: itself where it may be one, else a short hash of it."""
    if is_key(id) and id not in (TRIGGER, "none_met"):
        return id
    return f"x{hashlib.sha256(id.encode()).hexdigest()[:15]}"


def name_of(text: str) -> str:
    """A name as ours are: one line of at most 200 characters."""
    return " ".join(text.split())[:200].strip() or "?"


def duration_of(config: Mapping[str, Any]) -> str:
    """`{duration: 2, unit: "hours"}` in our words."""
    amount = config["duration"]
    number = int(amount) if amount == int(amount) else amount
    return f"{number} {config['unit']}"


def template_of(variable: str) -> str:
    """A variable of the vendor's as a template of ours: the entity is the primary one, which may lack the attribute."""
    return _VARIABLE.sub(r"{{ context.primary.\1 | default: '' }}", variable)


def attribute_path(attribute: str, sub_field: str = "") -> str:
    """Where an attribute of the primary entity is found in an instance's data."""
    path = "context.primary"
    for name in (attribute, sub_field):
        for part in name.split(".") if name else ():
            path += f".{part}" if re.fullmatch(r"[^\W\d][\w-]*", part) else f'["{part}"]' if '"' not in part else ""
    return path
