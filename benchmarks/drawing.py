"""The flow that is drawn to measure the editor: blocks of one task, three side by side and one that joins them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final
from xml.sax.saxutils import quoteattr

WIDTH: Final = 160
HEIGHT: Final = 56
BLOCK: Final = 5
BLOCKS_IN_ROW: Final = 10


@dataclass(frozen=True, slots=True)
class Drawn:
    """Tasks as (key, x, y) and edges as (source, target)."""

    tasks: tuple[tuple[str, int, int], ...]
    edges: tuple[tuple[str, str], ...]

    @property
    def flow_file(self) -> dict[str, Any]:
        """For ours. Every task sets a value, so that it has a summary and can be published."""
        return {
            "format": 1,
            "key": f"drawn-{len(self.tasks)}",
            "name": f"Drawn {len(self.tasks)}",
            "tasks": [
                {
                    "key": key,
                    "name": f"Task {key}",
                    "kind": "automation",
                    "settings": {"action": "set_values", "inputs": {"values": {key: "done"}}},
                    "at": [x, y],
                }
                for key, x, y in self.tasks
            ],
            "edges": [{"from": source, "to": target} for source, target in self.edges],
        }

    @property
    def nodes_and_edges(self) -> str:
        """For xyflow."""
        nodes = [{"id": key, "name": f"Task {key}", "x": x, "y": y} for key, x, y in self.tasks]
        return json.dumps({"nodes": nodes, "edges": [{"source": a, "target": b} for a, b in self.edges]})

    @property
    def bpmn(self) -> str:
        """For bpmn-js: service tasks, sequence flows, and where they are drawn."""
        at = {key: (x, y) for key, x, y in self.tasks}
        process = [f'<serviceTask id="{key}" name={quoteattr(f"Task {key}")}/>' for key in at]
        process += [f'<sequenceFlow id="{a}_{b}" sourceRef="{a}" targetRef="{b}"/>' for a, b in self.edges]
        shapes = [
            f'<di:BPMNShape id="{key}_di" bpmnElement="{key}">'
            f'<dc:Bounds x="{x}" y="{y}" width="{WIDTH}" height="{HEIGHT}"/></di:BPMNShape>'
            for key, (x, y) in at.items()
        ]
        shapes += [
            f'<di:BPMNEdge id="{a}_{b}_di" bpmnElement="{a}_{b}">'
            f'<om:waypoint x="{at[a][0] + WIDTH}" y="{at[a][1] + HEIGHT // 2}"/>'
            f'<om:waypoint x="{at[b][0]}" y="{at[b][1] + HEIGHT // 2}"/></di:BPMNEdge>'
            for a, b in self.edges
        ]
        return (
            '<?xml version="1.0" encoding="UTF-8"?><definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"'
            ' xmlns:di="http://www.omg.org/spec/BPMN/20100524/DI" xmlns:dc="http://www.omg.org/spec/DD/20100524/DC"'
            ' xmlns:om="http://www.omg.org/spec/DD/20100524/DI" targetNamespace="urn:quadrille:bench">'
            f'<process id="p">{"".join(process)}</process>'
            f'<di:BPMNDiagram><di:BPMNPlane bpmnElement="p">{"".join(shapes)}</di:BPMNPlane></di:BPMNDiagram>'
            "</definitions>"
        )


def drawn(count: int) -> Drawn:
    """A flow of `count` tasks, a multiple of five: block after block, in rows of ten."""
    tasks: list[tuple[str, int, int]] = []
    edges: list[tuple[str, str]] = []
    for number in range(count // BLOCK):
        left, top = 120 + 760 * (number % BLOCKS_IN_ROW), 80 + 320 * (number // BLOCKS_IN_ROW)
        first, last = f"b{number}", f"j{number}"
        sides = [f"s{number}x{side}" for side in range(3)]
        tasks.append((first, left, top + 80))
        tasks += [(key, left + 240, top + 80 * side) for side, key in enumerate(sides)]
        tasks.append((last, left + 480, top + 80))
        if number:
            edges.append((f"j{number - 1}", first))
        edges += [(first, side) for side in sides] + [(side, last) for side in sides]
    return Drawn(tuple(tasks), tuple(edges))
