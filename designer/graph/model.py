"""The flow graph as frozen values.

A `Flow` owns its phases, tasks and edges. Values never change: every `with_…` answers a new flow that shares what it
did not touch. Settings are JSON (`Mapping[str, Json]`) and are treated as immutable by everyone who holds them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from designer.graph.trials import Trials

Json = Any
"""What `json.loads` answers: None, bool, int, float, str, list or dict."""
Mention = tuple[str, str]
"""The setting in which a task names something that stands outside of the flow, and the name that it is given there."""

KEY_PATTERN: Final = r"^[a-zA-Z0-9_][a-zA-Z0-9_-]{0,63}$"
_KEY = re.compile(KEY_PATTERN)

TRIGGER: Final = "trigger"
"""The reserved node where an instance enters the graph."""

PHASE_PREFIX: Final = "phase:"
"""What sets a phase apart from a task where an edge names its ends."""

NOTE_PREFIX: Final = "note:"
"""What sets a note apart from a task where something of the canvas is named. No edge leads to a note."""

NONE_MET: Final = "none_met"
"""The reserved branch a decision takes when none of its conditions is met."""


def is_key(text: str) -> bool:
    """Whether `text` may name a flow, phase, task or condition: `KEY_PATTERN`."""
    return bool(_KEY.match(text)) and "\n" not in text


class Join(StrEnum):
    """When a task with several incoming edges starts (semantics: How an instance moves, 1)."""

    ALL = "all"
    ANY = "any"
    RACE = "race"
    ALL_SETTLED = "all_settled"


class On(StrEnum):
    """Which outcome of its source an edge follows."""

    SUCCESS = "success"
    ERROR = "error"


class Match(StrEnum):
    """How the statements of a condition are joined: `all` is AND, `any` is OR."""

    ALL = "all"
    ANY = "any"


@dataclass(frozen=True, slots=True)
class Position:
    """The top left corner of a task on the canvas, in canvas units (1 unit = 1 px at 100 %)."""

    x: int
    y: int


@dataclass(frozen=True, slots=True)
class Frame:
    """The area of a phase on the canvas, in canvas units."""

    x: int
    y: int
    width: int
    height: int

    def contains(self, point: Position) -> bool:
        """Whether `point` lies inside or on the border."""
        return self.x <= point.x <= self.x + self.width and self.y <= point.y <= self.y + self.height


class NoteColour(StrEnum):
    """The tint of a note; which colours these are is a matter of the look."""

    YELLOW = "yellow"
    BLUE = "blue"
    GREEN = "green"
    PINK = "pink"
    GREY = "grey"


NOTE_WIDTH: Final = 192
NOTE_HEIGHT: Final = 96
"""The size of a note that says nothing about it, in canvas units."""


@dataclass(frozen=True, slots=True)
class Note:
    """A remark on the canvas, for people: no part of what runs. `width` and `height` in canvas units."""

    key: str
    text: str
    at: Position
    width: int = NOTE_WIDTH
    height: int = NOTE_HEIGHT
    colour: NoteColour = NoteColour.YELLOW

    @property
    def name(self) -> str:
        """What it is called in words: the beginning of its text, in one line."""
        line = " ".join(self.text.split())
        return (line if len(line) <= 60 else f"{line[:59].rstrip()}…") or "empty"


@dataclass(frozen=True, slots=True)
class Statement:
    """One comparison: the value found at `source` against `values`. `type` None: the value's own type decides."""

    source: str
    operator: str
    values: tuple[Json, ...] = ()
    type: str | None = None
    options: Mapping[str, Json] = field(default_factory=dict, hash=False)
    """`{"rules": "attribute", …}`: the rules of `designer.graph.attributes`; without any, those of `conditions`."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A named branch of a decision."""

    key: str
    name: str = ""
    match: Match = Match.ALL
    statements: tuple[Statement, ...] = ()


@dataclass(frozen=True, slots=True)
class Requirement:
    """What must be finished (completed or skipped) before a task or phase is enabled. `node` is a node reference."""

    node: str


@dataclass(frozen=True, slots=True)
class Loop:
    """A decision's declared loop: `branch` goes round again, `exit` leaves, at the latest after `max_iterations`."""

    branch: str
    exit: str
    max_iterations: int


@dataclass(frozen=True, slots=True)
class Task:
    """A node of the graph.

    `settings` holds the settings of its kind as in the flow file, except the conditions, which are typed.
    """

    key: str
    name: str
    kind: str
    phase: str | None = None
    settings: Mapping[str, Json] = field(default_factory=dict)
    conditions: tuple[Condition, ...] = ()
    join: Join = Join.ALL
    cancel_rest: bool = True
    description: str = ""
    at: Position | None = None

    @property
    def loop(self) -> Loop | None:
        """The declared loop of a decision, or None. Malformed settings answer None; the checks report them."""
        raw = self.settings.get("loop") if self.kind == "decision" else None
        if not isinstance(raw, Mapping):
            return None
        branch, leave, most = raw.get("branch"), raw.get("exit"), raw.get("max_iterations")
        if not (isinstance(branch, str) and isinstance(leave, str) and isinstance(most, int)):
            return None
        return Loop(branch=branch, exit=leave, max_iterations=most)

    @property
    def requirements(self) -> tuple[Requirement, ...]:
        """The declared requirements, in order. Malformed entries are left out; the checks report them."""
        return requirements_of(self.settings.get("requirements"))

    @property
    def branches(self) -> tuple[str, ...]:
        """The branches an edge out of this task may name; empty for all kinds but decisions."""
        if self.kind != "decision":
            return ()
        return (*(condition.key for condition in self.conditions), NONE_MET)


