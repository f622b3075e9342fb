"""The draft of a flow: made, edited, undone. Every change goes through here, one edit at a time.

An edit names the revision it was made on. Where the draft has gone on since, `merge_edit` makes it fit what others did
(`designer.graph.merging`), and says so when both changed the same; `apply_edit` refuses it (`StaleRevision`). Either
way no change of one person is ever lost to another's. What changed is stored with its inverse, the projected rows are
written, and the revision is bumped, all in one transaction.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Final, Generic, TypeVar

import orjson
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.audit import record
from accounts.live import publish
from accounts.scope import Scope
from designer import models
from designer.comments.following import follow_new_keys
from designer.graph.checks import Problem
from designer.graph.checks.problem import Severity
from designer.graph.codec import canonical_json, decode_flow, without_trials
from designer.graph.edits import (
    Batch,
    Edit,
    EditRefused,
    FramePhase,
    MoveNotes,
    MoveTasks,
    ReplaceFlow,
    TidyUp,
    edit_from_json,
    edit_to_json,
)
from designer.graph.merging import other_keys, rebased, renames, way_back
from designer.graph.model import Flow, is_key
from designer.querysets import FlowChildQuerySet
from designer.services.edit_words import words_of
from designer.services.errors import FlowHasProblems
from designer.services.projecting import rewrite_draft, write_rows
from designer.trying.services import keep_trials

T = TypeVar("T")

REMEMBERED: Final = 128
EDITS_KEPT: Final = 2_000
"""Older edits of a draft can no longer be undone; they are dropped."""

LONGEST_WORDS: Final = 200
_SAID: Final = {
    models.DraftEdit.Way.DO: "",
    models.DraftEdit.Way.UNDO: "Undone: ",
    models.DraftEdit.Way.REDO: "Done again: ",
}


class StaleRevision(Exception):
    """Somebody changed the flow meanwhile: it is at revision `current`."""

    def __init__(self, current: int) -> None:
        super().__init__("Somebody changed the flow meanwhile.")
        self.current = current


class FlowKeyTaken(ValueError):
    """There is already a flow of this key in the environment."""


class NothingToUndo(Exception):
    """The person has no edit left that could be undone, or redone."""


class NoLongerApplies(Exception):
    """What would be undone or redone has been changed by somebody since. `reason` says so.

    `revision` is that of the edit in question: those before it may still be undone.
    """

    def __init__(self, reason: str, revision: int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.revision = revision


class AlreadyMade(Exception):
    """The edit with this mark got through before, although its answer may not have."""


@dataclass(frozen=True, slots=True)
class EditOutcome:
    """What an edit led to: `before` and `flow` are the draft before and after it, `revision` is the one it made.

    `touched` as in `graph.edits.Applied`; `label` says in words what was done ("Moved Pack"), and of
    an undo or a redo what was undone or done again. `keys`: new tasks and
    phases whose wished-for keys others had taken, by ref, each with the ref it got.
    """

    row: models.Flow
    before: Flow
    flow: Flow
    revision: int
    touched: frozenset[str]
    label: str
    keys: Mapping[str, str] = field(default_factory=dict)


# -- reading ----------------------------------------------------------------------------------------------------------


Made = TypeVar("Made")


class Remembered(Generic[Made]):
    """What was made of drafts, by flow and revision. An entry counts only while its document is the row's very one."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._found: OrderedDict[tuple[int, int], tuple[str, Made]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, row: models.Flow) -> Made | None:
        """What was made of this row's draft as it is; None where that is not known."""
        with self._lock:
            document, made = self._found.get((row.pk, row.draft_revision), ("", None))
        return made if document == row.draft_document else None

    def put(self, row: models.Flow, made: Made) -> None:
        """Keep it; what was put first goes where there are too many."""
        with self._lock:
            self._found[(row.pk, row.draft_revision)] = (row.draft_document, made)
            self._found.move_to_end((row.pk, row.draft_revision))
            while len(self._found) > self._most:
                self._found.popitem(last=False)


_remembered: Remembered[Flow] = Remembered(REMEMBERED)


