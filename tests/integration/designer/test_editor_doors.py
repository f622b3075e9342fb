"""The doors that the editor's script posts to: what they answer to good and bad requests."""

from __future__ import annotations

import json
import re
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
from designer.graph.kinds import KINDS
from designer.graph.model import Position
from designer.services.drafting import create_flow, draft_of
from tests.integration.designer.editing import ADD, BASE, ids, post


def test_the_page_looks_up_only_what_its_form_suggests(designer: Client, drawn: models.Flow) -> None:
    designer.get(BASE)  # what is remembered is remembered
    with CaptureQueriesContext(connection) as asked:
        designer.get(BASE)
    assert len(asked) <= 9, [query["sql"] for query in asked]
    assert not [query for query in asked if "connections_connection" in query["sql"]]  # no field of a flow names one


def test_the_page_shows_the_draft_to_designers(designer: Client, drawn: models.Flow) -> None:
    page = designer.get(BASE).content.decode()
    assert 'id="node-pick"' in page
    assert 'data-can-edit="true"' in page
    assert 'data-preset="http_request"' in page


def test_viewers_get_the_same_read_only(client_as: Callable[[Role], Client], drawn: models.Flow) -> None:
    viewer = client_as(Role.VIEWER)
    page = viewer.get(BASE).content.decode()
    assert 'data-can-edit="false"' in page
    assert "palette-item" not in page
    status, problem = post(viewer, "edits", {"revision": 1, "edit": ADD})
    assert (status, models.Flow.objects.get(pk=drawn.pk).draft_revision) == (403, 1)
    assert "designer" in problem["detail"]


def test_another_organizations_flow_is_not_there(designer: Client, foreign_scope: Scope) -> None:
    create_flow(foreign_scope, key="theirs", name="Theirs")
    for door in ("", "inspector?subject=", "sync?after=1", "targets?source=trigger"):
        assert designer.get(f"/o/acme/development/flows/theirs/edit/{door}").status_code == 404
        assert designer.get(f"/o/globex/development/flows/theirs/edit/{door}").status_code == 404


def test_an_edit_answers_with_the_touched_parts_only(designer: Client, drawn: models.Flow) -> None:
    # The first edit of a flow without places puts everything where it is drawn; the second is the interesting one.
    post(designer, "edits", {"revision": 1, "edit": ADD})
    status, answer = post(
        designer, "edits", {"revision": 2, "edit": {"edit": "rename_task", "task": "c", "name": "Pack & <b>go</b>"}}
    )
    assert (status, answer["revision"], answer["removed"]) == (200, 3, [])
    assert ids(answer) == {"node-c"}
    assert answer["facts"]["nodes"][0]["name"] == "Pack & <b>go</b>"
    assert {part["id"] for part in answer["html"]} == {"problems", "draft-status", "flow-name", "draft-history"}


def test_every_part_of_the_canvas_is_well_formed_svg_whatever_the_names(designer: Client, drawn: models.Flow) -> None:
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


def test_a_note_is_added_written_and_taken_away_as_a_part_of_its_own(designer: Client, drawn: models.Flow) -> None:
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
    stored = draft_of(models.Flow.objects.get(pk=drawn.pk)).notes["n"]
    assert (stored.text, stored.colour, stored.width, stored.height) == ("Ask <b>us</b>", "green", 256, 96)
    assert models.Task.objects.filter(flow=drawn, version=None).count() == 5
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


def test_a_removed_task_and_its_edges_are_named(designer: Client, drawn: models.Flow) -> None:
    post(designer, "edits", {"revision": 1, "edit": ADD})
    _, answer = post(designer, "edits", {"revision": 2, "edit": {"edit": "remove_tasks", "tasks": ["b"]}})
    assert set(answer["removed"]) == {"node-b", "edge-pick~b~yes~success"}


def test_a_refused_edit_is_422_with_the_reason(designer: Client, drawn: models.Flow) -> None:
    edit = {"edit": "connect", "edge": {"from": "b", "to": "a"}}
    status, problem = post(designer, "edits", {"revision": 1, "edit": edit})
    assert status == 422
    assert "circle" in problem["detail"]


def test_a_revision_from_the_future_is_refused(designer: Client, drawn: models.Flow) -> None:
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
    designer: Client, drawn: models.Flow, body: str, expected: int
) -> None:
    status, problem = post(designer, "edits", body)
    assert status == expected
    assert problem["detail"]
    assert models.Flow.objects.get(pk=drawn.pk).draft_revision == 1


