"""Trying drafts and running their cases over the native API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from accounts.roles import ApiScope
from designer.graph.codec import encode_flow
from engine.models import Instance
from tests.drawing import draw
from tests.integration.api.conftest import Api

pytestmark = pytest.mark.django_db
FLOW: dict[str, Any] = encode_flow(
    draw("trigger -> d; d -yes-> a; d -none_met-> b", kinds={"a": "manual"}, key="order")
)
CASE = {"name": "Large", "input": {"yes": True}, "expect": {"status": "complete", "path": ["d", "a"]}}


def test_a_draft_is_tried_and_nothing_is_stored(api: Api) -> None:
    api.post("/flows", FLOW)
    answer = api.post("/flows/order/try", {"input": {"yes": True}, "answers": {"a": {"output": {"ok": 1}}}})
    assert answer.status_code == 200
    body = answer.json()
    assert (body["status"], body["path"], body["output"]) == ("complete", ["d", "a"], {"ok": 1})
    assert [step["outcome"] for step in body["steps"]] == ["decided", "waiting", "completed"]
    assert body["steps"][-1]["answered"] == "given"
    assert not Instance.objects.exists()


def test_what_cannot_be_tried_is_refused_with_its_path(api: Api) -> None:
    broken = encode_flow(draw("trigger -> a", settings={"a": {"action": "http_request", "inputs": {}}}, key="broken"))
    api.post("/flows", broken)
    answer = api.post("/flows/broken/try", {})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["path"].startswith("tasks.a")
    api.post("/flows", FLOW)
    assert api.post("/flows/order/try", {"answers": {"a": {"perhaps": 1}}}).status_code == 422
    assert api.post("/flows/order/try", {"answers": {"a": {"skip": True}}, "more": 1}).status_code == 422
    assert api.post("/flows/missing/try", {}).status_code == 404


def test_cases_are_added_replaced_read_and_run(api: Api) -> None:
    api.post("/flows", FLOW)
    assert api.post("/flows/order/cases", CASE).json() == CASE
    assert api.post("/flows/order/cases", CASE).status_code == 409
    assert api.get("/flows/order/cases").json() == {"sample_input": None, "cases": [CASE], "cases_must_pass": False}
    results = api.post("/flows/order/cases/run").json()
    assert results["passed"] is True
    assert results["coverage"]["missed"] == [{"edge": "d~b~none_met~success", "words": "d → b by otherwise"}]
    red = {**CASE, "expect": {"path": ["d", "b"]}}
    put = api.put("/flows/order/cases", {"cases": [red], "cases_must_pass": True, "sample_input": {"yes": False}})
    assert put.json()["cases"] == [red]
    assert api.post("/flows/order/cases/run").json()["cases"][0]["differences"][0]["what"] == "path"
    refused = api.post("/flows/order/publish", {})
    assert refused.status_code == 422
    assert "The case “Large” fails" in refused.json()["detail"]
    assert api.get("/flows/order").json()["cases"] == [red]


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"cases": [{"name": "a"}, {"name": "a"}]}, "cases[1].name"),
        ({"cases": [{"name": "a", "answers": {"d": {"error": {}}}}]}, "cases[0].answers.d"),
        ({"cases": [{"input": 1}]}, "cases[0]"),
    ],
)
def test_a_case_that_is_none_is_refused(api: Api, body: dict[str, Any], path: str) -> None:
    api.post("/flows", FLOW)
    answer = api.put("/flows/order/cases", body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["path"].startswith(path)


def test_a_key_that_only_reads_may_try_but_keep_nothing(api: Api, key_with: Callable[..., Api]) -> None:
    api.post("/flows", FLOW)
    reader = key_with(ApiScope.FLOWS_READ)
    assert reader.post("/flows/order/try", {}).status_code == 200
    assert reader.post("/flows/order/cases", CASE).status_code == 403
