"""The doors of the editor for what is copied, pasted and duplicated."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.test import Client

from accounts.roles import Role
from accounts.scope import Scope
from designer import models
from designer.services.drafting import create_flow, draft_of
from tests.integration.designer.editing import BASE, ids, post

CROWD = [{"key": f"t{number}", "name": "T", "kind": "noop"} for number in range(4_997)]


def test_a_copy_is_pasted_in_the_middle_of_a_place(designer: Client, drawn: models.Flow) -> None:
    copied = designer.post(BASE + "copy", {"refs": ["pick", "b", "edge:none"]}, content_type="application/json").json()
    assert [task["key"] for task in copied["tasks"]] == ["pick", "b"]
    assert [(edge["from"], edge["to"]) for edge in copied["edges"]] == [("pick", "b")]

    status, answer = post(designer, "paste", {"revision": 1, "fragment": copied, "at": [1200, 800]})
    assert (status, answer["added"]) == (200, ["pick-2", "b-2"])
    drawn.refresh_from_db()
    tasks = draft_of(drawn).tasks
    xs, ys = zip(*((tasks[key].at.x, tasks[key].at.y) for key in ("pick-2", "b-2") if tasks[key].at), strict=True)
    assert min(xs) < 1200 < max(xs) + 300
    assert min(ys) < 800 < max(ys) + 200
    assert post(designer, "undo", {"revision": 2})[0] == 200


def test_a_whole_flow_file_is_pasted_as_what_is_in_it(designer: Client, drawn: models.Flow) -> None:
    file = {"format": 1, "key": "x", "name": "X", "tasks": [{"key": "a", "name": "A", "kind": "noop"}], "edges": []}
    status, answer = post(designer, "paste", {"revision": 1, "fragment": file, "phase": "work"})
    assert (status, answer["added"]) == (200, ["a-2"])
    drawn.refresh_from_db()
    assert draft_of(drawn).tasks["a-2"].phase == "work"


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
    designer: Client, drawn: models.Flow, body: dict[str, Any], wanted: int, words: str
) -> None:
    status, problem = post(designer, "paste", {"revision": 1, **body})
    assert (status, words in str(problem)) == (wanted, True), problem
    drawn.refresh_from_db()
    assert drawn.draft_revision == 1


def test_viewers_may_copy_and_not_paste(
    client_as: Callable[[Role], Client], drawn: models.Flow, foreign_scope: Scope
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


def test_duplicates_get_keys_of_their_own(designer: Client, drawn: models.Flow) -> None:
    status, answer = post(designer, "duplicate", {"revision": 1, "tasks": ["pick", "b"]})
    assert (status, answer["added"]) == (200, ["pick-2", "b-2"])
    assert "edge-pick-2~b-2~yes~success" in ids(answer)
    assert post(designer, "duplicate", {"revision": 2, "tasks": []})[0] == 422
    assert post(designer, "duplicate", {"revision": 2, "tasks": "b"})[0] == 400


def test_copies_lie_where_they_are_dropped_and_phases_bring_their_tasks(designer: Client, drawn: models.Flow) -> None:
    place = {"key": "p", "name": "P", "frame": [0, 400, 480, 240]}
    post(designer, "edits", {"revision": 1, "edit": {"edit": "add_phase", "phase": place, "tasks": ["b"]}})
    before = draft_of(models.Flow.objects.get(pk=drawn.pk)).tasks["pick"].at
    assert before is not None
    body = {"revision": 2, "tasks": ["pick"], "by": [40, 80], "phase": "p"}
    assert post(designer, "duplicate", body)[0] == 200
    status, answer = post(designer, "duplicate", {"revision": 3, "tasks": ["phase:p"], "by": [0, 300]})
    assert (status, answer["added"]) == (200, ["b-2", "pick-2-2", "phase:p-2"])
    flow = draft_of(models.Flow.objects.get(pk=drawn.pk))
    copy = flow.tasks["pick-2"]
    assert (copy.at, copy.phase) == (replace(before, x=before.x + 40, y=before.y + 80), "p")
    assert flow.tasks["b-2"].phase == "p-2"
    frame = flow.phases["p-2"].frame
    assert frame is not None
    assert (frame.x, frame.y) == (0, 700)
    assert post(designer, "duplicate", {"revision": 4, "tasks": ["b"], "by": ["far", 0]})[0] == 400


def test_notes_go_along_through_the_clipboard_and_when_they_are_duplicated(
    designer: Client, drawn: models.Flow
) -> None:
    note = {"key": "why", "text": "Ask first", "at": [0, 0], "size": [200, 100]}
    fragment = {"tasks": [], "notes": [note]}
    status, answer = post(designer, "paste", {"revision": 1, "fragment": fragment, "at": [500, 300]})
    assert (status, answer["added"]) == (200, ["note:why"])
    copied = designer.post(BASE + "copy", {"refs": ["note:why"]}, content_type="application/json").json()
    assert copied["notes"] == [{**note, "at": [400, 248]}]
    status, answer = post(designer, "duplicate", {"revision": 2, "tasks": ["b", "note:why"]})
    assert (status, answer["added"]) == (200, ["b-2", "note:why-2"])