def draft_of(row: models.Flow) -> Flow:
    """The draft as this row has it. Decoded once per revision and process."""
    flow = _remembered.get(row)
    if flow is None:
        flow = decode_flow(orjson.loads(row.draft_document))
        _remembered.put(row, flow)
    return flow


def draft_at(row: models.Flow, revision: int) -> Flow | None:
    """The draft as it was at an earlier revision; None when the way back is not kept any more."""
    flow = draft_of(row)
    edits = list(row.draft_edits.filter(revision__gt=revision).order_by("-revision"))
    if revision > row.draft_revision or [edit.revision for edit in edits] != list(
        range(row.draft_revision, revision, -1)
    ):
        return None
    try:
        for edit in edits:
            flow = edit_from_json(edit.undo).apply(flow).flow
    except EditRefused:
        return None
    return flow


def edits_since(row: models.Flow, revision: int) -> list[models.DraftEdit]:
    """The edits that led from an earlier revision to the draft of this row, oldest first."""
    later = row.draft_edits.filter(revision__gt=revision, revision__lte=row.draft_revision)
    return list(later.order_by("revision"))


def document_of(flow: Flow) -> str:
    """The text in which a draft is stored. Raises `FlowHasProblems` for what no flow file holds."""
    try:
        return canonical_json(flow).decode()
    except TypeError as error:
        words = "A number in the flow is too large: at most 64 bits. Write it as text."
        raise FlowHasProblems([Problem(Severity.ERROR, "number_too_large", words)]) from error


# -- making and editing -----------------------------------------------------------------------------------------------


def create_flow(scope: Scope, *, key: str, name: str, flow: Flow | None = None) -> models.Flow:
    """A new flow with an empty draft, or with `flow` as its draft (under `key` and `name`).

    Raises `FlowKeyTaken`; ValueError for a key that is none; `FlowHasProblems` for numbers of more than 64 bits.
    """
    if not is_key(key):
        raise ValueError("Use 1 to 64 letters, digits, underscores and hyphens; do not begin with a hyphen.")
    draft = without_trials(_named(flow, key, name))
    row = models.Flow(environment=scope.environment, key=key, created_by=scope.user, draft_revision=1)
    _take_over(row, draft, document_of(draft))
    try:
        with transaction.atomic():
            row.save()
            write_rows(row, None, draft)
            keep_trials(row, flow.trials if flow is not None else None)
            record(scope, "flow.created", row, after={"key": key, "name": draft.name})
    except IntegrityError as error:
        if models.Flow.objects.within(scope).filter(key=key).exists():
            raise FlowKeyTaken(f"There is already a flow with the key {key}.") from error
        raise
    _remembered.put(row, draft)
    return row


def _named(flow: Flow | None, key: str, name: str) -> Flow:
    return Flow(key=key, name=name) if flow is None else replace(flow, key=key, name=name)


def apply_edit(scope: Scope, row: models.Flow, edit: Edit, *, revision: int) -> EditOutcome:
    """Make one edit on the draft. Raises `StaleRevision` and `graph.edits.EditRefused`; then nothing was changed.

    An edit that changes nothing is not stored: the revision stays.
    """
    return _change(scope, row, edit, revision=revision, way=models.DraftEdit.Way.DO)


def merge_edit(
    scope: Scope, row: models.Flow, edit: Edit, *, based_on: int, wrap: Wrap | None = None, mark: str = ""
) -> EditOutcome:
    """Make an edit that was made on revision `based_on`, whatever others have done since. `mark`: see `once`.

    Raises `graph.merging.EditsClash` and `graph.edits.EditRefused`; then nothing was changed. Raises `StaleRevision`
    where that revision is not known any more. `wrap` may put something around the edit, for the draft as it is now.
    """
    with transaction.atomic():
        locked = _locked(scope, row, None)
        now = draft_of(locked)
        if based_on != locked.draft_revision:
            base = draft_at(locked, based_on)
            if base is None:
                raise StaleRevision(locked.draft_revision)
            since = (edit_from_json(entry.edit) for entry in edits_since(locked, based_on))
            fitted = rebased(edit, base, now, renames(since, base))
        else:
            fitted = edit
        whole = fitted if wrap is None else wrap(now, fitted)
        outcome = _change(scope, locked, whole, revision=locked.draft_revision, way=models.DraftEdit.Way.DO, mark=mark)
    return replace(outcome, keys=other_keys(edit, fitted))


