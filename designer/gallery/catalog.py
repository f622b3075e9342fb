"""The templates that come with Quadrille, read once per process."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Final

from designer.graph.codec import decode_flow
from designer.graph.kinds import kind_of
from designer.graph.loading import load_text
from designer.graph.model import Flow, Json

FOLDER: Final = Path(__file__).parent / "templates"
MOST_KINDS: Final = 4


@dataclass(frozen=True)
class Template:
    """One template: its flow, and the flow file's document for importing it."""

    flow: Flow
    document: Json

    @property
    def key(self) -> str:
        """Its key, which is also the name of its file."""
        return self.flow.key

    @property
    def sample_input(self) -> Json:
        """What it can be tried with."""
        return self.document.get("sample_input")

    @cached_property
    def kinds(self) -> list[tuple[str, int]]:
        """Which kinds of task it shows and how many of each, the most frequent first: `[("Manual task", 4), …]`."""
        return Counter(kind_of(task).label for task in self.flow.tasks.values()).most_common(MOST_KINDS)

    @cached_property
    def _searched(self) -> str:
        names = (task.name for task in self.flow.tasks.values())
        flow = self.flow
        return " ".join((flow.name, flow.description, *flow.tags, *names)).casefold()

    def has(self, words: Sequence[str]) -> bool:
        """Whether every word occurs in its name, description, tags or the names of its tasks."""
        return all(word.casefold() in self._searched for word in words)


@cache
def templates() -> tuple[Template, ...]:
    """All of them by name."""
    found = (_read(path) for path in FOLDER.glob("*.yaml"))
    return tuple(sorted(found, key=lambda template: template.flow.name))


def template_of(key: str) -> Template | None:
    """The template of this key, or None."""
    return next((template for template in templates() if template.key == key), None)


def tags() -> tuple[str, ...]:
    """Every tag that a template bears."""
    return tuple(sorted({tag for template in templates() for tag in template.flow.tags}))


def _read(path: Path) -> Template:
    document = load_text(path.read_text(encoding="utf-8"), name=path.name)
    return Template(decode_flow(document), document)
