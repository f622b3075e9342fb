"""Steps that are found at run time, as the marking keeps them (see `engine.core.programs`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from designer.graph.model import Json

PROGRAM: Final = "program"
"""The kind of a task that is a program."""
DO: Final = "do"
SLEEP: Final = "sleep"
WAIT: Final = "wait"
STEP_KINDS: Final = frozenset({DO, SLEEP, WAIT})
"""Kinds of the steps that programs add."""
FIRST_ITERATION: Final = 1


@dataclass(frozen=True, slots=True)
class AddedStep:
    """A step that a program asked for. `of`: the program's node. `after`: how many outcomes the program had seen."""

    of: int
    kind: str
    name: str
    count: int
    after: int
    settings: Mapping[str, Json]

    def to_json(self) -> list[Json]:
        """As the marking stores it."""
        return [self.of, self.kind, self.name, self.count, self.after, self.settings]


def added_from_json(raw: list[Json]) -> AddedStep:
    """What `AddedStep.to_json` stored."""
    of, kind, name, count, after, settings = raw
    return AddedStep(of, kind, name, count, after, settings)
