"""The form of whatever is selected: a task, an edge, a phase, the start, several things, or the flow itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, TypedDict, Unpack

from designer.graph.actions import ACTIONS
from designer.graph.conditions import (
    OPERATOR_WORDS,
    OPERATORS_BY_TYPE,
    STATEMENT_TYPES,
    WITH_MANY_VALUES,
    WITHOUT_VALUES,
)
from designer.graph.data_tree import DataNode, data_at, source_type
from designer.graph.decoding import LEAST_NOTE_SIDE, LONGEST_NOTE, MOST_NOTE_SIDE
from designer.graph.fields import Choice, Field, FieldType, VisibleWhen, choices
from designer.graph.flow_fields import (
    ENTITY_SYNC_FIELDS,
    ENTITY_SYNC_MOMENTS,
    LIMIT_FIELDS,
    RETENTION_FIELDS,
    TRIGGER_TYPES,
)
from designer.graph.kinds import kind_of
from designer.graph.model import (
    TRIGGER,
    Condition,
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
from designer.inspector.controls import Control, ControlGroup, controls_for, in_groups, text_of
from designer.inspector.offers import Offers, offers_for

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

NAME: Final = Field(key="name", type=FieldType.TEXT, label="Name", required=True, longest=200)
DESCRIPTION: Final = Field(
    key="description", type=FieldType.LONGTEXT, label="Description", help="For whoever reads or does it.", group="More"
)
KEY: Final = Field(
    key="key",
    type=FieldType.TEXT,
    label="Key",
    help="How templates and conditions name it. Changing it changes them too.",
    required=True,
    longest=64,
    group="More",
)
JOIN: Final = Field(
    key="join",
    type=FieldType.CHOICE,
    label="Starts when",
    choices=choices(
        all="all that lead here are done",
        any="the first is done",
        race="the first ends, well or not",
        all_settled="all have ended, well or not",
    ),
    default="all",
    group="Incoming edges",
)
CANCEL_REST: Final = Field(
    key="cancel_rest",
    type=FieldType.BOOLEAN,
    label="Cancel the rest",
    help="Steps that can only lead here and still run are cancelled.",
    default=True,
    group="Incoming edges",
    visible_when=VisibleWhen("join", ("any", "race")),
)
ON: Final = Field(
    key="on",
    type=FieldType.CHOICE,
    label="Taken",
    choices=choices(success="On success", error="On an error"),
    default="success",
)
BRANCH: Final = Field(key="branch", type=FieldType.BRANCH, label="Branch")
REQUIREMENTS: Final = Field(
    key="requirements",
    type=FieldType.REQUIREMENTS,
    label="Requirements",
    help="Tasks and phases that must be finished (completed or skipped) before anything in here begins.",
)
NOTE_FIELDS: Final = (
    Field(
        key="text",
        type=FieldType.LONGTEXT,
        label="Text",
        help="For whoever reads the flow; nothing runs because of it.",
        longest=LONGEST_NOTE,
    ),
    Field(
        key="colour",
        type=FieldType.CHOICE,
        label="Colour",
        choices=choices(yellow="Yellow", blue="Blue", green="Green", pink="Pink", grey="Grey"),
        default="yellow",
    ),
    *(
        Field(
            key=key,
            type=FieldType.NUMBER,
            label=label,
            required=True,
            is_whole=True,
            minimum=LEAST_NOTE_SIDE,
            maximum=MOST_NOTE_SIDE,
        )
        for key, label in (("width", "Width"), ("height", "Height"))
    ),
)
TAGS: Final = Field(
    key="tags",
    type=FieldType.LIST,
    label="Tags",
    longest=50,
    of=Field(key="", type=FieldType.TEXT, label="Tag", longest=64, example="shop"),
)
TIMEZONE: Final = Field(
    key="timezone",
    type=FieldType.TIMEZONE,
    label="Time zone",
    help="In which days begin and end, for due dates and schedules.",
    default="UTC",
)
CLOSING_REASONS: Final = Field(
    key="closing_reasons",
    type=FieldType.LIST,
    label="Closing reasons",
    help="From which a person chooses who ends an instance early.",
    longest=100,
    of=Field(key="", type=FieldType.TEXT, label="Reason", longest=200, example="Customer withdrew"),
    group="Closing",
)
SINGLE_REASON: Final = Field(
    key="single_closing_reason", type=FieldType.BOOLEAN, label="Only one reason", default=False, group="Closing"
)
INPUT_SCHEMA: Final = Field(
    key="input_schema",
    type=FieldType.JSON_SCHEMA,
    label="Input",
    help="What an instance is started with. Start forms are made from it, input that does not fit is refused, and "
    "tasks can refer to its fields. Without any, anything goes.",
    group="Input",
)
FLOW_FIELDS: Final = (
    NAME,
    replace(DESCRIPTION, help="What it is for.", group=""),
    TAGS,
    TIMEZONE,
    INPUT_SCHEMA,
    CLOSING_REASONS,
    SINGLE_REASON,
)
SYNC_MOMENTS: Final = dict(
    zip(ENTITY_SYNC_MOMENTS, ("It has started", "It is complete", "It has failed", "It was closed"), strict=True)
)
LIMITS: Final = Field(key="limits", type=FieldType.GROUP, label="Limits", group="Limits", fields=LIMIT_FIELDS)
RETENTION: Final = Field(
    key="retention", type=FieldType.GROUP, label="Retention", group="Retention", fields=RETENTION_FIELDS
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
class StatementRow:
    """A statement of a condition as the builder shows it."""

    source: str
    type: str
    operator: str
    operators: tuple[Choice, ...]
    values_text: str
    takes_values: bool
    takes_many: bool
    known_type: str = ""
    """The words of the source's own type, where it is known; empty otherwise."""


