"""The colours of the look as plain values, for drawings that leave the page: DOT, PNG and SVG files."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Final

STYLES: Final = Path(__file__).resolve().parents[2] / "static" / "css"
_TOKEN: Final = re.compile(r"^\s*--([\w-]+):\s*(?:light-dark\(([^,()]+),([^;]*)\)|([^;]+));", re.MULTILINE)
_USE: Final = re.compile(r"var\(--([\w-]+)\)")
_COMMENT: Final = re.compile(r"/\*.*?\*/", re.DOTALL)

LOOKS: Final = ("light", "dark")


@cache
def tokens(look: str = "light") -> dict[str, str]:
    """The variables of `tokens.css` by name, with their values in the `light` or `dark` theme."""
    text = (STYLES / "tokens.css").read_text(encoding="utf-8")
    return {
        name: ((dark if look == "dark" else light) or plain).strip()
        for name, light, dark, plain in reversed(_TOKEN.findall(text))
    }


def colour(name: str) -> str:
    """The light colour of a variable: `colour("accent")` is `#2f5bd0`."""
    return tokens()[name]


@cache
def standalone_style(look: str = "light") -> str:
    """`graph.css` with every variable replaced by its value: the same look in a file of its own."""
    text = _COMMENT.sub("", (STYLES / "graph.css").read_text(encoding="utf-8"))
    filled = _USE.sub(lambda use: tokens(look)[use[1]], text)
    return re.sub(r"\s+", " ", filled).strip()
