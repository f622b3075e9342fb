"""Ids on the wire: this API has UUIDs where ours are numbers.

A number is written into the low half of a UUID of version 8 (RFC 9562: the maker's own bits); the high half says of
what. So every flow has its id without a table, and an id that was not made here belongs to nothing. They are no
secret: whoever asks is shown only what their key opens.
"""

from __future__ import annotations

from typing import Final
from uuid import UUID

FLOW: Final = 0x71646C66_6C6F_8077
INSTANCE: Final = 0x71646C69_6E73_8074
TRIGGER: Final = 0x71646C74_7267_8072
_VARIANT: Final = 0b10 << 62


def encode(what: int, number: int) -> str:
    """The UUID of a row. `what` is one of the constants above, `number` its primary key."""
    return str(UUID(int=(what << 64) | _VARIANT | number))


def decode(what: int, text: str) -> int | None:
    """The primary key an id names; None for any other text."""
    value = parse(text)
    if value is None or value.int >> 64 != what or (value.int >> 62) & 0b11 != 0b10:
        return None
    return value.int & ((1 << 62) - 1)


def parse(text: str) -> UUID | None:
    """A UUID in its usual form; None for any other text."""
    if len(text) != 36:
        return None
    try:
        return UUID(text)
    except ValueError:
        return None
