"""Flows drawn in a line, for tests.

    draw("trigger -> fetch -> decide; decide -yes-> ship,label -> done[any]; fetch -!-> mend")

A drawing is statements separated by `;` or line ends; a statement is nodes joined by arrows, with spaces in between:

| written | means |
|---|---|
| `a -> b` | a normal edge |
| `a -!-> b` | an error edge |
| `a -yes-> b` | the branch `yes` of the decision `a`; `none_met` is the branch taken when no condition is met |
| `a,b -> c,d` | an edge from each to each |
| `c[any]` | the join of `c`: `all` (default), `any`, `race`, `all_settled`; `c[any,keep]` does not cancel the rest |
| `a` alone | a task without edges |
| `trigger -> a`, `phase:pay -> b`, `a -> phase:pay` | edges of the trigger and of phases |

A task with an outgoing branch is a decision whose condition `yes` is met when `input.yes` is true; any other task is an
automation that sets no values. Tasks stand in the flow in the order in which they are first named.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from designer.graph.model import (
    NONE_MET,
    TRIGGER,
    Condition,
    Edge,
    Flow,
    Join,
    Json,
    On,
    Phase,
    Requirement,
    Statement,
    Task,
    phase_of_ref,
    phase_ref,
)

_ARROW = re.compile(r"-(?:(?P<branch>[\w]+|!)-)?>")
_NODE = re.compile(r"(?P<ref>[\w:-]+)(?:\[(?P<join>\w+)(?P<keep>,keep)?\])?")

DEFAULT_SETTINGS: Mapping[str, Mapping[str, Json]] = {
    "automation": {"action": "set_values", "inputs": {"values": {}}},
    "delay": {"for": "1 hour"},
    "wait_event": {"event_type": "go"},
}
"""What a drawn task of a kind is set to, so that a drawing has no missing settings."""


def draw(
    text: str,
    *,
    kinds: Mapping[str, str] | None = None,
    settings: Mapping[str, Mapping[str, Json]] | None = None,
    loops: Mapping[str, tuple[str, str, int]] | None = None,
    phases: Mapping[str, str] | None = None,
    requires: Mapping[str, str] | None = None,
    key: str = "drawn",
    **flow_fields: Any,
) -> Flow:
    """The flow that `text` draws.

    `kinds`: kind by task. `settings`: laid over the defaults of the kind (`conditions` in flow-file form not included).
    `loops`: by decision `(branch, exit, max_iterations)`. `phases`: by phase key its tasks, separated by spaces.
    `requires`: by task or `phase:KEY` the node references it requires, separated by spaces.
    """
    reader = _Reader()
    for statement in re.split(r"[;\n]", text):
        reader.read(statement.split())
    drawn_phases = {name: tasks.split() for name, tasks in (phases or {}).items()}
    phase_of_task = {task: name for name, tasks in drawn_phases.items() for task in tasks}
    for task in phase_of_task:
        reader.nodes.setdefault(task, Join.ALL)
    required = {ref: refs.split() for ref, refs in (requires or {}).items()}
    tasks = {}
    for name, join in reader.nodes.items():
        branches = list(reader.branches.get(name, ()))
        kind = (kinds or {}).get(name) or ("decision" if branches or name in (loops or {}) else "automation")
        own = dict(DEFAULT_SETTINGS.get(kind, {})) | dict((settings or {}).get(name, {}))
        if name in (loops or {}):
            branch, leave, most = (loops or {})[name]
            own["loop"] = {"branch": branch, "exit": leave, "max_iterations": most}
            branches = list(dict.fromkeys([*branches, *(b for b in (branch, leave) if b != NONE_MET)]))
        if name in required:
            own["requirements"] = [_requirement(ref) for ref in required[name]]
        tasks[name] = Task(
            key=name,
            name=name,
            kind=kind,
            phase=phase_of_task.get(name),
            settings=own,
            conditions=tuple(condition(branch) for branch in branches) if kind == "decision" else (),
            join=join,
            cancel_rest=name not in reader.keeps,
        )
    return Flow(
        key=key,
        name=key,
        phases={
            name: Phase(key=name, name=name, requirements=_requirements(required.get(phase_ref(name), ())))
            for name in drawn_phases
        },
        tasks=tasks,
        edges=tuple(dict.fromkeys(reader.edges)),
        **flow_fields,
    )


def condition(key: str) -> Condition:
    """The condition that is met when `input.<key>` is true."""
    return Condition(key=key, name=key, statements=(Statement(f"input.{key}", "equals", (True,)),))


def _requirement(ref: str) -> Json:
    phase = phase_of_ref(ref)
    return {"task": ref} if phase is None else {"phase": phase}


def _requirements(refs: Sequence[str]) -> tuple[Requirement, ...]:
    return tuple(Requirement(ref) for ref in refs)


class _Reader:
    def __init__(self) -> None:
        self.nodes: dict[str, Join] = {}
        self.keeps: set[str] = set()
        self.branches: dict[str, dict[str, None]] = {}
        self.edges: list[Edge] = []

    def read(self, words: Sequence[str]) -> None:
        sources: list[str] = []
        arrow: re.Match[str] | None = None
        for number, word in enumerate(words):
            if number % 2:
                arrow = _ARROW.fullmatch(word)
                assert arrow, f"{word!r} is no arrow"
                continue
            targets = [self._node(name) for name in re.split(r",(?![^\[]*\])", word)]
            if arrow is not None:
                self._connect(sources, targets, arrow["branch"])
            sources = targets
        assert len(words) % 2 or not words, f"{' '.join(words)!r} ends in an arrow"

    def _node(self, word: str) -> str:
        found = _NODE.fullmatch(word)
        assert found, f"{word!r} is no node"
        ref = found["ref"]
        if ref != TRIGGER and phase_of_ref(ref) is None:
            self.nodes[ref] = Join(found["join"]) if found["join"] else self.nodes.get(ref, Join.ALL)
            if found["keep"]:
                self.keeps.add(ref)
        return ref

    def _connect(self, sources: Sequence[str], targets: Sequence[str], label: str | None) -> None:
        branch = None if label in (None, "!") else label
        on = On.ERROR if label == "!" else On.SUCCESS
        for source in sources:
            if branch is not None:
                self.branches.setdefault(source, {})
                if branch != NONE_MET:
                    self.branches[source][branch] = None
            self.edges.extend(Edge(source, target, branch, on) for target in targets)
