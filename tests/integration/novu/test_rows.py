"""Novu's rules for what is sent, row by row, at every door that has them: each in the vendor's own error shape."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import Environment
from designer.models import Flow
from dialects.novu.ids import environment_id
from dialects.novu.models import Origin, Workflow
from engine.notifying.models import Notification, Provider
from tests.integration.novu.conftest import BODY, GHOST, NOTE, TRIGGER, WORKFLOWS, Json, Novu

pytestmark = pytest.mark.django_db
EACH_TAG = "each value in tags must be longer than or equal to 1 and shorter than or equal to 32 characters"

# -- 7.1 at every door ------------------------------------------------------------------------------------------------

COMMON: list[tuple[Json, str]] = [
    ({"name": ""}, "name must be longer than or equal to 1 characters"),
    ({"name": "x" * 65}, "name must be shorter than or equal to 64 characters"),
    ({"name": 5}, "name must be a string"),
    ({"description": "x" * 257}, "description must be shorter than or equal to 256 characters"),
    ({"description": ["x"]}, "description must be a string"),
    ({"tags": [""]}, EACH_TAG),
    ({"tags": ["x" * 33]}, EACH_TAG),
    ({"tags": ["a", "a"]}, "All tags's elements must be unique"),
    ({"tags": [str(n) for n in range(17)]}, "tags must contain no more than 16 elements"),
    ({"tags": "a"}, "tags must be an array"),
    ({"tags": [1]}, "each value in tags must be a string"),
    ({"isTranslationEnabled": 1}, "isTranslationEnabled must be a boolean"),
]
PATCHED: list[tuple[Json, str]] = [
    ({"payloadSchema": {"type": "nonsense"}}, "payloadSchema must be a valid JSON schema"),
    ({"payloadSchema": "x"}, "payloadSchema must be an object"),
    ({"validatePayload": "yes"}, "validatePayload must be a boolean"),
    ({"active": "yes"}, "active must be a boolean"),
]
REPLACED: list[tuple[Json, str]] = [
    ({"name": None}, "name must be a string"),
    ({"steps": None}, "steps must be an array"),
    ({"steps": ["x"]}, "steps.0 must be an object"),
    ({"steps": [{"type": "sms"}]}, "steps.0.name must be a string"),
    ({"steps": [{"name": "", "type": "sms"}]}, "steps.0.name should not be empty"),
    ({"steps": [NOTE, {"name": "S", "type": "pigeon"}]}, "steps.1.type must be one of the following values: in_app, "),
    ({"steps": [{"name": "S", "type": "trigger"}]}, "steps.0.type must be one of the following values: in_app, "),
    ({"steps": [{**NOTE, "controlValues": "x"}]}, "steps.0.controlValues must be an object"),
    ({"steps": [{**NOTE, "stepId": 5}]}, "steps.0.stepId must be a string"),
    ({"steps": [NOTE] * 21}, "steps must contain no more than 20 elements"),
    ({"severity": "huge"}, "severity must be one of the following values: high, medium, low, none"),
    ({"agent": {}}, "agent.identifier must be a string"),
    ({"preferences": "x"}, "preferences must be an object"),
    ({"preferences": {"user": 3}}, "preferences.user must be an object"),
    ({"preferences": {"workflow": {"channels": {}}}}, "preferences.workflow.all must be an object"),
    (
        {"preferences": {"workflow": {"all": {"enabled": 1}, "channels": {}}}},
        "preferences.workflow.all.enabled must be a boolean",
    ),
    (
        {"preferences": {"workflow": {"all": {}, "channels": {"fax": {}}}}},
        "preferences.workflow.channels must be one of the following values: in_app, ",
    ),
]
CREATED: list[tuple[Json, str]] = [
    ({"workflowId": None}, "workflowId must be a string"),
    ({"workflowId": ""}, "workflowId should not be empty"),
    ({"__source": "moon"}, "__source must be one of the following values: template_store, "),
]


def tells(answer: tuple[int, Any], text: str) -> None:
    """A 400 whose `message` is a list with this text, which stands in `errors` too."""
    status, told = answer
    assert status == 400
    assert isinstance(told["message"], list)
    assert any(each.startswith(text) for each in told["message"]), told["message"]
    assert any(each.startswith(text) for entry in told["errors"].values() for each in entry["messages"])


@pytest.mark.parametrize(("wrong", "text"), [*COMMON, *PATCHED, *REPLACED, *CREATED])
def test_a_creation_is_refused_and_stores_nothing(novu: Novu, wrong: Json, text: str) -> None:
    tells(novu("POST", WORKFLOWS, {**BODY, **wrong}), text)
    assert not Flow.objects.exists()


@pytest.mark.parametrize(("wrong", "text"), [*COMMON, *PATCHED, *REPLACED])
def test_an_update_is_refused_and_changes_nothing(novu: Novu, wrong: Json, text: str) -> None:
    made = novu.make()
    path = f"{WORKFLOWS}/{made['_id']}"
    tells(novu("PUT", path, {"name": "Other", "steps": [], "preferences": {}, **wrong}), text)
    assert novu("GET", path)[1]["data"] == made


@pytest.mark.parametrize(("wrong", "text"), [*COMMON, *PATCHED])
def test_a_patch_is_refused_and_changes_nothing(novu: Novu, wrong: Json, text: str) -> None:
    made = novu.make()
    path = f"{WORKFLOWS}/{made['_id']}"
    tells(novu("PATCH", path, {"name": "Other", **wrong}), text)
    assert novu("GET", path)[1]["data"] == made


@pytest.mark.parametrize(("wrong", "text"), [*COMMON, ({"workflowId": 5}, "workflowId must be a string")])
def test_a_duplication_is_refused(novu: Novu, wrong: Json, text: str) -> None:
    made = novu.make()
    tells(novu("POST", f"{WORKFLOWS}/{made['_id']}/duplicate", wrong), text)
    assert Flow.objects.count() == 1


def test_what_must_be_there(novu: Novu) -> None:
    path = f"{WORKFLOWS}/{novu.make()['_id']}"
    empty: list[Json] = [{"name": "W", "steps": []}, {"name": "W", "steps": [], "preferences": None}]
    for body in empty:
        tells(novu("PUT", path, body), "preferences should not be empty")
    for target in ({}, {"targetEnvironmentId": ""}, {"targetEnvironmentId": None}):
        tells(novu("PUT", f"{path}/sync", target), "targetEnvironmentId should not be empty")
    tells(novu("PUT", f"{path}/sync", {"targetEnvironmentId": 5}), "targetEnvironmentId must be a string")
    tells(novu("POST", "/v1/environments", {"name": "Stage"}), "color should not be empty")
    tells(novu("POST", "/v1/environments", {"color": "#fff"}), "name should not be empty")
    for field in ("controlValues", "previewPayload"):
        tells(novu("POST", f"{path}/step/note/preview", {field: "x"}), f"{field} must be an object")


@pytest.mark.parametrize("body", [b"{", b"[]", b'"x"', b"7", b'{"a": NaN}', b"\xff", b"[" * 5000])
def test_what_is_no_object_is_refused_at_every_door(novu: Novu, body: bytes) -> None:
    path = f"{WORKFLOWS}/{novu.make()['_id']}"
    for method, door in (
        ("POST", WORKFLOWS),
        ("PUT", path),
        ("PATCH", path),
        ("PUT", f"{path}/sync"),
        ("POST", f"{path}/duplicate"),
        ("POST", f"{path}/step/note/preview"),
        ("POST", TRIGGER),
        ("POST", f"{TRIGGER}/bulk"),
        ("POST", f"{TRIGGER}/broadcast"),
        ("POST", "/v1/environments"),
        ("POST", "/v2/subscribers"),
        ("POST", "/v2/topics"),
    ):
        assert novu(method, door, body)[0] == 400, (method, door)


# -- 7.2 --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "texts"),
    [
        (f"{WORKFLOWS}?limit=101", ["limit must not be greater than 100"]),
        (f"{WORKFLOWS}?limit=0", ["limit must not be less than 1"]),
        (f"{WORKFLOWS}?limit=-3.0", ["limit must not be less than 1"]),
        (f"{WORKFLOWS}?limit=1.5", ["limit must be an integer number"]),
        (f"{WORKFLOWS}?limit=ten", ["limit must be an integer number"]),
        (f"{WORKFLOWS}?limit=inf", ["limit must be an integer number"]),
        (f"{WORKFLOWS}?offset=-1", ["offset must not be less than 0"]),
        (f"{WORKFLOWS}?orderBy=x", ["orderBy must be one of the following values: createdAt, updatedAt, name"]),
        (f"{WORKFLOWS}?orderDirection=UP", ["orderDirection must be one of the following values: ASC, DESC"]),
        (f"{WORKFLOWS}?status=GONE", ["status must be one of the following values: ACTIVE, INACTIVE, ERROR"]),
        (f"{WORKFLOWS}?limit=101&offset=-1", ["limit must not be greater than 100", "offset must not be less than 0"]),
        ("/v1/notifications?limit=101", ["limit must not be greater than 100"]),
        ("/v1/notifications?page=-1", ["page must not be less than 0"]),
        ("/v1/notifications?severity=huge", ["severity must be one of the following values"]),
        ("/v1/notifications?after=someday", ["after must be a valid ISO 8601 date string"]),
        ("/v1/notifications?before=0001-01-01T00:00:00%2B14:00", ["before must be a valid ISO 8601 date string"]),
        ("/v1/messages?channel=pigeon", ["channel must be one of the following values"]),
        ("/v1/messages?limit=0", ["limit must not be less than 1"]),
    ],
)
def test_a_query_is_unprocessable(novu: Novu, path: str, texts: list[str]) -> None:
    status, told = novu("GET", path)
    assert (status, told["message"]) == (422, "Validation Error")
    found = told["errors"]["general"]["messages"]
    assert len(found) == len(texts)
    assert all(text in each for text, each in zip(texts, found, strict=True))


@pytest.mark.parametrize("moment", ["2030-01-01", "2030-01-01T00:00:00", "2030-01-01T00:00:00Z", "9999-12-31"])
def test_any_moment_may_be_asked_for(novu: Novu, moment: str) -> None:
    assert novu("GET", f"/v1/notifications?after={moment}&before={moment}")[0] == 200


# -- 7.3 where the bad input tests of the SDKs do not go ---------------------------------------------------------------

WRONG_URL = "Invalid URL. Must be a valid full URL, path starting with /, or {{variable}}"


def issues(novu: Novu, values: Json, type: str = "in_app") -> Json:
    made = novu.make(steps=[{"name": "S", "type": type, "controlValues": values}])
    return dict(made["steps"][0]["issues"])


@pytest.mark.parametrize(
    ("values", "path"),
    [
        ({"body": "x", "redirect": {"url": "no url"}}, "redirect.url"),
        ({"body": "x", "secondaryAction": {"label": "L", "redirect": {"url": "x y"}}}, "secondaryAction.redirect.url"),
    ],
)
def test_each_address_is_looked_at(novu: Novu, values: Json, path: str) -> None:
    (told,) = issues(novu, values)["controls"][path]
    assert (told["issueType"], told["message"]) == ("INVALID_URL", WRONG_URL)


@pytest.mark.parametrize(
    ("type", "values", "paths"),
    [
        ("in_app", {"body": "x", "primaryAction": {"label": 5}}, ["primaryAction.label"]),
        ("in_app", {"body": "x", "redirect": {"url": "/a", "target": "aside"}}, ["redirect.target"]),
        ("in_app", {"body": "x", "secondaryAction": {"redirect": "/a"}}, ["secondaryAction.redirect"]),
        ("digest", {"type": "timed", "cron": "at nine"}, ["cron"]),
        ("delay", {"type": "timed", "cron": "99 9 * * *"}, ["cron"]),
        ("digest", {"amount": -1, "unit": "minutes"}, ["amount"]),
        ("delay", {"amount": 1.5, "unit": "days"}, ["amount"]),
        ("digest", {"amount": 1_000_000, "unit": "weeks"}, ["amount", "unit"]),
        ("delay", {"amount": 10**15, "unit": "seconds"}, ["amount", "unit"]),
    ],
)
def test_what_cannot_be_carried_out_is_told_by_its_path(novu: Novu, type: str, values: Json, paths: list[str]) -> None:
    made = novu.make(steps=[{"name": "S", "type": type, "controlValues": values}])
    found = made["steps"][0]["issues"]["controls"]
    told = "TIER_LIMIT_EXCEEDED" if len(paths) == 2 else "MISSING_VALUE"
    assert {path: [entry["issueType"] for entry in entries] for path, entries in found.items()} == {
        path: [told] for path in paths
    }
    assert made["status"] == "ERROR"


@pytest.mark.parametrize("url", ["https://example.com/a?b=c", "/path", "{{payload.url}}", "{{subscriber.data.url}}/x"])
def test_addresses_that_are_right(novu: Novu, url: str) -> None:
    assert issues(novu, {"body": "x", "avatar": url, "redirect": {"url": url}}) == {}


@pytest.mark.parametrize("channel", ["email", "sms", "push", "chat"])
def test_a_channel_without_a_provider_is_an_issue_but_no_error(
    novu: Novu, environment: Environment, channel: str
) -> None:
    Provider.objects.create(environment=environment, channel=channel, name="Off", is_active=False)
    made = novu.make(steps=[{"name": "S", "type": channel, "controlValues": {"body": "b"}}])
    (told,) = made["steps"][0]["issues"]["integration"][channel]
    assert told["issueType"] == "MISSING_INTEGRATION"
    kind = "active primary" if channel in ("email", "sms") else "active"
    assert told["message"] == f"Missing {kind} integration provider"


def test_integration_issues_alone_do_not_make_an_error(novu: Novu, environment: Environment) -> None:
    Provider.objects.create(environment=environment, channel="sms", name="Off", is_active=False)
    made = novu.make(steps=[{"name": "S", "type": "sms", "controlValues": {"body": "b"}}])
    assert (made["status"], list(made["steps"][0]["issues"])) == ("ACTIVE", ["integration"])


# -- 7.4, 3.3: triggers -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "field", "text"),
    [
        ({}, "name", "name must be a string"),
        ({"name": "", "to": "a"}, "name", "name should not be empty"),
        ({"name": "w"}, "to", "to should not be empty"),
        ({"name": "w", "to": "a", "payload": []}, "payload", "payload must be an object"),
        ({"name": "w", "to": "a", "overrides": 1}, "overrides", "overrides must be an object"),
        ({"name": "w", "to": "a", "context": 1}, "context", "context must be an object"),
        ({"name": "w", "to": "a", "transactionId": 1}, "transactionId", "transactionId must be a string"),
        ({"name": "w", "to": ["a"] * 101}, "to", "to must contain no more than 100 elements"),
        ({"name": "w", "to": "a", "payload": {"x": "x" * 524_288}}, "payload", "payload must not be larger than 512"),
    ],
)
def test_a_trigger_is_refused_in_its_own_shape(novu: Novu, body: Json, field: str, text: str) -> None:
    novu.make()
    for path, sent, prefix in (
        (TRIGGER, body, ""),
        (f"{TRIGGER}/bulk", {"events": [{"name": "w", "to": "a"}, body]}, "events.1."),
        (f"{TRIGGER}/broadcast", body, ""),
    ):
        if field == "to" and path.endswith("broadcast"):
            continue
        status, told = novu("POST", path, sent)
        assert status == 400, path
        assert any(e["message"].startswith(f"{prefix}{text}") and e["field"] == field for e in told["errors"]), told
    assert not Notification.objects.exists()


def test_a_bulk_has_one_to_a_hundred_events(novu: Novu) -> None:
    novu.make()
    path, event = f"{TRIGGER}/bulk", {"name": "w", "to": []}
    for events, text in (
        (None, "events should not be empty"),
        ([], "events should not be empty"),
        ("x", "events should not be empty"),
        ([event] * 101, "events must contain no more than 100 elements"),
    ):
        status, told = novu("POST", path, {"events": events})
        assert (status, told["errors"]) == (400, [{"field": "events", "message": text}])
    status, told = novu("POST", path, {"events": [event] * 100})
    assert (status, len(told["data"])) == (201, 100)


def test_an_active_of_null_is_left_out(novu: Novu) -> None:
    assert novu.make(active=None)["active"] is True


def test_an_unknown_workflow_is_unprocessable(novu: Novu, stranger: Novu) -> None:
    novu.make()
    for path, program, name in (
        (TRIGGER, novu, "ghost"),
        (f"{TRIGGER}/broadcast", novu, "ghost"),
        (TRIGGER, stranger, "w"),
        (f"{TRIGGER}/broadcast", stranger, "w"),
    ):
        status, told = program("POST", path, {"name": name, "to": "a", "payload": {}})
        assert (status, told["message"], told["errors"]) == (422, "workflow_not_found", {})


# -- 6.12: sync -------------------------------------------------------------------------------------------------------


def test_a_workflow_of_another_origin_is_not_synced(novu: Novu, production: Environment) -> None:
    made = novu.make()
    Workflow.objects.update(origin=Origin.EXTERNAL)
    status, told = novu("PUT", f"{WORKFLOWS}/w/sync", {"targetEnvironmentId": environment_id(production)})
    text = "Cannot sync workflow: origin 'external' is not allowed (must be one of: novu-cloud)"
    assert (status, told["message"]) == (400, text)
    assert told["ctx"] == {
        "workflowId": "w",
        "status": made["status"],
        "origin": "external",
        "allowedOrigins": ["novu-cloud"],
    }
    assert not Workflow.objects.filter(environment=production).exists()
    assert novu("POST", f"{WORKFLOWS}/w/duplicate", {})[0] == 400


def test_the_workflow_is_looked_for_before_the_environments(novu: Novu, environment: Environment) -> None:
    here = environment_id(environment)
    for target in (here, GHOST):
        status, told = novu("PUT", f"{WORKFLOWS}/ghost/sync", {"targetEnvironmentId": target})
        assert (status, told["message"], told["ctx"]) == (404, "Workflow cannot be found", {"workflowId": "ghost"})
    novu.make()
    status, told = novu("PUT", f"{WORKFLOWS}/w/sync", {"targetEnvironmentId": here})
    assert (status, told["message"]) == (400, "Cannot sync workflow to the same environment")
    status, told = novu("PUT", f"{WORKFLOWS}/w/sync", {"targetEnvironmentId": GHOST})
    assert (status, told["message"]) == (404, f"Environment {GHOST} not found")


@pytest.mark.parametrize("ref", ["#/$defs/gone", "#gone", "#/properties/a/0"])
def test_a_schema_that_refers_to_what_it_does_not_have_is_refused(novu: Novu, ref: str) -> None:
    schema = {"type": "object", "properties": {"a": {"type": "array", "items": {"$ref": ref}}}}
    status, told = novu("POST", WORKFLOWS, {**BODY, "payloadSchema": schema, "validatePayload": True})
    assert (status, told["message"]) == (400, ["payloadSchema must be a valid JSON schema"])
    novu.make()
    assert novu("PATCH", f"{WORKFLOWS}/w", {"payloadSchema": schema})[0] == 400


def test_a_schema_may_refer_to_its_own_parts(novu: Novu) -> None:
    schema = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "definitions": {"line": {"type": "object", "properties": {"next": {"$ref": "#/definitions/line"}}}},
        "$defs": {"named": {"$anchor": "named", "type": "string"}, "inner": {"$id": "inner", "$ref": "#"}},
        "properties": {"line": {"$ref": "#/definitions/line"}, "name": {"$ref": "#named"}, "all": {"$ref": "#"}},
        "default": {"$ref": "#/only/a/value"},
    }
    novu.make(payloadSchema=schema, validatePayload=True)
    fit: Json = {"line": {"next": {}}, "name": "n"}
    for payload, status in ((fit, 201), ({"line": {"next": 1}}, 400), ({"name": 1}, 400)):
        assert novu("POST", TRIGGER, {"name": "w", "to": "ada", "payload": payload})[0] == status


def test_names_with_slashes_are_found_again(novu: Novu) -> None:
    made = novu.make(workflowId="shop/orders")
    there = f"{WORKFLOWS}/shop%2Forders"
    assert novu("GET", there)[1]["data"]["_id"] == made["_id"]
    assert novu("GET", f"{there}/steps/note")[0] == 200
    assert novu("POST", f"{there}/step/note/preview", {})[0] == 201
    sent = {"name": "shop/orders", "to": {"subscriberId": "shop/ada"}, "transactionId": "shop/1"}
    assert novu("POST", TRIGGER, sent)[1]["data"]["status"] == "processed"
    assert novu("DELETE", f"{TRIGGER}/shop%2F1")[0] == 200
    assert novu("GET", "/v2/subscribers/shop%2Fada")[1]["data"]["subscriberId"] == "shop/ada"
    assert novu("GET", "/v2/subscribers/shop%2Fada/preferences")[0] == 200
    assert novu("POST", "/v2/topics", {"key": "shop/all", "name": "All"})[0] == 201
    body = {"subscriberIds": ["shop/ada"]}
    assert novu("POST", "/v2/topics/shop%2Fall/subscriptions", body)[0] in (200, 201)
    assert novu("GET", "/v2/topics/shop%2Fall")[1]["data"]["key"] == "shop/all"
    assert novu("DELETE", there)[0] == 204


@pytest.mark.parametrize(
    "path",
    ["/v2/subscribers/ada/subscriptions", "/v2/subscribers/ada/notifications/count", "/v2/topics/all/subscriptions/x"],
)
def test_what_the_vendor_alone_has_is_told_by_its_path(novu: Novu, path: str) -> None:
    status, told = novu("GET", path)
    assert (status, told["message"]) == (404, f"Cannot GET {path}")
