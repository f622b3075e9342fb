"""What is wrong with a document, and where."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PathProblem:
    """`path` as `tasks[2].settings.retries` (empty: the whole document); `message` is a sentence for people."""

    path: str
    message: str


class FlowFileInvalid(ValueError):
    """The document is no flow. `problems` holds everything found, at least one, at most `MOST_PROBLEMS`."""

    def __init__(self, problems: Iterable[PathProblem]) -> None:
        self.problems = tuple(problems)
        first = self.problems[0]
        more = f" (and {len(self.problems) - 1} more)" if len(self.problems) > 1 else ""
        super().__init__(f"{first.path}: {first.message}{more}" if first.path else f"{first.message}{more}")


MOST_PROBLEMS = 100


def path_text(path: Sequence[str | int]) -> str:
    """`("settings", "values", 2)` as `settings.values[2]`."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else str(step)
    return text
