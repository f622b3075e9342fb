"""The nested blocks of a script as a flow to be drawn, in the one look of all flows. Pure.

The flow is for the eye alone: it has a card for each step, a decision for each choice, a way back for each loop, dashed
ways for failures that are caught, and an area for each function.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from designer.graph.blocks import (
    Block,
    Break,
    FunctionCall,
    If,
    Loop,
    Node,
    Parallel,
    Start,
    StepDo,
    StepSleep,
    StepSleepUntil,
    StepWaitForEvent,
    Switch,
    Try,
)
from designer.graph.model import NONE_MET, TRIGGER, Condition, Edge, Flow, Join, Json, On, Phase, Task
from designer.graph.script_structure import NoSuchClass, structure_of_script

LONGEST_NAME: Final = 80
PROGRAM: Final = "program"
JOIN_WORDS: Final = {"all": "all of them", "any": "any of them", "race": "the first", "all_settled": "all, however"}


@dataclass(frozen=True, slots=True)
class Drawing:
    """A flow to be drawn, and by its task keys the blocks' own keys: `do:charge card`."""

    flow: Flow
    blocks: Mapping[str, str]

    def task_of(self, kind: str, name: str) -> str | None:
        """The task that a step of a running instance is drawn as: its name may be made at run time."""
        for key, block in self.blocks.items():
            known_kind, _, known_name = block.partition(":")
            if known_kind == kind and _fits(known_name, name):
                return key
        return None


def _fits(written: str, name: str) -> bool:
    """Whether a step's name may be what a source writes as `call {number}`, or as an expression."""
    if written == name:
        return True
    parts = re.split(r"\{[^{}]*\}", written)
    return len(parts) > 1 and re.fullmatch(".*".join(map(re.escape, parts)), name) is not None


@lru_cache(maxsize=256)
def _drawing_of(source: str, class_name: str, name: str) -> Drawing | None:
    try:
        return _Drawing(structure_of_script(source, class_name), name).drawing()
    except NoSuchClass:
        return None


def drawing_of(flow: Flow) -> Drawing | None:
    """The drawing of a flow that is one program whose source is known; None for any other."""
    task = next(iter(flow.tasks.values()), None)
    if len(flow.tasks) != 1 or task is None or task.kind != PROGRAM:
        return None
    source, class_name = task.settings.get("source"), task.settings.get("class_name")
    return _drawing_of(source, str(class_name), flow.name) if isinstance(source, str) and source else None


def shown(flow: Flow) -> Flow:
    """What is drawn of a flow: of a program its blocks, of any other itself."""
    drawing = drawing_of(flow)
    return flow if drawing is None else drawing.flow


Entry = tuple[str, str | None, On]
"""Where a way comes from: a node, its branch, and the outcome."""


