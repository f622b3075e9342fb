"""What a task can refer to, as a typed tree: the input, what ran before it, values set, context, event and the rest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final

from designer.graph.before import Before, Precedence
from designer.graph.model import TRIGGER, Flow, Json, Task
from designer.graph.outputs import ANYTHING, ERROR, output_schema
from designer.graph.paths import DataPath, parse_path, written
from designer.graph.references import read_template, statement_references, texts_of
from designer.graph.shapes import merged
from designer.graph.wording import mapping

DEEPEST: Final = 8
MOST_CHILDREN: Final = 200
MOST_NODES: Final = 4_000


class Certainty(StrEnum):
    """Whether there is anything at the path when the task runs."""

    CERTAIN = "certain"
    POSSIBLE = "possible"


@dataclass(frozen=True, slots=True)
class DataNode:
    """One thing to refer to. `type` is a statement type (`conditions.STATEMENT_TYPES`), `object`, or `any`."""

    name: str
    path: DataPath
    type: str = "any"
    help: str = ""
    certainty: Certainty = Certainty.CERTAIN
    children: tuple[DataNode, ...] = ()
    example: str = ""
    choices: tuple[str, ...] = ()
    """The texts that it can be, where its schema lists them."""

    def to_json(self) -> dict[str, Any]:
        """`{name, path, type, help?, maybe?, children?}`; `path` as it is written in a template."""
        document: dict[str, Any] = {"name": self.name, "path": written(self.path), "type": self.type}
        if self.help:
            document["help"] = self.help
        if self.certainty is Certainty.POSSIBLE:
            document["maybe"] = True
        if self.children:
            document["children"] = [child.to_json() for child in self.children]
        return document

    def at(self, path: Sequence[str | int]) -> DataNode | None:
        """The node below this one; list positions all lead to the first entry. None where nothing is known."""
        here: DataNode | None = self
        for step in path:
            here = next((c for c in here.children if _same_step(c.path[-1], step)), None) if here else None
        return here


def _same_step(known: str | int, step: str | int) -> bool:
    return known == step or (isinstance(known, int) and isinstance(step, int))


@dataclass(frozen=True, slots=True)
class Shapes:
    """What was seen when the flow ran last, as JSON Schemas: of its input, context, and of outputs by task."""

    input: Json = None
    context: Json = None
    outputs: Mapping[str, Json] = field(default_factory=dict)


NOTHING_SEEN: Final = Shapes()


def data_at(flow: Flow, subject: str, *, seen: Shapes = NOTHING_SEEN) -> tuple[DataNode, ...]:
    """The roots of what may be referred to at `subject`: a task key; a phase or an edge, where everything may have
    run; empty or `trigger`: what triggers can name.
    """
    if subject in ("", TRIGGER):
        return (_event(flow), _flow(), _now())
    task = flow.tasks.get(subject)
    before = Precedence(flow).before(subject) if task is not None else Before(possible=tuple(flow.tasks))
    return tuple(_with_used(flow, list(_roots(flow, subject, before, seen))))


def node_at(tree: Sequence[DataNode], path: DataPath | None) -> DataNode | None:
    """What a path leads to; None where it is not known."""
    root = next((node for node in tree if path and node.name == path[0]), None)
    return root.at(path[1:]) if root and path else None


def type_at(tree: Sequence[DataNode], path: DataPath | None) -> str:
    """The type of what a path leads to, `any` where it is not known."""
    found = node_at(tree, path)
    return found.type if found else "any"


def input_schema_of(flow: Flow) -> Mapping[str, Json]:
    """What the flow declares of its input: its input schema, or else what its triggers start it with."""
    if flow.input_schema:
        return flow.input_schema
    properties: dict[str, Json] = {}
    for trigger in flow.triggers:
        form = mapping(trigger.get("form"))
        properties |= mapping(form.get("properties"))
        properties |= dict.fromkeys(mapping(trigger.get("inputs")), ANYTHING)
    return {"type": "object", "properties": properties} if properties else {}


# -- the roots --------------------------------------------------------------------------------------------------------


def _roots(flow: Flow, subject: str, before: Before, seen: Shapes) -> Iterator[DataNode]:
    declared = input_schema_of(flow)
    yield replace(_node(("input",), merged(declared, seen.input)), help="What the instance was started with")
    completed, failed = set(before.completed), set(before.failed)
    ran = [key for key in flow.tasks if key in completed or key in failed or key in before.possible]
    steps = tuple(_step(flow.tasks[key], key in completed, key in failed, seen) for key in ran)
    if steps:
        yield DataNode("steps", ("steps",), "object", "What tasks before this one put out", children=steps)
    variables = tuple(_variables(flow, ran, completed))
    if variables:
        yield DataNode("vars", ("vars",), "object", "Set by “Set values”", children=variables)
    yield _context(flow, seen)
    yield _event(flow)
    about = (("id", {"type": "string"}), ("created_at", _MOMENT), ("started_at", _MOMENT))
    yield DataNode(
        "instance",
        ("instance",),
        "object",
        "The instance itself",
        children=tuple(_node(("instance", name), schema) for name, schema in about),
    )
    yield _flow()
    yield _now()


_MOMENT: Final = {"type": "string", "format": "date-time"}


def _step(task: Task, is_completed: bool, is_failed: bool, seen: Shapes) -> DataNode:
    stem: DataPath = ("steps", task.key)
    # Where a rule may leave a task out, it has no output although its turn came.
    is_sure = is_completed and not task.settings.get("only_if")
    ran = Certainty.CERTAIN if is_completed or is_failed else Certainty.POSSIBLE
    output = _node((*stem, "output"), merged(output_schema(task), seen.outputs.get(task.key)))
    error = replace(_node((*stem, "error"), ERROR), help="Why it failed")
    parts = [
        _as(output, Certainty.CERTAIN if is_sure else Certainty.POSSIBLE),
        _as(error, Certainty.CERTAIN if is_failed else Certainty.POSSIBLE),
        DataNode("status", (*stem, "status"), "text", "completed, skipped, failed, …", ran),
        DataNode("started_at", (*stem, "started_at"), "datetime", "", ran),
        DataNode("ended_at", (*stem, "ended_at"), "datetime", "", ran),
    ]
    return DataNode(task.key, stem, "object", task.name or task.key, ran, tuple(parts))


def _variables(flow: Flow, ran: Sequence[str], completed: set[str]) -> Iterator[DataNode]:
    found: dict[str, DataNode] = {}
    for key in ran:
        task = flow.tasks[key]
        if task.kind != "automation" or task.settings.get("action") != "set_values":
            continue
        for name, schema in mapping(output_schema(task).get("properties")).items():
            certainty = Certainty.CERTAIN if key in completed else Certainty.POSSIBLE
            node = replace(_as(_node(("vars", name), schema), certainty), help=f"Set by {task.name or key}")
            known = found.get(name)
            if known is None or certainty is Certainty.CERTAIN:
                found[name] = node
    yield from found.values()


def _context(flow: Flow, seen: Shapes) -> DataNode:
    names = dict.fromkeys(str(entry["entity"]) for entry in flow.entity_sync if entry.get("entity"))
    declared = {"type": "object", "properties": {name: {"type": "object"} for name in names}}
    return replace(_node(("context",), merged(declared, seen.context)), help="Linked entities")


def _event(flow: Flow) -> DataNode:
    properties: dict[str, Json] = {}
    for trigger in flow.triggers:
        if trigger.get("type") == "form":
            properties |= mapping(mapping(trigger.get("form") or flow.input_schema).get("properties"))
    schema = {"type": "object", "properties": properties} if properties else {}
    return replace(_node(("event",), schema), help="What the trigger was fired with")


def _flow() -> DataNode:
    names = tuple(DataNode(name, ("flow", name), "text") for name in ("key", "name"))
    return DataNode("flow", ("flow",), "object", "This flow", children=names)


def _now() -> DataNode:
    return DataNode("now", ("now",), "datetime", "The present moment")


def _as(node: DataNode, certainty: Certainty) -> DataNode:
    if certainty is Certainty.CERTAIN:
        return node
    return replace(node, certainty=certainty, children=tuple(_as(child, certainty) for child in node.children))


# -- from schemas -----------------------------------------------------------------------------------------------------


def _node(path: DataPath, schema: Json, depth: int = 0) -> DataNode:
    """What a JSON Schema says of the value at `path`."""
    known: Mapping[str, Json] = schema if isinstance(schema, Mapping) else {}
    name = f"[{path[-1]}]" if isinstance(path[-1], int) else str(path[-1])
    words = [known.get("title"), known.get("description")]
    text = " · ".join(dict.fromkeys(str(word) for word in words if isinstance(word, str) and word))[:200]
    return DataNode(
        name,
        path,
        type_of_schema(known),
        text,
        children=tuple(_children(path, known, depth)),
        choices=_choices(known.get("enum")),
    )


def _choices(values: Json) -> tuple[str, ...]:
    texts = values if isinstance(values, list) else []
    return tuple(value for value in texts[:MOST_CHILDREN] if isinstance(value, str) and value)


def _children(path: DataPath, schema: Mapping[str, Json], depth: int) -> Iterator[DataNode]:
    if depth >= DEEPEST:
        return
    for name, below in list(mapping(schema.get("properties")).items())[:MOST_CHILDREN]:
        if isinstance(name, str):
            yield _node((*path, name), below, depth + 1)
    items = schema.get("items")
    if isinstance(items, Mapping) and items:
        yield _node((*path, 0), items, depth + 1)


def type_of_schema(schema: Mapping[str, Json]) -> str:
    """The statement type that a JSON Schema asks for; `object`, or `any` where it says nothing."""
    declared = schema.get("type")
    if isinstance(declared, list):
        declared = next((name for name in declared if name != "null"), None)
    if declared == "string" or (declared is None and _is_of_texts(schema.get("enum"))):
        return {"date": "date", "date-time": "datetime"}.get(str(schema.get("format")), "text")
    if declared is None and isinstance(schema.get("properties"), Mapping):
        return "object"
    known = {"number": "number", "integer": "number", "boolean": "boolean", "array": "list", "object": "object"}
    return known.get(str(declared), "any")


def _is_of_texts(values: Json) -> bool:
    return isinstance(values, list) and bool(values) and all(isinstance(value, str) for value in values)


# -- what the flow names already --------------------------------------------------------------------------------------


def _with_used(flow: Flow, roots: list[DataNode]) -> Iterator[DataNode]:
    """The roots, with the paths into free data that other tasks name: whoever wrote them knew that they are there."""
    used: dict[str, list[DataPath]] = {"input": [], "context": [], "event": []}
    for path in _named(flow):
        if str(path[0]) in used and len(path) > 1:
            used[str(path[0])].append(path)
    for root in roots:
        node = root
        for path in dict.fromkeys(used.get(root.name, ())):
            node = _grown(node, path, 1)
        yield node


def _named(flow: Flow) -> Iterator[DataPath]:
    for task in flow.tasks.values():
        for _, text in texts_of(task.settings):
            yield from read_template(text).paths
        for condition in task.conditions:
            for statement in condition.statements:
                yield from (path for _, path in statement_references(statement))


def _grown(node: DataNode, path: DataPath, depth: int) -> DataNode:
    if depth >= len(path) or depth > DEEPEST or len(node.children) >= MOST_CHILDREN:
        return node
    step = 0 if isinstance(path[depth], int) else path[depth]
    place = next((n for n, child in enumerate(node.children) if _same_step(child.path[-1], step)), None)
    children = list(node.children)
    if place is None:
        children.append(DataNode(f"[{step}]" if isinstance(step, int) else str(step), (*node.path, step)))
        place = len(children) - 1
    children[place] = _grown(children[place], path, depth + 1)
    type = "list" if isinstance(step, int) else "object"
    return replace(node, children=tuple(children), type=type if node.type == "any" else node.type)


def flat(tree: Sequence[DataNode]) -> Iterator[DataNode]:
    """Every node, each before its children."""
    todo = list(reversed(tree))
    for _ in range(MOST_NODES):
        if not todo:
            return
        node = todo.pop()
        yield node
        todo.extend(reversed(node.children))


def source_type(tree: Sequence[DataNode], source: str) -> str:
    """The type of a statement's source, as it is written."""
    return type_at(tree, _path_of_source(source))


def source_choices(tree: Sequence[DataNode], source: str) -> tuple[str, ...]:
    """The values of which a statement's source, as it is written, has one; empty where they are not known."""
    found = node_at(tree, _path_of_source(source))
    if found is None:
        return ()
    return ("true", "false") if found.type == "boolean" else found.choices


def _path_of_source(source: str) -> DataPath | None:
    return parse_path(source.strip().removeprefix("{{").removesuffix("}}").strip())
