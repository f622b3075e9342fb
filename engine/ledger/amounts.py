"""Money is a whole number of an asset's smallest unit, of any size: `1250` of `EUR/2` is 12.50 EUR."""

from __future__ import annotations

import re
from typing import Any, Final

from django import forms
from django.db import models

from engine.ledger.errors import Invalid

ASSET: Final = re.compile(r"[A-Z][A-Z0-9]{0,16}(?:/(?P<precision>\d{1,6}))?")
ADDRESS: Final = re.compile(r"[a-zA-Z0-9_-]+(?::[a-zA-Z0-9_-]+)*")
LEDGER: Final = re.compile(r"[a-zA-Z0-9_-]{1,63}")
LONGEST_ADDRESS: Final = 500
WORLD: Final = "world"
"""The account that money comes from and goes to: the only one that may go below zero without limit."""
MOST_DIGITS: Final = 400
LARGEST: Final = 10**MOST_DIGITS


class AmountField(models.Field[int, int]):
    """A whole number of any size. Stored as text: no column of all databases holds it exactly."""

    description = "A whole number of any size"

    def db_type(self, connection: Any) -> str:
        """Text, whatever the database."""
        return "text"

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> int | None:
        """The number."""
        return None if value is None else int(value)

    def to_python(self, value: Any) -> int | None:
        """The number, from a form or a fixture."""
        return None if value is None else int(value)

    def get_prep_value(self, value: Any) -> str | None:
        """The number's digits."""
        return None if value is None else str(int(value))

    def formfield(self, **options: Any) -> forms.Field | None:
        """A text field for digits."""
        return forms.RegexField(r"^-?\d{1,400}$", label=options.get("label"), help_text=options.get("help_text", ""))


def check_asset(text: str) -> str:
    """The asset itself. Raises `Invalid`."""
    if not ASSET.fullmatch(text):
        raise Invalid(f"invalid asset '{text[:60]}'")
    return text


def check_address(text: str) -> str:
    """The address itself. Raises `Invalid`."""
    if len(text) > LONGEST_ADDRESS or not ADDRESS.fullmatch(text):
        raise Invalid(f"invalid account address '{text[:60]}'")
    return text


def check_ledger(text: str) -> str:
    """The ledger's name itself. Raises `Invalid`."""
    if not LEDGER.fullmatch(text):
        raise Invalid(f"invalid ledger name '{text[:60]}'")
    return text


def check_amount(value: int) -> int:
    """The amount itself. Raises `Invalid`."""
    if value < 0:
        raise Invalid("negative amount")
    if value >= LARGEST:
        raise Invalid(f"an amount has at most {MOST_DIGITS} digits")
    return value


def shown_amount(amount: int, asset: str) -> str:
    """An amount for people: `1250` of `EUR/2` as `12.50 EUR`."""
    found = ASSET.fullmatch(asset)
    precision = int(found["precision"] or 0) if found else 0
    name = asset.partition("/")[0]
    digits = f"{abs(amount):0{precision + 1}d}" if precision < MOST_DIGITS else str(abs(amount))
    whole, fraction = (digits[:-precision], digits[-precision:]) if 0 < precision < MOST_DIGITS else (digits, "")
    number = f"{int(whole):,}" + (f".{fraction}" if fraction else "")
    return f"{'−' if amount < 0 else ''}{number} {name}"