@dataclass(slots=True)
class _Drawing:
    start: Start
    name: str
    tasks: dict[str, Task] = field(default_factory=dict)
    edges: list[Edge] = field(default_factory=list)
    blocks: dict[str, str] = field(default_factory=dict)
    phase: str | None = None
    breaks: list[list[Entry]] = field(default_factory=list)

    def drawing(self) -> Drawing:
        self._sequence(self.start.nodes, [(TRIGGER, None, On.SUCCESS)])
        phases = {}
        for number, function in enumerate(self.start.functions.values(), start=1):
            self.phase = f"f{number}"
            phases[self.phase] = Phase(self.phase, f"{function.name}()"[:LONGEST_NAME])
            self._sequence(function.nodes, [])
        self.phase = None
        if not self.tasks:
            self._add("noop", "no steps", [(TRIGGER, None, On.SUCCESS)])
        edges = tuple(dict.fromkeys(self.edges))
        flow = Flow(key="script", name=self.name, phases=phases, tasks=self.tasks, edges=edges)
        return Drawing(flow, self.blocks)

    def _add(
        self,
        kind: str,
        name: str,
        entries: Sequence[Entry],
        *,
        settings: Mapping[str, Json] | None = None,
        conditions: tuple[Condition, ...] = (),
        join: Join = Join.ALL,
    ) -> str:
        key = f"b{len(self.tasks) + 1}"
        self.tasks[key] = Task(
            key,
            name[:LONGEST_NAME] or kind,
            kind,
            phase=self.phase,
            settings=settings or {},
            conditions=conditions,
            join=join,
        )
        self._connect(entries, key)
        return key

    def _connect(self, entries: Sequence[Entry], key: str) -> None:
        self.edges += [Edge(source, key, branch, on) for source, branch, on in entries]

    def _sequence(self, nodes: Sequence[Node], entries: list[Entry]) -> list[Entry]:
        """Draw nodes one after another; answers where the way goes on from."""
        for node in nodes:
            entries = self._node(node, entries)
        return entries

    def _node(self, node: Node, entries: list[Entry]) -> list[Entry]:
        match node:
            case StepDo(name=name, key=key):
                return self._step("automation", name, key, entries, {"action": "python", "inputs": {}})
            case StepSleep(name=name, key=key, duration=duration):
                return self._step("delay", name, key, entries, {"for": _duration(duration)})
            case StepSleepUntil(name=name, key=key, timestamp=timestamp):
                return self._step("delay", name, key, entries, {"until": timestamp})
            case StepWaitForEvent(name=name, key=key, options=options):
                return self._step("wait_event", name, key, entries, dict(options or {}))
            case FunctionCall(name=name):
                return self._step("noop", f"{name}()", "", entries, {})
            case Start(class_name=name):
                return self._step("call", name, "", entries, {"flow": name})
            case If() | Switch():
                return self._choice(node, entries)
            case Parallel(kind=kind, nodes=nodes):
                return self._parallel(kind, nodes, entries)
            case Loop(nodes=nodes):
                return self._loop(nodes, entries)
            case Try():
                return self._try(node, entries)
            case Block(nodes=nodes):
                return self._sequence(nodes, entries)
            case Break(kind=kind):
                return self._break(kind, entries)
        return entries

    def _step(
        self, kind: str, name: str, block: str, entries: list[Entry], settings: Mapping[str, Json]
    ) -> list[Entry]:
        key = self._add(kind, name, entries, settings=settings)
        if block:
            self.blocks[key] = block
        return [(key, None, On.SUCCESS)]

    def _choice(self, node: If | Switch, entries: list[Entry]) -> list[Entry]:
        named = [branch for branch in node.branches if branch.condition is not None]
        conditions = tuple(
            Condition(f"c{number}", (branch.condition or "")[:LONGEST_NAME])
            for number, branch in enumerate(named, start=1)
        )
        title = node.discriminant if isinstance(node, Switch) else named[0].condition if named else None
        key = self._add("decision", title or "if", entries, conditions=conditions, settings={"parallel": False})
        exits: list[Entry] = []
        for condition, branch in zip(conditions, named, strict=True):
            exits += self._sequence(branch.nodes, [(key, condition.key, On.SUCCESS)])
        rest = next((branch for branch in node.branches if branch.condition is None), None)
        return exits + self._sequence(rest.nodes if rest else (), [(key, NONE_MET, On.SUCCESS)])

    def _parallel(self, kind: str, nodes: Sequence[Node], entries: list[Entry]) -> list[Entry]:
        if len(entries) > 1 and len(nodes) > 1:
            entries = [(self._add("noop", "side by side", entries, join=Join.ANY), None, On.SUCCESS)]
        exits = [entry for node in nodes for entry in self._node(node, list(entries))]
        if len(nodes) < 2:
            return exits
        return [(self._add("noop", JOIN_WORDS.get(kind, kind), exits, join=Join(kind)), None, On.SUCCESS)]

    def _loop(self, nodes: Sequence[Node], entries: list[Entry]) -> list[Entry]:
        head = self._add("noop", "loop", entries)
        self.breaks.append([])
        body = self._sequence(nodes, [(head, None, On.SUCCESS)])
        left = self.breaks.pop()
        again = self._add(
            "decision",
            "again?",
            body,
            conditions=(Condition("again", "again"),),
            settings={"parallel": False, "loop": {"branch": "again", "exit": NONE_MET, "max_iterations": 1_000_000}},
        )
        self.edges.append(Edge(again, head, "again"))
        return [(again, NONE_MET, On.SUCCESS), *left]

    def _try(self, node: Try, entries: list[Entry]) -> list[Entry]:
        first = len(self.tasks)
        exits = self._sequence(node.try_block.nodes if node.try_block else (), entries)
        if node.catch_block is not None:
            tried = [task.key for task in list(self.tasks.values())[first:] if task.key in self.blocks]
            failing: list[Entry] = [(key, None, On.ERROR) for key in tried[:1]]
            exits = exits + self._sequence(node.catch_block.nodes, failing)
        return self._sequence(node.finally_block.nodes if node.finally_block else (), exits)

    def _break(self, kind: str, entries: list[Entry]) -> list[Entry]:
        if kind == "break" and self.breaks:
            self.breaks[-1] += entries
        else:
            self._add("noop", "return", entries)
        return []


def _duration(value: Json) -> str:
    return f"{value / 1000:g} seconds" if isinstance(value, (int, float)) else str(value)
