"""A flow as DOT text, for Graphviz. Pure.

Every name comes through `labels.dot_label`; every attribute is written here; sizes are ours, so the two programs that
may lay it out (the system's `dot` and the one in the wheel) agree. Nodes are named by their task keys, edges by
`id="e<n>"` with their place in `flow.edges`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

import graphviz

from designer.graph.kinds import kind_of
from designer.graph.lowering import is_back_edge, start_tasks
from designer.graph.model import TRIGGER, Edge, Flow, On, Task, phase_of_ref
from designer.rendering.cards import (
    LABEL_SIZE,
    LONGEST_LABEL,
    TRIGGER_SIZE,
    card_size,
    card_summary,
    edge_label,
    label_width,
    trigger_words,
)
from designer.rendering.labels import dot_label, shorten, text_width

FAST: Final = {"nslimit": "1", "nslimit1": "1", "mclimit": "0.1", "splines": "line"}
"""Graph attributes with which Graphviz takes less care and much less time."""

_FONT: Final = "Helvetica,Arial,sans-serif"
_INCH: Final = 72.0
_LABEL_UNIT: Final = 0.556 * LABEL_SIZE  # width of an `n` of the font

Colour = Callable[[str], str]


def flow_to_dot(flow: Flow, *, colour: Colour, fast: bool = False) -> str:
    """DOT of `flow` with its words and colours, for reading, PNG and other tools.

    `colour` maps the name of a token to `#rrggbb`.
    """
    return _Drawing(flow, colour=colour, fast=fast).source()


def layout_dot(flow: Flow, *, fast: bool = False) -> str:
    """DOT of `flow` without a word of its author: only what a layout depends on. Equal text, equal layout."""
    return _Drawing(flow, colour=None, fast=fast).source()


def cluster_name(phase: str) -> str:
    """The name of the cluster that a phase is drawn as."""
    return f"cluster_{phase}"


def anchor_name(phase: str) -> str:
    """The name of the invisible node that holds a phase without tasks open, and its edges. No task key has a colon."""
    return f"phase:{phase}"


class _Drawing:
    def __init__(self, flow: Flow, *, colour: Colour | None, fast: bool) -> None:
        self.flow = flow
        self.colour = colour
        self.members = {key: list(flow.tasks_in(key)) for key in flow.phases}
        self.edges = [edge for edge in flow.edges if flow.has_node(edge.source) and flow.has_node(edge.target)]
        self.numbers = {edge: number for number, edge in enumerate(flow.edges)}
        self.graph = graphviz.Digraph("flow")
        self.graph.attr(
            "graph", rankdir="LR", compound="true", nodesep="0.42", ranksep=self._rank_gap(), charset="utf-8"
        )
        self.graph.attr("graph", fontname=_FONT, fontsize="13", labeljust="l")
        self.graph.attr("node", shape="box", fixedsize="true", fontname=_FONT, fontsize="12", label="")
        self.graph.attr("edge", fontname=_FONT, fontsize=f"{LABEL_SIZE:g}", arrowsize="0.7")
        if colour is not None:
            self.graph.attr("graph", bgcolor=colour("surface"), fontcolor=colour("muted"), color=colour("grid-strong"))
            self.graph.attr("graph", style="rounded,filled", fillcolor=colour("paper"), pad="0.3")
            self.graph.attr("node", style="rounded,filled", fillcolor=colour("surface"), fontcolor=colour("ink"))
            self.graph.attr("edge", color=colour("muted"), fontcolor=colour("muted"))
        if fast:
            self.graph.attr("graph", **FAST)

    def source(self) -> str:
        """The DOT text."""
        self._add_trigger()
        for key, phase in self.flow.phases.items():
            with self.graph.subgraph(name=cluster_name(key)) as cluster:
                # Of a cluster these are points; of the whole graph they would be inches.
                cluster.attr(label=self._words(phase.name, 40) if self.colour else "n", margin="20")
                self._add_tasks(cluster, self.members[key])
                if not self.members[key]:
                    cluster.node(graphviz.nohtml(anchor_name(key)), style="invis", width="2.2", height="0.6")
        self._add_tasks(self.graph, (task for task in self.flow.tasks.values() if task.phase not in self.flow.phases))
        for edge in self.edges:
            self._add_edge(edge)
        if not any(edge.source == TRIGGER for edge in self.edges):
            self._add_implied_starts()
        return str(self.graph.source)

    def _rank_gap(self) -> str:
        # Graphviz halves the gap as soon as one edge has a label.
        return "0.6" if not any(edge_label(self.flow, edge) for edge in self.edges) else "0.5"

    def _add_trigger(self) -> None:
        size = f"{TRIGGER_SIZE / _INCH:.3f}"
        if self.colour is None:
            self.graph.node(TRIGGER, shape="circle", width=size, height=size)
            return
        words = shorten(trigger_words(self.flow), LONGEST_LABEL, 12)
        width = max(TRIGGER_SIZE, text_width(words, 12) + TRIGGER_SIZE)
        look = {"color": self.colour("machine"), "style": "filled", "width": f"{width / _INCH:.3f}", "height": size}
        self.graph.node(TRIGGER, shape="ellipse", label=graphviz.nohtml(dot_label(words)), **look)

    def _add_tasks(self, graph: graphviz.Digraph, tasks: Iterable[Task]) -> None:
        for task in tasks:
            size = card_size(self.flow, task)
            look = {"width": f"{size.width / _INCH:.3f}", "height": f"{size.height / _INCH:.3f}"}
            if self.colour:
                look["label"] = (
                    f"{self._words(task.name, size.width)}\\n{self._words(card_summary(self.flow, task), size.width)}"
                )
                look["color"] = self.colour(kind_of(task).colour)
            # The whole label is escaped in its pieces; the line break between them is ours.
            graph.node(task.key, **{name: graphviz.nohtml(value) for name, value in look.items()})

    def _words(self, text: str, width: float) -> str:
        return dot_label(shorten(text, max(width, 160) - 16, 12))

    def _add_edge(self, edge: Edge) -> None:
        look = {"id": f"e{self.numbers[edge]}"}
        source, target = self._end(edge.source, "ltail", look), self._end(edge.target, "lhead", look)
        if source == target:
            look.pop("ltail", None)
            look.pop("lhead", None)
        is_back = is_back_edge(self.flow, edge)
        if phase_of_ref(edge.source) is None:
            look["tailport"] = "n" if is_back else "s" if edge.on is On.ERROR else "e"
        if phase_of_ref(edge.target) is None:
            look["headport"] = "n" if is_back else "w"
        if is_back:
            look["weight"] = "0"  # what leads back is no reason to bend what leads on
        label = edge_label(self.flow, edge)
        if self._home(edge.source) != self._home(edge.target) or (label and ("lhead" in look or "ltail" in look)):
            look["minlen"] = "2"  # room between the borders that it crosses, for it and its label
        if label:
            room = "n" * -(-label_width(label) // max(int(_LABEL_UNIT), 1))
            look["label"] = dot_label(f" {label} ") if self.colour else room
        if self.colour and (is_back or edge.on is On.ERROR):
            look["style"] = "dotted" if is_back else "dashed"
            if edge.on is On.ERROR:
                look["color"] = self.colour("errored")
        self.graph.edge(source, target, **{name: graphviz.nohtml(value) for name, value in look.items()})

    def _home(self, ref: str) -> str | None:
        """The phase whose border an edge at this node has to cross; None for none."""
        task = self.flow.tasks.get(ref)
        phase = phase_of_ref(ref) or (task.phase if task is not None else None)
        return phase if phase in self.flow.phases else None

    def _add_implied_starts(self) -> None:
        """Without an edge of the trigger, instances begin at the tasks nothing leads to (semantics: Graph)."""
        for number, key in enumerate(start_tasks(self.flow)):
            self.graph.edge(TRIGGER, key, id=f"s{number}", style="dotted", tailport="e", headport="w")

    def _end(self, ref: str, clip: str, look: dict[str, str]) -> str:
        """The node an edge is drawn to. An edge of a phase goes to one of its tasks and is clipped at its border."""
        phase = phase_of_ref(ref)
        if phase is None:
            return ref
        look[clip] = cluster_name(phase)
        members = self.members[phase]
        if not members:
            return anchor_name(phase)
        return (members[-1] if clip == "ltail" else members[0]).key
