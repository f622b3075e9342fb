"""A change that met another's, told to the later: what the field is, both values, who was first, and when."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Any

import orjson

from accounts.scope import Scope
from designer import models
from designer.graph.diff import condition_words, label_of_place
from designer.graph.edits import EditRefused, edit_from_json
from designer.graph.merging import Clash
from designer.graph.model import Condition, Edge, Flow, Frame, Position
from designer.graph.places import EDGE_PREFIX, NOTHING, Place, changed_places
from designer.inspector.forms import name_of
from designer.services.drafting import draft_of, edits_since

MOST_VALUE_CHARACTERS = 4_000
MOST_CLASHES = 20


@dataclass(frozen=True, slots=True)
class Told:
    """Who changed a place last, in the words of who is told."""

    name: str
    is_self: bool


def clash_answer(
    scope: Scope, row: models.Flow, clashes: tuple[Clash, ...], base: Flow, revision: int
) -> dict[str, Any]:
    """`conflicts`: each `{ref, path, subject, label, was, theirs, mine, by, is_gone}`, all texts; `detail`: words."""
    now = draft_of(row)
    authors = _authors(scope, row, {clash.place for clash in clashes}, revision)
    somebody = Told("Somebody", is_self=False)
    told = [_told(clash, base, now, authors.get(clash.place, somebody).name) for clash in clashes[:MOST_CLASHES]]
    return {"conflicts": told, "detail": _sentence(told)}


def _told(clash: Clash, base: Flow, now: Flow, by: str) -> dict[str, Any]:
    known = base if clash.is_gone else now
    return {
        "ref": clash.ref,
        "path": list(clash.path),
        "subject": _subject(known, clash.ref),
        "label": _label(known, clash),
        "was": text_of_value(clash.was),
        "theirs": text_of_value(clash.theirs),
        "mine": text_of_value(clash.mine),
        "by": by,
        "is_gone": clash.is_gone,
    }


def _subject(flow: Flow, ref: str) -> str:
    if not ref:
        return "the flow"
    return "an edge" if ref.startswith(EDGE_PREFIX) else name_of(flow, ref)


def _label(flow: Flow, clash: Clash) -> str:
    if clash.ref.startswith(EDGE_PREFIX):
        edge = clash.theirs if isinstance(clash.theirs, Edge) else clash.was
        if not isinstance(edge, Edge):
            edge = clash.mine
        ends = [name_of(flow, ref) for ref in (edge.source, edge.target)] if isinstance(edge, Edge) else []
        return f"edge from {' to '.join(ends)}"
    if clash.path[:1] == ("conditions",):
        return "order of branches" if len(clash.path) == 1 else "branch"
    return label_of_place(flow, clash.ref, clash.path)


def _sentence(told: list[dict[str, Any]]) -> str:
    """`Jana changed Repeats of “Charge” meanwhile, so your change was not stored.`"""
    first = told[0]
    rest = "" if len(told) == 1 else f" and {len(told) - 1} more"
    if first["is_gone"]:
        return f"{first['by']} deleted {first['subject']} meanwhile, so your change was not stored."
    if first["ref"].startswith(EDGE_PREFIX):
        return f"{first['by']} changed the {first['label']}{rest} meanwhile, so your change was not stored."
    return f"{first['by']} changed {first['label']} of {first['subject']}{rest} meanwhile, so yours was not stored."


def text_of_value(value: Any) -> str:
    """A value of any place as text; empty for none."""
    if value is NOTHING or value is None:
        return ""
    match value:
        case Condition():
            text = condition_words(value)
        case Edge():
            text = f"{value.source} → {value.target}"
        case Position() | Frame():
            text = "elsewhere"
        case Enum():
            text = str(value.value)
        case bool():
            text = "yes" if value else "no"
        case str():
            text = value
        case _:
            text = orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS, default=str).decode()
    return text if len(text) <= MOST_VALUE_CHARACTERS else f"{text[:MOST_VALUE_CHARACTERS]}…"


def _authors(scope: Scope, row: models.Flow, places: Iterable[Place], revision: int) -> dict[Place, Told]:
    """Who changed each place last since a revision. Walks back edit by edit."""
    wanted, found, flow = set(places), dict[Place, Told](), draft_of(row)
    for entry in reversed(edits_since(row, revision)):
        if not wanted:
            break
        try:
            earlier = edit_from_json(entry.undo).apply(flow).flow
        except EditRefused:
            break
        is_self = scope.user is not None and entry.author_id == scope.user.pk
        told = Told("You, elsewhere," if is_self else entry.author_name or "Somebody", is_self)
        for place in wanted & set(changed_places(earlier, flow)):
            found[place] = told
            wanted.discard(place)
        flow = earlier
    return found
