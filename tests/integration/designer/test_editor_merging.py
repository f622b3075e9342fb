"""The doors of the editor where several people edit at once, or where what one has done is sent again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.roles import Role
from designer import models
from designer.services.drafting import draft_of
from tests.integration.designer.editing import ADD, BASE, ids, post


def test_two_texts_of_one_note_are_shown_beside_each_other(
    designer: Client, client_as: Callable[[Role], Client], drawn: models.Flow
) -> None:
    note = {"key": "n", "text": "Old", "at": [8, 16]}
    post(designer, "edits", {"revision": 1, "edit": {"edit": "add_note", "note": note}})
    for client, text in ((client_as(Role.ADMINISTRATOR), "Theirs"), (designer, "Mine")):
        body = {"revision": 2, "subject": "note:n", "path": ["text"], "value": text}
        status, answer = post(client, "fields", body)
    assert status == 409
    assert (answer["conflicts"][0]["label"], answer["conflicts"][0]["theirs"]) == ("Text", "Theirs")
    assert "changed Text of a note meanwhile" in answer["detail"]


def test_an_edit_made_on_an_older_revision_is_merged_and_brings_the_page_up_to_date(
    designer: Client, client_as: Callable[[Role], Client], drawn: models.Flow
) -> None:
    post(client_as(Role.ADMINISTRATOR), "edits", {"revision": 1, "edit": ADD})
    rename = {"edit": "rename_task", "task": "b", "name": "B"}
    status, answer = post(designer, "edits", {"revision": 1, "edit": rename})
    assert (status, answer["revision"]) == (200, 3)
    assert {"node-c", "node-b"} <= ids(answer)
    assert answer["authors"][0]["name"].startswith("Administrator")
    draft = draft_of(models.Flow.objects.get(pk=drawn.pk))
    assert (draft.tasks["b"].name, draft.tasks["c"].name) == ("B", "C")


def test_an_edit_of_what_another_changed_is_told_with_both_values(
    designer: Client, client_as: Callable[[Role], Client], drawn: models.Flow
) -> None:
    other = client_as(Role.ADMINISTRATOR)
    post(other, "edits", {"revision": 1, "edit": ADD})
    post(other, "edits", {"revision": 2, "edit": {"edit": "rename_task", "task": "c", "name": "Theirs"}})
    mine = {"edit": "rename_task", "task": "c", "name": "Mine"}
    status, answer = post(designer, "edits", {"revision": 2, "edit": mine})
    assert (status, answer["is_stale"], answer["revision"]) == (409, True, 3)
    (told,) = answer["conflicts"]
    assert (told["label"], told["was"], told["theirs"], told["mine"]) == ("Name", "C", "Theirs", "Mine")
    assert told["by"].startswith("Administrator")
    assert "Name of Theirs" in answer["detail"]
    assert "node-c" in ids(answer)
    assert models.Flow.objects.get(pk=drawn.pk).draft_revision == 3
    assert post(designer, "edits", {"revision": 3, "edit": mine})[0] == 200


def test_a_field_is_based_on_the_value_that_stood_in_it(
    designer: Client, client_as: Callable[[Role], Client], drawn: models.Flow
) -> None:
    def field(client: Client, value: str, **more: int) -> tuple[int, dict[str, Any]]:
        path = ["settings", "retries", "limit"]
        return post(client, "fields", {"subject": "a", "path": path, "value": value, **more})

    assert field(client_as(Role.ADMINISTRATOR), "3", revision=1)[0] == 200
    # The page shows revision 2, but its reader began to type when it showed 1.
    status, answer = field(designer, "7", revision=2, seen=1)
    assert status == 409
    assert [(c["label"], c["theirs"], c["mine"]) for c in answer["conflicts"]] == [("Retries · Repeats", "3", "7")]
    assert field(designer, "7", revision=2, seen=2)[0] == 200


def test_what_one_has_done_oneself_counts_as_seen(designer: Client, drawn: models.Flow) -> None:
    body = {"subject": "", "path": ["triggers", "add"], "value": "cron"}
    assert post(designer, "fields", {"revision": 1, "seen": 1, **body})[0] == 200
    # The form has not been brought up to date yet when its reader goes on.
    cron = {"subject": "", "path": ["triggers", 0, "cron"], "value": "0 6 * * *"}
    assert post(designer, "fields", {"revision": 2, "seen": 1, **cron})[0] == 200
    assert draft_of(models.Flow.objects.get(pk=drawn.pk)).triggers[0]["cron"] == "0 6 * * *"


def test_what_is_typed_for_a_task_that_another_deleted_comes_back(
    designer: Client, client_as: Callable[[Role], Client], drawn: models.Flow
) -> None:
    post(client_as(Role.ADMINISTRATOR), "edits", {"revision": 1, "edit": {"edit": "remove_tasks", "tasks": ["a"]}})
    body = {"revision": 2, "seen": 1, "subject": "a", "path": ["description"], "value": "A long text"}
    status, answer = post(designer, "fields", body)
    assert (status, answer["conflicts"][0]["is_gone"], answer["conflicts"][0]["mine"]) == (409, True, "A long text")
    assert "deleted a meanwhile" in answer["detail"]


def test_two_new_tasks_of_one_key_are_both_kept_and_the_later_is_told_its_key(
    designer: Client, client_as: Callable[[Role], Client], drawn: models.Flow
) -> None:
    post(client_as(Role.ADMINISTRATOR), "edits", {"revision": 1, "edit": ADD})
    status, answer = post(designer, "edits", {"revision": 1, "edit": ADD})
    assert (status, answer["keys"]) == (200, {"c": "c-2"})


def test_undo_goes_back_under_the_edits_of_others(
    designer: Client, client_as: Callable[[Role], Client], drawn: models.Flow
) -> None:
    other = client_as(Role.ADMINISTRATOR)
    post(designer, "edits", {"revision": 1, "edit": {"edit": "rename_task", "task": "a", "name": "Mine"}})
    post(other, "edits", {"revision": 2, "edit": {"edit": "rename_task", "task": "b", "name": "Theirs"}})
    status, answer = post(designer, "undo", {"revision": 2})
    assert (status, answer["revision"]) == (200, 4)
    draft = draft_of(models.Flow.objects.get(pk=drawn.pk))
    assert (draft.tasks["a"].name, draft.tasks["b"].name) == ("a", "Theirs")
    assert {"node-a", "node-b"} <= ids(answer)


def test_an_undo_that_no_longer_applies_can_be_passed_over(
    designer: Client, client_as: Callable[[Role], Client], drawn: models.Flow
) -> None:
    rename = {"edit": "rename_task", "task": "a"}
    post(designer, "edits", {"revision": 1, "edit": {"edit": "rename_task", "task": "b", "name": "Early"}})
    post(designer, "edits", {"revision": 2, "edit": {**rename, "name": "Mine"}})
    post(client_as(Role.ADMINISTRATOR), "edits", {"revision": 3, "edit": {**rename, "name": "Theirs"}})
    status, problem = post(designer, "undo", {"revision": 4})
    assert (status, problem["revision_of"]) == (422, 3)
    assert "somebody has changed the same since" in problem["detail"]
    assert models.Flow.objects.get(pk=drawn.pk).draft_revision == 4
    status, _ = post(designer, "undo", {"revision": 4, "before": 3})
    draft = draft_of(models.Flow.objects.get(pk=drawn.pk))
    assert (status, draft.tasks["a"].name, draft.tasks["b"].name) == (200, "Theirs", "b")


@pytest.mark.parametrize(
    ("door", "body"),
    [
        ("edits", {"edit": {"edit": "rename_task", "task": "c", "name": "Y"}}),
        ("fields", {"subject": "c", "path": ["name"], "value": "Y"}),
        ("undo", {}),
        ("tidy", {}),
        ("duplicate", {"tasks": ["b"]}),
        ("paste", {"fragment": {"format": 1, "tasks": [{"key": "z", "name": "Z", "kind": "noop"}]}}),
    ],
)
def test_what_got_through_is_not_done_twice(
    designer: Client, drawn: models.Flow, door: str, body: dict[str, Any]
) -> None:
    post(designer, "edits", {"revision": 1, "edit": ADD})
    post(designer, "edits", {"revision": 2, "edit": {"edit": "rename_task", "task": "c", "name": "X"}})
    change = {"revision": 3, "mark": "mine", **body}
    assert post(designer, door, change)[1]["revision"] == 4
    status, answer = post(designer, door, {**change, "is_retry": True})
    assert (status, answer["revision"], answer["is_whole"]) == (200, 4, False)
    assert ids(answer)


def test_what_did_not_get_through_is_done_when_it_is_sent_again(designer: Client, drawn: models.Flow) -> None:
    change = {"revision": 1, "edit": ADD, "mark": "mine", "is_retry": True}
    assert post(designer, "edits", change)[1]["revision"] == 2


def test_the_same_done_on_purpose_a_second_time_is_done(designer: Client, drawn: models.Flow) -> None:
    """It has another mark, also where the line failed in between."""
    post(designer, "duplicate", {"revision": 1, "tasks": ["b"], "mark": "one"})
    status, answer = post(designer, "duplicate", {"revision": 1, "tasks": ["b"], "mark": "two", "is_retry": True})
    assert (status, answer["revision"]) == (200, 3)


def test_a_first_sending_that_arrives_after_the_second_changes_nothing(designer: Client, drawn: models.Flow) -> None:
    change = {"revision": 1, "tasks": ["b"], "mark": "mine"}
    post(designer, "duplicate", {**change, "is_retry": True})
    status, answer = post(designer, "duplicate", change)
    assert (status, answer["revision"]) == (200, 2)
    assert set(draft_of(models.Flow.objects.get(pk=drawn.pk)).tasks) == {"a", "pick", "b", "d", "b-2"}


@pytest.mark.parametrize("mark", [7, None, ["x"], "x" * 65])
def test_a_mark_is_a_short_text(designer: Client, drawn: models.Flow, mark: object) -> None:
    assert post(designer, "edits", {"revision": 1, "edit": ADD, "mark": mark})[0] == 400


@pytest.mark.parametrize("seen", [0, "1", True, None, 2**31])
def test_a_field_that_was_never_seen_is_refused(designer: Client, drawn: models.Flow, seen: object) -> None:
    body = {"revision": 1, "seen": seen, "subject": "a", "path": ["name"], "value": "X"}
    assert post(designer, "fields", body)[0] == 400


def test_another_open_editor_gets_the_same_parts(designer: Client, drawn: models.Flow) -> None:
    _, first = post(designer, "edits", {"revision": 1, "edit": ADD})
    message = designer.get(BASE + "sync", {"after": "1"}).json()
    assert message["seq"] == 2
    assert message["data"]["parts"] == first["parts"]
    assert message["data"]["authors"][0]["name"] == "Designer"
    assert "draft-history" not in {part["id"] for part in message["data"]["html"]}
    assert "data" not in designer.get(BASE + "sync", {"after": "2"}).json()


def test_a_page_too_far_behind_gets_everything(designer: Client, drawn: models.Flow) -> None:
    post(designer, "edits", {"revision": 1, "edit": ADD})
    models.DraftEdit.objects.all().delete()
    data = designer.get(BASE + "sync", {"after": "1"}).json()["data"]
    assert data["is_whole"] is True
    assert {"node-a", "node-c", "phase-work", "node-trigger"} <= {part["id"] for part in data["parts"]}
