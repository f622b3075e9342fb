"""A label or a junction."""

from __future__ import annotations

from typing import Final

from designer.graph.kinds.kind import Group, Kind
from designer.graph.kinds.shared import REQUIREMENTS
from designer.graph.model import Join, Task

_WORDS: Final = {
    Join.ALL: "",
    Join.ANY: "goes on with the first",
    Join.RACE: "goes on with the fastest",
    Join.ALL_SETTLED: "waits for all, failed or not",
}


def summarize(task: Task) -> str:
    """What its join does, if that is not the usual."""
    return _WORDS[task.join]


KIND: Final = Kind(
    key="noop",
    label="Junction",
    description="Does nothing: a label, or a place where branches meet.",
    group=Group.STRUCTURE,
    icon="junction",
    colour="plain",
    summary=summarize,
    fields=(REQUIREMENTS,),
)
