"""What the editor's doors and its live channel answer: the parts of the page that an edit touched."""

from __future__ import annotations

from typing import Any

from django.template.loader import render_to_string

from accounts.roles import Role
from accounts.scope import Scope
from designer import models
from designer.editor_page import EditorPage
from designer.graph.model import Flow
from designer.naming import named
from designer.parts import changes_between
from designer.services.drafting import EditOutcome, draft_at, draft_of, edits_since


def accepted_answer(scope: Scope, outcome: EditOutcome, shown: int) -> dict[str, Any]:
    """The answer to an edit that was made, for a page that shows revision `shown`; `keys` as in the outcome."""
    row, is_stored = outcome.row, outcome.before is not outcome.flow
    is_alone = shown >= outcome.revision - is_stored
    page = EditorPage(scope, row)
    return {
        "revision": outcome.revision,
        **_changes(scope, outcome.before if is_alone else draft_at(row, shown), outcome.flow),
        "announce": outcome.label,
        "keys": dict(outcome.keys),
        "authors": [] if is_alone else _authors(row, shown),
        "html": [*shared_html(page), *own_html(page)],
    }


def catching_up(scope: Scope, row: models.Flow, revision: int) -> dict[str, Any]:
    """What a page that shows an earlier revision has to be told to show this one."""
    page = EditorPage(scope, row)
    return {
        "revision": row.draft_revision,
        **_changes(scope, draft_at(row, revision), draft_of(row)),
        "authors": _authors(row, revision),
        "html": [*shared_html(page), *own_html(page)],
    }


def stale_answer(scope: Scope, row: models.Flow, revision: int, detail: str) -> dict[str, Any]:
    """The answer to a change that was not made because of others': with it the page is up to date."""
    return {"is_stale": True, "detail": detail, **catching_up(scope, row, revision)}


def _authors(row: models.Flow, after: int) -> list[dict[str, Any]]:
    """Who made the edits since a revision."""
    found = {edit.author_id: edit.author_name for edit in edits_since(row, after)}
    return [{"id": id, "name": name} for id, name in found.items()]


def live_data(row: models.Flow, after: int) -> dict[str, Any]:
    """What other open editors are told: the same parts, and who did it."""
    page = EditorPage(_nobody(row), row)
    return {
        "revision": row.draft_revision,
        "base": after,
        **_changes(page.scope, draft_at(row, after), draft_of(row)),
        "html": shared_html(page),
        "authors": _authors(row, after),
    }


def _nobody(row: models.Flow) -> Scope:
    """The parts that everyone shares show nothing that depends on who looks."""
    return Scope(row.environment.organization, row.environment, None, Role.DESIGNER)


def _changes(scope: Scope, before: Flow | None, after: Flow) -> dict[str, Any]:
    changes = changes_between(named(scope, before) if before is not None else None, named(scope, after))
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
