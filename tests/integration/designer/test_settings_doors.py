"""What the inspector's helpers ask of the server: none of it changes the draft."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.roles import Role
from accounts.scope import Scope
from designer import models
from designer.graph.trials import Case
from designer.services.drafting import create_flow
from designer.trying.services import answers_of, keep_case, keep_sample, sample_of
from tests.drawing import draw

BASE = "/o/acme/development/flows/drawn/edit/"


@pytest.fixture
def row(scope: Scope) -> models.Flow:
    """`a -> pick`, a decision."""
    return create_flow(scope, key="drawn", name="Drawn", flow=draw("trigger -> a -> pick; pick -yes-> b"))


@pytest.fixture
def viewer(client_as: Callable[[Role], Client]) -> Client:
    return client_as(Role.VIEWER)


def post(client: Client, door: str, body: Any) -> tuple[int, str]:
    response = client.post(BASE + door, body, content_type="application/json")
    return response.status_code, response.content.decode()


def test_the_data_of_a_task_is_told_as_a_tree(viewer: Client, row: models.Flow) -> None:
    tree = viewer.get(BASE + "data", {"subject": "pick"}).json()["tree"]
    steps = next(node for node in tree if node["name"] == "steps")
    assert [node["path"] for node in steps["children"]] == ["steps.a"]
    assert viewer.get(BASE + "data", {"subject": "nothing"}).status_code == 200


def test_the_sample_input_tells_types_until_there_was_a_real_one(viewer: Client, row: models.Flow) -> None:
    any_type = viewer.get(BASE + "inspector", {"subject": "pick"}).content.decode()
    assert "any type" in any_type
    keep_sample(row, {"yes": True, "order": {"total": 5}}, {})
    tree = viewer.get(BASE + "data", {"subject": "pick"}).json()["tree"]
    given = next(node for node in tree if node["name"] == "input")
    order = next(node for node in given["children"] if node["name"] == "order")
    assert [(node["path"], node["type"]) for node in order["children"]] == [("input.order.total", "number")]
    form = viewer.get(BASE + "inspector", {"subject": "pick"}).content.decode()
    assert "(Yes or no)" in form
    assert '<option value="contains"' in any_type
    assert '<option value="contains"' not in form.split("<template", 1)[0]


def test_a_decision_is_tried_on_the_data_given(viewer: Client, row: models.Flow) -> None:
    status, page = post(viewer, "truth", {"subject": "pick", "data": {"input": {"yes": True}}})
    assert status == 200
    assert "is-met" in page
    _, page = post(viewer, "truth", {"subject": "pick", "data": {"input": {"yes": False}}})
    assert "is-met" not in page
    assert "otherwise" in page


def test_without_data_it_is_tried_on_the_sample_and_the_cases(viewer: Client, row: models.Flow) -> None:
    keep_sample(row, {"yes": True}, {})
    keep_case(row, Case("Nothing given", {}))
    _, page = post(viewer, "truth", {"subject": "pick"})
    assert page.count("is-met") == 2
    assert "Nothing given" in page
    sample = viewer.get(BASE + "sample-data", {"subject": "pick"}).content
    assert json.loads(sample) == {"input": {"yes": True}}


def test_without_any_sample_it_is_tried_on_what_the_flow_asks_for(viewer: Client, scope: Scope) -> None:
    asked = {"type": "object", "properties": {"yes": {"type": "boolean"}, "how": {"enum": ["express", "slow"]}}}
    create_flow(scope, key="asking", name="Asking", flow=draw("trigger -> pick; pick -yes-> b", input_schema=asked))
    response = viewer.get(BASE.replace("drawn", "asking") + "sample-data", {"subject": "pick"})
    sample = json.loads(response.content)
    assert set(sample["input"]) == {"yes", "how"}
    assert sample["input"]["how"] == "express"
    assert isinstance(sample["input"]["yes"], bool)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("{", 400),
        ([], 400),
        ({"subject": "pick", "data": []}, 422),
        ({"subject": "a", "data": {}}, 404),
        ({"subject": "gone"}, 404),
        ({"subject": ["pick"]}, 404),
        ({}, 404),
    ],
)
def test_what_cannot_be_tried_is_refused(viewer: Client, row: models.Flow, body: Any, status: int) -> None:
    assert post(viewer, "truth", body)[0] == status


def test_a_form_is_previewed_and_a_wrong_schema_says_why(viewer: Client, row: models.Flow) -> None:
    schema = {"type": "object", "properties": {"how": {"enum": ["<fast>", "slow"], "title": "How"}}}
    status, page = post(viewer, "form-preview", {"schema": schema, "prefix": "field-x"})
    assert status == 200
    assert 'id="shown-field-x-field-0' in page
    assert "&lt;fast&gt;" in page
    assert "not a valid JSON Schema" in post(viewer, "form-preview", {"schema": {"type": "no"}})[1]
    assert post(viewer, "form-preview", {"schema": schema, "prefix": '"><b>'})[1].count('"><b>') == 0


def test_designers_keep_the_sample_input_beside_the_answers(
    client_as: Callable[[Role], Client], row: models.Flow
) -> None:
    keep_sample(row, None, {"a": {"output": 1}})
    assert post(client_as(Role.DESIGNER), "keep-sample", {"input": {"yes": True}})[0] == 204
    assert sample_of(row) == {"yes": True}
    assert answers_of(row) == {"a": {"output": 1}}
    assert post(client_as(Role.DESIGNER), "keep-sample", {})[0] == 422
    assert post(client_as(Role.VIEWER), "keep-sample", {"input": 1})[0] == 403


def test_none_of_them_changes_the_draft(viewer: Client, row: models.Flow) -> None:
    before = row.draft_revision
    post(viewer, "truth", {"subject": "pick", "data": {"input": {"yes": True}}})
    post(viewer, "form-preview", {"schema": {}})
    viewer.get(BASE + "data", {"subject": "pick"})
    row.refresh_from_db()
    assert row.draft_revision == before
    assert sample_of(row) is None


def test_another_organizations_flow_is_not_there(viewer: Client, foreign_scope: Scope) -> None:
    create_flow(foreign_scope, key="drawn", name="Theirs", flow=draw("a; pick -yes-> b"))
    assert viewer.get(BASE + "data").status_code == 404
    assert post(viewer, "truth", {"subject": "pick"})[0] == 404
