"""The icons of the sprite as paths of a drawing: a `<use>` of a symbol is three elements to a browser, not one."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Final

SPRITE: Final = Path(__file__).resolve().parents[2] / "templates" / "components" / "icons.html"
_SYMBOL: Final = re.compile(r'<symbol id="icon-([\w-]+)"[^>]*>(?:<path d="([^"]*)"/></symbol>)?')
_COMMAND: Final = re.compile(r"([A-Za-z])([^A-Za-z]*)")
_NUMBER: Final = re.compile(r"-?(?:\d+\.?\d*|\.\d+)")
_AXES: Final = {
    "M": "xy",
    "L": "xy",
    "T": "xy",
    "H": "x",
    "V": "y",
    "C": "xyxyxy",
    "S": "xyxy",
    "Q": "xyxy",
    "A": ".....xy",
}
"""Which numbers of an absolute command are places; those of relative ones are distances."""


@cache
def _paths() -> dict[str, str]:
    return {found[1]: found[2] for found in _SYMBOL.finditer(SPRITE.read_text(encoding="utf-8"))}


def has_icon(name: str) -> bool:
    """Whether the sprite has this icon."""
    return name in _paths()


@cache
def icon_path(name: str, x: float, y: float) -> str:
    """The path data of an icon, 18 by 18, whose left upper corner is at a place; empty for one that is no path.

    The place is in the numbers, not in a `transform`: that would be one more thing to lay out for each icon.
    """
    by = {"x": x, "y": y, ".": 0}
    return "".join(_moved(command, numbers, by) for command, numbers in _COMMAND.findall(_paths().get(name, "")))


def _moved(command: str, numbers: str, by: dict[str, float]) -> str:
    axes = _AXES.get(command)
    if axes is None:
        return f"{command}{numbers}"
    found = _NUMBER.findall(numbers)
    return command + " ".join(f"{float(number) + by[axes[at % len(axes)]]:.6g}" for at, number in enumerate(found))
