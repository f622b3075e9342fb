"""The doors that the editor's script posts to: what they answer to good, stale and bad requests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.roles import Role
from accounts.scope import Scope
from designer import models
from designer.graph.codec import decode_flow
from designer.services.drafting import create_flow, draft_of
from tests.drawing import draw

BASE = "/o/acme/development/flows/drawn/edit/"
CROWD = [{"key": f"t{number}", "name": "T", "kind": "noop"} for number in range(4_997)]
ADD = {"edit": "add_task", "task": {"key": "c", "name": "C", "kind": "noop", "at": [80, 400]}}


@pytest.fixture
def row(scope: Scope) -> models.Flow:
    """`trigger -> a -> pick`, a decision with branches, in a phase."""
    flow = draw("trigger -> a -> pick; pick -yes-> b; pick -none_met-> d", phases={"work": "a"})
    return create_flow(scope, key="drawn", name="Drawn", flow=flow)


@pytest.fixture
def designer(client_as: Callable[[Role], Client]) -> Client:
    return client_as(Role.DESIGNER)


def post(client: Client, door: str, body: Any) -> tuple[int, dict[str, Any]]:
    response = client.post(BASE + door, body, content_type="application/json", headers={"accept": "application/json"})
    return response.status_code, response.json()


def ids(answer: dict[str, Any]) -> set[str]:
    return {part["id"] for part in answer["parts"]}


def test_the_page_shows_the_draft_to_designers(designer: Client, row: models.Flow) -> None:
    page = designer.get(BASE).content.decode()
    assert 'id="node-pick"' in page
    assert 'data-can-edit="true"' in page
    assert 'data-preset="http_request"' in page


def test_viewers_get_the_same_read_only(client_as: Callable[[Role], Client], row: models.Flow) -> None:
    viewer = client_as(Role.VIEWER)
    page = viewer.get(BASE).content.decode()
    assert 'data-can-edit="false"' in page
    assert "palette-item" not in page
    status, problem = post(viewer, "edits", {"revision": 1, "edit": ADD})
    assert (status, models.Flow.objects.get(pk=row.pk).draft_revision) == (403, 1)
    assert "designer" in problem["detail"]


def test_another_organizations_flow_is_not_there(designer: Client, foreign_scope: Scope) -> None:
    create_flow(foreign_scope, key="theirs", name="Theirs")
    for door in ("", "inspector?subject=", "sync?after=1", "targets?source=trigger"):
        assert designer.get(f"/o/acme/development/flows/theirs/edit/{door}").status_code == 404
        assert designer.get(f"/o/globex/development/flows/theirs/edit/{door}").status_code == 404


def test_an_edit_answers_with_the_touched_parts_only(designer: Client, row: models.Flow) -> None:
    # The first edit of a flow without places puts everything where it is drawn; the second is the interesting one.
    post(designer, "edits", {"revision": 1, "edit": ADD})
    status, answer = post(
        designer, "edits", {"revision": 2, "edit": {"edit": "rename_task", "task": "c", "name": "Pack & <b>go</b>"}}
    )
    assert (status, answer["revision"], answer["removed"]) == (200, 3, [])
    assert ids(answer) == {"node-c"}
    assert answer["facts"]["nodes"][0]["name"] == "Pack & <b>go</b>"
    assert {part["id"] for part in answer["html"]} == {"problems", "draft-status", "flow-name", "draft-history"}


def test_every_part_of_the_canvas_is_well_formed_svg_whatever_the_names(designer: Client, row: models.Flow) -> None:
    name = "<script>alert(1)</script> \"'&"
    post(designer, "edits", {"revision": 1, "edit": {"edit": "rename_task", "task": "a", "name": name}})
    phase = {"key": "p", "name": name, "frame": [0, 0, 200, 100]}
    _, answer = post(designer, "edits", {"revision": 2, "edit": {"edit": "add_phase", "phase": phase, "tasks": ["b"]}})
    _, edge = post(
        designer,
        "fields",
        {"revision": 3, "subject": "pick", "path": ["conditions"], "value": [{"key": "yes", "name": name}]},
    )
    for part in [*answer["parts"], *edge["parts"]]:
        root = ElementTree.fromstring(f'<svg xmlns="http://www.w3.org/2000/svg">{part["html"]}</svg>')  # noqa: S314
        assert all("script" not in element.tag for element in root.iter())
        assert root[0].get("id") == part["id"]
    assert "<script>alert" not in designer.get(BASE).content.decode()


def test_a_note_is_added_written_and_taken_away_as_a_part_of_its_own(designer: Client, row: models.Flow) -> None:
    post(designer, "edits", {"revision": 1, "edit": ADD})
    note = {"key": "n", "text": "", "at": [8, 16]}
    status, answer = post(designer, "edits", {"revision": 2, "edit": {"edit": "add_note", "note": note}})
    assert (status, ids(answer), answer["parts"][0]["into"]) == (200, {"note-n"}, "graph-notes")
    assert answer["facts"]["nodes"][0]["label"] == "Note: empty"
    form = designer.get(f"{BASE}inspector?subject=note:n").content.decode()
    assert "A note" in form
    for revision, (path, value) in enumerate([("text", "Ask <b>us</b>"), ("colour", "green"), ("width", "256")], 3):
        body = {"revision": revision, "subject": "note:n", "path": [path], "value": value}
        status, answer = post(designer, "fields", body)
        assert (status, ids(answer)) == (200, {"note-n"})
    stored = draft_of(models.Flow.objects.get(pk=row.pk)).notes["n"]
    assert (stored.text, stored.colour, stored.width, stored.height) == ("Ask <b>us</b>", "green", 256, 96)
    assert models.Task.objects.filter(flow=row, version=None).count() == 5
    page = designer.get(BASE).content.decode()
    assert 'class="note note-green" id="note-n"' in page
    assert "Ask <b>" not in page
    status, problem = post(designer, "fields", {"revision": 6, "subject": "note:n", "path": ["width"], "value": "3"})
    assert status == 422
    assert "48" in problem["detail"]
    _, answer = post(designer, "edits", {"revision": 6, "edit": {"edit": "remove_notes", "notes": ["n"]}})
    assert answer["removed"] == ["note-n"]
    assert designer.get(f"{BASE}inspector?subject=note:n").status_code == 204
    _, answer = post(designer, "undo", {"revision": 7})
    assert ids(answer) == {"note-n"}


def test_two_texts_of_one_note_are_shown_beside_each_other(
    designer: Client, client_as: Callable[[Role], Client], row: models.Flow
) -> None:
    note = {"key": "n", "text": "Old", "at": [8, 16]}
    post(designer, "edits", {"revision": 1, "edit": {"edit": "add_note", "note": note}})
    for client, text in ((client_as(Role.ADMINISTRATOR), "Theirs"), (designer, "Mine")):
        body = {"revision": 2, "subject": "note:n", "path": ["text"], "value": text}
        status, answer = post(client, "fields", body)
    assert status == 409
    assert (answer["conflicts"][0]["label"], answer["conflicts"][0]["theirs"]) == ("Text", "Theirs")
    assert "changed Text of a note meanwhile" in answer["detail"]


def test_a_removed_task_and_its_edges_are_named(designer: Client, row: models.Flow) -> None:
    post(designer, "edits", {"revision": 1, "edit": ADD})
    _, answer = post(designer, "edits", {"revision": 2, "edit": {"edit": "remove_tasks", "tasks": ["b"]}})
    assert set(answer["removed"]) == {"node-b", "edge-pick~b~yes~success"}


def test_a_refused_edit_is_422_with_the_reason(designer: Client, row: models.Flow) -> None:
    edit = {"edit": "connect", "edge": {"from": "b", "to": "a"}}
    status, problem = post(designer, "edits", {"revision": 1, "edit": edit})
    assert status == 422
    assert "circle" in problem["detail"]


def test_an_edit_made_on_an_older_revision_is_merged_and_brings_the_page_up_to_date(
    designer: Client, client_as: Callable[[Role], Client], row: models.Flow
) -> None:
    post(client_as(Role.ADMINISTRATOR), "edits", {"revision": 1, "edit": ADD})
    rename = {"edit": "rename_task", "task": "b", "name": "B"}
    status, answer = post(designer, "edits", {"revision": 1, "edit": rename})
    assert (status, answer["revision"]) == (200, 3)
    assert {"node-c", "node-b"} <= ids(answer)
    assert answer["authors"][0]["name"].startswith("Administrator")
    draft = draft_of(models.Flow.objects.get(pk=row.pk))
    assert (draft.tasks["b"].name, draft.tasks["c"].name) == ("B", "C")


def test_an_edit_of_what_another_changed_is_told_with_both_values(
    designer: Client, client_as: Callable[[Role], Client], row: models.Flow
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
    assert models.Flow.objects.get(pk=row.pk).draft_revision == 3
    assert post(designer, "edits", {"revision": 3, "edit": mine})[0] == 200


def test_a_field_is_based_on_the_value_that_stood_in_it(
    designer: Client, client_as: Callable[[Role], Client], row: models.Flow
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


def test_what_one_has_done_oneself_counts_as_seen(designer: Client, row: models.Flow) -> None:
    body = {"subject": "", "path": ["triggers", "add"], "value": "cron"}
    assert post(designer, "fields", {"revision": 1, "seen": 1, **body})[0] == 200
    # The form has not been brought up to date yet when its reader goes on.
    cron = {"subject": "", "path": ["triggers", 0, "cron"], "value": "0 6 * * *"}
    assert post(designer, "fields", {"revision": 2, "seen": 1, **cron})[0] == 200
    assert draft_of(models.Flow.objects.get(pk=row.pk)).triggers[0]["cron"] == "0 6 * * *"


def test_what_is_typed_for_a_task_that_another_deleted_comes_back(
    designer: Client, client_as: Callable[[Role], Client], row: models.Flow
) -> None:
    post(client_as(Role.ADMINISTRATOR), "edits", {"revision": 1, "edit": {"edit": "remove_tasks", "tasks": ["a"]}})
    body = {"revision": 2, "seen": 1, "subject": "a", "path": ["description"], "value": "A long text"}
    status, answer = post(designer, "fields", body)
    assert (status, answer["conflicts"][0]["is_gone"], answer["conflicts"][0]["mine"]) == (409, True, "A long text")
    assert "deleted a meanwhile" in answer["detail"]


def test_two_new_tasks_of_one_key_are_both_kept_and_the_later_is_told_its_key(
    designer: Client, client_as: Callable[[Role], Client], row: models.Flow
) -> None:
    post(client_as(Role.ADMINISTRATOR), "edits", {"revision": 1, "edit": ADD})
    status, answer = post(designer, "edits", {"revision": 1, "edit": ADD})
    assert (status, answer["keys"]) == (200, {"c": "c-2"})


def test_undo_goes_back_under_the_edits_of_others(
    designer: Client, client_as: Callable[[Role], Client], row: models.Flow
) -> None:
    other = client_as(Role.ADMINISTRATOR)
    post(designer, "edits", {"revision": 1, "edit": {"edit": "rename_task", "task": "a", "name": "Mine"}})
    post(other, "edits", {"revision": 2, "edit": {"edit": "rename_task", "task": "b", "name": "Theirs"}})
    status, answer = post(designer, "undo", {"revision": 2})
    assert (status, answer["revision"]) == (200, 4)
    draft = draft_of(models.Flow.objects.get(pk=row.pk))
    assert (draft.tasks["a"].name, draft.tasks["b"].name) == ("a", "Theirs")
    assert {"node-a", "node-b"} <= ids(answer)


def test_an_undo_that_no_longer_applies_can_be_passed_over(
    designer: Client, client_as: Callable[[Role], Client], row: models.Flow
) -> None:
    rename = {"edit": "rename_task", "task": "a"}
    post(designer, "edits", {"revision": 1, "edit": {"edit": "rename_task", "task": "b", "name": "Early"}})
    post(designer, "edits", {"revision": 2, "edit": {**rename, "name": "Mine"}})
    post(client_as(Role.ADMINISTRATOR), "edits", {"revision": 3, "edit": {**rename, "name": "Theirs"}})
    status, problem = post(designer, "undo", {"revision": 4})
    assert (status, problem["revision_of"]) == (422, 3)
    assert "somebody has changed the same since" in problem["detail"]
    assert models.Flow.objects.get(pk=row.pk).draft_revision == 4
    status, _ = post(designer, "undo", {"revision": 4, "before": 3})
    draft = draft_of(models.Flow.objects.get(pk=row.pk))
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
    designer: Client, row: models.Flow, door: str, body: dict[str, Any]
) -> None:
    post(designer, "edits", {"revision": 1, "edit": ADD})
    post(designer, "edits", {"revision": 2, "edit": {"edit": "rename_task", "task": "c", "name": "X"}})
    change = {"revision": 3, "mark": "mine", **body}
    assert post(designer, door, change)[1]["revision"] == 4
    status, answer = post(designer, door, {**change, "is_retry": True})
    assert (status, answer["revision"], answer["is_whole"]) == (200, 4, False)
    assert ids(answer)


def test_what_did_not_get_through_is_done_when_it_is_sent_again(designer: Client, row: models.Flow) -> None:
    change = {"revision": 1, "edit": ADD, "mark": "mine", "is_retry": True}
    assert post(designer, "edits", change)[1]["revision"] == 2


def test_the_same_done_on_purpose_a_second_time_is_done(designer: Client, row: models.Flow) -> None:
    """It has another mark, also where the line failed in between."""
    post(designer, "duplicate", {"revision": 1, "tasks": ["b"], "mark": "one"})
    status, answer = post(designer, "duplicate", {"revision": 1, "tasks": ["b"], "mark": "two", "is_retry": True})
    assert (status, answer["revision"]) == (200, 3)


def test_a_first_sending_that_arrives_after_the_second_changes_nothing(designer: Client, row: models.Flow) -> None:
    change = {"revision": 1, "tasks": ["b"], "mark": "mine"}
    post(designer, "duplicate", {**change, "is_retry": True})
    status, answer = post(designer, "duplicate", change)
    assert (status, answer["revision"]) == (200, 2)
    assert set(draft_of(models.Flow.objects.get(pk=row.pk)).tasks) == {"a", "pick", "b", "d", "b-2"}


@pytest.mark.parametrize("mark", [7, None, ["x"], "x" * 65])
def test_a_mark_is_a_short_text(designer: Client, row: models.Flow, mark: object) -> None:
    assert post(designer, "edits", {"revision": 1, "edit": ADD, "mark": mark})[0] == 400


@pytest.mark.parametrize("seen", [0, "1", True, None, 2**31])
def test_a_field_that_was_never_seen_is_refused(designer: Client, row: models.Flow, seen: object) -> None:
    body = {"revision": 1, "seen": seen, "subject": "a", "path": ["name"], "value": "X"}
    assert post(designer, "fields", body)[0] == 400


def test_a_revision_from_the_future_is_refused(designer: Client, row: models.Flow) -> None:
    status, problem = post(designer, "edits", {"revision": 7, "edit": ADD})
    assert (status, problem.get("is_stale")) == (409, None)


BAD = [
    ("", 400),
    ("[]", 400),
    ("{", 400),
    ('{"revision": 1, "revision": 1}', 400),
    ('{"revision": "1"}', 400),
    ('{"revision": true}', 400),
    ('{"revision": 1e400}', 400),
    ('{"revision": 1, "edit": "\\u0000"}', 400),
    ('{"revision": 1, "edit": "\\ud800"}', 400),
    ('{"revision": 1, "edit": ' + "[" * 100_000 + "]" * 100_000 + "}", 400),
    ('{"revision": 1}', 422),
    ('{"revision": 1, "edit": {"edit": "explode"}}', 422),
    ('{"revision": 1, "edit": {"edit": "move_tasks", "to": {"a": "far"}}}', 422),
    ('{"revision": 1, "edit": {"edit": "move_tasks", "to": {"nobody": [1, 2]}}}', 422),
    ('{"revision": 1, "edit": {"edit": "add_task", "task": {"key": "x", "name": "X", "kind": "magic"}}}', 422),
    ('{"revision": 1, "edit": {"edit": "add_task", "task": {"key": "a", "name": "A", "kind": "noop"}}}', 422),
]


@pytest.mark.parametrize(("body", "expected"), BAD)
def test_bad_bodies_are_clear_client_errors_and_change_nothing(
    designer: Client, row: models.Flow, body: str, expected: int
) -> None:
    status, problem = post(designer, "edits", body)
    assert status == expected
    assert problem["detail"]
    assert models.Flow.objects.get(pk=row.pk).draft_revision == 1


def test_a_huge_body_is_too_large(designer: Client, row: models.Flow) -> None:
    status, _ = post(designer, "edits", '{"revision": 1, "edit": "' + "x" * (5 * 1024 * 1024) + '"}')
    assert status == 413


def test_a_field_is_read_by_its_type(designer: Client, row: models.Flow) -> None:
    body = {"revision": 1, "subject": "a", "path": ["settings", "retries", "limit"], "value": " 7 "}
    status, _ = post(designer, "fields", body)
    assert status == 200
    assert draft_of(models.Flow.objects.get(pk=row.pk)).tasks["a"].settings["retries"] == {"limit": 7}


def test_a_refused_field_says_why(designer: Client, row: models.Flow) -> None:
    body = {"revision": 1, "subject": "a", "path": ["settings", "retries", "limit"], "value": "many"}
    assert post(designer, "fields", body) == (
        422,
        {
            "type": "about:blank",
            "title": "Unprocessable Entity",
            "status": 422,
            "detail": "Repeats: give a number.",
        },
    )


@pytest.mark.parametrize(
    ("subject", "path"),
    [("nobody", ["name"]), ("a", []), ("a", ["settings"]), ("a", ["settings", "nothing"]), ("edge:no", ["on"])],
)
def test_fields_that_are_not_there_are_refused(
    designer: Client, row: models.Flow, subject: str, path: list[str]
) -> None:
    status, problem = post(designer, "fields", {"revision": 1, "subject": subject, "path": path, "value": "x"})
    assert status == 422
    assert problem["detail"]


@pytest.mark.parametrize("body", [{"subject": 3, "path": ["name"]}, {"subject": "a", "path": "name"}, {"path": [{}]}])
def test_fields_of_the_wrong_shape_are_not_understood(designer: Client, row: models.Flow, body: Any) -> None:
    assert post(designer, "fields", {"revision": 1, **body})[0] == 400


def test_a_new_key_takes_its_references_along(designer: Client, row: models.Flow) -> None:
    _, answer = post(designer, "fields", {"revision": 1, "subject": "b", "path": ["key"], "value": "ship"})
    assert answer["subject"] == "ship"
    assert "ship" in draft_of(models.Flow.objects.get(pk=row.pk)).tasks


def test_an_edge_that_changed_its_branch_goes_on_under_its_new_ref(designer: Client, row: models.Flow) -> None:
    post(
        designer,
        "edits",
        {"revision": 1, "edit": {"edit": "disconnect", "edges": [{"from": "pick", "to": "d", "branch": "none_met"}]}},
    )
    subject = "edge:pick~b~yes~success"
    _, answer = post(designer, "fields", {"revision": 2, "subject": subject, "path": ["branch"], "value": "none_met"})
    assert answer["subject"] == "edge:pick~b~none_met~success"


def test_undo_and_redo_say_what_they_did(designer: Client, row: models.Flow) -> None:
    post(designer, "edits", {"revision": 1, "edit": ADD})
    assert post(designer, "undo", {"revision": 2})[1]["announce"] == "Undone: Added C"
    assert post(designer, "redo", {"revision": 3})[1]["announce"] == "Done again: Added C"
    assert post(designer, "redo", {"revision": 4})[0] == 422


def test_tidying_up_is_one_edit_that_can_be_undone(designer: Client, row: models.Flow) -> None:
    status, answer = post(designer, "tidy", {"revision": 1})
    assert (status, answer["announce"]) == (200, "Tidied up")
    assert all(task.at for task in draft_of(models.Flow.objects.get(pk=row.pk)).tasks.values())
    assert post(designer, "undo", {"revision": 2})[0] == 200


def test_a_copy_is_pasted_in_the_middle_of_a_place(designer: Client, row: models.Flow) -> None:
    copied = designer.post(BASE + "copy", {"refs": ["pick", "b", "edge:none"]}, content_type="application/json").json()
    assert [task["key"] for task in copied["tasks"]] == ["pick", "b"]
    assert [(edge["from"], edge["to"]) for edge in copied["edges"]] == [("pick", "b")]

    status, answer = post(designer, "paste", {"revision": 1, "fragment": copied, "at": [1200, 800]})
    assert (status, answer["added"]) == (200, ["pick-2", "b-2"])
    row.refresh_from_db()
    tasks = draft_of(row).tasks
    xs, ys = zip(*((tasks[key].at.x, tasks[key].at.y) for key in ("pick-2", "b-2") if tasks[key].at), strict=True)
    assert min(xs) < 1200 < max(xs) + 300
    assert min(ys) < 800 < max(ys) + 200
    assert post(designer, "undo", {"revision": 2})[0] == 200


def test_a_whole_flow_file_is_pasted_as_what_is_in_it(designer: Client, row: models.Flow) -> None:
    file = {"format": 1, "key": "x", "name": "X", "tasks": [{"key": "a", "name": "A", "kind": "noop"}], "edges": []}
    status, answer = post(designer, "paste", {"revision": 1, "fragment": file, "phase": "work"})
    assert (status, answer["added"]) == (200, ["a-2"])
    row.refresh_from_db()
    assert draft_of(row).tasks["a-2"].phase == "work"


@pytest.mark.parametrize(
    ("body", "wanted", "words"),
    [
        ({"fragment": {"tasks": []}}, 422, "no tasks"),
        ({"fragment": {"tasks": CROWD}}, 422, "this one has 4, and 4,997 are to be pasted"),
        ({"fragment": "noop"}, 422, "fragment is an object"),
        ({}, 422, "fragment is an object"),
        (
            {"fragment": {"format": 99, "tasks": [{"key": "x", "name": "X", "kind": "noop"}]}},
            422,
            "is not known; write 1.",
        ),
        ({"fragment": {"format": None, "tasks": [{"key": "x", "name": "X", "kind": "noop"}]}}, 422, "the format: 1."),
        ({"fragment": {"tasks": [{"key": "x", "name": "X", "kind": "telepathy"}]}}, 422, "telepathy"),
        ({"fragment": {"tasks": [{"key": "x", "name": "X", "kind": "noop"}]}, "at": [1]}, 400, "at:"),
        ({"fragment": {"tasks": [{"key": "x", "name": "X", "kind": "noop"}]}, "at": [1e9, 0]}, 400, "at:"),
        ({"fragment": {"tasks": [{"key": "x", "name": "X", "kind": "noop"}]}, "phase": 7}, 400, "phase:"),
        ({"fragment": {"tasks": [{"key": "x", "name": "X", "kind": "noop"}]}, "phase": "gone"}, 422, "gone"),
    ],
)
def test_what_cannot_be_pasted_is_refused(
    designer: Client, row: models.Flow, body: dict[str, Any], wanted: int, words: str
) -> None:
    status, problem = post(designer, "paste", {"revision": 1, **body})
    assert (status, words in str(problem)) == (wanted, True), problem
    row.refresh_from_db()
    assert row.draft_revision == 1


def test_viewers_may_copy_and_not_paste(
    client_as: Callable[[Role], Client], row: models.Flow, foreign_scope: Scope
) -> None:
    viewer = client_as(Role.VIEWER)
    create_flow(foreign_scope, key="theirs", name="Theirs")
    copied = viewer.post(BASE + "copy", {"refs": ["a"]}, content_type="application/json")
    assert [task["key"] for task in copied.json()["tasks"]] == ["a"]
    assert post(viewer, "paste", {"revision": 1, "fragment": copied.json()})[0] == 403
    assert viewer.post(BASE + "copy", {"refs": "a"}, content_type="application/json").status_code == 400
    assert viewer.post(BASE + "copy", b"{", content_type="application/json").status_code == 400
    theirs = "/o/globex/development/flows/theirs/edit/copy"
    assert viewer.post(theirs, {"refs": []}, content_type="application/json").status_code == 404


def test_nobody_pastes_into_a_flow_of_another_organization(designer: Client, foreign_scope: Scope) -> None:
    theirs = create_flow(foreign_scope, key="theirs", name="Theirs")
    body = {"revision": 1, "fragment": {"format": 1, "tasks": [{"key": "z", "name": "Z", "kind": "noop"}]}}
    for place in ("/o/globex/development/flows/theirs/edit/", BASE.replace("/flows/drawn/", "/flows/theirs/")):
        answer = designer.post(place + "paste", body, content_type="application/json")
        assert answer.status_code == 404, place
    theirs.refresh_from_db()
    assert (theirs.draft_revision, draft_of(theirs).tasks) == (1, {})


def test_duplicates_get_keys_of_their_own(designer: Client, row: models.Flow) -> None:
    status, answer = post(designer, "duplicate", {"revision": 1, "tasks": ["pick", "b"]})
    assert (status, answer["added"]) == (200, ["pick-2", "b-2"])
    assert "edge-pick-2~b-2~yes~success" in ids(answer)
    assert post(designer, "duplicate", {"revision": 2, "tasks": []})[0] == 422
    assert post(designer, "duplicate", {"revision": 2, "tasks": "b"})[0] == 400


def test_notes_go_along_through_the_clipboard_and_when_they_are_duplicated(designer: Client, row: models.Flow) -> None:
    note = {"key": "why", "text": "Ask first", "at": [0, 0], "size": [200, 100]}
    fragment = {"tasks": [], "notes": [note]}
    status, answer = post(designer, "paste", {"revision": 1, "fragment": fragment, "at": [500, 300]})
    assert (status, answer["added"]) == (200, ["note:why"])
    copied = designer.post(BASE + "copy", {"refs": ["note:why"]}, content_type="application/json").json()
    assert copied["notes"] == [{**note, "at": [400, 248]}]
    status, answer = post(designer, "duplicate", {"revision": 2, "tasks": ["b", "note:why"]})
    assert (status, answer["added"]) == (200, ["b-2", "note:why-2"])


def test_targets_say_where_an_edge_may_lead(designer: Client, row: models.Flow) -> None:
    targets = designer.get(BASE + "targets?source=b&on=success").json()["targets"]
    assert targets["d"] is None
    assert "circle" in targets["a"]
    assert "trigger" in targets["trigger"]
    assert "b" not in targets
    assert designer.get(BASE + "targets?source=nobody").status_code == 404


def test_what_is_set_can_be_looked_through(designer: Client, row: models.Flow) -> None:
    settings = designer.get(BASE + "find").json()["settings"]
    assert set(settings) == {"a", "b", "d", "pick"}
    assert any(line.startswith("conditions.key: yes") for line in settings["pick"])


@pytest.mark.parametrize("subject", ["", "a", "pick", "trigger", "phase:work", "edge:a~pick~~success", "many"])
def test_everything_has_a_form(designer: Client, row: models.Flow, subject: str) -> None:
    response = designer.get(BASE + "inspector", {"subject": subject, "count": "2"})
    assert response.status_code == 200
    assert f'data-subject="{subject}"' in response.content.decode().replace("&#x27;", "'")


def test_what_is_not_there_has_no_form(designer: Client, row: models.Flow) -> None:
    assert designer.get(BASE + "inspector", {"subject": "nobody"}).status_code == 204


def test_a_viewers_form_cannot_be_changed(client_as: Callable[[Role], Client], row: models.Flow) -> None:
    form = client_as(Role.VIEWER).get(BASE + "inspector", {"subject": "pick"}).content.decode()
    assert 'data-act="set"' not in form
    assert 'data-act="delete"' not in form
    assert " readonly" in form


def test_another_open_editor_gets_the_same_parts(designer: Client, row: models.Flow) -> None:
    _, first = post(designer, "edits", {"revision": 1, "edit": ADD})
    message = designer.get(BASE + "sync", {"after": "1"}).json()
    assert message["seq"] == 2
    assert message["data"]["parts"] == first["parts"]
    assert message["data"]["authors"][0]["name"] == "Designer"
    assert "draft-history" not in {part["id"] for part in message["data"]["html"]}
    assert "data" not in designer.get(BASE + "sync", {"after": "2"}).json()


def test_a_page_too_far_behind_gets_everything(designer: Client, row: models.Flow) -> None:
    post(designer, "edits", {"revision": 1, "edit": ADD})
    models.DraftEdit.objects.all().delete()
    data = designer.get(BASE + "sync", {"after": "1"}).json()["data"]
    assert data["is_whole"] is True
    assert {"node-a", "node-c", "phase-work", "node-trigger"} <= {part["id"] for part in data["parts"]}


def test_an_edit_asks_and_draws_the_same_however_large_the_flow(designer: Client, scope: Scope) -> None:
    costs = []
    for count in (50, 500):
        tasks = [
            {"key": f"t{n}", "name": f"T{n}", "kind": "noop", "at": [240 * (n % 20), 120 * (n // 20)]}
            for n in range(count)
        ]
        edges = [{"from": f"t{n}", "to": f"t{n + 1}"} for n in range(count - 1)]
        flow = decode_flow({"format": 1, "key": "large", "name": "Large", "tasks": tasks, "edges": edges})
        create_flow(scope, key=f"large-{count}", name="Large", flow=flow)
        address = f"/o/acme/development/flows/large-{count}/edit/"
        designer.get(address)  # what is remembered is remembered
        edit = {"edit": "move_tasks", "to": {"t7": [1680, 24]}}
        with CaptureQueriesContext(connection) as asked:
            answer = designer.post(f"{address}edits", {"revision": 1, "edit": edit}, content_type="application/json")
        assert answer.status_code == 200
        costs.append((len(asked), sorted(part["id"] for part in answer.json()["parts"])))
    assert costs[0] == costs[1]
