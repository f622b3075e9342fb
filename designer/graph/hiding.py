"""What of an instance's data is passed on but shown nowhere, by its paths (semantics: Data, `sensitive`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from designer.graph.model import Flow
from designer.graph.paths import DataPath
from designer.graph.wording import mapping


@dataclass(frozen=True, slots=True)
class Hidden:
    """`steps`: keys of tasks whose output is hidden; `vars`: names of values that such tasks set; `input`: the whole
    input, because it came out of a hidden output.
    """

    steps: frozenset[str] = frozenset()
    vars: frozenset[str] = frozenset()
    input: bool = False

    def __bool__(self) -> bool:
        return bool(self.steps or self.vars or self.input)

    def covers(self, path: DataPath) -> bool:
        """Whether what a path leads to may hold any of it."""
        root, *rest = path
        if root == "input":
            return self.input
        names = self.steps if root == "steps" else self.vars if root == "vars" else frozenset()
        return bool(names) and (not rest or str(rest[0]) in names)


NOTHING_HIDDEN: Final = Hidden()
MOST_KNOWN: Final = 1_000
_known: dict[int, tuple[Flow, Hidden]] = {}
"""By the flow's identity. Held here, its id is never given to another."""


def hidden_in(flow: Flow | None, *, is_input_hidden: bool = False) -> Hidden:
    """What of an instance of a flow is hidden. Costs nothing when it has been asked before."""
    if flow is None:
        return Hidden(input=is_input_hidden) if is_input_hidden else NOTHING_HIDDEN
    known = _known.get(id(flow))
    if known is None:
        if len(_known) >= MOST_KNOWN:
            _known.clear()
        known = _known[id(flow)] = (flow, _find(flow))
    found = known[1]
    return Hidden(found.steps, found.vars, True) if is_input_hidden else found


def _find(flow: Flow) -> Hidden:
    sensitive = [task for task in flow.tasks.values() if task.settings.get("sensitive") == "output"]
    if not sensitive:
        return NOTHING_HIDDEN
    names: set[str] = set()
    for task in sensitive:
        if task.settings.get("action") == "set_values":
            names.update(mapping(mapping(task.settings.get("inputs")).get("values")))
    return Hidden(frozenset(task.key for task in sensitive), frozenset(names))
