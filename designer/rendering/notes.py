"""Notes on the editor's canvas, as SVG. Drawings that are laid out by themselves have none."""

from __future__ import annotations

from typing import Final

from django.utils.safestring import SafeString, mark_safe

from designer.graph.model import Note, note_ref
from designer.rendering.labels import markup, wrapped
from designer.rendering.svg import element_id

TEXT_SIZE: Final = 12.0
LINE: Final = 17
PADDING: Final = 12


def note_svg(note: Note) -> SafeString:
    """One note with as much of its text as it holds; the whole text is its title."""
    # The fold in the corner takes the room of a line's end; a line is always shown.
    most = max((note.height - 2 * PADDING + 5) // LINE, 1)
    lines = wrapped(note.text, note.width - 2 * PADDING, TEXT_SIZE, most)
    text = "".join(
        f'<tspan x="{PADDING}" y="{PADDING + 11 + number * LINE}">{markup(line)}</tspan>'
        for number, line in enumerate(lines)
        if line
    )
    return mark_safe(  # noqa: S308 (built from escaped pieces)
        f'<g class="note note-{note.colour.value}" id="{markup(element_id(note_ref(note.key)))}"'
        f' data-note="{markup(note.key)}" transform="translate({note.at.x} {note.at.y})">'
        f"<title>{markup(note.text or 'An empty note')}</title>"
        f'<rect class="note-paper" width="{note.width}" height="{note.height}" rx="6"/>'
        f'<text class="note-text">{text}</text></g>'
    )
