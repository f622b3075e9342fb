"""The doors of the editor's “Try it” panel."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.test import Client

from accounts.models import AuditEntry, User
from accounts.roles import Role
from accounts.scope import Scope
from designer import models
from designer.services.drafting import create_flow
from designer.services.publishing import publish_flow
from designer.trying.services import answers_of, cases_of, must_pass, sample_of
from engine.models import Instance
from engine.services.instances import start_instance
from tests.drawing import draw

pytestmark = pytest.mark.django_db
DOOR = "/o/acme/development/flows/order/try/"


@pytest.fixture
def flow(scope_as: Callable[[Role], Scope]) -> models.Flow:
    graph = draw("trigger -> d; d -yes-> a; d -none_met-> b", kinds={"a": "manual"})
    return create_flow(scope_as(Role.DESIGNER), key="order", name="Order", flow=graph)


@pytest.fixture
def designer(client: Client, member: Callable[[Role], User]) -> Client:
    client.force_login(member(Role.DESIGNER))
    return client


def post(client: Client, door: str, **body: Any) -> Any:
    return client.post(DOOR + door, body, content_type="application/json")


def test_the_panel_offers_an_example_of_what_the_flow_reads(designer: Client, flow: models.Flow) -> None:
    page = designer.get(DOOR).content.decode()
    assert "&quot;yes&quot;: &quot;example&quot;" in page
    assert "Nothing is sent" in page


def test_a_try_answers_what_happened_and_keeps_the_sample(designer: Client, flow: models.Flow) -> None:
    answer = post(designer, "run", input='{"yes": true}', answers={"a": {"output": {"ok": 1}}}).json()
    assert [frame["outcome"] for frame in answer["frames"]] == ["decided", "waiting", "completed"]
    assert answer["frames"][-1]["nodes"] == {"node-a": "completed"}
    assert "your answer" in answer["html"]
    assert sample_of(flow) == {"yes": True}
    assert answers_of(flow) == {"a": {"output": {"ok": 1}}}
    assert not Instance.objects.exists()


def test_a_try_speaks_of_branches_and_tasks_by_their_names(designer: Client, scope_as: Callable[[Role], Scope]) -> None:
    graph = draw("trigger -> d; d -yes-> a; d -none_met-> b", kinds={"a": "manual"})
    decision = replace(graph.tasks["d"], conditions=(replace(graph.tasks["d"].conditions[0], name="Large enough"),))
    named = {**graph.tasks, "d": decision, "a": replace(graph.tasks["a"], name="Approve it")}
    create_flow(scope_as(Role.DESIGNER), key="order", name="Order", flow=replace(graph, tasks=named))
    failing = {"error": {"name": "Simulated", "message": "No.", "retryable": False}}
    page = post(designer, "run", input='{"yes": true}', answers={"a": failing}).json()["html"]
    assert "Took <b>Large enough</b>." in page
    assert "Large enough: met" in page
    assert "<b>Approve it</b>: No." in page
    otherwise = post(designer, "run", input='{"yes": false}').json()["html"]
    assert "Took <b>otherwise</b>." in otherwise


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"input": "{"}, "The sample input is not JSON: line 1, column 2: "),
        ({"input": '{"a": NaN}'}, "The sample input "),
        ({"input": 3}, "send the sample input as text"),
        ({"input": "{}", "answers": {"a": {"perhaps": 1}}}, "answers.a"),
        ({"input": "{}", "answers": [1]}, "Answers are an object"),
    ],
)
def test_what_cannot_be_tried_is_refused_in_words(
    designer: Client, flow: models.Flow, body: dict[str, Any], words: str
) -> None:
    answer = post(designer, "run", **body)
    assert answer.status_code == 422
    assert words in answer.json()["detail"]


def test_a_draft_with_problems_says_which(designer: Client, scope_as: Callable[[Role], Scope]) -> None:
    broken = draw("trigger -> a", settings={"a": {"action": "nothing"}})
    create_flow(scope_as(Role.DESIGNER), key="order", name="Order", flow=broken)
    answer = post(designer, "run", input="{}").json()
    assert "before this is mended" in answer["html"]
    assert answer["frames"] == []


def test_a_run_is_kept_as_a_case_shown_updated_and_removed(designer: Client, flow: models.Flow) -> None:
    kept = post(designer, "keep", name=" Large ", input='{"yes": true}', answers={}).json()
    assert "all pass" in kept["html"]
    assert kept["kept"] == {"Large": {"input": {"yes": True}, "answers": {}}}
    assert sorted(kept["coverage"].values()) == [False, True, True]
    assert cases_of(flow)[0].expect["path"] == ["d", "a"]
    assert "already" in post(designer, "keep", name="Large", input="{}").json()["detail"]
    assert "Give the case a name" in post(designer, "keep", name=" ", input="{}").json()["detail"]
    models.Flow.objects.get(pk=flow.pk).cases.update(expect={"path": ["d", "b"]})
    assert "Step 2 was a, not b." in designer.get(DOOR + "cases").json()["html"]
    assert "all pass" in post(designer, "update", name="Large").json()["html"]
    assert "None yet" in post(designer, "remove", name="Large").json()["html"]
    assert post(designer, "update", name="Large").status_code == 422


def test_a_removed_case_is_put_back_and_all_of_it_is_in_the_audit_log(designer: Client, flow: models.Flow) -> None:
    answers = {"a": {"output": {"ok": 1}}}
    post(designer, "keep", name="Yes", input='{"yes": true}', answers=answers)
    (kept,) = cases_of(flow)
    answer = post(designer, "remove", name="Yes").json()
    assert "Removed <b" in answer["html"]
    assert cases_of(flow) == ()
    assert post(designer, "restore", **answer["removed"]).status_code == 200
    assert cases_of(flow) == (kept,)
    again = post(designer, "restore", **answer["removed"])
    assert (again.status_code, "already" in again.json()["detail"]) == (422, True)
    post(designer, "guard", required=True)
    actions = AuditEntry.objects.filter(action__startswith="case").order_by("pk").values_list("action", flat=True)
    assert list(actions) == ["case.kept", "case.removed", "case.restored", "cases.guard"]


@pytest.mark.parametrize(
    "body", [{}, {"case": 1, "position": 1}, {"case": {"name": "x"}}, {"case": {"name": "x"}, "position": -1}]
)
def test_what_is_no_removed_case_is_not_put_back(designer: Client, flow: models.Flow, body: dict[str, Any]) -> None:
    answer = post(designer, "restore", **body)
    assert answer.status_code == 422
    assert answer.json()["detail"]
    assert cases_of(flow) == ()


def test_what_comes_to_no_end_is_not_kept(designer: Client, flow: models.Flow) -> None:
    answers = {"a": {"times_out": True}}
    assert "wait for ever" in post(designer, "run", input='{"yes": true}', answers=answers).json()["html"]
    refused = post(designer, "keep", name="Never", input='{"yes": true}', answers=answers)
    assert "Only what comes to an end" in refused.json()["detail"]


def test_cases_guard_publishing_when_they_are_told_to(designer: Client, flow: models.Flow) -> None:
    assert "checked" in post(designer, "guard", required=True).json()["html"]
    assert must_pass(flow)
    post(designer, "guard", required=False)
    assert not must_pass(flow)


def test_answers_of_a_past_instance(designer: Client, flow: models.Flow, scope_as: Callable[[Role], Scope]) -> None:
    publish_flow(scope_as(Role.DESIGNER), flow)
    instance = start_instance(scope_as(Role.OPERATOR), flow, input={"yes": False})
    assert f'value="{instance.pk}"' in designer.get(DOOR).content.decode()
    assert designer.get(f"{DOOR}recorded?instance={instance.pk}").json() == {"input": {"yes": False}, "answers": {}}
    assert designer.get(f"{DOOR}recorded?instance=999999").status_code == 404
    assert designer.get(f"{DOOR}recorded?instance=x").status_code == 404


def test_viewers_may_try_but_keep_nothing(client: Client, member: Callable[[Role], User], flow: models.Flow) -> None:
    client.force_login(member(Role.VIEWER))
    answer = post(client, "run", input='{"yes": true}')
    assert answer.status_code == 200
    assert "Keep as a case" not in answer.json()["html"]
    assert sample_of(flow) is None
    for door in ("keep", "update", "remove", "guard"):
        assert post(client, door, name="x", input="{}").status_code == 403


def test_another_organizations_flow_is_not_there(designer: Client) -> None:
    assert designer.get(DOOR).status_code == 404
    assert post(designer, "run", input="{}").status_code == 404
