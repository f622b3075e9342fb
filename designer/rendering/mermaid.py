"""A flow as Mermaid text, for wikis and Markdown files that draw it. Pure.

Every name comes through `mermaid_label`; nodes are numbered, so no key of an author's gets into the grammar.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from designer.graph.lowering import is_back_edge, start_tasks
from designer.graph.model import TRIGGER, Edge, Flow, On, Task, phase_ref
from designer.rendering.cards import edge_label, trigger_words
from designer.rendering.labels import clean

_SHAPES: Final[Mapping[str, tuple[str, str]]] = {"decision": ("{", "}"), "manual": ("[/", "/]"), "delay": ("([", "])")}
_ENTITIES: Final = str.maketrans(
    {"#": "#35;", "&": "#amp;", '"': "#quot;", "<": "#lt;", ">": "#gt;", "`": "#96;", "\\": "#92;"}
)


def mermaid_label(text: str) -> str:
    """`text` as a quoted label: never markup, never Markdown, never the end of the label."""
    return f'"{clean(text).translate(_ENTITIES) or " "}"'


def flow_to_mermaid(flow: Flow) -> str:
    """`flowchart LR` with phases as subgraphs; error edges dotted, back edges thick."""
    names = {TRIGGER: "start", **{key: f"t{number}" for number, key in enumerate(flow.tasks)}}
    names |= {phase_ref(key): f"p{number}" for number, key in enumerate(flow.phases)}
    return "\n".join(["flowchart LR", *_nodes(flow, names), *_edges(flow, names)]) + "\n"


def _nodes(flow: Flow, names: Mapping[str, str]) -> Iterator[str]:
    yield f"  {names[TRIGGER]}(({mermaid_label(trigger_words(flow))}))"
    for key, phase in flow.phases.items():
        yield f"  subgraph {names[phase_ref(key)]} [{mermaid_label(phase.name)}]"
        yield from (f"    {_node(task, names)}" for task in flow.tasks_in(key))
        yield "  end"
    yield from (f"  {_node(task, names)}" for task in flow.tasks.values() if task.phase not in flow.phases)


def _node(task: Task, names: Mapping[str, str]) -> str:
    opening, closing = _SHAPES.get(task.kind, ("[", "]"))
    return f"{names[task.key]}{opening}{mermaid_label(task.name)}{closing}"


def _edges(flow: Flow, names: Mapping[str, str]) -> Iterator[str]:
    known = [edge for edge in flow.edges if edge.source in names and edge.target in names]
    if not any(edge.source == TRIGGER for edge in known):
        yield from (f"  {names[TRIGGER]} --> {names[target]}" for target in start_tasks(flow))
    for edge in known:
        label = edge_label(flow, edge)
        words = f"|{mermaid_label(label)}|" if label else ""
        yield f"  {names[edge.source]} {_arrow(flow, edge)}{words} {names[edge.target]}"


def _arrow(flow: Flow, edge: Edge) -> str:
    if edge.on is On.ERROR:
        return "-.->"
    return "==>" if is_back_edge(flow, edge) else "-->"
