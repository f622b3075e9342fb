"""Flow file → flow, with every problem found and its path."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, NoReturn

from designer.graph.attributes import options_reason
from designer.graph.conditions import OPERATOR_WORDS, STATEMENT_TYPES
from designer.graph.decoding_values import ValueDecoder, none_of
from designer.graph.fields import Field
from designer.graph.flow_fields import ENTITY_SYNC_FIELDS, LIMIT_FIELDS, RETENTION_FIELDS, TRIGGER_TYPES
from designer.graph.json_schemas import json_schema_reason
from designer.graph.kinds import KINDS
from designer.graph.loading import refuse_unclean
from designer.graph.model import (
    NOTE_HEIGHT,
    NOTE_WIDTH,
    TRIGGER,
    Condition,
    Edge,
    Flow,
    Join,
    Json,
    Match,
    Note,
    NoteColour,
    On,
    Phase,
    Position,
    Requirement,
    Statement,
    Task,
    is_key,
    phase_of_ref,
    phase_ref,
    requirements_of,
)
from designer.graph.problems import FlowFileInvalid, PathProblem
from designer.graph.suggestions import did_you_mean, listed, quoted
from designer.graph.trials import TRIAL_KEYS, decode_trials
from designer.graph.upgrades import upgraded
from designer.graph.values import timezone_reason

MOST_TASKS: Final = 5_000
MOST_PHASES: Final = 500
MOST_EDGES: Final = 20_000
MOST_CONDITIONS: Final = 100
MOST_STATEMENTS: Final = 100
MOST_VALUES: Final = 1_000
MOST_TRIGGERS: Final = 50
MOST_NOTES: Final = 200
LONGEST_NOTE: Final = 2_000
LEAST_NOTE_SIDE: Final = 48
MOST_NOTE_SIDE: Final = 2_000
"""The sides of a note, in canvas units."""

_FLOW_KEYS: Final = (
    "format",
    "key",
    "name",
    "description",
    "tags",
    "timezone",
    "input_schema",
    "phases",
    "tasks",
    "edges",
    "notes",
    "closing_reasons",
    "single_closing_reason",
    "triggers",
    "limits",
    "retention",
    "entity_sync",
    "extensions",
    *TRIAL_KEYS,
)
_PHASE_KEYS: Final = ("key", "name", "description", "requirements", "frame")
_TASK_KEYS: Final = ("key", "name", "kind", "phase", "description", "settings", "join", "cancel_rest", "at")
_NOTE_KEYS: Final = ("key", "text", "at", "size", "colour")
_EDGE_KEYS: Final = ("from", "to", "branch", "on")
_CONDITION_KEYS: Final = ("key", "name", "match", "statements")
_STATEMENT_KEYS: Final = ("source", "operator", "values", "type", "options")

_SETTING_FIELDS: Final[Mapping[str, tuple[Field, ...]]] = {kind.key: kind.setting_fields for kind in KINDS.values()}


def decode_flow(document: Json) -> Flow:
    """The flow that a flow file describes. Raises `FlowFileInvalid` with every problem found, each with its path."""
    refuse_unclean(document)
    if not isinstance(document, Mapping):
        raise FlowFileInvalid([PathProblem("", "A flow file is an object with format, key, name, tasks and edges.")])
    decoder = _Decoder()
    flow = decoder.flow(upgraded(document))
    decoder.raise_problems()
    return flow


def decode_fragment(document: Json) -> Flow:
    """Part of a flow as the clipboard holds it: `{phases?, tasks, edges?, notes?}`, as a flow without a name.

    Tasks may name phases, and requirements may name nodes, that are not in the fragment; both are then left out.
    Without a `format` it is read as one of the present format. Raises `FlowFileInvalid`.
    """
    refuse_unclean(document)
    if not isinstance(document, Mapping):
        raise FlowFileInvalid([PathProblem("", "A fragment is an object with tasks and edges.")])
    if "format" in document:
        document = upgraded(document)
    decoder = _Decoder(is_fragment=True)
    allowed = ("format", "phases", "tasks", "edges", "notes")
    decoder.known_keys(document, allowed, "")
    notes = decoder.by_key("notes", document.get("notes", ()), decoder.note, most=MOST_NOTES)
    flow = decoder.graph(document, {"key": "fragment", "name": "fragment", "notes": notes})
    decoder.raise_problems()
    return flow


def decode_task(document: Json, path: str = "task") -> Task:
    """One task by itself; its phase is not looked for. Raises `FlowFileInvalid`."""
    decoder = _Decoder()
    task = decoder.task(document, path)
    decoder.raise_problems()
    return task if task is not None else _nothing(path)


def decode_phase(document: Json, path: str = "phase") -> Phase:
    """One phase by itself. Raises `FlowFileInvalid`."""
    decoder = _Decoder()
    phase = decoder.phase(document, path)
    decoder.raise_problems()
    return phase if phase is not None else _nothing(path)


def decode_edge(document: Json, path: str = "edge") -> Edge:
    """One edge by itself; its ends are not looked for. Raises `FlowFileInvalid`."""
    decoder = _Decoder()
    edge = decoder.edge(document, path)
    decoder.raise_problems()
    return edge if edge is not None else _nothing(path)


def decode_note(document: Json, path: str = "note") -> Note:
    """One note by itself. Raises `FlowFileInvalid`."""
    decoder = _Decoder()
    note = decoder.note(document, path)
    decoder.raise_problems()
    return note if note is not None else _nothing(path)


def decode_condition(document: Json, path: str = "condition") -> Condition:
    """One condition. Raises `FlowFileInvalid`."""
    decoder = _Decoder()
    condition = decoder.condition(document, path)
    decoder.raise_problems()
    return condition if condition is not None else _nothing(path)


def _nothing(path: str) -> NoReturn:
    raise FlowFileInvalid([PathProblem(path, "Nothing was given.")])


class _Decoder(ValueDecoder):
    """Reads flows, and what they are made of."""

    def __init__(self, *, is_fragment: bool = False) -> None:
        super().__init__()
        self.is_fragment = is_fragment

    # -- the flow -----------------------------------------------------------------------------------------------------

    def flow(self, document: Mapping[str, Json]) -> Flow:
        self.known_keys(document, _FLOW_KEYS, "")
        key = self.key(document.get("key"), "key")
        zone = document.get("timezone", "UTC")
        reason = None if zone == "UTC" else timezone_reason(zone)
        if reason is not None:
            self.problem("timezone", reason)
            zone = "UTC"
        rest: dict[str, Any] = {
            "key": key,
            "name": self.name(document.get("name", key or "?"), "name"),
            "description": self.description(document, ""),
            "tags": self.texts(document.get("tags", ()), "tags", most=50, longest=64),
            "closing_reasons": self.texts(document.get("closing_reasons", ()), "closing_reasons", most=200),
            "single_closing_reason": self.boolean(document, "single_closing_reason", False, ""),
            "triggers": tuple(self.triggers(document.get("triggers", ()))),
            "limits": self.values(document.get("limits", {}), LIMIT_FIELDS, "limits"),
            "retention": self.values(document.get("retention", {}), RETENTION_FIELDS, "retention"),
            "entity_sync": tuple(
                self.values(entry, ENTITY_SYNC_FIELDS, f"entity_sync[{number}]")
                for number, entry in enumerate(self.entries(document.get("entity_sync", ()), "entity_sync", most=200))
            ),
            "timezone": zone,
            "input_schema": self.input_schema(document.get("input_schema", {})),
            "extensions": self.extensions(document.get("extensions", {})),
            "trials": decode_trials(document, self.problems),
            "notes": self.by_key("notes", document.get("notes", ()), self.note, most=MOST_NOTES),
        }
        return self.graph(document, rest)

    def input_schema(self, raw: Json) -> Mapping[str, Json]:
        """A JSON Schema that input can be checked against; empty for none."""
        if not raw and isinstance(raw, Mapping):
            return {}
        reason = json_schema_reason(raw)
        if reason is not None:
            self.problem("input_schema", f"Input: {reason}")
            return {}
        return dict(raw)

    def extensions(self, raw: Json) -> Mapping[str, Json]:
        """An object per dialect; what is in it is that dialect's own."""
        if not isinstance(raw, Mapping):
            self.problem("extensions", "Extensions are an object: by dialect, an object of its own.")
            return {}
        for name, value in raw.items():
            if not (is_key(name) and isinstance(value, Mapping)):
                self.problem(f"extensions.{name[:64]}", "Give an object under the name of a dialect.")
        return dict(raw)

    def graph(self, document: Mapping[str, Json], rest: Mapping[str, Any]) -> Flow:
        phases = self.by_key("phases", document.get("phases", ()), self.phase, most=MOST_PHASES)
        tasks = self.by_key("tasks", document.get("tasks", ()), self.task, most=MOST_TASKS)
        flow = Flow(**rest, phases=phases, tasks=tasks)
        edges: dict[Edge, None] = {}
        for number, entry in enumerate(self.entries(document.get("edges", ()), "edges", most=MOST_EDGES)):
            path = f"edges[{number}]"
            edge = self.edge(entry, path)
            if edge is None:
                continue
            edge = self.resolved(edge, flow, path)
            if edge in edges:
                self.problem(path, f"The same edge {edge.source} → {edge.target} is given twice.")
            edges[edge] = None
        flow = flow.with_edges(edges)
        return self.without_foreign(flow) if self.is_fragment else self.with_known_refs(flow)

    def by_key(self, name: str, raw: Json, read: Any, *, most: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for number, entry in enumerate(self.entries(raw, name, most=most)):
            node = read(entry, f"{name}[{number}]")
            if node is None or not node.key:
                continue
            if node.key in found:
                self.problem(f"{name}[{number}].key", f"The key {quoted(node.key)} is given twice.")
            found[node.key] = node
        return found

    def resolved(self, edge: Edge, flow: Flow, path: str) -> Edge:
        """The edge with a bare key that names no task but a phase written as the phase's reference; ends checked."""
        ends = []
        for name, ref in (("from", edge.source), ("to", edge.target)):
            if not flow.has_node(ref):
                if ref in flow.phases:
                    ref = phase_ref(ref)
                else:
                    self.problem(f"{path}.{name}", _no_node(flow, ref))
            ends.append(ref)
        source, target = ends
        if target == TRIGGER:
            self.problem(f"{path}.to", "Nothing leads to the trigger: it is where instances begin.")
        if source == target:
            self.problem(f"{path}.to", "An edge cannot lead back to its own start.")
        self.branch_exists(edge, flow.tasks.get(source), path)
        if source == edge.source and target == edge.target:
            return edge
        return Edge(source, target, edge.branch, edge.on)

    def branch_exists(self, edge: Edge, source: Task | None, path: str) -> None:
        if edge.branch is None:
            if edge.on is On.ERROR and edge.source == TRIGGER:
                self.problem(f"{path}.on", "The trigger cannot fail.")
            return
        branches = source.branches if source is not None else ()
        if edge.on is On.ERROR:
            self.problem(f"{path}.branch", "An error edge has no branch.")
        elif not branches:
            self.problem(f"{path}.branch", f"{edge.source} is no decision and has no branches.")
        elif edge.branch not in branches:
            hint = did_you_mean(edge.branch, branches) or f" It has {listed(branches, last='and')}."
            self.problem(f"{path}.branch", f"{edge.source} has no branch {quoted(edge.branch)}.{hint}")

    def with_known_refs(self, flow: Flow) -> Flow:
        """Phases of tasks and requirements name what is there."""
        for number, task in enumerate(flow.tasks.values()):
            if task.phase is not None and task.phase not in flow.phases:
                hint = did_you_mean(task.phase, flow.phases)
                self.problem(f"tasks[{number}].phase", f"There is no phase {quoted(task.phase)}.{hint}")
            if "requirements" in task.settings:
                self.requirements_exist(task.requirements, flow, f"tasks[{number}].settings.requirements")
        for number, phase in enumerate(flow.phases.values()):
            if phase.requirements:
                self.requirements_exist(phase.requirements, flow, f"phases[{number}].requirements")
        return flow

    def requirements_exist(self, requirements: Sequence[Requirement], flow: Flow, path: str) -> None:
        for number, requirement in enumerate(requirements):
            if not flow.has_node(requirement.node) or requirement.node == TRIGGER:
                self.problem(f"{path}[{number}]", _no_node(flow, requirement.node))

    def without_foreign(self, flow: Flow) -> Flow:
        """The fragment without memberships and requirements that lead out of it."""
        tasks = {}
        for key, task in flow.tasks.items():
            raw = task.settings.get("requirements")
            settings = task.settings
            if raw is not None:
                kept = [entry for entry in raw if all(flow.has_node(r.node) for r in requirements_of([entry]))]
                settings = {k: v for k, v in settings.items() if k != "requirements"}
                settings = {**settings, "requirements": kept} if kept else settings
            phase = task.phase if task.phase in flow.phases else None
            tasks[key] = replace(task, settings=settings, phase=phase)
        phases = {
            key: replace(phase, requirements=tuple(r for r in phase.requirements if flow.has_node(r.node)))
            for key, phase in flow.phases.items()
        }
        return replace(flow, tasks=tasks, phases=phases)

    def triggers(self, raw: Json) -> Iterator[Mapping[str, Json]]:
        for number, entry in enumerate(self.entries(raw, "triggers", most=MOST_TRIGGERS)):
            path = f"triggers[{number}]"
            if not isinstance(entry, Mapping):
                self.problem(path, "A trigger is an object with a type.")
                continue
            name = entry.get("type")
            kind = TRIGGER_TYPES.get(name) if isinstance(name, str) else None
            if kind is None:
                self.problem(f"{path}.type", none_of(name, TRIGGER_TYPES))
                continue
            self.values({k: v for k, v in entry.items() if k != "type"}, kind.fields, path)
            yield {"type": name, **{f.key: entry[f.key] for f in kind.fields if f.key in entry}}

    # -- nodes and edges ----------------------------------------------------------------------------------------------

    def phase(self, raw: Json, path: str) -> Phase | None:
        if not isinstance(raw, Mapping):
            self.problem(path, "A phase is an object with a key and a name.")
            return None
        self.known_keys(raw, _PHASE_KEYS, path)
        key = self.key(raw.get("key"), f"{path}.key")
        requirements: Json = raw.get("requirements", ())
        if requirements:
            self.values({"requirements": requirements}, _REQUIREMENTS, path)
        return Phase(
            key=key,
            name=self.name(raw.get("name", key or "?"), f"{path}.name"),
            description=self.description(raw, path),
            requirements=requirements_of(requirements),
            frame=self.frame(raw.get("frame"), f"{path}.frame"),
        )

    def task(self, raw: Json, path: str) -> Task | None:
        if not isinstance(raw, Mapping):
            self.problem(path, "A task is an object with a key, a name and a kind.")
            return None
        self.known_keys(raw, _TASK_KEYS, path)
        key = self.key(raw.get("key"), f"{path}.key")
        if key == TRIGGER:
            self.problem(f"{path}.key", f"{quoted(TRIGGER)} is where instances begin; give the task another key.")
        kind = raw.get("kind")
        if not isinstance(kind, str) or kind not in KINDS:
            self.problem(f"{path}.kind", none_of(kind, KINDS))
            return None
        settings: Json = raw.get("settings", {})
        if not isinstance(settings, Mapping):
            self.problem(f"{path}.settings", "Settings are an object.")
            settings = {}
        description = self.description(raw, path)
        if "description" in settings and kind == "manual":
            # The table of settings names it for human tasks; it is kept where every task has it.
            description = description or self.description(settings, f"{path}.settings")
            settings = {name: value for name, value in settings.items() if name != "description"}
        conditions: tuple[Condition, ...] = ()
        if "conditions" in settings and KINDS[kind].has_branches:
            conditions = self.conditions(settings["conditions"], f"{path}.settings.conditions")
            settings = {name: value for name, value in settings.items() if name != "conditions"}
        phase = raw.get("phase")
        return Task(
            key=key,
            name=self.name(raw.get("name", key or "?"), f"{path}.name"),
            kind=kind,
            phase=None if phase is None else self.key(phase, f"{path}.phase"),
            settings=self.values(settings, _SETTING_FIELDS[kind], f"{path}.settings") if settings else {},
            conditions=conditions,
            join=self.member(Join, raw.get("join", "all"), f"{path}.join"),
            cancel_rest=self.boolean(raw, "cancel_rest", True, path),
            description=description,
            at=self.position(raw.get("at"), f"{path}.at"),
        )

    def edge(self, raw: Json, path: str) -> Edge | None:
        if not isinstance(raw, Mapping):
            self.problem(path, "An edge is an object with from and to.")
            return None
        self.known_keys(raw, _EDGE_KEYS, path)
        source = self.ref(raw.get("from"), f"{path}.from")
        target = self.ref(raw.get("to"), f"{path}.to")
        branch = raw.get("branch")
        on = self.member(On, raw.get("on", "success"), f"{path}.on")
        if source is None or target is None:
            return None
        return Edge(source, target, None if branch is None else self.key(branch, f"{path}.branch"), on)

    def note(self, raw: Json, path: str) -> Note | None:
        if not isinstance(raw, Mapping):
            self.problem(path, "A note is an object with a key, a text and a place.")
            return None
        self.known_keys(raw, _NOTE_KEYS, path)
        text = raw.get("text", "")
        if not isinstance(text, str) or len(text) > LONGEST_NOTE:
            self.problem(f"{path}.text", f"Give a text of at most {LONGEST_NOTE:,} characters.")
            text = ""
        size = self.numbers(raw.get("size", (NOTE_WIDTH, NOTE_HEIGHT)), f"{path}.size", 2)
        if size is not None and not all(LEAST_NOTE_SIDE <= side <= MOST_NOTE_SIDE for side in size):
            self.problem(f"{path}.size", f"Width and height are {LEAST_NOTE_SIDE} to {MOST_NOTE_SIDE:,}.")
        at = self.numbers(raw.get("at"), f"{path}.at", 2)
        width, height = size or (NOTE_WIDTH, NOTE_HEIGHT)
        return Note(
            key=self.key(raw.get("key"), f"{path}.key"),
            text=text,
            at=Position(*(at or (0, 0))),
            width=width,
            height=height,
            colour=self.member(NoteColour, raw.get("colour", "yellow"), f"{path}.colour"),
        )

    def conditions(self, raw: Json, path: str) -> tuple[Condition, ...]:
        found: dict[str, Condition] = {}
        for number, entry in enumerate(self.entries(raw, path, most=MOST_CONDITIONS)):
            condition = self.condition(entry, f"{path}[{number}]")
            if condition is None:
                continue
            if condition.key in found:
                self.problem(f"{path}[{number}].key", f"The key {quoted(condition.key)} is given twice.")
            found[condition.key] = condition
        return tuple(found.values())

    def condition(self, raw: Json, path: str) -> Condition | None:
        if not isinstance(raw, Mapping):
            self.problem(path, "A condition is an object with a key, a name and statements.")
            return None
        self.known_keys(raw, _CONDITION_KEYS, path)
        key = self.key(raw.get("key"), f"{path}.key")
        if key == "none_met":
            self.problem(f"{path}.key", "none_met is the branch for when no condition is met; give it another key.")
        statements = self.entries(raw.get("statements", ()), f"{path}.statements", most=MOST_STATEMENTS)
        return Condition(
            key=key,
            name=self.name(raw.get("name", ""), f"{path}.name", may_be_empty=True),
            match=self.member(Match, raw.get("match", "all"), f"{path}.match"),
            statements=tuple(
                statement
                for number, entry in enumerate(statements)
                if (statement := self.statement(entry, f"{path}.statements[{number}]")) is not None
            ),
        )

    def statement(self, raw: Json, path: str) -> Statement | None:
        if not isinstance(raw, Mapping):
            self.problem(path, "A statement is an object with source, operator and values.")
            return None
        self.known_keys(raw, _STATEMENT_KEYS, path)
        source, operator, declared = raw.get("source", ""), raw.get("operator"), raw.get("type")
        if not isinstance(source, str) or len(source) > 1000:
            self.problem(f"{path}.source", "Name a value, such as input.order.total, as a text.")
        if not isinstance(operator, str) or operator not in OPERATOR_WORDS:
            self.problem(f"{path}.operator", none_of(operator, OPERATOR_WORDS))
        if declared is not None and declared not in STATEMENT_TYPES:
            self.problem(f"{path}.type", none_of(declared, STATEMENT_TYPES))
        values = self.entries(raw.get("values", ()), f"{path}.values", most=MOST_VALUES)
        options: Json = raw.get("options") or {}
        if options and (reason := options_reason(options)):
            self.problem(f"{path}.options", reason)
            options = {}
        return Statement(str(source), str(operator), tuple(values), declared, dict(options))


_REQUIREMENTS: Final = tuple(field for field in KINDS["manual"].fields if field.key == "requirements")


def _no_node(flow: Flow, ref: str) -> str:
    phase = phase_of_ref(ref)
    if phase is not None:
        return f"There is no phase {quoted(phase)}.{did_you_mean(phase, flow.phases)}"
    return f"There is no task {quoted(ref)}.{did_you_mean(ref, [TRIGGER, *flow.tasks, *flow.phases])}"
