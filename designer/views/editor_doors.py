"""Where the editor's script posts: each door makes one edit and answers with the parts it touched.

Accepted: 200 `{revision, parts, removed, facts, html, announce}`. Refused: 422 problem JSON. Made on an older revision:
409 with `is_stale`, the parts that bring the page up to date, and `overlaps`: whether somebody changed the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.http import HttpResponse, JsonResponse
from django.views.decorators.http import require_POST

from accounts.clean_json import BadJson, clean_json
from accounts.http import HtmxHttpRequest
from accounts.roles import Role
from accounts.scope import Scope, scoped
from designer import models
from designer.editor_answers import accepted_answer, catching_up, stale_answer
from designer.graph.codec import decode_fragment
from designer.graph.edits import Edit, EditRefused, Reconnect, RekeyTask, edit_from_json
from designer.graph.model import Position
from designer.graph.problems import FlowFileInvalid
from designer.inspector.answers import edit_for
from designer.inspector.forms import EDGE_PREFIX
from designer.inspector.reading import ValueRefused
from designer.services import drafting
from designer.services.drafting import EditOutcome, NoLongerApplies, NothingToUndo, StaleRevision, draft_of
from designer.services.editing import duplicate_edit, paste_edit, tidy_edit, with_places
from designer.views.editor import flow_row

Body = Mapping[str, Any]
Make = Callable[[Scope, models.Flow, Body], tuple[EditOutcome, dict[str, Any]]]


class NotUnderstood(ValueError):
    """The request is none of the editor's."""


def problem(status: int, detail: str, **more: Any) -> HttpResponse:
    """Problem JSON (RFC 9457)."""
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail, **more}
    return JsonResponse(body, status=status, content_type="application/problem+json")


def door(make: Make) -> Callable[..., HttpResponse]:
    """A view that reads the body, calls `make`, and answers whatever comes of it."""

    @require_POST
    @scoped(Role.DESIGNER)
    @wraps(make)
    def answer(request: HtmxHttpRequest, scope: Scope, flow: str) -> HttpResponse:
        row = flow_row(scope, flow)
        try:
            body = read_body(request)
            outcome, more = make(scope, row, body)
        except BadJson as bad:
            too_large = bad.message.startswith("is larger")
            return problem(413 if too_large else 400, f"What was sent is no JSON we take: {bad}.")
        except NotUnderstood as bad:
            return problem(400, str(bad))
        except StaleRevision:
            return _stale(scope, flow, body)
        except FlowFileInvalid as invalid:
            errors = [{"path": each.path, "message": each.message} for each in invalid.problems]
            return problem(422, str(invalid), errors=errors)
        except (EditRefused, NoLongerApplies) as refused:
            return problem(422, refused.reason)
        except (ValueRefused, NothingToUndo) as refused:
            return problem(422, str(refused))
        return JsonResponse(accepted_answer(scope, outcome) | more)

    return answer


def read_body(request: HtmxHttpRequest) -> Body:
    """The JSON object of a request, with its `revision`. Raises `BadJson`, `NotUnderstood`."""
    body = clean_json(request.body, max_bytes=settings.MAX_FLOW_FILE_BYTES)
    if not isinstance(body, dict):
        raise NotUnderstood("Send a JSON object.")
    revision = body.get("revision")
    if type(revision) is not int or not 0 < revision < 2**31:
        raise NotUnderstood("revision: give the revision that the change was made on, a whole number.")
    return body


def _stale(scope: Scope, key: str, body: Body) -> HttpResponse:
    """Bring the page up to date; a change that did get through the first time counts as accepted."""
    row = flow_row(scope, key)
    if body["revision"] > row.draft_revision:
        return problem(409, "This revision does not exist yet.")
    if body.get("is_retry") and _is_stored(scope, row, body):
        return JsonResponse(catching_up(scope, row, body["revision"]))
    answer = stale_answer(scope, row, body["revision"], _asked(row, body))
    return problem(409, answer.pop("detail"), **answer)


def _is_stored(scope: Scope, row: models.Flow, body: Body) -> bool:
    """Whether this person's very edit has been stored since the revision it was made on."""
    asked, author = body.get("edit"), scope.user.pk if scope.user else None
    later = [entry.edit for entry in drafting.edits_since(row, body["revision"]) if entry.author_id == author]
    # The first edit of a flow without places is stored together with them (`with_places`).
    return asked is not None and any(edit == asked or edit.get("edits", [None])[-1] == asked for edit in later)


