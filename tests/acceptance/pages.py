"""The pages of the console, for stories that visit all of them."""

from __future__ import annotations

from typing import Final

PLACE: Final = "/o/demo/development"