def test_a_huge_body_is_too_large(designer: Client, drawn: models.Flow) -> None:
    status, _ = post(designer, "edits", '{"revision": 1, "edit": "' + "x" * (5 * 1024 * 1024) + '"}')
    assert status == 413


def test_a_field_is_read_by_its_type(designer: Client, drawn: models.Flow) -> None:
    body = {"revision": 1, "subject": "a", "path": ["settings", "retries", "limit"], "value": " 7 "}
    status, _ = post(designer, "fields", body)
    assert status == 200
    assert draft_of(models.Flow.objects.get(pk=drawn.pk)).tasks["a"].settings["retries"] == {"limit": 7}


def test_a_refused_field_says_why(designer: Client, drawn: models.Flow) -> None:
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
    designer: Client, drawn: models.Flow, subject: str, path: list[str]
) -> None:
    status, problem = post(designer, "fields", {"revision": 1, "subject": subject, "path": path, "value": "x"})
    assert status == 422
    assert problem["detail"]


@pytest.mark.parametrize("body", [{"subject": 3, "path": ["name"]}, {"subject": "a", "path": "name"}, {"path": [{}]}])
def test_fields_of_the_wrong_shape_are_not_understood(designer: Client, drawn: models.Flow, body: Any) -> None:
    assert post(designer, "fields", {"revision": 1, **body})[0] == 400


def test_a_new_key_takes_its_references_along(designer: Client, drawn: models.Flow) -> None:
    _, answer = post(designer, "fields", {"revision": 1, "subject": "b", "path": ["key"], "value": "ship"})
    assert answer["subject"] == "ship"
    assert "ship" in draft_of(models.Flow.objects.get(pk=drawn.pk)).tasks


def test_an_edge_that_changed_its_branch_goes_on_under_its_new_ref(designer: Client, drawn: models.Flow) -> None:
    post(
        designer,
        "edits",
        {"revision": 1, "edit": {"edit": "disconnect", "edges": [{"from": "pick", "to": "d", "branch": "none_met"}]}},
    )
    subject = "edge:pick~b~yes~success"
    _, answer = post(designer, "fields", {"revision": 2, "subject": subject, "path": ["branch"], "value": "none_met"})
    assert answer["subject"] == "edge:pick~b~none_met~success"


def test_undo_and_redo_say_what_they_did(designer: Client, drawn: models.Flow) -> None:
    post(designer, "edits", {"revision": 1, "edit": ADD})
    assert post(designer, "undo", {"revision": 2})[1]["announce"] == "Undone: Added C"
    assert post(designer, "redo", {"revision": 3})[1]["announce"] == "Done again: Added C"
    assert post(designer, "redo", {"revision": 4})[0] == 422


def test_tidying_up_is_one_edit_that_can_be_undone(designer: Client, drawn: models.Flow) -> None:
    status, answer = post(designer, "tidy", {"revision": 1})
    assert (status, answer["announce"]) == (200, "Tidied up")
    assert all(task.at for task in draft_of(models.Flow.objects.get(pk=drawn.pk)).tasks.values())
    assert post(designer, "undo", {"revision": 2})[0] == 200


def test_targets_say_where_an_edge_may_lead(designer: Client, drawn: models.Flow) -> None:
    targets = designer.get(BASE + "targets?source=b&on=success").json()["targets"]
    assert targets["d"] is None
    assert "circle" in targets["a"]
    assert "trigger" in targets["trigger"]
    assert "b" not in targets
    assert designer.get(BASE + "targets?source=nobody").status_code == 404


def test_a_longer_name_has_its_neighbour_make_room_and_both_are_undone_at_once(
    designer: Client, drawn: models.Flow
) -> None:
    post(designer, "edits", {"revision": 1, "edit": {"edit": "move_tasks", "to": {"a": [0, 0], "pick": [224, 0]}}})
    body = {"revision": 2, "subject": "a", "path": ["name"], "value": "Ask whoever has the key for it"}
    status, answer = post(designer, "fields", body)
    assert (status, answer["announce"]) == (200, "Renamed a to Ask whoever has the key for it")
    moved = draft_of(models.Flow.objects.get(pk=drawn.pk)).tasks["pick"].at
    assert moved is not None
    assert moved.x > 224
    assert "node-pick" in ids(answer)
    assert post(designer, "undo", {"revision": 3})[0] == 200
    flow = draft_of(models.Flow.objects.get(pk=drawn.pk))
    assert (flow.tasks["a"].name, flow.tasks["pick"].at) == ("a", Position(224, 0))


