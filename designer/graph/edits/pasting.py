"""Copying a part of a flow, and pasting it into the same or another one."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from designer.graph.codec import encode_fragment
from designer.graph.edits.base import Applied, Edit, refuse_crowd, require
from designer.graph.edits.notes import RemoveNotes
from designer.graph.edits.rekeying import rekeyed
from designer.graph.edits.removing import RemovePhase, RemoveTasks
from designer.graph.edits.together import Batch
from designer.graph.model import (
    TRIGGER,
    Flow,
    Frame,
    Json,
    Note,
    Position,
    Task,
    note_ref,
    phase_ref,
)
from designer.graph.rules import phases_exist


@dataclass(frozen=True, slots=True)
class Paste:
    """Put a fragment into the flow: its tasks, phases, notes and the edges between them, under keys that are free.

    References among the pasted tasks are written anew. `phase`: where tasks without a phase of the fragment go.
    """

    fragment: Flow
    dx: int = 0
    dy: int = 0
    phase: str | None = None

    def apply(self, flow: Flow) -> Applied:
        """Refused when the phase is not there or the flow would become too large."""
        require(phases_exist(flow, [self.phase] if self.phase is not None else []))
        tasks, phases = pasted_keys(flow, self.fragment)
        new = rekeyed(self.fragment, tasks, phases)
        edges = [edge for edge in new.edges if edge.source != TRIGGER]
        keys = pasted_notes(flow, self.fragment)
        notes = {keys[key]: self._laid(note, keys[key]) for key, note in self.fragment.notes.items()}
        whole = replace(
            flow.with_task(*(self._placed(task) for task in new.tasks.values())),
            phases={**flow.phases, **{p.key: replace(p, frame=self._moved(p.frame)) for p in new.phases.values()}},
            edges=(*flow.edges, *edges),
            notes={**flow.notes, **notes},
        )
        undo: list[Edit] = [RemoveTasks(tuple(new.tasks))] if new.tasks else []
        undo += [RemovePhase(key) for key in new.phases]
        undo += [RemoveNotes(tuple(notes))] if notes else []
        touched = {*new.tasks, *map(phase_ref, new.phases), *map(note_ref, notes), *(edge.id for edge in edges)}
        return Applied(refuse_crowd(whole), undo=Batch(tuple(undo)), touched=frozenset(touched))

    def _placed(self, task: Task) -> Task:
        at = Position(task.at.x + self.dx, task.at.y + self.dy) if task.at is not None else None
        return replace(task, at=at, phase=task.phase or self.phase)

    def _laid(self, note: Note, key: str) -> Note:
        return replace(note, key=key, at=Position(note.at.x + self.dx, note.at.y + self.dy))

    def _moved(self, frame: Frame | None) -> Frame | None:
        return replace(frame, x=frame.x + self.dx, y=frame.y + self.dy) if frame is not None else None


def copy_fragment(flow: Flow, refs: Iterable[str]) -> dict[str, Json]:
    """What the clipboard holds for a selection: tasks, phases (with their tasks), the edges between them, notes."""
    wanted = set(refs)
    phases = {key: phase for key, phase in flow.phases.items() if phase_ref(key) in wanted}
    tasks = {
        key: task if task.phase in phases else replace(task, phase=None)
        for key, task in flow.tasks.items()
        if key in wanted or task.phase in phases
    }
    inside = {*tasks, *map(phase_ref, phases)}
    edges = tuple(edge for edge in flow.edges if edge.source in inside and edge.target in inside)
    notes = {key: note for key, note in flow.notes.items() if note_ref(key) in wanted}
    return encode_fragment(replace(flow, phases=phases, tasks=tasks, edges=edges, notes=notes))


def pasted_keys(flow: Flow, fragment: Flow) -> tuple[dict[str, str], dict[str, str]]:
    """Under which keys the tasks and the phases of a fragment will stand in the flow."""
    return _free_keys(fragment.tasks, {*flow.tasks, TRIGGER}), _free_keys(fragment.phases, set(flow.phases))


def pasted_notes(flow: Flow, fragment: Flow) -> dict[str, str]:
    """Under which keys the notes of a fragment will lie in the flow."""
    return _free_keys(fragment.notes, set(flow.notes))


def _free_keys(wanted: Iterable[str], taken: set[str]) -> dict[str, str]:
    keys = {}
    for key in wanted:
        keys[key] = free_key(key, taken)
        taken.add(keys[key])
    return keys


def free_key(key: str, taken: Collection[str]) -> str:
    """`key` if it is free, else `key-2`, `key-3` and so on."""
    number = 2
    free = key
    while free in taken:
        suffix = f"-{number}"
        free = key[: 64 - len(suffix)] + suffix
        number += 1
    return free
