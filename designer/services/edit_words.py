"""Edits in words, for undo buttons, announcements and the audit log: `Added Send email`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, Final

from designer.graph import edits
from designer.graph.edits import Edit
from designer.graph.model import TRIGGER, Edge, Flow, Frame, phase_of_ref, phase_ref
from designer.rendering.curves import Rect
from designer.rendering.drawn import drawn_boxes

_SETTINGS: Final = "settings"


def words_of(edit: Edit, flow: Flow) -> str:
    """What `edit` does, in the past tense, without a full stop. `flow` gives names; keys stand in for unknown ones."""
    words = _WORDS.get(type(edit))
    return words(edit, flow) if words is not None else "Changed the flow"


def _name(flow: Flow, ref: str) -> str:
    phase = phase_of_ref(ref)
    if ref == TRIGGER:
        return "the start"
    node = flow.tasks.get(ref) if phase is None else flow.phases.get(phase)
    return (node.name or node.key) if node is not None else (phase or ref)


def _several(flow: Flow, keys: Collection[str], noun: str = "tasks") -> str:
    return _name(flow, next(iter(keys))) if len(keys) == 1 else f"{len(keys)} {noun}"


def _way(flow: Flow, edge: Edge) -> str:
    return f"{_name(flow, edge.source)} and {_name(flow, edge.target)}"


def _changed(edit: Any, flow: Flow, owner: str) -> str:
    paths = {change.path[1:2] if change.path[0] == _SETTINGS else change.path[:1] for change in edit.changes}
    what = str(next(iter(paths))[0]).replace("_", " ") if len(paths) == 1 and next(iter(paths)) else "settings"
    return f"Changed {what} of {owner}"


def _note_changed(edit: edits.ConfigureNote, flow: Flow) -> str:
    words = {change.path[0] for change in edit.changes if change.path}
    if words <= {"at", "size"}:
        return "Resized a note"
    return f"Changed the {'text' if 'text' in words else 'colour'} of a note"


def _framed(edit: edits.FramePhase, flow: Flow) -> str:
    phase, to = flow.phases.get(edit.phase), edit.frame
    before: Frame | Rect | None = phase.frame if phase is not None else None
    if before is None and to is not None:  # it lies where it is drawn
        before = drawn_boxes(flow).phases.get(edit.phase)
    is_sized = before is not None and to is not None and (before.width, before.height) != (to.width, to.height)
    return f"{'Resized' if is_sized else 'Moved'} {_name(flow, phase_ref(edit.phase))}"


def _several_notes(keys: Collection[str]) -> str:
    return "a note" if len(keys) == 1 else f"{len(keys)} notes"


def _pasted(fragment: Flow) -> str:
    if fragment.tasks:
        return f"Pasted {_several(fragment, fragment.tasks)}"
    return f"Pasted {_several_notes(fragment.notes)}" if fragment.notes and not fragment.phases else "Pasted"


def _assigned(edit: edits.AssignPhase, flow: Flow) -> str:
    phases = set(edit.to.values())
    into = next(iter(phases)) if len(phases) == 1 else None
    if into:
        where = f"into {_name(flow, phase_ref(into))}"
    else:
        where = "between phases" if len(phases) > 1 else "out of its phase"
    return f"Moved {_several(flow, edit.to)} {where}"


def _together(edit: edits.Batch, flow: Flow) -> str:
    """A batch is named by its weightiest step: what was added or removed rather than what was moved on the way."""
    match edit.edits:
        case (edits.MoveTasks(), edits.Disconnect((cut,)), edits.Connect(first), edits.Connect(second), *_) if (
            first.target == second.source and (first.source, second.target) == (cut.source, cut.target)
        ):
            return f"Put {_name(flow, first.target)} between {_way(flow, cut)}"
    light = (edits.MoveTasks, edits.MoveNotes, edits.FramePhase, edits.TidyUp, edits.AssignPhase, edits.Connect)
    weighty = [step for step in edit.edits if not isinstance(step, light)]
    kinds = {type(step) for step in weighty}
    if len(weighty) > 1 and kinds <= {edits.RemoveTasks, edits.RemovePhase, edits.RemoveNotes, edits.Disconnect}:
        return "Deleted several things"
    steps = weighty or edit.edits
    return words_of(steps[-1] if not weighty else steps[0], flow) if steps else "Changed nothing"


_WORDS: Final[Mapping[type, Callable[[Any, Flow], str]]] = {
    edits.AddTask: lambda edit, flow: f"Added {edit.task.name or edit.task.key}",
    edits.MoveTasks: lambda edit, flow: f"Moved {_several(flow, edit.to)}" if edit.to else "Moved nothing",
    edits.RemoveTasks: lambda edit, flow: f"Deleted {_several(flow, edit.tasks)}" if edit.tasks else "Deleted nothing",
    edits.RenameTask: lambda edit, flow: f"Renamed {_name(flow, edit.task)} to {edit.name}",
    edits.RekeyTask: lambda edit, flow: f"Changed the key of {_name(flow, edit.task)} to {edit.to}",
    edits.ConfigureTask: lambda edit, flow: _changed(edit, flow, _name(flow, edit.task)),
    edits.ReplaceKind: lambda edit, flow: f"Changed the kind of {_name(flow, edit.task)}",
    edits.AssignPhase: _assigned,
    edits.Connect: lambda edit, flow: f"Connected {_way(flow, edit.edge)}",
    edits.Disconnect: lambda edit, flow: f"Disconnected {_way(flow, edit.edges[0])}" if edit.edges else "Disconnected",
    edits.Reconnect: lambda edit, flow: f"Changed the edge between {_way(flow, edit.edge)}",
    edits.MoveEdgeBack: lambda edit, flow: f"Changed the edge between {_way(flow, edit.edge)}",
    edits.InsertOnEdge: lambda edit, flow: f"Added {edit.task.name or edit.task.key}",
    edits.AddPhase: lambda edit, flow: f"Added the phase {edit.phase.name or edit.phase.key}",
    edits.ConfigurePhase: lambda edit, flow: _changed(edit, flow, _name(flow, phase_ref(edit.phase))),
    edits.FramePhase: _framed,
    edits.RemovePhase: lambda edit, flow: f"Deleted the phase {_name(flow, phase_ref(edit.phase))}",
    edits.AddNote: lambda edit, flow: "Added a note",
    edits.ConfigureNote: _note_changed,
    edits.MoveNotes: lambda edit, flow: f"Moved {_several_notes(edit.to)}",
    edits.RemoveNotes: lambda edit, flow: f"Deleted {_several_notes(edit.notes)}",
    edits.AddCondition: lambda edit, flow: f"Added the branch {edit.condition.name or edit.condition.key}",
    edits.SetCondition: lambda edit, flow: f"Changed the branch {edit.condition.name or edit.condition.key}",
    edits.RemoveCondition: lambda edit, flow: f"Deleted a branch of {_name(flow, edit.task)}",
    edits.MoveCondition: lambda edit, flow: f"Moved a branch of {_name(flow, edit.task)}",
    edits.ConfigureFlow: lambda edit, flow: _changed(edit, flow, "the flow"),
    edits.ReplaceFlow: lambda edit, flow: "Replaced the whole draft",
    edits.TidyUp: lambda edit, flow: "Tidied up",
    edits.Paste: lambda edit, flow: _pasted(edit.fragment),
    edits.PutBack: lambda edit, flow: "Put back what was deleted",
    edits.Batch: _together,
}
