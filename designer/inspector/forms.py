"""The form of whatever is selected: a task, an edge, a phase, the start, several things, or the flow itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from html import escape
from typing import Final, TypedDict, Unpack

from django.utils.safestring import SafeString, mark_safe

from designer.graph.actions import ACTIONS
from designer.graph.conditions import (
    STATEMENT_TYPES,
)
from designer.graph.data_tree import NOTHING_SEEN, DataNode, Shapes, data_at
from designer.graph.fields import Choice, Field, FieldType
from designer.graph.flow_fields import (
    ENTITY_SYNC_FIELDS,
    ENTITY_SYNC_MOMENTS,
    TRIGGER_TYPES,
)
from designer.graph.kinds import kind_of
from designer.graph.model import (
    TRIGGER,
    Edge,
    Flow,
    Json,
    Note,
    On,
    Phase,
    Statement,
    Task,
    note_of_ref,
    note_ref,
    phase_of_ref,
    phase_ref,
)
from designer.graph.values import Path
from designer.inspector.attempts import Timeline, timeline_of
from designer.inspector.branches import BranchRow, StatementRow, branch_rows, statement_row
from designer.inspector.controls import Control, ControlGroup, controls_for, in_groups
from designer.inspector.frames import frame_of
from designer.inspector.offers import Names, Offers, nobody, offers_for
from designer.inspector.own_fields import (
    BRANCH,
    CANCEL_REST,
    DESCRIPTION,
    FLOW_FIELDS,
    JOIN,
    KEY,
    LIMITS,
    NAME,
    NOTE_FIELDS,
    ON,
    REQUIREMENTS,
    RETENTION,
    SIZE_FIELDS,
)

EDGE_PREFIX: Final = "edge:"
BASICS: Final = ("", "Action", "People")
"""The groups that stand first, always open."""
SECTIONS: Final = {
    **dict.fromkeys(("Start", "Due", "Incoming edges", "Condition", "Output"), "Behaviour"),
    **dict.fromkeys(("Attempts", "Compensation"), "Errors and retries"),
    "More": "Advanced",
}
"""Under which heading a task's fields stand, by the group that they declare; other groups are headings themselves."""
LAST_SECTIONS: Final = ("Behaviour", "Errors and retries", "Advanced")
MANY: Final = "many"

SYNC_MOMENTS: Final = dict(
    zip(ENTITY_SYNC_MOMENTS, ("It has started", "It is complete", "It has failed", "It was closed"), strict=True)
)


@dataclass(frozen=True, slots=True)
class End:
    """The other end of an edge: where a click leads, and the edge itself."""

    ref: str
    edge_ref: str
    name: str
    label: str
    is_error: bool


@dataclass(frozen=True, slots=True)
class TriggerRow:
    """A trigger with its fields."""

    number: int
    label: str
    icon: str
    description: str
    controls: tuple[Control, ...]


