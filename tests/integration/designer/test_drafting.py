"""A draft changes one edit at a time: nothing is lost between two people, each undoes their own, rows follow."""

from __future__ import annotations

from collections.abc import Callable

import orjson
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEntry
from accounts.roles import Role
from accounts.scope import Scope
from designer import models
from designer.graph import edits
from designer.graph.codec import canonical_json, decode_flow
from designer.graph.edits import Change, EditRefused
from designer.graph.model import Edge, Position, Task
from designer.services import drafting
from designer.services.drafting import (
    FlowKeyTaken,
    NoLongerApplies,
    NothingToUndo,
    StaleRevision,
    apply_edit,
    create_flow,
    draft_at,
    draft_of,
    edits_since,
    redo,
    replace_draft,
    undo,
)
from tests.drawing import draw


@pytest.fixture
def row(scope: Scope) -> models.Flow:
    """A draft `trigger -> a -> b`."""
    return create_flow(scope, key="drawn", name="Drawn", flow=draw("trigger -> a -> b"))


@pytest.fixture
def jana(scope_as: Callable[[Role], Scope]) -> Scope:
    """Another designer in the same place."""
    return scope_as(Role.DESIGNER)


def move(x: int, key: str = "a") -> edits.MoveTasks:
    return edits.MoveTasks({key: Position(x, 0)})


def rename(name: str, key: str = "a") -> edits.RenameTask:
    return edits.RenameTask(key, name)


def now(row: models.Flow) -> models.Flow:
    return models.Flow.objects.get(pk=row.pk)


def test_a_new_flow_has_an_empty_draft_at_revision_one(scope: Scope) -> None:
    row = create_flow(scope, key="blank", name="Blank")
    assert (row.draft_revision, draft_of(row).tasks, row.created_by) == (1, {}, scope.user)
    assert AuditEntry.objects.get(action="flow.created").subject_name == "Blank"


def test_a_key_can_be_used_once_per_environment(scope: Scope, foreign_scope: Scope) -> None:
    create_flow(scope, key="order", name="Order")
    with pytest.raises(FlowKeyTaken):
        create_flow(scope, key="order", name="Again")
    assert create_flow(foreign_scope, key="order", name="Theirs").pk


def test_a_bad_key_is_refused(scope: Scope) -> None:
    with pytest.raises(ValueError, match="letters"):
        create_flow(scope, key="-no", name="No")


def test_an_edit_makes_the_next_revision_with_its_document_rows_and_inverse(scope: Scope, row: models.Flow) -> None:
    outcome = apply_edit(scope, row, edits.AddTask(Task("c", "C", "noop")), revision=1)
    assert (outcome.revision, outcome.label) == (2, "Added C")
    stored = now(row)
    assert stored.draft_revision == 2
    assert decode_flow(orjson.loads(stored.draft_document)) == outcome.flow
    assert set(models.Task.objects.filter(flow=row, version=None).values_list("key", flat=True)) == {"a", "b", "c"}
    entry = models.DraftEdit.objects.get(flow=row)
    assert (entry.revision, entry.author, entry.edit["edit"]) == (2, scope.user, "add_task")
    assert edits.edit_from_json(entry.undo).apply(outcome.flow).flow == outcome.before


def test_an_edit_made_on_an_older_revision_is_refused_and_changes_nothing(
    scope: Scope, jana: Scope, row: models.Flow
) -> None:
    apply_edit(jana, row, rename("Jana's"), revision=1)
    with pytest.raises(StaleRevision) as stale:
        apply_edit(scope, row, rename("Mine"), revision=1)
    assert stale.value.current == 2
    assert draft_of(now(row)).tasks["a"].name == "Jana's"
    assert models.DraftEdit.objects.filter(flow=row).count() == 1


