"""Changes of single values inside a document: what forms post, one field at a time."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from designer.graph.edits.base import EditRefused
from designer.graph.model import Json
from designer.graph.problems import path_text
from designer.graph.values import Path


@dataclass(frozen=True, slots=True)
class Change:
    """Set the value at `path` to `value`, or (`is_set` false) take it away.

    Objects on the way are made when they are missing; a list can only be changed where it has an entry.
    """

    path: Path
    value: Json = None
    is_set: bool = True


def take_away(*path: str | int) -> Change:
    """The change that takes the value at `path` away."""
    return Change(path, is_set=False)


def changed(
    document: Mapping[str, Json], changes: Iterable[Change], *, vanishing: Collection[Path] = ()
) -> tuple[Mapping[str, Json], tuple[Change, ...]]:
    """The document with the changes made one after the other, and the changes that make it as it was.

    `vanishing`: paths of objects that are taken away together with their last value. Raises `EditRefused`.
    """
    undo: list[Change] = []
    for change in changes:
        if not change.path:
            raise EditRefused("A change names what is to be changed.")
        document, back = _changed(document, change, 0, vanishing)
        undo[:0] = [] if back is None else [back]
    return document, tuple(undo)


def _changed(here: Json, change: Change, depth: int, vanishing: Collection[Path]) -> tuple[Json, Change | None]:
    step, prefix = change.path[depth], change.path[: depth + 1]
    is_last = depth == len(change.path) - 1
    if isinstance(here, (list, tuple)):
        return _changed_entry(here, change, depth, vanishing)
    if not isinstance(here, Mapping) or not isinstance(step, str):
        raise EditRefused(f"Nothing can be set at {path_text(prefix)}.")
    was = Change(prefix, here[step]) if step in here else take_away(*prefix)
    if is_last and change.is_set:
        return {**here, step: change.value}, was
    if step not in here:
        return ({**here, step: _made(change, depth + 1)}, was) if change.is_set else (here, None)
    if is_last:
        return _without(here, step), was
    below, back = _changed(here[step], change, depth + 1, vanishing)
    if not below and prefix in vanishing:
        return _without(here, step), was
    return {**here, step: below}, back


def _changed_entry(
    here: list[Json] | tuple[Json, ...], change: Change, depth: int, vanishing: Collection[Path]
) -> tuple[Json, Change | None]:
    step, prefix = change.path[depth], change.path[: depth + 1]
    if not isinstance(step, int) or not 0 <= step < len(here):
        raise EditRefused(f"There is no entry {path_text(prefix)}.")
    entries = list(here)
    if depth < len(change.path) - 1:
        entries[step], back = _changed(here[step], change, depth + 1, vanishing)
        return entries, back
    if not change.is_set:
        raise EditRefused("To take an entry out of a list, set the list.")
    entries[step] = change.value
    return entries, Change(prefix, here[step])


def _made(change: Change, depth: int) -> Json:
    """The objects that are missing on the way, with the value in the innermost."""
    value = change.value
    for step in reversed(change.path[depth:]):
        if not isinstance(step, str):
            raise EditRefused(f"There is no entry {path_text(change.path)}.")
        value = {step: value}
    return value


def _without(here: Mapping[str, Json], step: str) -> dict[str, Json]:
    return {key: value for key, value in here.items() if key != step}
