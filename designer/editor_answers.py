"""What the editor's doors and its live channel answer: the parts of the page that an edit touched."""

from __future__ import annotations

from typing import Any

from django.template.loader import render_to_string

from accounts.roles import Role
from accounts.scope import Scope
from designer import models
from designer.editor_page import EditorPage
from designer.graph.edits import Edit, EditRefused
from designer.graph.model import Flow
from designer.parts import changes_between
from designer.services.drafting import EditOutcome, draft_at, draft_of, edits_since


def accepted_answer(scope: Scope, outcome: EditOutcome) -> dict[str, Any]:
    """The answer to an edit that was made."""
    page = EditorPage(scope, outcome.row)
    return {
        "revision": outcome.revision,
        **_changes(outcome.before, outcome.flow),
        "announce": outcome.label,
    } | {"html": [*shared_html(page), *own_html(page)]}


def catching_up(scope: Scope, row: models.Flow, revision: int) -> dict[str, Any]:
    """What a page that shows an earlier revision has to be told to show this one."""
    page = EditorPage(scope, row)
    return {
        "revision": row.draft_revision,
        **_changes(draft_at(row, revision), draft_of(row)),
        "html": [*shared_html(page), *own_html(page)],
    }


def stale_answer(scope: Scope, row: models.Flow, revision: int, asked: Edit | None) -> dict[str, Any]:
    """The answer to an edit made on an older revision: `overlaps` tells whether others changed what it is about.

    What cannot be applied any more, or told, counts as overlapping: then the person decides.
    """
    before = draft_at(row, revision)
    overlaps = before is None or asked is None or _overlap(before, draft_of(row), asked)
    names = ", ".join(dict.fromkeys(edit.author_name for edit in edits_since(row, revision))) or "Somebody"
    return {
        "is_stale": True,
        "overlaps": overlaps,
        "detail": f"{names} changed the same meanwhile, so your change was not stored.",
        **catching_up(scope, row, revision),
    }


def _overlap(before: Flow, now: Flow, asked: Edit) -> bool:
    """Whether the edit meets, in the draft as it is now, anything that is not as it was."""
    try:
        touched = asked.apply(now).touched
    except EditRefused:
        return True
    return any(_thing(before, ref) != _thing(now, ref) for ref in touched)


def _thing(flow: Flow, ref: str) -> object:
    """What a touched reference stands for: a task, a phase, an edge, or the flow's own fields."""
    if ref == "flow":
        return (flow.name, flow.description, flow.tags, flow.triggers, flow.limits, flow.retention, flow.timezone)
    if ref.startswith("phase:"):
        return flow.phases.get(ref.removeprefix("phase:"))
    return flow.tasks.get(ref) or next((edge for edge in flow.edges if edge.id == ref), None)


def live_data(row: models.Flow, after: int) -> dict[str, Any]:
    """What other open editors are told: the same parts, and who did it."""
    page = EditorPage(_nobody(row), row)
    authors = {edit.author_id: edit.author_name for edit in edits_since(row, after)}
    return {
        "revision": row.draft_revision,
        "base": after,
        **_changes(draft_at(row, after), draft_of(row)),
        "html": shared_html(page),
        "authors": [{"id": id, "name": name} for id, name in authors.items()],
    }


def _nobody(row: models.Flow) -> Scope:
    """The parts that everyone shares show nothing that depends on who looks."""
    return Scope(row.environment.organization, row.environment, None, Role.DESIGNER)


def _changes(before: Flow | None, after: Flow) -> dict[str, Any]:
    changes = changes_between(before, after)
    return {"parts": changes.parts, "removed": changes.removed, "facts": changes.facts, "is_whole": before is None}


def shared_html(page: EditorPage) -> list[dict[str, str]]:
    """The parts around the canvas that are the same for everyone."""
    context = {"page": page, "flow": page.row}
    return [
        {"id": "problems", "html": render_to_string("designer/editor/problems.html", context)},
        {"id": "draft-status", "html": render_to_string("designer/editor/status.html", context)},
        {"id": "flow-name", "html": render_to_string("designer/editor/name.html", context)},
    ]


def own_html(page: EditorPage) -> list[dict[str, str]]:
    """The parts that are each person's own: what they can undo."""
    context = {"page": page, "flow": page.row}
    return [{"id": "draft-history", "html": render_to_string("designer/editor/history.html", context)}]
