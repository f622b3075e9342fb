"""Edits of notes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from designer.graph.codec import decode_note, encode_note
from designer.graph.decoding import MOST_NOTES
from designer.graph.edits.base import Applied, EditRefused, inserted, places_of, refuse_file
from designer.graph.edits.changes import Change, changed
from designer.graph.edits.together import Batch
from designer.graph.model import Flow, Note, Position, note_ref
from designer.graph.problems import FlowFileInvalid
from designer.graph.rules import Rule
from designer.graph.suggestions import listed, quoted


def require_notes(flow: Flow, keys: Iterable[str]) -> None:
    """Raise `EditRefused` unless these are all notes of the flow."""
    gone = next((key for key in keys if key not in flow.notes), None)
    if gone is not None:
        raise EditRefused(f"There is no note {quoted(gone)}.", Rule.NO_SUCH_NODE)


@dataclass(frozen=True, slots=True)
class AddNote:
    """Put a new note on the canvas. Later notes lie above earlier ones."""

    note: Note
    index: int | None = None

    def apply(self, flow: Flow) -> Applied:
        """Refused when the key is taken, or there are too many notes."""
        if self.note.key in flow.notes:
            raise EditRefused(f"There is a note {quoted(self.note.key)} already.", Rule.KEY_TAKEN)
        if len(flow.notes) >= MOST_NOTES:
            raise EditRefused(f"A flow has at most {MOST_NOTES:,} notes.")
        notes = inserted(flow.notes, [(self.index, self.note.key, self.note)])
        undo = RemoveNotes((self.note.key,))
        return Applied(replace(flow, notes=notes), undo=undo, touched=frozenset({note_ref(self.note.key)}))


_CONFIGURABLE = ("text", "at", "size", "colour")


@dataclass(frozen=True, slots=True)
class ConfigureNote:
    """Change single values of a note, as the flow file has them: its text, place, size and colour."""

    note: str
    changes: tuple[Change, ...]

    def apply(self, flow: Flow) -> Applied:
        """Refused when the note is not there or a value does not fit."""
        require_notes(flow, [self.note])
        if any(change.path not in {(word,) for word in _CONFIGURABLE} for change in self.changes):
            raise EditRefused(f"A note's {listed(_CONFIGURABLE, last='and')} can be configured.", Rule.BAD_VALUE)
        document, undo = changed(encode_note(flow.notes[self.note]), self.changes)
        try:
            after = decode_note(document)
        except FlowFileInvalid as invalid:
            refuse_file(invalid)
        notes = {**flow.notes, self.note: after}
        touched = frozenset({note_ref(self.note)})
        return Applied(replace(flow, notes=notes), undo=ConfigureNote(self.note, undo), touched=touched)


@dataclass(frozen=True, slots=True)
class MoveNotes:
    """Put notes elsewhere."""

    to: Mapping[str, Position]

    def apply(self, flow: Flow) -> Applied:
        """Refused when a note is not there."""
        require_notes(flow, self.to)
        before = {key: flow.notes[key].at for key in self.to}
        moved = {key: replace(flow.notes[key], at=at) for key, at in self.to.items()}
        after = replace(flow, notes={**flow.notes, **moved})
        return Applied(after, undo=MoveNotes(before), touched=frozenset(map(note_ref, self.to)))


@dataclass(frozen=True, slots=True)
class RemoveNotes:
    """Take notes off the canvas."""

    notes: tuple[str, ...]

    def apply(self, flow: Flow) -> Applied:
        """Refused when a note is not there."""
        require_notes(flow, self.notes)
        undo = Batch(tuple(AddNote(note, index) for index, note in places_of(flow.notes, self.notes)))
        kept = {key: note for key, note in flow.notes.items() if key not in self.notes}
        return Applied(replace(flow, notes=kept), undo=undo, touched=frozenset(map(note_ref, self.notes)))
