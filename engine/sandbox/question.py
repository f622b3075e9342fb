"""A step that is tried: what it would do, and what it is answered."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from designer.graph.model import Json
from engine.core.ports import Result, StepContext
from engine.sandbox.answers import Answer
from engine.sandbox.examples import example_for


class Source(StrEnum):
    """Where the outcome of a step is from."""

    RUN = "run"
    """It has no outside effect and ran as it will."""
    GIVEN = "given"
    """An answer that was typed in, or belongs to the case."""
    EXAMPLE = "example"
    """Nobody gave an answer: a likely one."""


@dataclass(slots=True)
class Question:
    """One attempt of a step. `sent` is filled in with what would have left, as people may see it."""

    context: StepContext
    answer: Answer | None = None
    read: Sequence[tuple[Json, ...]] = ()
    """What later tasks read of its output, as paths."""
    sent: Json = None
    source: Source = Source.RUN

    def say(self, example: Json) -> Json:
        """The output that the step is answered: the one that was given, else this example."""
        if self.answer is not None and self.answer.kind == "output":
            self.source = Source.GIVEN
            return self.answer.value
        self.source = Source.EXAMPLE
        return example_for(None, self.read) if example == {} else example


Pretender = Callable[[Question], Result]
"""Does what the executor of a kind does, except that nothing leaves: says what would, and takes the answer instead."""
