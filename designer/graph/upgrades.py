"""Older formats of the flow file, brought up to the present one.

`format` counts up whenever a reader of the older format would misread the newer. An upgrade takes a document of one
format and answers one of the next; old files and stored versions are upgraded as they are read, never in place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from designer.graph.model import Json
from designer.graph.problems import FlowFileInvalid, PathProblem
from designer.graph.suggestions import quoted

FORMAT: Final = 1
"""The format that is written."""

_UPGRADES: Final[Mapping[int, Callable[[Mapping[str, Json]], Mapping[str, Json]]]] = {}
"""By the format that is read: what makes the next one of it."""


def upgraded(document: Mapping[str, Json]) -> Mapping[str, Json]:
    """`document` in the present format. Raises `FlowFileInvalid` for a format that is not known."""
    given = document.get("format")
    if type(given) is not int or not 1 <= given <= FORMAT:
        reason = (
            f"Give the format: {FORMAT}." if given is None else f"Format {quoted(given)} is not known; write {FORMAT}."
        )
        raise FlowFileInvalid([PathProblem("format", reason)])
    for step in range(given, FORMAT):
        document = _UPGRADES[step](document)
    return document
