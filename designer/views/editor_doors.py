"""Where the editor's script posts: each door makes one edit and answers with the parts it touched.

Accepted: 200 `{revision, parts, removed, facts, html, announce, keys, authors}`; made on an older revision it is merged
with what others did since, and the parts bring the page up to date with both. Refused: 422 problem JSON. Where others
changed the same: 409 with `is_stale`, the parts that bring the page up to date, and `conflicts` (`designer.clashes`).
A change carries a `mark` of its own; sent again (`is_retry`), it is made once, whether or not it got through before.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, wraps
from http import HTTPStatus
from typing import Any, Final

from django.conf import settings
from django.http import HttpResponse, HttpResponseBase, JsonResponse
from django.views.decorators.http import require_POST

from accounts.clean_json import BadJson, clean_json
from accounts.http import HtmxHttpRequest
from accounts.roles import Role
from accounts.scope import Scope, scoped
from designer import models
from designer.clashes import clash_answer
from designer.editor_answers import accepted_answer, catching_up, stale_answer
from designer.graph.codec import decode_fragment
from designer.graph.edits import Edit, EditRefused, Reconnect, RekeyTask, edit_from_json
from designer.graph.merging import EditsClash
from designer.graph.model import Flow, Position
from designer.graph.problems import FlowFileInvalid
from designer.inspector.answers import edit_for
from designer.inspector.forms import EDGE_PREFIX
from designer.inspector.reading import ValueRefused
from designer.services import drafting
from designer.services.drafting import (
    AlreadyMade,
    EditOutcome,
    NoLongerApplies,
    NothingToUndo,
    StaleRevision,
    draft_at,
    draft_of,
)
from designer.services.editing import duplicate_edit, paste_edit, tidy_edit, with_places
from designer.services.making_room import with_room
from designer.views.editor import flow_row

LONGEST_MARK: Final = 64

Body = dict[str, Any]
Make = Callable[[Scope, models.Flow, Body], tuple[EditOutcome, dict[str, Any]]]


class NotUnderstood(ValueError):
    """The request is none of the editor's."""


def problem(status: int, detail: str, **more: Any) -> HttpResponse:
    """Problem JSON (RFC 9457)."""
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail, **more}
    return JsonResponse(body, status=status, content_type="application/problem+json")


def door(make: Make) -> Callable[..., HttpResponseBase]:
    """A view that reads the body, calls `make`, and answers whatever comes of it."""

    @require_POST
    @scoped(Role.DESIGNER)
    @wraps(make)
    def answer(request: HtmxHttpRequest, scope: Scope, flow: str) -> HttpResponse:
        row = flow_row(scope, flow)
        try:
            body = read_body(request)
            if body["revision"] > row.draft_revision:
                return problem(409, "This revision does not exist yet.")
            if body.get("is_retry"):
                outcome, more = drafting.once(scope, row, body["mark"], partial(make, scope, row, body))
            else:
                outcome, more = make(scope, row, body)
        except AlreadyMade:
            return JsonResponse(catching_up(scope, flow_row(scope, flow), body["revision"]))
        except BadJson as bad:
            too_large = bad.message.startswith("is larger")
            return problem(413 if too_large else 400, f"What was sent is no JSON we take: {bad}.")
        except NotUnderstood as bad:
            return problem(400, str(bad))
        except StaleRevision:
            return _stale(scope, flow, body, "This page is too old for that change. It is up to date now.")
        except Clashed as clashed:
            return _stale(scope, flow, body, clashed.answer["detail"], conflicts=clashed.answer["conflicts"])
        except FlowFileInvalid as invalid:
            errors = [{"path": each.path, "message": each.message} for each in invalid.problems]
            return problem(422, str(invalid), errors=errors)
        except NoLongerApplies as refused:
            return problem(422, refused.reason, revision_of=refused.revision)
        except EditRefused as refused:
            return problem(422, refused.reason)
        except (ValueRefused, NothingToUndo) as refused:
            return problem(422, str(refused))
        return JsonResponse(accepted_answer(scope, outcome, body["revision"]) | more)

    return answer