Wrap = Callable[[Flow, Edit], Edit]


def edit_now(scope: Scope, row: models.Flow, make: Callable[[Flow], Edit], *, mark: str = "") -> EditOutcome:
    """Make the edit that `make` computes from the draft as it is at this moment. Raises `graph.edits.EditRefused`."""
    with transaction.atomic():
        locked = _locked(scope, row, None)
        edit = make(draft_of(locked))
        return _change(scope, locked, edit, revision=locked.draft_revision, way=models.DraftEdit.Way.DO, mark=mark)


def once(scope: Scope, row: models.Flow, mark: str, make: Callable[[], T]) -> T:
    """What `make` answers, which makes the edit with this mark; raises `AlreadyMade` where that one is stored.

    For a change that is sent again: the first sending may have got through, or may still be at work; then its lock is
    waited for. One that comes even later than that is kept out by the mark itself, which a flow has once.
    """
    with transaction.atomic():
        if mark and _locked(scope, row, None).draft_edits.filter(mark=mark).exists():
            raise AlreadyMade
        return make()


def replace_draft(scope: Scope, row: models.Flow, flow: Flow, *, revision: int) -> EditOutcome:
    """Put another graph in the place of the draft, as one edit that can be undone. The flow keeps its key.

    How it is tried is replaced as well, where `flow` says anything about that.
    """
    draft = without_trials(_named(flow, row.key, flow.name))
    with transaction.atomic():
        outcome = apply_edit(scope, row, ReplaceFlow(draft), revision=revision)
        keep_trials(row, flow.trials)
    return outcome


def _change(
    scope: Scope,
    row: models.Flow,
    edit: Edit,
    *,
    revision: int,
    way: models.DraftEdit.Way,
    of: models.DraftEdit | None = None,
    mark: str = "",
) -> EditOutcome:
    with _first_of(row, mark), transaction.atomic():
        locked = _locked(scope, row, revision)
        before = draft_of(locked)
        applied = edit.apply(before)
        label = of.words if of is not None and of.words else words_of(edit, before)
        document = document_of(applied.flow)
        if document == locked.draft_document:
            return EditOutcome(locked, before, before, revision, frozenset(), label)
        locked.draft_revision += 1
        _take_over(locked, applied.flow, document)
        locked.save(update_fields=[*_DRAFT_FIELDS, "draft_revision"])
        rewrite_draft(locked, applied.flow, applied.touched)
        _store(scope, locked, edit, applied.undo, way=way, of=of, words=label, mark=mark)
        follow_new_keys(locked, edit)
        if not _only_moves(edit):
            record(scope, "flow.edited", locked, after={"revision": locked.draft_revision, "edit": _SAID[way] + label})
        organization, topic, now_at = scope.organization.pk, f"draft:{locked.pk}", locked.draft_revision
        transaction.on_commit(lambda: publish(topic, organization, now_at))
    _remembered.put(locked, applied.flow)
    return EditOutcome(locked, before, applied.flow, locked.draft_revision, applied.touched, label)


@contextmanager
def _first_of(row: models.Flow, mark: str) -> Iterator[None]:
    """Raises `AlreadyMade` where the same change, sent again, was quicker than its first sending."""
    try:
        yield
    except IntegrityError as error:
        if mark and row.draft_edits.filter(mark=mark).exists():
            raise AlreadyMade from error
        raise


def _locked(scope: Scope, row: models.Flow, revision: int | None) -> models.Flow:
    """The row as it is now, locked until the end of the transaction. Raises `StaleRevision`, unless any will do."""
    locked = models.Flow.objects.within(scope).select_for_update(of=("self",)).get(pk=row.pk)
    if revision is not None and locked.draft_revision != revision:
        raise StaleRevision(locked.draft_revision)
    return locked


_DRAFT_FIELDS: Final = ("name", "description", "tags", "draft_document", "updated_at")


def _take_over(row: models.Flow, flow: Flow, document: str) -> None:
    """What the row repeats of its draft, and the draft itself as `document`."""
    row.name, row.description, row.tags = flow.name, flow.description, list(flow.tags)
    row.draft_document = document
    row.updated_at = timezone.now()