def _asked(row: models.Flow, body: Body) -> Edit | None:
    """The edit that was asked for, as far as it can be told on the draft as it is now."""
    try:
        if "edit" in body:
            return edit_from_json(body["edit"])
        if "subject" in body:
            return edit_for(draft_of(row), *_answer_of(body))
    except (FlowFileInvalid, ValueRefused, NotUnderstood):
        pass
    return None


def _answer_of(body: Body) -> tuple[str, list[str | int], Any]:
    subject, path = body.get("subject"), body.get("path")
    if not isinstance(subject, str):
        raise NotUnderstood("subject: name what is to be changed.")
    if not isinstance(path, list) or len(path) > 32 or not all(type(step) in (str, int) for step in path):
        raise NotUnderstood("path: give the way to the field, as a list.")
    return subject, path, body.get("value")


def _apply(scope: Scope, row: models.Flow, edit: Edit, body: Body) -> EditOutcome:
    return drafting.apply_edit(scope, row, with_places(draft_of(row), edit), revision=body["revision"])


def _fresh(row: models.Flow, body: Body) -> None:
    """What is computed from the draft must be computed from the draft that the person saw."""
    if row.draft_revision != body["revision"]:
        raise StaleRevision(row.draft_revision)


@door
def edits(scope: Scope, row: models.Flow, body: Body) -> tuple[EditOutcome, dict[str, Any]]:
    """`{revision, edit}`: one edit in the JSON of `designer/graph/edits/wire.py`."""
    edit = edit_from_json(body.get("edit"))
    return _apply(scope, row, edit, body), {}


@door
def fields(scope: Scope, row: models.Flow, body: Body) -> tuple[EditOutcome, dict[str, Any]]:
    """`{revision, subject, path, value}`: one field of an inspector form, as typed."""
    _fresh(row, body)
    subject, path, value = _answer_of(body)
    edit = edit_for(draft_of(row), subject, path, value)
    return _apply(scope, row, edit, body), _new_subject(edit)


def _new_subject(edit: Edit) -> dict[str, Any]:
    """Under which ref the subject goes on, if the edit changed that."""
    if isinstance(edit, RekeyTask):
        return {"subject": edit.to}
    return {"subject": EDGE_PREFIX + edit.to.id} if isinstance(edit, Reconnect) else {}


@door
def undo(scope: Scope, row: models.Flow, body: Body) -> tuple[EditOutcome, dict[str, Any]]:
    """`{revision}`: take back one's own last edit."""
    outcome = drafting.undo(scope, row, revision=body["revision"])
    return outcome, {"announce": f"Undone: {outcome.label}"}


@door
def redo(scope: Scope, row: models.Flow, body: Body) -> tuple[EditOutcome, dict[str, Any]]:
    """`{revision}`: make again what one undid last."""
    outcome = drafting.redo(scope, row, revision=body["revision"])
    return outcome, {"announce": f"Done again: {outcome.label}"}


@door
def tidy(scope: Scope, row: models.Flow, body: Body) -> tuple[EditOutcome, dict[str, Any]]:
    """`{revision}`: put everything where Graphviz would."""
    _fresh(row, body)
    outcome = drafting.apply_edit(scope, row, tidy_edit(draft_of(row)), revision=body["revision"])
    return outcome, {}


@door
def duplicate(scope: Scope, row: models.Flow, body: Body) -> tuple[EditOutcome, dict[str, Any]]:
    """`{revision, tasks}`: copies of these tasks; the answer names them in `added`."""
    _fresh(row, body)
    keys = body.get("tasks")
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
        raise NotUnderstood("tasks: give a list of keys.")
    edit, added = duplicate_edit(draft_of(row), keys)
    return _apply(scope, row, edit, body), {"added": added}


@door
def paste(scope: Scope, row: models.Flow, body: Body) -> tuple[EditOutcome, dict[str, Any]]:
    """`{revision, fragment, at?, phase?}`: what a clipboard holds, or a whole flow file; `added` names what is new."""
    _fresh(row, body)
    fragment = body.get("fragment")
    if isinstance(fragment, dict):
        fragment = {name: fragment[name] for name in ("format", "phases", "tasks", "edges") if name in fragment}
    at, phase = body.get("at"), body.get("phase")
    if at is not None and not (isinstance(at, list) and len(at) == 2 and all(_is_coordinate(each) for each in at)):
        raise NotUnderstood("at: give the middle of what is pasted, as [x, y].")
    if phase is not None and not isinstance(phase, str):
        raise NotUnderstood("phase: give the key of a phase.")
    middle = Position(round(at[0]), round(at[1])) if at is not None else None
    edit, added = paste_edit(draft_of(row), decode_fragment(fragment), at=middle, phase=phase)
    return _apply(scope, row, edit, body), {"added": added}


def _is_coordinate(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e6
