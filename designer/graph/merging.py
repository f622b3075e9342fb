"""Edits of several people at once: an edit made on an older draft, made to fit the draft as it is now, or refused.

A draft is looked at as **places** that hold values: a setting of a task, a branch, an edge, a name. Two edits of the
same draft get along as long as they do not give one place two values; then the later one is made on top of the earlier
one. Otherwise `EditsClash` says which places, with both values, and nothing is overwritten.

Where cards and frames stand is the exception: there the later drop counts, as everybody sees it happen.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, cast

from designer.graph.codec import encode_task
from designer.graph.edits import (
    AddCondition,
    AddNote,
    AddPhase,
    AddTask,
    AssignPhase,
    Batch,
    Change,
    ConfigureFlow,
    ConfigureNote,
    ConfigureTask,
    Disconnect,
    Edit,
    EditRefused,
    FramePhase,
    InsertOnEdge,
    MoveNotes,
    MoveTasks,
    Paste,
    RekeyTask,
    RemoveNotes,
    RemovePhase,
    RemoveTasks,
    TidyUp,
    free_key,
    require_notes,
    take_away,
)
from designer.graph.edits.rekeying import Writer, rekeyed
from designer.graph.model import (
    Condition,
    Edge,
    Flow,
    Json,
    Phase,
    Task,
    note_of_ref,
    note_ref,
    phase_of_ref,
    phase_ref,
)
from designer.graph.places import EDGE_PREFIX, NOTHING, Held, Place, changed_places, covers, leaves, nested
from designer.graph.rules import no_such_node
from designer.graph.values import Path


@dataclass(frozen=True, slots=True)
class Clash:
    """One place that two people gave different values. `is_gone`: the task, phase or edge itself was taken away."""

    ref: str
    path: Path
    was: Any
    theirs: Any
    mine: Any
    is_gone: bool = False

    @property
    def place(self) -> Place:
        """The place as `changed_places` names it."""
        return self.ref, self.path


class EditsClash(Exception):
    """Others have changed the same since: the edit was not made."""

    def __init__(self, clashes: tuple[Clash, ...]) -> None:
        super().__init__("Somebody has changed the same meanwhile.")
        self.clashes = clashes


# -- fitting an edit to the draft as it is now ------------------------------------------------------------------------


def renames(edits: Iterable[Edit], base: Flow) -> dict[str, str]:
    """Which tasks of `base` have other keys after these edits, by their old keys."""
    found: dict[str, str] = {}
    for edit in edits:
        for step in _steps(edit):
            if isinstance(step, RekeyTask):
                first = next((old for old, new in found.items() if new == step.task), step.task)
                found[first] = step.to
    return {old: new for old, new in found.items() if old != new and old in base.tasks}


def rebased(edit: Edit, base: Flow, now: Flow, renamed: Mapping[str, str] | None = None) -> Edit:
    """The edit that does to `now` what `edit`, made by somebody who saw `base`, was meant to do.

    `renamed`: tasks of `base` that others have given new keys since (see `renames`); it then goes to the same tasks.

    Nothing that others did since `base` is undone by it, save where cards and frames stand. What somebody else did
    already becomes an empty batch. New tasks get another key where theirs has been taken. Raises `EditsClash`;
    `EditRefused` where the edit is not possible any more, or never was.
    """
    if base is now or base == now:
        return edit
    keys = {old: new for old, new in (renamed or {}).items() if new in now.tasks and new not in base.tasks}
    if keys:
        _refuse_two_keys(edit, keys)
        base, edit = rekeyed(base, keys), _together([_with_refs(step, keys) for step in _steps(edit)])
    fitted = _fitted(edit, base, now)
    mine = changed_places(base, fitted.apply(base).flow)
    theirs = changed_places(base, now)
    if _only_adds(fitted):
        fitted.apply(now)
        return fitted
    is_loose = _loose_words(fitted)
    clashes = [
        _clash(place, held, against, base, now)
        for place, held in mine.items()
        if not is_loose(place) and (against := _against(place, mine, theirs)) is not None
    ]
    if clashes:
        raise EditsClash(tuple(sorted(clashes, key=lambda clash: (clash.ref, str(clash.path)))))
    if mine and all(place in theirs and theirs[place].after == held.after for place, held in mine.items()):
        return Batch(())
    done = changed_places(now, fitted.apply(now).flow)
    undone = [place for place in done if place in theirs and place not in mine and not is_loose(place)]
    undone = [place for place in undone if theirs[place].after != {}]
    if undone and not _renames(fitted):
        # It would take away what the person has never seen: an edge somebody drew to a task that is to go.
        raise EditsClash(
            tuple(_clash(place, done[place], theirs[place], base, now) for place in sorted(undone, key=str))
        )
    return fitted


def _refuse_two_keys(edit: Edit, keys: Mapping[str, str]) -> None:
    """A key is a setting like any other."""
    for step in _steps(edit):
        if isinstance(step, RekeyTask) and keys.get(step.task, step.to) != step.to:
            theirs = keys[step.task]
            raise EditsClash((Clash(theirs, ("key",), step.task, theirs, step.to),))


def _together(steps: Sequence[Edit]) -> Edit:
    return steps[0] if len(steps) == 1 else Batch(tuple(steps))


def _against(place: Place, mine: Mapping[Place, Held], theirs: Mapping[Place, Held]) -> Held | None:
    """What others have done that goes against a change of mine: another value, or one around or within it."""
    known = theirs.get(place)
    if known is not None:
        return known if known.after != mine[place].after else None
    for other, held in nested(theirs, place[0]):
        if covers(place, other):
            around = mine[place] if len(place[1]) < len(other[1]) else held
            if not _has_room(around):
                return held
    return None


def _has_room(made: Held) -> bool:
    """Whether entries can be in what somebody has made of a place.

    An object without entries is no value that entries would go against: who adds one and who takes the last one away,
    and who add the first two, get along.
    """
    return made.after == {} or (made.after is NOTHING and made.before == {})


def _clash(place: Place, mine: Held, theirs: Held, base: Flow, now: Flow) -> Clash:
    ref, path = place
    return Clash(ref, path, theirs.before, theirs.after, mine.after, is_gone=_is_gone(ref, base, now))


def _is_gone(ref: str, base: Flow, now: Flow) -> bool:
    if ref.startswith(EDGE_PREFIX):
        return False
    note = note_of_ref(ref)
    if note is not None:
        return note in base.notes and note not in now.notes
    return bool(ref) and base.has_node(ref) and not now.has_node(ref)


def _loose_words(edit: Edit) -> Any:
    """Which places the later one may set although the earlier one did: where things stand."""
    words = {"at", "frame", "width", "height"}
    if any(isinstance(step, MoveTasks) for step in _steps(edit)):
        words.add("phase")  # carried there
    return lambda place: len(place[1]) == 1 and place[1][0] in words


def _steps(edit: Edit) -> Iterator[Edit]:
    if isinstance(edit, Batch):
        for step in edit.edits:
            yield from _steps(step)
    else:
        yield edit


def _only_adds(edit: Edit) -> bool:
    """Pasting takes whatever keys are free."""
    return all(isinstance(step, Paste) for step in _steps(edit))


def _renames(edit: Edit) -> bool:
    """A new key is written into every reference, also into those that others made meanwhile: that loses nothing."""
    return any(isinstance(step, RekeyTask) for step in _steps(edit))


def other_keys(asked: Edit, fitted: Edit) -> dict[str, str]:
    """The refs of new tasks and phases that got another key than was asked for, each with that one."""
    return {old: new for old, new in zip(_new_refs(asked), _new_refs(fitted), strict=False) if old != new}


def _new_refs(edit: Edit) -> Iterator[str]:
    for step in _steps(edit):
        if isinstance(step, AddTask | InsertOnEdge):
            yield step.task.key
        elif isinstance(step, AddPhase):
            yield phase_ref(step.phase.key)
        elif isinstance(step, AddNote):
            yield note_ref(step.note.key)


# -- what is taken or gone --------------------------------------------------------------------------------------------


def _fitted(edit: Edit, base: Flow, now: Flow) -> Edit:
    """The edit with keys that are still free, and without what is gone already."""
    steps = tuple(_steps(edit))
    keys = _new_keys(steps, base, now)
    fitted = [_without_gone(_with_refs(step, keys) if keys else step, base, now) for step in steps]
    fitted = [_by_single_values(_with_branch_key(step, base, now), base) for step in fitted]
    kept = tuple(step for step in fitted if step is not None)
    if not kept:
        refs = [ref for step in steps for ref in _moved_refs(step) if not now.has_node(ref)]
        if refs:
            require_notes(now, [note for ref in refs if (note := note_of_ref(ref)) is not None])
            raise EditRefused(no_such_node(now, refs[0]).reason)
    return _together(kept)


def _new_keys(steps: Collection[Edit], base: Flow, now: Flow) -> dict[str, str]:
    """Node refs that others have used since, each with a free one."""
    found: dict[str, str] = {}
    for step in steps:
        if isinstance(step, AddTask | InsertOnEdge):
            key = step.task.key
            if key in now.tasks and key not in base.tasks:
                found[key] = free_key(key, {*base.tasks, *now.tasks, *found.values()})
        elif isinstance(step, AddPhase):
            key = step.phase.key
            if key in now.phases and key not in base.phases:
                taken = {*base.phases, *now.phases, *(phase_of_ref(ref) or "" for ref in found.values())}
                found[phase_ref(key)] = phase_ref(free_key(key, taken))
        elif isinstance(step, AddNote):
            key = step.note.key
            if key in now.notes and key not in base.notes:
                taken = {*base.notes, *now.notes, *(note_of_ref(ref) or "" for ref in found.values())}
                found[note_ref(key)] = note_ref(free_key(key, taken))
    return found


def _with_refs(step: Edit, keys: Mapping[str, str]) -> Edit:
    """The step about nodes by other keys: `keys` maps refs."""
    if isinstance(step, AddNote | ConfigureNote | MoveNotes | RemoveNotes):
        return _with_note_keys(step, keys)

    phases = {old: phase_of_ref(new) or old for ref, new in keys.items() if (old := phase_of_ref(ref)) is not None}
    tasks = {old: new for old, new in keys.items() if phase_of_ref(old) is None and note_of_ref(old) is None}
    writer = Writer(tasks, phases)

    def phase(key: str | None) -> str | None:
        return phases.get(key, key) if key is not None else None

    def written(name: str, value: Any) -> Any:
        match name, value:
            case _, Edge():
                return writer.edge(value)
            case _, Task():
                return writer.task(value)
            case _, Phase():
                return writer.phase(value)
            case _, Condition():
                return writer.condition("", value, 0)
            case "fragment", Flow():  # its own tasks are copies; the keys of these say nothing about ours
                return rekeyed(value, {old: new for old, new in tasks.items() if old not in value.tasks})
            case "task", str():
                return writer.ref(value)
            case "phase", _:
                return phase(value)
            case "to", Mapping():
                return {writer.ref(key): phase(to) if isinstance(to, str) else to for key, to in value.items()}
            case "tasks", Mapping():
                return {writer.ref(key): to for key, to in value.items()}
            case "tasks", tuple():
                return tuple(map(writer.ref, value))
            case "frames", Mapping():
                return {phase(key): frame for key, frame in value.items()}
            case "edges", tuple():
                return tuple(map(writer.edge, value))
            case "changes", tuple():
                return tuple(_with_names(change, writer) for change in value)
        return value

    names = [known.name for known in fields(cast(Any, step))]
    return cast(Edit, replace(cast(Any, step), **{name: written(name, getattr(step, name)) for name in names}))


def _with_names(change: Change, writer: Writer) -> Change:
    """A change whose value speaks of nodes, as settings, requirements and the entity sync do, by their other keys."""
    if change.path[0] not in ("settings", "requirements", "entity_sync"):
        return change
    path = change.path if change.path[0] != "requirements" else ("settings", *change.path)
    return replace(change, value=writer.document("", change.value, path))


def _with_note_keys(step: AddNote | ConfigureNote | MoveNotes | RemoveNotes, keys: Mapping[str, str]) -> Edit:

    def of(key: str) -> str:
        return note_of_ref(keys.get(note_ref(key), "")) or key

    match step:
        case AddNote():
            return replace(step, note=replace(step.note, key=of(step.note.key)))
        case ConfigureNote():
            return replace(step, note=of(step.note))
        case MoveNotes():
            return MoveNotes({of(key): at for key, at in step.to.items()})
        case RemoveNotes():
            return RemoveNotes(tuple(map(of, step.notes)))


def _with_branch_key(step: Edit | None, base: Flow, now: Flow) -> Edit | None:
    """A new branch under a key that others have not used since."""
    if not isinstance(step, AddCondition) or not (step.task in base.tasks and step.task in now.tasks):
        return step
    had, has = ({c.key for c in flow.tasks[step.task].conditions} for flow in (base, now))
    if step.condition.key not in has - had:
        return step
    return replace(step, condition=replace(step.condition, key=free_key(step.condition.key, had | has)))


def _by_single_values(step: Edit | None, base: Flow) -> Edit | None:
    """Objects that are set as a whole, by their single values: what others did to the rest of an object stays."""
    if isinstance(step, ConfigureTask) and step.task in base.tasks:
        document = encode_task(base.tasks[step.task])
        return replace(step, changes=tuple(_single(step.changes, document)))
    if isinstance(step, ConfigureFlow):
        header = {"limits": base.limits, "retention": base.retention}
        return replace(step, changes=tuple(_single(step.changes, header)))
    return step


def _single(changes: Collection[Change], document: Mapping[str, Json]) -> Iterator[Change]:
    for change in changes:
        held: Any = document
        for word in change.path:
            held = held.get(word) if isinstance(held, Mapping) else None
        if not (change.is_set and isinstance(change.value, Mapping) and isinstance(held, Mapping)):
            yield change
            continue
        before, after = dict(leaves(change.path, held)), dict(leaves(change.path, change.value))
        # An object that has, or had, entries is not set for being empty: others may have given it some.
        for path, value in before.items():
            if path not in after and not (value == {} and _is_within(path, after)):
                yield take_away(*path)
        for path, value in after.items():
            if before.get(path, NOTHING) != value and not (value == {} and _is_within(path, before)):
                yield Change(path, value)


def _is_within(path: Path, places: Iterable[Path]) -> bool:
    """Whether some of the places lie in what is at a path."""
    return any(len(place) > len(path) and place[: len(path)] == path for place in places)


def _moved_refs(step: Edit) -> tuple[str, ...]:
    match step:
        case MoveTasks() | AssignPhase():
            return tuple(step.to)
        case FramePhase():
            return (phase_ref(step.phase),)
        case MoveNotes():
            return tuple(map(note_ref, step.to))
    return ()


def _without_gone(step: Edit, base: Flow, now: Flow) -> Edit | None:
    """The step without nodes and edges that others took away since; None when nothing of it is left."""

    def stays(key: str) -> bool:
        return key in now.tasks or key not in base.tasks

    match step:
        case MoveTasks() | AssignPhase():
            kept = {key: to for key, to in step.to.items() if stays(key)}
            return None if step.to and not kept else type(step)(cast(Any, kept))
        case TidyUp():
            tasks = {key: at for key, at in step.tasks.items() if stays(key)}
            frames = {key: frame for key, frame in step.frames.items() if key in now.phases or key not in base.phases}
            return TidyUp(tasks, frames)
        case FramePhase():
            if step.phase in base.phases and step.phase not in now.phases:
                return None
            return replace(step, tasks={key: at for key, at in step.tasks.items() if stays(key)})
        case RemoveTasks():
            left = tuple(key for key in step.tasks if stays(key))
            return RemoveTasks(left) if left else None
        case MoveNotes():
            left_notes = {key: at for key, at in step.to.items() if key in now.notes or key not in base.notes}
            return MoveNotes(left_notes) if left_notes else None
        case RemoveNotes():
            notes = tuple(key for key in step.notes if key in now.notes or key not in base.notes)
            return RemoveNotes(notes) if notes else None
        case RemovePhase():
            return None if step.phase in base.phases and step.phase not in now.phases else step
        case Disconnect():
            there = set(now.edges)
            edges = tuple(e for e in step.edges if e in there or e not in base.edges)
            return Disconnect(edges) if edges else None
    return step


# -- taking back ------------------------------------------------------------------------------------------------------


def way_back(edit: Edit, undo: Edit, flow: Flow) -> Edit | None:
    """What takes `edit` back in a draft that others have changed since; None once they changed what it did.

    Raises `EditRefused` where it cannot be applied at all. Places that were only written down along with the edit
    (the first edit of a draft that was never laid out) stay when cards have been moved since.
    """
    if _is_reversible(edit, undo, flow):
        return undo
    if isinstance(edit, Batch) and isinstance(undo, Batch) and edit.edits and isinstance(edit.edits[0], TidyUp):
        rest, back = Batch(edit.edits[1:]), Batch(undo.edits[:-1])
        return back if rest.edits and _is_reversible(rest, back, flow) else None
    return None


def _is_reversible(edit: Edit, undo: Edit, flow: Flow) -> bool:
    """Whether making the edit again after taking it back leads exactly here: then nobody else's work is in it."""
    earlier = undo.apply(flow).flow
    try:
        again = edit.apply(earlier).flow
    except EditRefused:
        return False
    return not changed_places(again, flow)