def read_body(request: HtmxHttpRequest) -> Body:
    """The JSON object of a request, with its `revision`. Raises `BadJson`, `NotUnderstood`."""
    body = clean_json(request.body, max_bytes=settings.MAX_FLOW_FILE_BYTES)
    if not isinstance(body, dict):
        raise NotUnderstood("Send a JSON object.")
    _revision(body.get("revision"), "revision")
    mark = body.setdefault("mark", "")
    if not isinstance(mark, str) or len(mark) > LONGEST_MARK:
        raise NotUnderstood(f"mark: give a name of the change's own, of at most {LONGEST_MARK} characters.")
    return body


def _revision(value: object, word: str) -> int:
    if type(value) is not int or not 0 < value < 2**31:
        raise NotUnderstood(f"{word}: give the revision that the change was made on, a whole number.")
    return value


def _stale(scope: Scope, key: str, body: Body, detail: str, **more: Any) -> HttpResponse:
    """Bring the page up to date, and say why its change was not made."""
    row = flow_row(scope, key)
    answer = stale_answer(scope, row, body["revision"], detail)
    return problem(409, answer.pop("detail"), **more, **answer)


FRAGMENT: Final = ("format", "phases", "tasks", "edges", "notes")
"""What is pasted of a flow file."""


def _answer_of(body: Body) -> tuple[str, list[str | int], Any]:
    subject, path = body.get("subject"), body.get("path")
    if not isinstance(subject, str):
        raise NotUnderstood("subject: name what is to be changed.")
    if not isinstance(path, list) or len(path) > 32 or not all(type(step) in (str, int) for step in path):
        raise NotUnderstood("path: give the way to the field, as a list.")
    return subject, path, body.get("value")


class Clashed(Exception):
    """Others have changed the same since; `answer` tells what."""

    def __init__(self, answer: dict[str, Any]) -> None:
        super().__init__(answer["detail"])
        self.answer = answer


def _apply(scope: Scope, row: models.Flow, edit: Edit, based_on: int, mark: str) -> EditOutcome:
    """Make an edit that was made on an older revision, merged with what others did since."""
    try:
        return drafting.merge_edit(scope, row, edit, based_on=based_on, wrap=_fitted, mark=mark)
    except EditsClash as clash:
        row = flow_row(scope, row.key)
        base = draft_at(row, based_on) or draft_of(row)
        raise Clashed(clash_answer(scope, row, clash.clashes, base, based_on)) from clash


def _fitted(flow: Flow, edit: Edit) -> Edit:
    return with_room(flow, with_places(flow, edit))


@door
def edits(scope: Scope, row: models.Flow, body: Body) -> tuple[EditOutcome, dict[str, Any]]:
    """`{revision, edit}`: one edit in the JSON of `designer/graph/edits/wire.py`."""
    edit = edit_from_json(body.get("edit"))
    return _apply(scope, row, edit, body["revision"], body["mark"]), {}


@door
def fields(scope: Scope, row: models.Flow, body: Body) -> tuple[EditOutcome, dict[str, Any]]:
    """`{revision, subject, path, value, seen?}`: one field of an inspector form, as typed.

    `seen`: the revision whose value stood in the field when the person began to type, where that is not the one that
    the canvas shows: what others have put there since is then not overwritten unseen.
    """
    seen = min(_revision(body.get("seen", body["revision"]), "seen"), row.draft_revision)
    seen = _with_own_edits(scope, row, seen, body["revision"])
    draft = draft_at(row, seen)
    if draft is None:
        raise StaleRevision(row.draft_revision)
    subject, path, value = _answer_of(body)
    edit = edit_for(draft, subject, path, value)
    return _apply(scope, row, edit, seen, body["mark"]), _new_subject(edit)