def test_targets_say_by_which_branch_and_where_a_loop_would_lead(designer: Client, drawn: models.Flow) -> None:
    answer = designer.get(BASE + "targets?source=pick").json()
    assert answer["loops"] == ["a", "phase:work"]
    assert answer["targets"]["a"] is None  # once the loop is declared
    assert answer["branches"] == {"b": ["none_met"], "d": ["yes"]}  # by the other one it leads there already
    loop = {"path": ["settings", "loop"], "value": {"branch": "yes", "exit": "none_met", "max_iterations": 3}}
    post(designer, "edits", {"revision": 1, "edit": {"edit": "configure_task", "task": "pick", "changes": [loop]}})
    answer = designer.get(BASE + "targets?source=pick").json()
    assert answer["loops"] == []
    assert designer.get(BASE + "targets?source=pick&on=error").json()["branches"] == {}


def test_what_is_set_can_be_looked_through(designer: Client, drawn: models.Flow) -> None:
    settings = designer.get(BASE + "find").json()["settings"]
    assert set(settings) == {"a", "b", "d", "pick"}
    assert any(line.startswith("conditions.key: yes") for line in settings["pick"])


@pytest.mark.parametrize("subject", ["", "a", "pick", "trigger", "phase:work", "edge:a~pick~~success", "many"])
def test_everything_has_a_form(designer: Client, drawn: models.Flow, subject: str) -> None:
    response = designer.get(BASE + "inspector", {"subject": subject, "count": "2"})
    assert response.status_code == 200
    assert f'data-subject="{subject}"' in response.content.decode().replace("&#x27;", "'")


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_form_brings_the_suggestions_that_its_inputs_name_and_no_others(
    designer: Client, drawn: models.Flow, kind: str
) -> None:
    post(designer, "edits", {"revision": 1, "edit": {**ADD, "task": {**ADD["task"], "key": "new", "kind": kind}}})
    form = designer.get(BASE + "inspector", {"subject": "new"}).content.decode()
    assert 'data-subject="new"' in form
    assert set(re.findall(r'<datalist id="([^"]+)"', form)) == set(re.findall(r' list="([^"]+)"', form))


def test_a_moment_is_offered_with_the_name_of_what_it_is_about(designer: Client, drawn: models.Flow) -> None:
    post(designer, "edits", {"revision": 1, "edit": {**ADD, "task": {**ADD["task"], "key": "ask", "kind": "manual"}}})
    edit = {"edit": "rename_task", "task": "a", "name": "Collect <all> papers"}
    post(designer, "edits", {"revision": 2, "edit": edit})
    form = designer.get(BASE + "inspector", {"subject": "ask"}).content.decode()
    assert '<option value="start" label="Start of the instance">' in form
    assert '<option value="task:a" label="Collect &lt;all&gt; papers">' in form


def test_the_page_lists_the_tasks_only_where_they_are_chosen_from(designer: Client, drawn: models.Flow) -> None:
    name = '</script><b>\u2028 & "'
    post(designer, "edits", {"revision": 1, "edit": {"edit": "rename_task", "task": "a", "name": name}})
    page = designer.get(BASE).content.decode()
    assert re.findall(r'<datalist id="([^"]+)"', page) == ["offer-timezones"]
    moments = re.search(r'<select id="sync-add".*?</select>', page, re.DOTALL)
    assert moments is not None
    assert "<b>" not in moments[0]
    assert '<option value="task:a">' in moments[0]
    facts = re.search(r'<script id="graph-facts" type="application/json">(.*?)</script>', page, re.DOTALL)
    assert facts is not None
    assert name in {node["name"] for node in json.loads(facts[1])["nodes"]}


def test_what_is_not_there_has_no_form(designer: Client, drawn: models.Flow) -> None:
    assert designer.get(BASE + "inspector", {"subject": "nobody"}).status_code == 204


def test_a_viewers_form_cannot_be_changed(client_as: Callable[[Role], Client], drawn: models.Flow) -> None:
    form = client_as(Role.VIEWER).get(BASE + "inspector", {"subject": "pick"}).content.decode()
    assert 'data-act="set"' not in form
    assert 'data-act="delete"' not in form
    assert " readonly" in form


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