def requirements_of(raw: Json) -> tuple[Requirement, ...]:
    """Requirements from their flow-file form `[{"task": KEY} | {"phase": KEY}]`."""
    if not isinstance(raw, (list, tuple)):
        return ()
    found = []
    for entry in raw:
        if isinstance(entry, Mapping):
            if isinstance(entry.get("task"), str):
                found.append(Requirement(entry["task"]))
            elif isinstance(entry.get("phase"), str):
                found.append(Requirement(phase_ref(entry["phase"])))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Phase:
    """A named group of tasks. `requirements` as on tasks, in flow-file form."""

    key: str
    name: str
    description: str = ""
    requirements: tuple[Requirement, ...] = ()
    frame: Frame | None = None


@dataclass(frozen=True, slots=True, order=True)
class Edge:
    """A way from one node to another. `source` and `target` are node references: `trigger`, a task key, or `phase:KEY`.

    Two edges of a flow never have the same four fields; `id` names one in documents and URLs.
    """

    source: str
    target: str
    branch: str | None = None
    on: On = On.SUCCESS

    @property
    def id(self) -> str:
        """A stable name: `source~target`, then `~branch` and `~on` as far as they are set."""
        return f"{self.source}~{self.target}~{self.branch or ''}~{self.on.value}"


def phase_ref(key: str) -> str:
    """The node reference of a phase."""
    return PHASE_PREFIX + key


def phase_of_ref(ref: str) -> str | None:
    """The phase key a node reference names, or None when it names a task or the trigger."""
    return ref[len(PHASE_PREFIX) :] if ref.startswith(PHASE_PREFIX) else None


def note_ref(key: str) -> str:
    """The reference of a note."""
    return NOTE_PREFIX + key


def note_of_ref(ref: str) -> str | None:
    """The note key a reference names, or None when it names something else."""
    return ref[len(NOTE_PREFIX) :] if ref.startswith(NOTE_PREFIX) else None


@dataclass(frozen=True, slots=True)
class Flow:
    """A whole flow, draft or published. Mappings keep their insertion order, which is the flow-file order."""

    key: str
    name: str
    description: str = ""
    tags: tuple[str, ...] = ()
    phases: Mapping[str, Phase] = field(default_factory=dict)
    tasks: Mapping[str, Task] = field(default_factory=dict)
    edges: tuple[Edge, ...] = ()
    closing_reasons: tuple[str, ...] = ()
    single_closing_reason: bool = False
    triggers: tuple[Mapping[str, Json], ...] = ()
    limits: Mapping[str, Json] = field(default_factory=dict)
    retention: Mapping[str, Json] = field(default_factory=dict)
    entity_sync: tuple[Mapping[str, Json], ...] = ()
    timezone: str = "UTC"
    input_schema: Mapping[str, Json] = field(default_factory=dict)
    """What an instance is started with, as a JSON Schema; empty: anything goes."""
    extensions: Mapping[str, Json] = field(default_factory=dict)
    """By dialect: what a flow that came from there carries beyond this model. Kept as it is, never read here."""
    trials: Trials | None = None
    """What a flow file says about trying the flow; None where it says nothing. No part of a draft or a version."""
    notes: Mapping[str, Note] = field(default_factory=dict)
    """Remarks on the canvas. No node, no part of the plan, not drawn where a flow is laid out by itself."""
    called: Mapping[Mention, str] = field(default_factory=dict, compare=False, repr=False)
    """What those are called whom and what its tasks name (`designer.graph.mentions`), for who draws it for people. No
    part of the flow: it is neither stored nor compared."""

    def has_node(self, ref: str) -> bool:
        """Whether `ref` names the trigger, a task or a phase of this flow."""
        phase = phase_of_ref(ref)
        return ref == TRIGGER or (phase in self.phases if phase is not None else ref in self.tasks)

    def tasks_in(self, phase: str) -> Iterator[Task]:
        """The tasks of a phase, in flow order."""
        return (task for task in self.tasks.values() if task.phase == phase)

    def outgoing(self, ref: str) -> Iterator[Edge]:
        """Edges whose source is `ref` itself."""
        return (edge for edge in self.edges if edge.source == ref)

    def incoming(self, ref: str) -> Iterator[Edge]:
        """Edges whose target is `ref` itself."""
        return (edge for edge in self.edges if edge.target == ref)

    def with_task(self, *tasks: Task) -> Flow:
        """This flow with tasks added, or put in the place of those with the same keys."""
        return replace(self, tasks={**self.tasks, **{task.key: task for task in tasks}})

    def without_tasks(self, keys: Iterable[str]) -> Flow:
        """This flow without these tasks; edges are left as they are."""
        gone = set(keys)
        return replace(self, tasks={key: task for key, task in self.tasks.items() if key not in gone})

    def with_phase(self, *phases: Phase) -> Flow:
        """This flow with phases added, or put in the place of those with the same keys."""
        return replace(self, phases={**self.phases, **{phase.key: phase for phase in phases}})

    def without_phase(self, key: str) -> Flow:
        """This flow without this phase; its tasks still name it until the caller changes them."""
        return replace(self, phases={other: phase for other, phase in self.phases.items() if other != key})

    def with_edges(self, edges: Iterable[Edge]) -> Flow:
        """This flow with exactly these edges, in this order."""
        return replace(self, edges=tuple(edges))
