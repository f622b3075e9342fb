"""Edits of the flow as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from designer.graph.codec import decode_flow, encode_flow
from designer.graph.edits.base import FLOW, Applied, EditRefused, refuse_file, require
from designer.graph.edits.changes import Change, changed
from designer.graph.edits.tasks import MoveTasks
from designer.graph.model import Flow, Frame, Position, note_ref, phase_ref
from designer.graph.problems import FlowFileInvalid
from designer.graph.rules import Rule, phases_exist
from designer.graph.suggestions import listed

_CONFIGURABLE = (
    "name",
    "description",
    "tags",
    "timezone",
    "input_schema",
    "closing_reasons",
    "single_closing_reason",
    "triggers",
    "limits",
    "retention",
    "entity_sync",
)


@dataclass(frozen=True, slots=True)
class ConfigureFlow:
    """Change single values of the flow itself, as the flow file has them: all but its key and its graph."""

    changes: tuple[Change, ...]

    def apply(self, flow: Flow) -> Applied:
        """Refused when a value does not fit its field."""
        if any(change.path[:1] not in {(word,) for word in _CONFIGURABLE} for change in self.changes):
            raise EditRefused(f"A flow's {listed(_CONFIGURABLE, last='and')} can be configured.", Rule.BAD_VALUE)
        document, undo = changed(encode_flow(replace(flow, phases={}, tasks={}, edges=(), notes={})), self.changes)
        try:
            header = decode_flow(document)
        except FlowFileInvalid as invalid:
            refuse_file(invalid)
        after = replace(header, phases=flow.phases, tasks=flow.tasks, edges=flow.edges, notes=flow.notes)
        return Applied(after, undo=ConfigureFlow(undo), touched=frozenset({FLOW}))


@dataclass(frozen=True, slots=True)
class ReplaceFlow:
    """Put another flow in the place of this one: a version restored, a file imported. The key stays."""

    flow: Flow

    def apply(self, flow: Flow) -> Applied:
        """Never refused."""
        touched = {FLOW}
        for each in (flow, self.flow):
            touched.update(each.tasks, map(phase_ref, each.phases), (edge.id for edge in each.edges))
            touched.update(map(note_ref, each.notes))
        return Applied(replace(self.flow, key=flow.key), undo=ReplaceFlow(flow), touched=frozenset(touched))


@dataclass(frozen=True, slots=True)
class TidyUp:
    """Put tasks and phases where a layout has them."""

    tasks: Mapping[str, Position | None]
    frames: Mapping[str, Frame | None] = field(default_factory=dict)

    def apply(self, flow: Flow) -> Applied:
        """Refused when a task or phase is not there."""
        require(phases_exist(flow, self.frames))
        moved = MoveTasks(self.tasks).apply(flow)
        framed = (replace(flow.phases[key], frame=frame) for key, frame in self.frames.items())
        undo = TidyUp(
            {key: flow.tasks[key].at for key in self.tasks}, {key: flow.phases[key].frame for key in self.frames}
        )
        touched = moved.touched.union(map(phase_ref, self.frames))
        return Applied(moved.flow.with_phase(*framed), undo=undo, touched=touched)