def _store(
    scope: Scope,
    row: models.Flow,
    edit: Edit,
    undo: Edit,
    *,
    way: models.DraftEdit.Way,
    of: models.DraftEdit | None,
    words: str,
    mark: str,
) -> None:
    models.DraftEdit.objects.create(
        flow=row,
        revision=row.draft_revision,
        way=way,
        of=of,
        edit=edit_to_json(edit),
        undo=edit_to_json(undo),
        words=words[:LONGEST_WORDS],
        mark=mark,
        author=scope.user,
        author_name=scope.actor_name[:200],
    )
    if row.draft_revision % 100 == 0:
        row.draft_edits.filter(revision__lte=row.draft_revision - EDITS_KEPT).delete()


def _only_moves(edit: Edit) -> bool:
    """Moving cards about is no news for the audit log; the edits keep it anyway."""
    steps = edit.edits if isinstance(edit, Batch) else (edit,)
    return all(isinstance(step, (MoveTasks, MoveNotes, FramePhase, TidyUp)) for step in steps)


# -- undo and redo ----------------------------------------------------------------------------------------------------


def undo(scope: Scope, row: models.Flow, *, before: int | None = None, mark: str = "") -> EditOutcome:
    """Take back the person's own last edit in the draft as it is now. Raises `NothingToUndo`, `NoLongerApplies`.

    `before`: of those before this revision, for who passes over one that cannot be undone any more.
    """
    entry = next_undo(scope, row, before=before)
    if entry is None:
        raise NothingToUndo("There is nothing of yours to undo.")
    return _go(scope, row, entry, way=models.DraftEdit.Way.UNDO, mark=mark)


def redo(scope: Scope, row: models.Flow, *, mark: str = "") -> EditOutcome:
    """Make again what the person undid last. Raises as `undo` does."""
    entry = next_redo(scope, row)
    if entry is None:
        raise NothingToUndo("There is nothing of yours to redo.")
    return _go(scope, row, entry, way=models.DraftEdit.Way.REDO, mark=mark)


def next_undo(scope: Scope, row: models.Flow, *, before: int | None = None) -> models.DraftEdit | None:
    """The edit that `undo` would take back."""
    own = _own(scope, row)
    if own is None:
        return None
    if before is not None:
        own = own.filter(revision__lt=before)
    return own.exclude(way=models.DraftEdit.Way.UNDO).order_by("-revision").first()


def next_redo(scope: Scope, row: models.Flow) -> models.DraftEdit | None:
    """The undo that `redo` would take back: none once the person has made another edit."""
    own = _own(scope, row)
    if own is None:
        return None
    entry = own.filter(way=models.DraftEdit.Way.UNDO).order_by("-revision").first()
    if entry is None or own.filter(way=models.DraftEdit.Way.DO, revision__gt=entry.revision).exists():
        return None
    return entry


def _own(scope: Scope, row: models.Flow) -> FlowChildQuerySet[models.DraftEdit] | None:
    if scope.user is None:
        return None
    return models.DraftEdit.objects.filter(flow=row, author=scope.user, is_undone=False)


def _go(
    scope: Scope, row: models.Flow, entry: models.DraftEdit, *, way: models.DraftEdit.Way, mark: str
) -> EditOutcome:
    """Apply the inverse of `entry`, if what it changed is still as it left it."""
    verb = "undone" if way is models.DraftEdit.Way.UNDO else "done again"
    with transaction.atomic():
        locked = _locked(scope, row, None)
        try:
            back = way_back(edit_from_json(entry.edit), edit_from_json(entry.undo), draft_of(locked))
        except EditRefused as refused:
            raise NoLongerApplies(f"It cannot be {verb} any more: {refused.reason}", entry.revision) from refused
        if back is None:
            reason = f"It cannot be {verb} any more: somebody has changed the same since."
            raise NoLongerApplies(reason, entry.revision)
        if not models.DraftEdit.objects.filter(pk=entry.pk, is_undone=False).update(is_undone=True):
            raise NothingToUndo(f"It has been {verb} already.")
        return _change(scope, locked, back, revision=locked.draft_revision, way=way, of=entry, mark=mark)