def test_a_refused_edit_changes_nothing(scope: Scope, row: models.Flow) -> None:
    before = now(row).draft_document
    with pytest.raises(EditRefused):
        apply_edit(scope, row, edits.Connect(Edge("b", "a")), revision=1)
    assert (now(row).draft_document, now(row).draft_revision) == (before, 1)
    assert not models.DraftEdit.objects.filter(flow=row).exists()


def test_an_edit_that_changes_nothing_is_not_stored(scope: Scope, row: models.Flow) -> None:
    outcome = apply_edit(scope, row, rename("a"), revision=1)
    assert outcome.revision == now(row).draft_revision == 1
    assert not models.DraftEdit.objects.filter(flow=row).exists()


def test_the_flow_of_another_environment_does_not_exist(foreign_scope: Scope, row: models.Flow) -> None:
    with pytest.raises(models.Flow.DoesNotExist):
        apply_edit(foreign_scope, row, move(8), revision=1)


def test_the_row_repeats_the_name_and_tags_of_its_draft(scope: Scope, row: models.Flow) -> None:
    changes = (Change(("name",), "Renamed"), Change(("tags",), ["shop"]))
    apply_edit(scope, row, edits.ConfigureFlow(changes), revision=1)
    assert (now(row).name, now(row).tags) == ("Renamed", ["shop"])


def test_moving_cards_is_no_news_for_the_audit_log(scope: Scope, row: models.Flow) -> None:
    apply_edit(scope, row, move(8), revision=1)
    apply_edit(scope, row, rename("Charge"), revision=2)
    assert [entry.after for entry in AuditEntry.objects.filter(action="flow.edited")] == [
        {"revision": 3, "edit": "Renamed a to Charge"}
    ]


def test_undo_and_redo_go_back_and_forth(scope: Scope, row: models.Flow) -> None:
    apply_edit(scope, row, rename("One"), revision=1)
    apply_edit(scope, row, rename("Two"), revision=2)
    assert undo(scope, row).flow.tasks["a"].name == "One"
    assert undo(scope, row).flow.tasks["a"].name == "a"
    with pytest.raises(NothingToUndo):
        undo(scope, row)
    assert redo(scope, row).flow.tasks["a"].name == "One"
    assert redo(scope, row).flow.tasks["a"].name == "Two"
    with pytest.raises(NothingToUndo):
        redo(scope, row)
    assert undo(scope, row).flow.tasks["a"].name == "One"


def test_an_undo_and_a_redo_are_told_in_the_words_of_the_edit_however_often(scope: Scope, row: models.Flow) -> None:
    added = apply_edit(scope, row, edits.AddTask(Task("c", "Pack", "noop")), revision=1)
    assert added.label == "Added Pack"
    said = [step(scope, row).label for step in (undo, redo, undo, redo, undo)]
    assert said == ["Added Pack"] * 5
    heard = [entry.after["edit"] for entry in AuditEntry.objects.filter(action="flow.edited").order_by("pk")]
    assert heard == ["Added Pack", *["Undone: Added Pack", "Done again: Added Pack"] * 2, "Undone: Added Pack"]


def test_a_new_edit_ends_what_could_be_redone(scope: Scope, row: models.Flow) -> None:
    apply_edit(scope, row, rename("One"), revision=1)
    undo(scope, row)
    apply_edit(scope, row, move(8), revision=3)
    with pytest.raises(NothingToUndo):
        redo(scope, row)


def test_everyone_undoes_their_own(scope: Scope, jana: Scope, row: models.Flow) -> None:
    apply_edit(scope, row, rename("Mine", "a"), revision=1)
    apply_edit(jana, row, rename("Hers", "b"), revision=2)
    outcome = undo(scope, row)
    assert (outcome.flow.tasks["a"].name, outcome.flow.tasks["b"].name) == ("a", "Hers")
    assert outcome.label == "Renamed a to Mine"


