"""JSON for people: indented, `[REDACTED]` where it must not be seen, cut where it would drown the page."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

REDACTED: Final = "[REDACTED]"
LONGEST_SHOWN: Final = 20_000


@dataclass(frozen=True, slots=True)
class JsonText:
    """A value as text. `cut` is how many characters were left out."""

    text: str
    cut: int = 0

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing worth showing."""
        return self.text in ("null", "{}", "[]", '""')


NOTHING: Final = JsonText("null")


def json_text(value: Any, *, is_sensitive: bool = False) -> JsonText:
    """`value` as indented JSON of at most 20,000 characters; a sensitive one is only named."""
    if value is None:
        return NOTHING
    if is_sensitive:
        return JsonText(REDACTED)
    text = json.dumps(value, indent=2, ensure_ascii=False, default=str)
    if len(text) <= LONGEST_SHOWN:
        return JsonText(text)
    return JsonText(text[:LONGEST_SHOWN], len(text) - LONGEST_SHOWN)