@dataclass(frozen=True, slots=True)
class BranchRow:
    """A condition as the builder shows it."""

    key: str
    name: str
    match: str
    statements: tuple[StatementRow, ...]
    target: str


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
        return _statement_row(Statement("", "equals"))


class FormContext(TypedDict, total=False):
    """Who looks, and what may be named: people and groups to assign to, other flows to
    call, connections to use.
    """

    can_edit: bool
    people: tuple[str, ...]
    flows: tuple[str, ...]
    connections: tuple[str, ...]


def _offers(flow: Flow, subject: str, **context: Unpack[FormContext]) -> Offers:
    return offers_for(
        flow,
        subject,
        people=context.get("people", ()),
        flows=context.get("flows", ()),
        connections=context.get("connections", ()),
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
    return _task_form(flow, flow.tasks[subject], offers, can_edit) if subject in flow.tasks else None


# -- tasks ------------------------------------------------------------------------------------------------------------


def _task_form(flow: Flow, task: Task, offers: Offers, can_edit: bool) -> Form:
    kind = kind_of(task)
    own = controls_for(task_fields(flow, task), task_values(task), (), offers, can_edit=can_edit)
    settings = controls_for(kind.setting_fields, task.settings, ("settings",), offers, can_edit=can_edit)
    action = ACTIONS.get(str(task.settings.get("action", ""))) if kind.key == "automation" else None
    name, more = own[0], own[1:]
    tree = data_at(flow, task.key) if kind.has_branches else ()
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
        branches=tuple(_branch_rows(flow, task, tree)) if kind.has_branches else None,
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


def branch_label(flow: Flow, edge: Edge) -> str:
    """The words of an edge's branch; `on error` for error edges; empty for plain ones."""
    if edge.on is On.ERROR:
        return "on error"
    task = flow.tasks.get(edge.source)
    if task is None or edge.branch is None:
        return ""
    named = {condition.key: condition.name or condition.key for condition in task.conditions}
    return named.get(edge.branch, "otherwise")


# -- the branches of a decision ---------------------------------------------------------------------------------------


def _branch_rows(flow: Flow, task: Task, tree: Sequence[DataNode]) -> Iterator[BranchRow]:
    targets: dict[str | None, list[str]] = {}
    for edge in flow.outgoing(task.key):
        targets.setdefault(edge.branch, []).append(name_of(flow, edge.target))
    for condition in task.conditions:
        yield _branch_row(condition, ", ".join(targets.get(condition.key, ())), tree)


def _branch_row(condition: Condition, target: str, tree: Sequence[DataNode]) -> BranchRow:
    rows = tuple(_statement_row(statement, source_type(tree, statement.source)) for statement in condition.statements)
    return BranchRow(condition.key, condition.name or condition.key, condition.match.value, rows, target)


def _statement_row(statement: Statement, known: str = "any") -> StatementRow:
    many = takes_many(statement.operator, statement.type)
    texts = [text_of(VALUE, value) for value in statement.values]
    return StatementRow(
        source=statement.source,
        type=statement.type or "",
        operator=statement.operator,
        operators=operators_for(statement.type or known, chosen=statement.operator),
        known_type=STATEMENT_TYPES.get(known, ""),
        values_text="\n".join(texts) if many else next(iter(texts), ""),
        takes_values=statement.operator not in WITHOUT_VALUES,
        takes_many=many,
    )


VALUE: Final = Field(key="value", type=FieldType.TEXT, label="Value")


def takes_many(operator: str, declared: str | None) -> bool:
    """Whether a statement may compare with several values."""
    return operator in WITH_MANY_VALUES or (declared == "list" and operator in ("equals", "not_equals"))


def operators_for(declared: str | None, *, chosen: str = "") -> tuple[Choice, ...]:
    """What can be asked of a value of this type, and in any case what is asked already."""
    known = OPERATORS_BY_TYPE.get(declared or "", tuple(OPERATOR_WORDS))
    shown = known if not chosen or chosen in known else (*known, chosen)
    return tuple(Choice(operator, OPERATOR_WORDS.get(operator, operator)) for operator in shown)


# -- everything else --------------------------------------------------------------------------------------------------


def _phase_form(flow: Flow, phase: Phase, offers: Offers, can_edit: bool) -> Form:
    ref, count = phase_ref(phase.key), sum(1 for _ in flow.tasks_in(phase.key))
    values = {
        "name": phase.name,
        "description": phase.description or None,
        "requirements": [_as_flow_file(requirement.node) for requirement in phase.requirements] or None,
    }
    fields = (NAME, replace(DESCRIPTION, group=""), REQUIREMENTS)
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