def test_an_undo_that_would_take_back_anothers_work_says_so_and_changes_nothing(
    scope: Scope, jana: Scope, row: models.Flow
) -> None:
    apply_edit(scope, row, rename("Mine"), revision=1)
    apply_edit(jana, row, rename("Hers"), revision=2)
    with pytest.raises(NoLongerApplies, match="somebody has changed the same since"):
        undo(scope, row)
    assert (draft_of(now(row)).tasks["a"].name, now(row).draft_revision) == ("Hers", 3)


def test_an_undo_of_what_another_has_deleted_says_so(scope: Scope, jana: Scope, row: models.Flow) -> None:
    apply_edit(scope, row, rename("Mine"), revision=1)
    apply_edit(jana, row, edits.RemoveTasks(("a",)), revision=2)
    with pytest.raises(NoLongerApplies, match="It cannot be undone any more"):
        undo(scope, row)
    assert now(row).draft_revision == 3


def test_undoing_a_deletion_brings_back_tasks_and_edges(scope: Scope, row: models.Flow) -> None:
    before = draft_of(row)
    apply_edit(scope, row, edits.RemoveTasks(("a", "b")), revision=1)
    outcome = undo(scope, row)
    assert canonical_json(outcome.flow) == canonical_json(before)
    assert models.Edge.objects.filter(flow=row, version=None).count() == 2


def test_the_draft_of_an_earlier_revision_can_be_found(scope: Scope, row: models.Flow) -> None:
    drafts = [draft_of(row)]
    for name in ("One", "Two", "Three"):
        drafts.append(apply_edit(scope, row, rename(name), revision=now(row).draft_revision).flow)
    assert [draft_at(now(row), revision) for revision in (1, 2, 3, 4)] == drafts
    assert draft_at(now(row), 9) is None
    assert [edit.revision for edit in edits_since(now(row), 2)] == [3, 4]


def test_an_earlier_draft_whose_way_is_not_kept_is_none(scope: Scope, row: models.Flow) -> None:
    apply_edit(scope, row, rename("One"), revision=1)
    models.DraftEdit.objects.filter(flow=row).delete()
    assert draft_at(now(row), 1) is None


def test_a_replaced_draft_keeps_the_key_and_can_be_undone(scope: Scope, row: models.Flow) -> None:
    outcome = replace_draft(scope, row, draw("x -> y", key="other"), revision=1)
    assert (outcome.flow.key, set(outcome.flow.tasks)) == ("drawn", {"x", "y"})
    assert set(undo(scope, row).flow.tasks) == {"a", "b"}


def test_a_draft_is_decoded_once_per_revision(row: models.Flow, monkeypatch: pytest.MonkeyPatch) -> None:
    first = draft_of(now(row))
    monkeypatch.setattr(drafting, "decode_flow", lambda _: pytest.fail("decoded again"))
    assert draft_of(now(row)) is first


def test_the_rows_of_a_new_flow_are_written_without_asking_for_any(scope: Scope) -> None:
    flow = draw("trigger -> a -> pick; pick -yes-> b; pick -none_met-> d", phases={"work": "a"})
    with CaptureQueriesContext(connection) as asked:
        row = create_flow(scope, key="drawn", name="Drawn", flow=flow)
    tables = [f'FROM "designer_{name}"' for name in ("phase", "task", "edge", "condition", "entitysync")]
    assert not [query["sql"] for query in asked if any(table in query["sql"] for table in tables)]
    assert models.Task.objects.filter(flow=row, version=None).count() == len(flow.tasks)


def test_an_edit_asks_for_the_rows_of_its_draft_in_no_order(scope: Scope) -> None:
    flow = draw("trigger -> a -> pick; pick -yes-> b; pick -none_met-> d", phases={"work": "a"})
    row = create_flow(scope, key="drawn", name="Drawn", flow=flow)
    with CaptureQueriesContext(connection) as asked:
        apply_edit(scope, row, edits.RemoveTasks(("b",)), revision=row.draft_revision)
    reading = [query["sql"] for query in asked if 'FROM "designer_edge"' in query["sql"]]
    assert reading
    assert not [sql for sql in reading if "ORDER BY" in sql]