def _with_own_edits(scope: Scope, row: models.Flow, seen: int, revision: int) -> int:
    """The revision that a person has seen: what they have done themselves right after it counts as seen as well."""
    author = scope.user.pk if scope.user else None
    for entry in drafting.edits_since(row, seen) if seen < revision else ():
        if entry.author_id != author or entry.revision > revision:
            break
        seen = entry.revision
    return seen


def _new_subject(edit: Edit) -> dict[str, Any]:
    """Under which ref the subject goes on, if the edit changed that."""
    if isinstance(edit, RekeyTask):
        return {"subject": edit.to}
    return {"subject": EDGE_PREFIX + edit.to.id} if isinstance(edit, Reconnect) else {}


@door
def undo(scope: Scope, row: models.Flow, body: Body) -> tuple[EditOutcome, dict[str, Any]]:
    """`{revision, before?}`: take back one's own last edit (or the last before a revision) under those of others."""
    before = _revision(body["before"], "before") if "before" in body else None
    outcome = drafting.undo(scope, row, before=before, mark=body["mark"])
    return outcome, {"announce": f"Undone: {outcome.label}"}


@door
def redo(scope: Scope, row: models.Flow, body: Body) -> tuple[EditOutcome, dict[str, Any]]:
    """`{revision}`: make again what one undid last."""
    outcome = drafting.redo(scope, row, mark=body["mark"])
    return outcome, {"announce": f"Done again: {outcome.label}"}


@door
def tidy(scope: Scope, row: models.Flow, body: Body) -> tuple[EditOutcome, dict[str, Any]]:
    """`{revision}`: put everything where Graphviz would."""
    return drafting.edit_now(scope, row, tidy_edit, mark=body["mark"]), {}


@door
def duplicate(scope: Scope, row: models.Flow, body: Body) -> tuple[EditOutcome, dict[str, Any]]:
    """`{revision, tasks, by?, phase?}`: copies of these tasks, phases and notes (by their refs), so far from them.

    The answer names the copies in `added`.
    """
    keys = body.get("tasks")
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
        raise NotUnderstood("tasks: give a list of keys.")
    by, phase = _position(body, "by", "how far the copies lie from what they copy"), _phase(body)
    return _add(scope, row, lambda draft: duplicate_edit(draft, keys, by=by, phase=phase), body["mark"])


@door
def paste(scope: Scope, row: models.Flow, body: Body) -> tuple[EditOutcome, dict[str, Any]]:
    """`{revision, fragment, at?, phase?}`: what a clipboard holds, or a whole flow file; `added` names what is new."""
    fragment = body.get("fragment")
    if isinstance(fragment, dict):
        fragment = {name: fragment[name] for name in FRAGMENT if name in fragment}
    middle, phase = _position(body, "at", "the middle of what is pasted"), _phase(body)
    pasted = decode_fragment(fragment)
    return _add(scope, row, lambda draft: paste_edit(draft, pasted, at=middle, phase=phase), body["mark"])


def _add(
    scope: Scope, row: models.Flow, make: Callable[[Flow], tuple[Edit, list[str]]], mark: str
) -> tuple[EditOutcome, dict[str, Any]]:
    """Make an edit that adds to the draft as it is at this moment, and say under which refs."""
    added: list[str] = []

    def edit(draft: Flow) -> Edit:
        made, refs = make(draft)
        added.extend(refs)
        return with_places(draft, made)

    return drafting.edit_now(scope, row, edit, mark=mark), {"added": added}


def _position(body: Body, name: str, what: str) -> Position | None:
    at = body.get(name)
    if at is not None and not (isinstance(at, list) and len(at) == 2 and all(_is_coordinate(each) for each in at)):
        raise NotUnderstood(f"{name}: give {what}, as [x, y].")
    return Position(round(at[0]), round(at[1])) if at is not None else None


def _phase(body: Body) -> str | None:
    phase = body.get("phase")
    if phase is not None and not isinstance(phase, str):
        raise NotUnderstood("phase: give the key of a phase.")
    return phase


def _is_coordinate(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e6
