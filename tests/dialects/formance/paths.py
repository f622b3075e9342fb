"""Parts of answers: `data.0.name`; `#` is a length."""

from __future__ import annotations

from typing import Any


def at(value: Any, path: str) -> Any:
    """What is at a path; None where nothing is."""
    for part in path.split("."):
        if part == "#":
            return len(value) if value is not None else None
        if isinstance(value, dict):
            # The TypeScript SDK writes names in its own way: CreateTransaction as createTransaction.
            value = value.get(part, value.get(part[:1].lower() + part[1:]))
        elif isinstance(value, list) and part.isdigit() and int(part) < len(value):
            value = value[int(part)]
        else:
            return None
    return value


def filled(value: Any, saved: dict[str, Any]) -> Any:
    """`value` with every `$name.path` replaced."""
    if isinstance(value, dict):
        return {key: filled(entry, saved) for key, entry in value.items()}
    if isinstance(value, str) and value.startswith("$v"):
        name, _, path = value[1:].partition(".")
        return at(saved.get(name), path)
    return value
