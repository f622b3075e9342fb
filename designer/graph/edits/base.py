"""What every edit is and answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, NoReturn, Protocol, TypeVar

from designer.graph.decoding import MOST_EDGES, MOST_NOTES, MOST_PHASES, MOST_TASKS
from designer.graph.model import Edge, Flow
from designer.graph.problems import FlowFileInvalid
from designer.graph.rules import Refusal, Rule

FLOW: Final = "flow"
"""In `touched`: the flow's own fields, such as its name or triggers."""


class EditRefused(ValueError):
    """The edit may not happen. `reason` is a sentence for people; `rule` says which rule, as far as one applies."""

    def __init__(self, reason: str, rule: Rule | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.rule = rule


class Edit(Protocol):
    """A small frozen value that changes a flow. Applying it never changes the flow given."""

    def apply(self, flow: Flow) -> Applied:
        """The flow after the edit. Raises `EditRefused`."""


@dataclass(frozen=True, slots=True)
class Applied:
    """What an edit did.

    `undo` brings back exactly the flow that was given. `touched` names what has to be drawn anew: node references,
    edge ids, and `"flow"` for the flow's own fields; of things removed and changed as well as added.
    """

    flow: Flow
    undo: Edit
    touched: frozenset[str]


def require(refusal: Refusal | None) -> None:
    """Raise `EditRefused` for a refusal."""
    if refusal is not None:
        raise EditRefused(refusal.reason, refusal.rule)


def refuse_file(invalid: FlowFileInvalid) -> NoReturn:
    """Raise `EditRefused` for values that no flow file may hold."""
    raise EditRefused(" ".join(dict.fromkeys(problem.message for problem in invalid.problems[:3])), Rule.BAD_VALUE)


def refuse_crowd(flow: Flow) -> Flow:
    """The flow, unless it has grown over its limits."""
    for noun, count, most in (
        ("tasks", len(flow.tasks), MOST_TASKS),
        ("phases", len(flow.phases), MOST_PHASES),
        ("edges", len(flow.edges), MOST_EDGES),
        ("notes", len(flow.notes), MOST_NOTES),
    ):
        if count > most:
            raise EditRefused(f"A flow has at most {most:,} {noun}.")
    return flow


Node = TypeVar("Node")
Item = TypeVar("Item")


def inserted(nodes: Mapping[str, Node], places: Iterable[tuple[int | None, str, Node]]) -> dict[str, Node]:
    """The mapping with nodes put at these positions, in ascending order; None or too far is the end."""
    items = list(nodes.items())
    for index, key, node in places:
        items.insert(len(items) if index is None else index, (key, node))
    return dict(items)


def with_inserted(items: Sequence[Item], places: Iterable[tuple[int | None, Item]]) -> tuple[Item, ...]:
    """The sequence with items put at these positions, in ascending order; None or too far is the end."""
    changed = list(items)
    for index, item in places:
        changed.insert(len(changed) if index is None else index, item)
    return tuple(changed)


def places_of(nodes: Mapping[str, Node], keys: Iterable[str]) -> tuple[tuple[int, Node], ...]:
    """Where these nodes stand, ascending: `inserted` with them brings the mapping back."""
    wanted = set(keys)
    return tuple((index, node) for index, (key, node) in enumerate(nodes.items()) if key in wanted)


def edge_places(flow: Flow, gone: Iterable[Edge]) -> tuple[tuple[int, Edge], ...]:
    """Where these edges stand, ascending."""
    wanted = set(gone)
    return tuple((index, edge) for index, edge in enumerate(flow.edges) if edge in wanted)


def without_edges(flow: Flow, gone: Iterable[Edge]) -> Flow:
    """The flow without these edges."""
    unwanted = set(gone)
    return replace(flow, edges=tuple(edge for edge in flow.edges if edge not in unwanted)) if unwanted else flow


def require_edge(flow: Flow, edge: Edge) -> Edge:
    """The edge, if the flow has it; else raise `EditRefused`."""
    if edge not in flow.edges:
        raise EditRefused(f"There is no such edge from {edge.source} to {edge.target}.", Rule.NO_SUCH_EDGE)
    return edge
