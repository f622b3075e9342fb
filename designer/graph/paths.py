"""Where a value is found in an instance's data: `input.order.items[0].total`.

A path is written with dots, or brackets for list positions and for keys that are no plain words:
`steps["my task"].output`, `items[0]`, `items[-1]`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from enum import Enum
from functools import lru_cache
from typing import Final

from designer.graph.model import Json

DataPath = tuple[str | int, ...]

_STEP: Final = re.compile(
    r"""(?:^|\.)(?P<word>[^\W\d][\w-]*\??|\d[\w-]*)"""
    r"""|\[(?P<index>-?\d{1,9})\]"""
    r"""|\[(?P<quote>["'])(?P<key>.*?)(?P=quote)\]""",
    re.DOTALL,
)
_LONE: Final = re.compile(r"\{\{-?\s*(?P<path>[^{}|]+?)\s*-?\}\}")
LONGEST_PATH: Final = 1000


class Missing(Enum):
    """The one value that stands for "there is nothing there" (JSON's null is something)."""

    MISSING = "missing"


MISSING: Final = Missing.MISSING


@lru_cache(maxsize=8192)
def parse_path(text: str) -> DataPath | None:
    """The path that `text` writes, or None when it writes none."""
    if len(text) > LONGEST_PATH:
        return None
    steps: list[str | int] = []
    at = 0
    while at < len(text):
        found = _STEP.match(text, at)
        if found is None or found.end() == at:
            return None
        steps.append(_step(found))
        at = found.end()
    return tuple(steps) if steps and isinstance(steps[0], str) else None


def _step(found: re.Match[str]) -> str | int:
    if found["index"] is not None:
        return int(found["index"])
    if found["word"] is not None:
        return int(found["word"]) if found["word"].isdecimal() and found["word"].isascii() else found["word"]
    return found["key"]


def written(path: Sequence[str | int]) -> str:
    """The text of a path: the inverse of `parse_path`."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif re.fullmatch(r"[^\W\d][\w-]*", step):
            text += f".{step}" if text else step
        else:
            text += f"[{_quoted(step)}]"
    return text


def _quoted(key: str) -> str:
    return f"'{key}'" if '"' in key else f'"{key}"'


def lone_reference(text: str) -> str | None:
    """The path text of a value that is one lone `{{ reference }}` without filters, or None."""
    found = _LONE.fullmatch(text.strip())
    return found["path"] if found else None


def resolve(path: DataPath | str, data: Json) -> Json | Missing:
    """The value at `path` in `data`, or `MISSING`. A negative position counts from the end of a list."""
    steps = parse_path(path) if isinstance(path, str) else path
    if steps is None:
        return MISSING
    here = data
    for step in steps:
        if isinstance(here, Mapping):
            key = step if step in here else str(step)
            if key not in here:
                return MISSING
            here = here[key]
        elif isinstance(here, (list, tuple)) and isinstance(step, int) and -len(here) <= step < len(here):
            here = here[step]
        else:
            return MISSING
    return here


def resolve_each(path: DataPath | str, data: Json) -> Json | Missing:
    """As `resolve`, but a word that is asked of a list is asked of each of its entries: one list of what they have."""
    steps = parse_path(path) if isinstance(path, str) else path
    here = MISSING if steps is None else data
    for place, step in enumerate(steps or ()):
        if isinstance(here, (list, tuple)) and isinstance(step, str):
            each = [resolve_each((steps or ())[place:], entry) for entry in here]
            many = [value if isinstance(value, (list, tuple)) else [value] for value in each if value is not MISSING]
            return [value for values in many for value in values] or MISSING
        here = resolve((step,), here)
        if here is MISSING:
            break
    return here
