"""The symbols of the sprite that a drawing uses, for drawings that stand alone."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Final

SPRITE: Final = Path(__file__).resolve().parents[2] / "templates" / "components" / "icons.html"
_SYMBOL: Final = re.compile(r'<symbol id="icon-([\w-]+)".*?</symbol>', re.DOTALL)


@cache
def _symbols() -> dict[str, str]:
    return {found[1]: found[0] for found in _SYMBOL.finditer(SPRITE.read_text(encoding="utf-8"))}


def has_icon(name: str) -> bool:
    """Whether the sprite has this icon."""
    return name in _symbols()


def symbols_svg(names: Iterable[str]) -> str:
    """The `<symbol>` elements of these icons."""
    return "".join(_symbols()[name] for name in sorted(set(names)) if name in _symbols())
