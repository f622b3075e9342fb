"""What is refused before a room sees it (a body over the limit, say), in the shape that the room's clients can read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import orjson

Shape = Callable[[int, str, str], tuple[int, Mapping[str, Any]]]
"""From a status, a reason and the path asked for to the status and the body that the room answers."""
_SHAPES: Final[dict[str, Shape]] = {}


def add_shape(prefix: str, shape: Shape) -> None:
    """Have everything refused below an address answered in this shape. For the `ready` of a room."""
    _SHAPES[prefix] = shape


def refusal_for(path: str, status: int, reason: str) -> tuple[int, bytes] | None:
    """The answer to a request for `path`; None where no room has a shape of its own."""
    for prefix, shape in _SHAPES.items():
        if path.startswith(prefix):
            status, body = shape(status, reason, path)
            return status, orjson.dumps(body)
    return None
