"""What the editor asks for beyond single edits: tidying up, duplicating, and giving every task a place first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from designer.graph.codec import decode_fragment, encode_task
from designer.graph.decoding import MOST_TASKS
from designer.graph.edits import Batch, Edit, EditRefused, Paste, TidyUp, copy_fragment, pasted_keys, pasted_notes
from designer.graph.model import TRIGGER, Flow, Frame, Json, On, Position, Task, note_ref, phase_ref
from designer.graph.rules import Refusal, Rule, refusals_from
from designer.rendering.curves import Box
from designer.rendering.drawn import drawn_boxes
from designer.rendering.graphviz import LayoutTooLarge
from designer.rendering.layout import tidy_positions

ASIDE = 24
LONGEST_FOUND = 500


def with_places(flow: Flow, edit: Edit) -> Edit:
    """`edit`, after every task and phase that has no place yet has been put where it is drawn.

    So nothing jumps: what was laid out stays where the person saw it when they change something.
    """
    unplaced = [key for key, task in flow.tasks.items() if task.at is None]
    unframed = [key for key, phase in flow.phases.items() if phase.frame is None]
    if not unplaced and not unframed:
        return edit
    layout = drawn_boxes(flow)
    positions = {key: Position(round(layout.tasks[key].x), round(layout.tasks[key].y)) for key in unplaced}
    frames = {}
    for key in unframed:
        box = layout.phases[key]
        frames[key] = Frame(round(box.x), round(box.y), round(box.width), round(box.height))
    return Batch((TidyUp(positions, frames), edit))


def tidy_edit(flow: Flow) -> Edit:
    """The edit that puts everything where Graphviz would. Raises `EditRefused` for a flow that is too large for it."""
    try:
        positions, frames = tidy_positions(flow)
    except LayoutTooLarge as too_large:
        raise EditRefused("This flow is too large to be laid out.") from too_large
    return TidyUp(positions, frames)


def duplicate_edit(
    flow: Flow, refs: Sequence[str], *, by: Position | None = None, phase: str | None = None
) -> tuple[Edit, list[str]]:
    """The edit that copies tasks with the edges among them, phases with their tasks, and notes; and the copies' refs.

    The copies lie `by` from the originals, tasks in that `phase`; where that is not told, below them in the same one.
    """
    fragment = decode_fragment(copy_fragment(flow, refs))
    if not fragment.tasks and not fragment.phases and not fragment.notes:
        raise EditRefused("Select the tasks to duplicate first.")
    if by is None:
        shared = {flow.tasks[key].phase for key in fragment.tasks}
        phase = next(iter(shared)) if len(shared) == 1 and not fragment.phases else None
        by = Position(0, _height_of(flow, fragment))
    return Paste(fragment, dx=by.x, dy=by.y, phase=phase), _pasted_refs(flow, fragment)


def _height_of(flow: Flow, fragment: Flow) -> int:
    """How far below something its copy lies beside it, on the grid."""
    boxes = drawn_boxes(flow)
    chosen: list[Box] = [*(boxes.tasks[key] for key in fragment.tasks), *_papers(fragment)]
    chosen += [boxes.phases[key] for key in fragment.phases]
    top = min((box.y for box in chosen), default=0)
    bottom = max((box.y + box.height for box in chosen), default=0)
    return round((bottom - top + ASIDE) / 8) * 8


def _papers(flow: Flow) -> list[Frame]:
    """Where the notes lie."""
    return [Frame(note.at.x, note.at.y, note.width, note.height) for note in flow.notes.values()]


def _pasted_refs(flow: Flow, fragment: Flow) -> list[str]:
    """Under which refs what is pasted will stand; the notes last."""
    tasks, phases = pasted_keys(flow, fragment)
    notes = pasted_notes(flow, fragment)
    return [*tasks.values(), *map(phase_ref, phases.values()), *map(note_ref, notes.values())]


def paste_edit(flow: Flow, fragment: Flow, *, at: Position | None, phase: str | None) -> tuple[Edit, list[str]]:
    """The edit that pastes a fragment, its middle at `at` (None: a little aside); and the new refs.

    Tasks that have no place of their own, as in a flow file somebody wrote, are laid out first. `phase`: that of tasks
    that bring none. Raises `EditRefused`.
    """
    if not fragment.tasks and not fragment.phases and not fragment.notes:
        raise EditRefused("There are no tasks in what was pasted.")
    if len(flow.tasks) + len(fragment.tasks) > MOST_TASKS:  # before they are all laid out
        raise EditRefused(
            f"A flow has at most {MOST_TASKS:,} tasks: this one has {len(flow.tasks):,}, "
            f"and {len(fragment.tasks):,} are to be pasted."
        )
    placed = with_places(fragment, Batch(())).apply(fragment).flow
    boxes = drawn_boxes(placed)
    found: list[Box] = [*boxes.tasks.values(), *boxes.phases.values(), *_papers(placed)]
    left, top = min(box.x for box in found), min(box.y for box in found)
    right, bottom = max(box.x + box.width for box in found), max(box.y + box.height for box in found)
    dx = dy = float(ASIDE)
    if at is not None:
        dx, dy = at.x - (left + right) / 2, at.y - (top + bottom) / 2
    edit = Paste(placed, dx=round(dx / 8) * 8, dy=round(dy / 8) * 8, phase=phase)
    return edit, _pasted_refs(flow, placed)


def settings_in_words(task: Task) -> Iterator[str]:
    """Each value that is set on a task, with the way to it: `inputs.url: https://…`."""
    document = encode_task(task)
    yield from _values_of({"description": document.get("description", ""), **document.get("settings", {})}, "")


def _values_of(value: Json, path: str) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _values_of(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for inner in value:
            yield from _values_of(inner, path)
    elif value not in (None, ""):
        yield f"{path}: {str(value)[:LONGEST_FOUND]}"


def connection_targets(flow: Flow, source: str, on: On) -> dict[str, Any]:
    """Where an edge may lead: `{"targets": {ref: None | reason}, "branches": {ref: [branch key]}, "loops": [ref]}`.

    A decision may reach a node by any of its branches; where not by all, `branches` says by which. `loops`: where it
    may lead once it declares a loop, as from there one gets to it.
    """
    refs = [ref for ref in (TRIGGER, *flow.tasks, *map(phase_ref, flow.phases)) if ref != source]
    task = flow.tasks.get(source)
    keys = task.branches if task is not None and on is On.SUCCESS else ()
    refused: list[Mapping[str, Refusal]] = [refusals_from(flow, source, branch, on) for branch in keys or (None,)]
    targets: dict[str, str | None] = dict.fromkeys(refs)
    branches: dict[str, list[str]] = {}
    loops = []
    for ref in refs:
        reasons = [each.get(ref) for each in refused]
        round_again = [key for key, reason in zip(keys, reasons, strict=False) if reason and reason.rule is Rule.CYCLE]
        open_to = [key for key, reason in zip(keys, reasons, strict=False) if reason is None]
        if reasons[0] is not None and not open_to:
            if task is not None and task.loop is None and len(keys) > 1 and round_again:
                loops.append(ref)
                open_to = round_again
            else:
                targets[ref] = reasons[0].reason
        if open_to and len(open_to) < len(keys):
            branches[ref] = open_to
    return {"targets": targets, "branches": branches, "loops": loops}
