"""The answers of a try: what the world says to each task, attempt by attempt."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from designer.graph.model import Json
from designer.graph.trials import ROLLBACK_PREFIX


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer: one of `designer.graph.trials.ANSWER_KEYS`, and its value."""

    kind: str
    value: Json = None


@dataclass(slots=True)
class Answers:
    """By task an answer, or several that are used up in order, the last again and again."""

    given: Mapping[str, Json] = field(default_factory=dict)
    used: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def next(self, task: str, *, is_compensation: bool = False) -> Answer | None:
        """The next answer for a task, or for its compensation; None where nothing was given."""
        key = f"{ROLLBACK_PREFIX}{task}" if is_compensation else task
        found = self.given.get(key)
        if isinstance(found, (list, tuple)):
            if not found:
                return None
            number = min(self.used[key], len(found) - 1)
            self.used[key] += 1
            found = found[number]
        if not isinstance(found, Mapping) or not found:
            return None
        kind, value = next(iter(found.items()))
        return Answer(str(kind), value)
