"""Ids as Novu writes them: 24 hexadecimal digits that begin with the time, and their base-62 form in slugs.

Ours are made of a row's time, what it is, and its number, so no table of ids is needed: seconds (8 digits), kind (2),
number (14). The first byte is that of our century's seconds, 0x40 to 0x99, as base 62 of 16 characters needs it.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime
from enum import IntEnum
from typing import Final

ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
ID: Final = re.compile(r"[0-9a-f]{24}")
SLUG_ID_LENGTH: Final = 16


class IdOf(IntEnum):
    """What an id is of."""

    ORGANIZATION = 1
    ENVIRONMENT = 2
    WORKFLOW = 3
    STEP = 4
    SUBSCRIBER = 5
    NOTIFICATION = 6
    MESSAGE = 7
    TOPIC = 8
    JOB = 9
    DETAIL = 10
    LAYOUT = 11
    USER = 12
    SUBSCRIPTION = 13


def encode_id(what: IdOf, pk: int, created_at: datetime) -> str:
    """The id of a row."""
    return f"{int(created_at.timestamp()):08x}{int(what):02x}{pk:014x}"


def decode_id(text: str, what: IdOf) -> int | None:
    """The number of the row that an id of this kind names; None for anything else."""
    if not ID.fullmatch(text) or int(text[8:10], 16) != int(what):
        return None
    number = int(text[10:], 16)
    return number if number < 2**62 else None


def to_base62(id: str) -> str:
    """The 12 bytes as one big number; each leading zero byte becomes a leading `0`."""
    raw = bytes.fromhex(id)
    number, letters = int.from_bytes(raw, "big"), ""
    while number:
        number, place = divmod(number, 62)
        letters = ALPHABET[place] + letters
    return "0" * (len(raw) - len(raw.lstrip(b"\0"))) + letters


def from_base62(text: str) -> str | None:
    """The 24 digits that a base-62 text stands for; None when it stands for no id."""
    number = 0
    for letter in text:
        place = ALPHABET.find(letter)
        if place < 0:
            return None
        number = number * 62 + place
    zeros = len(text) - len(text.lstrip("0"))
    raw = b"\0" * zeros + number.to_bytes((number.bit_length() + 7) // 8, "big")
    return raw.hex() if len(raw) == 12 else None


def id_or_identifier(text: str) -> str:
    """What a path value names: the id inside of a slug, or the text itself (an id, or an identifier)."""
    if len(text) < SLUG_ID_LENGTH or ID.fullmatch(text):
        return text
    return from_base62(text[-SLUG_ID_LENGTH:]) or text


def slugify(text: str) -> str:
    """`OrderShipped Mail` as `order-shipped-mail`."""
    ascii = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    parted = re.sub(r"([a-z0-9])([A-Z])", r"\1-\2", ascii)
    parted = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1-\2", parted)
    return re.sub(r"[^a-z0-9]+", "-", parted.lower()).strip("-")


def workflow_slug(name: str, id: str) -> str:
    """`parcel-on-its-way_wf_g75yPT8OsAn5RA4v`."""
    return f"{slugify(name)}_wf_{to_base62(id)}"


def step_slug(name: str, id: str) -> str:
    """`inbox-note_stp_g75yV8nJPT4g5gvI`."""
    return f"{slugify(name)}_stp_{to_base62(id)}"
