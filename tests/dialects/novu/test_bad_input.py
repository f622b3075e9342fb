"""What is wrong with a request is told in Novu's own words and shapes, row by row of its rules; issues are data."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.dialects.novu.conftest import Account
from tests.dialects.novu.test_workflows import fresh

NOTE = {"name": "Note", "type": "in_app", "controlValues": {"body": "x"}}
TYPES = "in_app, email, sms, chat, push, tool, digest, delay, throttle, custom, http_request"


def body(**more: Any) -> dict[str, Any]:
    """A workflow that is right but for `more`."""
    return {"name": "W", "workflowId": fresh(), "steps": [NOTE], **more}


@pytest.mark.parametrize(
    ("wrong", "field", "text"),
    [
        ({"name": ""}, "name", "name must be longer than or equal to 1 characters"),
        ({"name": "x" * 65}, "name", "name must be shorter than or equal to 64 characters"),
        ({"name": 5}, "name", "name must be a string"),
        ({"description": "x" * 257}, "description", "description must be shorter than or equal to 256 characters"),
        (
            {"tags": [""]},
            "tags",
            "each value in tags must be longer than or equal to 1 and shorter than or equal to 32 characters",
        ),
        (
            {"tags": ["x" * 33]},
            "tags",
            "each value in tags must be longer than or equal to 1 and shorter than or equal to 32 characters",
        ),
        ({"tags": ["a", "a"]}, "tags", "All tags's elements must be unique"),
        ({"tags": [str(n) for n in range(17)]}, "tags", "tags must contain no more than 16 elements"),
        ({"payloadSchema": {"type": "nonsense"}}, "payloadSchema", "payloadSchema must be a valid JSON schema"),
        (
            {"steps": [{"name": "S", "type": "pigeon"}]},
            "steps",
            f"steps.0.type must be one of the following values: {TYPES}",
        ),
        ({"steps": [{"name": "", "type": "sms"}]}, "steps", "steps.0.name should not be empty"),
        ({"steps": [NOTE] * 21}, "steps", "steps must contain no more than 20 elements"),
        ({"active": "yes"}, "active", "active must be a boolean"),
        ({"workflowId": 7}, "workflowId", "workflowId must be a string"),
        ({"severity": "huge"}, "severity", "severity must be one of the following values: high, medium, low, none"),
        ({"preferences": {"user": 3}}, "preferences", "preferences.user must be an object"),
    ],
)
def test_a_wrong_body_is_refused_by_field(http: httpx.Client, wrong: dict[str, Any], field: str, text: str) -> None:
    answer = http.post("/v2/workflows", json=body(**wrong))
    assert answer.status_code == 400
    told = answer.json()
    assert (told["statusCode"], told["path"]) == (400, "/v2/workflows")
    assert told["timestamp"].endswith("Z")
    assert text in told["message"]
    assert text in told["errors"][field]["messages"]


def test_an_update_needs_preferences_and_a_sync_a_target(http: httpx.Client) -> None:
    made = http.post("/v2/workflows", json=body()).json()["data"]["_id"]
    answer = http.put(f"/v2/workflows/{made}", json={"name": "W", "steps": []})
    assert (answer.status_code, answer.json()["message"]) == (400, ["preferences should not be empty"])
    answer = http.put(f"/v2/workflows/{made}/sync", json={})
    assert (answer.status_code, answer.json()["message"]) == (400, ["targetEnvironmentId should not be empty"])


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("limit=101", "limit must not be greater than 100"),
        ("limit=0", "limit must not be less than 1"),
        ("offset=-1", "offset must not be less than 0"),
        (
            "orderBy=colour",
            "orderBy must be one of the following values: createdAt, updatedAt, name, lastTriggeredAt",
        ),
        ("orderDirection=UP", "orderDirection must be one of the following values: ASC, DESC"),
    ],
)
def test_a_wrong_query_is_unprocessable(http: httpx.Client, query: str, text: str) -> None:
    answer = http.get(f"/v2/workflows?{query}")
    assert answer.status_code == 422
    assert answer.json()["message"] == "Validation Error"
    assert answer.json()["errors"]["general"] == {"messages": [text], "value": "No Value Recorded"}


WRONG_URL = "Invalid URL. Must be a valid full URL, path starting with /, or {{variable}}"
ISSUES: list[tuple[str, dict[str, Any], str, str, str | None]] = [
    ("email", {"body": "x"}, "subject", "MISSING_VALUE", "Subject is required"),
    ("digest", {"unit": "days"}, "amount", "MISSING_VALUE", "Amount is required"),
    ("delay", {"type": "timed"}, "cron", "MISSING_VALUE", "Cron is required"),
    ("throttle", {"type": "dynamic"}, "dynamicKey", "MISSING_VALUE", "Dynamic key is required"),
    ("http_request", {"method": "GET"}, "url", "MISSING_VALUE", "Url is required"),
    ("in_app", {"avatar": "/a.png"}, "body", "MISSING_VALUE", "Subject or body is required"),
    ("in_app", {"body": "x", "avatar": "no url"}, "avatar", "INVALID_URL", WRONG_URL),
    (
        "in_app",
        {"body": "x", "primaryAction": {"label": "L", "redirect": {"url": "javascript:x"}}},
        "primaryAction.redirect.url",
        "INVALID_URL",
        WRONG_URL,
    ),
    (
        "sms",
        {"body": "{{nonsense.x}}"},
        "body",
        "ILLEGAL_VARIABLE_IN_CONTROL_VALUE",
        "Variable {{nonsense.x}} is not supported",
    ),
    (
        "sms",
        {"body": "{{payload.x"},
        "body",
        "ILLEGAL_VARIABLE_IN_CONTROL_VALUE",
        "Variable {{payload.x is not supported",
    ),
    (
        "sms",
        {"body": "{{steps.later.events}}"},
        "body",
        "ILLEGAL_VARIABLE_IN_CONTROL_VALUE",
        "Variable {{steps.later.events}} is not supported",
    ),
    ("sms", {"body": "{{payload.x | toSentence: 'a', 'b'}}"}, "body", "INVALID_FILTER_ARG_IN_VARIABLE", None),
    ("digest", {"amount": 91, "unit": "days"}, "amount", "TIER_LIMIT_EXCEEDED", None),
    ("digest", {"amount": 91, "unit": "days"}, "unit", "TIER_LIMIT_EXCEEDED", None),
    ("delay", {"amount": 4, "unit": "months"}, "unit", "TIER_LIMIT_EXCEEDED", None),
    (
        "sms",
        {"body": "x", "skip": {"==": [{"var": "subscriber.shoeSize"}, 5]}},
        "skip",
        "ILLEGAL_VARIABLE_IN_CONTROL_VALUE",
        "Variable subscriber.shoeSize is not supported",
    ),
    ("sms", {"body": "x", "colour": "red"}, "colour", "UNSUPPORTED_PROPERTY", None),
]


@pytest.mark.parametrize(("type", "values", "path", "issue", "message"), ISSUES)
def test_what_is_wrong_with_a_step_is_data(
    http: httpx.Client, type: str, values: dict[str, Any], path: str, issue: str, message: str | None
) -> None:
    steps = [{"name": "Step", "type": type, "controlValues": values}]
    answer = http.post("/v2/workflows", json=body(steps=steps))
    assert answer.status_code == 201
    made = answer.json()["data"]
    assert made["status"] == "ERROR"
    found = made["steps"][0]["issues"]["controls"][path]
    told = next(entry for entry in found if entry["issueType"] == issue)
    assert message is None or told["message"] == message


def test_open_names_are_no_issue(http: httpx.Client) -> None:
    skip = {"and": [{"var": "payload.any.thing"}, {"var": "subscriber.data.plan"}]}
    text = "{{payload.a.b}} {{subscriber.data.x}} {{workflow.name}} {% for e in payload.list %}{{ e.name }}{% endfor %}"
    steps = [{"name": "S", "type": "sms", "controlValues": {"body": text, "skip": skip}}]
    made = http.post("/v2/workflows", json=body(steps=steps)).json()["data"]
    assert (made["status"], made["steps"][0]["issues"]) == ("ACTIVE", {})
    schema = {"type": "object", "properties": {"a": {"type": "string"}}}
    changed = http.patch(f"/v2/workflows/{made['_id']}", json={"payloadSchema": schema}).json()["data"]
    assert changed["status"] == "ERROR"  # the schema has no place for payload.list
    names = {entry["variableName"] for entry in changed["steps"][0]["issues"]["controls"]["body"]}
    assert names == {"{{payload.a.b}}", "{% for e in payload.list %}"}


def test_values_that_do_not_fit_are_kept_but_never_sent_back(http: httpx.Client) -> None:
    values = {"amount": "thirty", "unit": "fortnights", "type": "regular", "digestKey": "payload.x"}
    steps = [
        {"name": "D", "type": "digest", "controlValues": values},
        {"name": "L", "type": "delay", "controlValues": {"type": "dynamic", "dynamicKey": "payload.at"}},
        {"name": "T", "type": "throttle", "controlValues": {"amount": 5, "unit": "seconds"}},
        {"name": "E", "type": "email", "controlValues": {"subject": None, "body": "b"}},
        {"name": "H", "type": "http_request", "controlValues": {"headers": "no list"}},
    ]
    made = http.post("/v2/workflows", json=body(steps=steps)).json()["data"]
    digest, delay, throttle, mail, call = (step["controls"]["values"] for step in made["steps"])
    assert digest == {"type": "regular", "digestKey": "payload.x"}
    assert delay == {}
    assert throttle == {"amount": 5}
    assert mail["subject"] == ""
    assert (call["method"], call["url"]) == ("POST", "")
    assert "controlValues" not in made["steps"][3]
    assert {"amount", "unit"} <= made["steps"][0]["issues"]["controls"].keys()
    kept = [{"_id": step["_id"], "name": step["name"], "type": step["type"]} for step in made["steps"]]
    again = http.put(f"/v2/workflows/{made['_id']}", json={"name": "W", "preferences": {}, "steps": kept}).json()[
        "data"
    ]
    assert again["steps"][0]["issues"] == made["steps"][0]["issues"]


def test_an_unknown_layout_is_refused(http: httpx.Client) -> None:
    steps = [{"name": "E", "type": "email", "controlValues": {"subject": "s", "layoutId": "ghost"}}]
    answer = http.post("/v2/workflows", json=body(steps=steps))
    assert (answer.status_code, answer.json()["message"]) == (400, "Layout not found for id ghost")


def test_what_is_no_json_or_nowhere_is_told_in_novus_shape(http: httpx.Client, account: Account) -> None:
    answers = {
        400: http.post("/v2/workflows", content=b"{", headers={"Content-Type": "application/json"}),
        415: http.post("/v2/workflows", content=b"x", headers={"Content-Type": "text/plain"}),
        404: http.get("/v2/nowhere"),
        405: http.put("/v1/events/trigger", json={}),
        401: httpx.get(f"{account.url}/v2/workflows"),
    }
    for status, answer in answers.items():
        told = answer.json()
        assert (answer.status_code, told["statusCode"]) == (status, status)
        assert told["path"].startswith("/v")
        assert told["timestamp"]
    deep = http.post("/v2/workflows", content=b"[" * 5000, headers={"Content-Type": "application/json"})
    assert deep.status_code == 400
    nul = http.post("/v2/workflows", json=body(name="a\0b"))
    assert nul.status_code == 400


def test_environments_in_use_stay_and_names_are_unique(http: httpx.Client, account: Account) -> None:
    http.post("/v2/workflows", json=body())
    answer = http.delete(f"/v1/environments/{account.development.id}")
    assert (answer.status_code, answer.json()["message"]) == (400, "Environment with workflows cannot be deleted")
    answer = http.post("/v1/environments", json={"name": "Production", "color": "#fff"})
    assert answer.status_code == 400


def test_publish_and_diff_tell_what_changes(http: httpx.Client, account: Account) -> None:
    steps = [NOTE, {"name": "Text", "type": "sms", "controlValues": {"body": "a"}}]
    made = http.post("/v2/workflows", json=body(name="Diffed", steps=steps)).json()["data"]
    id, there = made["workflowId"], account.production.id

    def changes() -> list[tuple[str, str | None]]:
        told = http.post(f"/v2/environments/{there}/diff", json={}).json()["data"]
        resources = [r for r in told["resources"] if (r["sourceResource"] or r["targetResource"])["id"] == id]
        return [(change["action"], change.get("stepType")) for change in resources[0]["changes"]]

    assert changes() == [("added", None)]
    resources = [{"resourceType": "REGULAR", "resourceId": id}]
    done = http.post(f"/v2/environments/{there}/publish", json={"resources": resources}).json()["data"]
    assert done["results"][0]["successful"][0]["action"] == "created"
    assert changes() == []
    again = http.post(f"/v2/environments/{there}/publish", json={"resources": resources}).json()["data"]
    assert again["results"][0]["skipped"][0]["reason"] == "No changes"
    text, note = made["steps"][1], made["steps"][0]
    changed = [
        {"_id": text["_id"], "name": "Text", "type": "sms", "controlValues": {"body": "b"}},
        {"_id": note["_id"], "name": "Note", "type": "in_app"},
        {"name": "New", "type": "chat", "controlValues": {"body": "c"}},
    ]
    http.put(f"/v2/workflows/{id}", json={"name": "Renamed", "preferences": {}, "steps": changed})
    assert changes() == [("modified", None), ("modified", "sms"), ("moved", "in_app"), ("added", "chat")]