@dataclass(frozen=True, slots=True)
class SyncRow:
    """What is written to an entity at some moment, with its fields."""

    number: int
    label: str
    controls: tuple[Control, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """What `templates/designer/editor/inspector.html` shows. `subject` is the ref that the answers are for."""

    subject: str
    heading: str
    title: str
    icon: str = "settings"
    tone: str = "plain"
    key: str = ""
    lead: str = ""
    groups: tuple[ControlGroup, ...] = ()
    incoming: tuple[End, ...] = ()
    outgoing: tuple[End, ...] = ()
    branches: tuple[BranchRow, ...] | None = None
    triggers: tuple[TriggerRow, ...] | None = None
    syncs: tuple[SyncRow, ...] | None = None
    moments: tuple[Choice, ...] = ()
    """When something can be written to an entity."""
    offers: Offers = field(default_factory=Offers)
    can_edit: bool = True
    can_fail: bool = False
    has_edges: bool = True
    may_delete: bool = False
    count: int = 0
    timeline: Timeline | None = None
    undoing: Timeline | None = None
    """The attempts of a task's compensation."""
    tree: tuple[DataNode, ...] = ()
    """What statements can name, for the types of their sources."""

    @property
    def suggestions(self) -> Mapping[str, tuple[Choice, ...]]:
        """What its inputs suggest, by the id of the list; only lists that one of them names, as they may be long."""
        rows: list[ControlGroup | TriggerRow | SyncRow] = [*self.groups, *(self.triggers or ()), *(self.syncs or ())]
        named = frozenset[str]().union(*(control.datalists for row in rows for control in row.controls))
        return self.offers.suggestions(named)

    @property
    def moment_options(self) -> SafeString:
        """The options of `moments`: as many as there are tasks, so not one by one by a template."""
        options = (f'<option value="{escape(moment.value)}">{escape(moment.label)}</option>' for moment in self.moments)
        return mark_safe("".join(options))  # noqa: S308 (escaped)

    @property
    def trigger_types(self) -> tuple[Choice, ...]:
        """What can be added as a trigger."""
        return tuple(Choice(kind.key, kind.label) for kind in TRIGGER_TYPES.values())

    @property
    def statement_types(self) -> tuple[Choice, ...]:
        """What a statement may declare as its type."""
        return tuple(Choice(value, label) for value, label in STATEMENT_TYPES.items())

    @property
    def blank_statement(self) -> StatementRow:
        """A statement that does not exist yet."""
        return statement_row(Statement("", "equals"))


class FormContext(TypedDict, total=False):
    """Who looks, and what may be named: people and groups to assign to, other flows to
    call, connections and agents to ask. `seen` tells what is known of data that the flow does not declare.
    """

    can_edit: bool
    people: Names
    flows: Names
    connections: Names
    agents: Names
    seen: Callable[[], Shapes]


def _offers(flow: Flow, subject: str, **context: Unpack[FormContext]) -> Offers:
    return offers_for(
        flow,
        subject,
        people=context.get("people", nobody),
        flows=context.get("flows", nobody),
        connections=context.get("connections", nobody),
        agents=context.get("agents", nobody),
    )


def form_for_flow(flow: Flow, **context: Unpack[FormContext]) -> Form:
    """The form of the flow itself."""
    offers = _offers(flow, "", **context)
    return _flow_form(flow, offers, context.get("can_edit", True))


def form_for(flow: Flow, subject: str, *, count: int = 0, **context: Unpack[FormContext]) -> Form | None:
    """The form of a ref (see js/editor/graph.js); None when there is no such thing in the flow.

    `count`: how many things are selected, for the ref `many`.
    """
    can_edit = context.get("can_edit", True)
    if subject == MANY:
        return Form(
            subject=MANY, heading="Selection", title=f"{count} things", count=count, can_edit=can_edit, may_delete=True
        )
    if subject == "":
        return form_for_flow(flow, **context)
    offers = _offers(flow, subject, **context)
    phase = phase_of_ref(subject)
    if subject == TRIGGER:
        return _start_form(flow, offers, can_edit)
    if subject.startswith(EDGE_PREFIX):
        edge = next((edge for edge in flow.edges if edge.id == subject.removeprefix(EDGE_PREFIX)), None)
        return _edge_form(flow, edge, can_edit) if edge else None
    note = note_of_ref(subject)
    if note is not None:
        return _note_form(flow.notes[note], offers, can_edit) if note in flow.notes else None
    if phase is not None:
        return _phase_form(flow, flow.phases[phase], offers, can_edit) if phase in flow.phases else None
    seen = context.get("seen", lambda: NOTHING_SEEN)
    return _task_form(flow, flow.tasks[subject], offers, can_edit, seen) if subject in flow.tasks else None


# -- tasks ------------------------------------------------------------------------------------------------------------


def _task_form(flow: Flow, task: Task, offers: Offers, can_edit: bool, seen: Callable[[], Shapes]) -> Form:
    kind = kind_of(task)
    own = controls_for(task_fields(flow, task), task_values(task), (), offers, can_edit=can_edit)
    settings = controls_for(kind.setting_fields, task.settings, ("settings",), offers, can_edit=can_edit)
    action = ACTIONS.get(str(task.settings.get("action", ""))) if kind.key == "automation" else None
    name, more = own[0], own[1:]
    tree = data_at(flow, task.key, seen=seen()) if kind.has_branches else ()
    return Form(
        subject=task.key,
        heading=action.label if action else kind.label,
        title=task.name or task.key,
        icon=kind.icon_of(task),
        tone=kind.colour,
        key=task.key,
        lead=action.description if action else kind.description,
        groups=in_groups((name, *settings, *more), first=BASICS, sections=SECTIONS, last=LAST_SECTIONS),
        timeline=timeline_of(kind.fields, task.settings),
        undoing=_undoing(kind.fields, task),
        incoming=tuple(_ends(flow, flow.incoming(task.key), is_source=True)),
        outgoing=tuple(_ends(flow, flow.outgoing(task.key), is_source=False)),
        branches=tuple(branch_rows(task, tree, _targets(flow, task))) if kind.has_branches else None,
        tree=tree,
        offers=offers,
        can_edit=can_edit,
        can_fail=any(port.on is On.ERROR for port in kind.ports(task)),
        may_delete=True,
    )


def _undoing(fields: Sequence[Field], task: Task) -> Timeline | None:
    """The line of time of the compensation, where there is one: it is tried again as any attempt is."""
    field = next((field for field in fields if field.key == "compensation"), None)
    held = task.settings.get("compensation")
    if field is None or not (isinstance(held, Mapping) and held.get("action")):
        return None
    return timeline_of(field.fields, held)


def task_fields(flow: Flow, task: Task) -> tuple[Field, ...]:
    """What every task has, whatever its kind: name, join (where edges meet), phase, description."""
    is_join = sum(1 for _ in flow.incoming(task.key)) > 1 or task.join.value != "all"
    joins = (JOIN, CANCEL_REST) if is_join else ()
    return (NAME, *joins, phase_field(flow), DESCRIPTION, KEY)


def phase_field(flow: Flow) -> Field:
    """The phases of the flow to choose from."""
    found = tuple(Choice(key, phase.name or key) for key, phase in flow.phases.items())
    return Field(key="phase", type=FieldType.CHOICE, label="Phase", choices=found, group="More")


def task_values(task: Task) -> dict[str, Json]:
    """The values of `task_fields`."""
    return {
        "name": task.name,
        "key": task.key,
        "description": task.description or None,
        "phase": task.phase,
        "join": task.join.value,
        "cancel_rest": task.cancel_rest,
    }


def _ends(flow: Flow, edges: Iterable[Edge], *, is_source: bool) -> Iterator[End]:
    for edge in edges:
        ref = edge.source if is_source else edge.target
        yield End(ref, EDGE_PREFIX + edge.id, name_of(flow, ref), branch_label(flow, edge), edge.on is On.ERROR)


def name_of(flow: Flow, ref: str) -> str:
    """How a node is called: its name, or its key."""
    phase, note = phase_of_ref(ref), note_of_ref(ref)
    if ref == TRIGGER:
        return "Start"
    if note is not None:
        return "a note"
    node: Task | Phase | None = flow.tasks.get(ref) if phase is None else flow.phases.get(phase)
    return (node.name or node.key) if node else ref


def _targets(flow: Flow, task: Task) -> dict[str, str]:
    """The names of the nodes that each branch leads to."""
    found: dict[str, list[str]] = {}
    for edge in flow.outgoing(task.key):
        found.setdefault(edge.branch or "", []).append(name_of(flow, edge.target))
    return {branch: ", ".join(names) for branch, names in found.items()}


def branch_label(flow: Flow, edge: Edge) -> str:
    """The words of an edge's branch; `on error` for error edges; empty for plain ones."""
    if edge.on is On.ERROR:
        return "on error"
    task = flow.tasks.get(edge.source)
    if task is None or edge.branch is None:
        return ""
    named = {condition.key: condition.name or condition.key for condition in task.conditions}
    return named.get(edge.branch, "otherwise")


# -- everything else --------------------------------------------------------------------------------------------------


def _phase_form(flow: Flow, phase: Phase, offers: Offers, can_edit: bool) -> Form:
    ref, count = phase_ref(phase.key), sum(1 for _ in flow.tasks_in(phase.key))
    values: dict[str, Json] = {
        "name": phase.name,
        "description": phase.description or None,
        "requirements": [_as_flow_file(requirement.node) for requirement in phase.requirements] or None,
    }
    frame = frame_of(flow, phase.key)
    values |= {"width": frame.width, "height": frame.height}
    fields = (NAME, replace(DESCRIPTION, group=""), REQUIREMENTS, *SIZE_FIELDS)
    return Form(
        subject=ref,
        heading="Phase",
        title=phase.name or phase.key,
        icon="layers",
        key=phase.key,
        lead=f"{count} task{'' if count == 1 else 's'}. Edges in enter its first tasks; edges out wait for all.",
        groups=in_groups(controls_for(fields, values, (), offers, can_edit=can_edit)),
        incoming=tuple(_ends(flow, flow.incoming(ref), is_source=True)),
        outgoing=tuple(_ends(flow, flow.outgoing(ref), is_source=False)),
        can_edit=can_edit,
        offers=offers,
        may_delete=True,
    )


def _note_form(note: Note, offers: Offers, can_edit: bool) -> Form:
    values = {"text": note.text or None, "colour": note.colour.value, "width": note.width, "height": note.height}
    return Form(
        subject=note_ref(note.key),
        heading="Note",
        title=note.name if note.text else "A note",
        icon="note",
        has_edges=False,
        groups=in_groups(controls_for(NOTE_FIELDS, values, (), offers, can_edit=can_edit)),
        can_edit=can_edit,
        offers=offers,
        may_delete=True,
    )


def _as_flow_file(node: str) -> dict[str, str]:
    phase = phase_of_ref(node)
    return {"task": node} if phase is None else {"phase": phase}


def _edge_form(flow: Flow, edge: Edge, can_edit: bool) -> Form:
    task = flow.tasks.get(edge.source)
    kind = kind_of(task) if task else None
    fields = [ON] if edge.source != TRIGGER else []
    if kind is not None and kind.has_branches and edge.on is On.SUCCESS:
        fields.append(BRANCH)
    offers = offers_for(flow, edge.source)
    values = {"on": edge.on.value, "branch": edge.branch}
    source, target = name_of(flow, edge.source), name_of(flow, edge.target)
    return Form(
        subject=EDGE_PREFIX + edge.id,
        heading="Edge",
        title=f"{source} → {target}",
        icon="arrow-right",
        groups=in_groups(controls_for(fields, values, (), offers, can_edit=can_edit)),
        incoming=(End(edge.source, "", source, "", False),),
        outgoing=(End(edge.target, "", target, "", False),),
        can_edit=can_edit,
        offers=offers,
        may_delete=True,
    )


def _start_form(flow: Flow, offers: Offers, can_edit: bool) -> Form:
    return Form(
        subject=TRIGGER,
        heading="Start",
        title="What starts it",
        icon="play",
        tone="machine",
        lead="Instances begin here. Without a trigger they can still be started by hand and over the API.",
        triggers=tuple(_trigger_rows(flow, offers, can_edit)),
        outgoing=tuple(_ends(flow, flow.outgoing(TRIGGER), is_source=False)),
        offers=offers,
        can_edit=can_edit,
    )


def _flow_form(flow: Flow, offers: Offers, can_edit: bool) -> Form:
    own = controls_for((*FLOW_FIELDS, LIMITS, RETENTION), flow_values(flow), (), offers, can_edit=can_edit)
    return Form(
        subject="",
        heading="Flow",
        title=flow.name or flow.key,
        icon="flow",
        tone="accent",
        key=flow.key,
        groups=in_groups(own),
        triggers=tuple(_trigger_rows(flow, offers, can_edit)),
        syncs=tuple(_sync_rows(flow, offers, can_edit)),
        moments=sync_moments(flow),
        offers=offers,
        can_edit=can_edit,
    )


def flow_values(flow: Flow) -> dict[str, Json]:
    """The values of a flow's own fields."""
    return {
        "name": flow.name,
        "description": flow.description or None,
        "tags": list(flow.tags) or None,
        "timezone": None if flow.timezone == "UTC" else flow.timezone,
        "input_schema": flow.input_schema or None,
        "closing_reasons": list(flow.closing_reasons) or None,
        "single_closing_reason": flow.single_closing_reason,
        "limits": flow.limits or None,
        "retention": flow.retention or None,
    }


def _trigger_rows(flow: Flow, offers: Offers, can_edit: bool) -> Iterator[TriggerRow]:
    for number, trigger in enumerate(flow.triggers):
        kind = TRIGGER_TYPES.get(str(trigger.get("type")))
        if kind is not None:
            path: Path = ("triggers", number)
            found = controls_for(kind.fields, _without_type(trigger), path, offers, can_edit=can_edit)
            yield TriggerRow(number, kind.label, kind.icon, kind.description, found)


def sync_moments(flow: Flow) -> tuple[Choice, ...]:
    """The moments at which instances of a flow can write to entities."""
    ends = (Choice(moment, words) for moment, words in SYNC_MOMENTS.items())
    tasks = (Choice(f"task:{key}", f"“{task.name or key}” is done") for key, task in flow.tasks.items())
    phases = (Choice(phase_ref(key), f"Phase “{phase.name or key}” is done") for key, phase in flow.phases.items())
    return (*ends, *tasks, *phases)


def sync_fields(flow: Flow, held: Json = None) -> tuple[Field, ...]:
    """The fields of one rule of entity sync; `held`: the moment it has, which may be one that is gone."""
    moments = sync_moments(flow)
    if isinstance(held, str) and held and held not in {moment.value for moment in moments}:
        moments = (*moments, Choice(held, f"{held} (is not there)"))
    return tuple(
        replace(one, type=FieldType.CHOICE, choices=moments, help="") if one.key == "on" else one
        for one in ENTITY_SYNC_FIELDS
    )


def _sync_rows(flow: Flow, offers: Offers, can_edit: bool) -> Iterator[SyncRow]:
    for number, rule in enumerate(flow.entity_sync):
        path: Path = ("entity_sync", number)
        found = controls_for(sync_fields(flow, rule.get("on")), rule, path, offers, can_edit=can_edit)
        yield SyncRow(number, f"To {rule.get('entity') or 'an entity'}", found)


def _without_type(trigger: Mapping[str, Json]) -> dict[str, Json]:
    return {key: value for key, value in trigger.items() if key != "type"}
