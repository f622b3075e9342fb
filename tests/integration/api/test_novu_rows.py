"""Novu's rules for what is sent, row by row, at every door that has them: each in the vendor's own error shape."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
import pytest
from django.test import Client

from accounts.models import ApiKey, Environment
from accounts.roles import ApiScope
from accounts.scope import Scope
from designer.models import Flow
from dialects.novu.ids import environment_id
from dialects.novu.models import Origin, Workflow
from engine.notifying.models import Message, Notification, Provider, Subscriber, Topic

pytestmark = pytest.mark.django_db
Json = dict[str, Any]
GHOST = "0" * 24
NOTE: Json = {"name": "Note", "type": "in_app", "controlValues": {"body": "x"}}
BODY: Json = {"name": "W", "workflowId": "w", "steps": [NOTE]}
WORKFLOWS, TRIGGER = "/v2/workflows", "/v1/events/trigger"
EACH_TAG = "each value in tags must be longer than or equal to 1 and shorter than or equal to 32 characters"


class Novu:
    """Calls `/novu` with a key. Answers are `(status, body)`; every refusal is checked for the vendor's shape."""

    def __init__(self, key: str | None, *, scheme: str = "ApiKey") -> None:
        self.client = Client(raise_request_exception=False)
        self.headers = {"authorization": f"{scheme} {key}"} if key else {}

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        data = body if isinstance(body, bytes) else b"" if body is None else orjson.dumps(body)
        answer = self.client.generic(
            method, f"/novu{path}", data, content_type="application/json", headers=self.headers | headers
        )
        found = orjson.loads(answer.content) if answer.content else None
        if answer.status_code >= 400:
            assert isinstance(found, dict)
            refused(found, answer.status_code, path.partition("?")[0])
        return answer.status_code, found

    def make(self, **more: Any) -> Json:
        """A new workflow."""
        status, found = self("POST", WORKFLOWS, {**BODY, **more})
        assert status == 201, found
        return dict(found["data"])


def refused(told: Json, status: int, path: str) -> None:
    """Its shape: ErrorDto, ValidationErrorDto for 422, and on the trigger paths the special 400."""
    assert (told["statusCode"], told["path"]) == (status, path)
    assert told["timestamp"].endswith("Z")
    assert "data" not in told
    if status == 422:
        assert isinstance(told["errors"], dict)
        assert all(isinstance(entry["messages"], list) for entry in told["errors"].values())
    if status == 400 and path in (TRIGGER, f"{TRIGGER}/bulk", f"{TRIGGER}/broadcast"):
        assert told["type"] == "PAYLOAD_VALIDATION_ERROR"
        assert all({"field", "message"} <= entry.keys() for entry in told["errors"])


def key_of(environment: Environment, **more: Any) -> str:
    return ApiKey.objects.issue(environment=environment, name="tests", **more)[1]


@pytest.fixture
def novu(environment: Environment) -> Novu:
    """A program in `development`."""
    return Novu(key_of(environment))


@pytest.fixture
def stranger(foreign_scope: Scope) -> Novu:
    """A program of another organization."""
    return Novu(key_of(foreign_scope.environment))


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


# -- other people's, other environments', other keys -------------------------------------------------------------------

UPDATE: Json = {"name": "W", "steps": [], "preferences": {}}
OF_A_WORKFLOW: list[tuple[str, str, Any]] = [
    ("GET", "", None),
    ("PUT", "", UPDATE),
    ("PATCH", "", {"name": "Theirs"}),
    ("DELETE", "", None),
    ("PUT", "/sync", {"targetEnvironmentId": GHOST}),
    ("POST", "/duplicate", {}),
    ("GET", "/test-data", None),
    ("GET", "/steps/note", None),
    ("POST", "/step/note/preview", {}),
]


def test_a_foreign_workflow_is_not_found_at_any_door(novu: Novu, stranger: Novu, production: Environment) -> None:
    made = novu.make()
    for program in (stranger, Novu(key_of(production))):
        for method, door, body in OF_A_WORKFLOW:
            for name in (made["_id"], made["slug"], "w"):
                status, told = program(method, f"{WORKFLOWS}/{name}{door}", body)
                assert (status, told["message"]) == (404, "Workflow cannot be found"), (method, door)
                assert told["ctx"] == {"workflowId": name}
    assert novu("GET", f"{WORKFLOWS}/w")[1]["data"] == made


def test_an_unknown_step_is_not_found(novu: Novu) -> None:
    novu.make()
    for method, door, body in (("GET", "steps", None), ("POST", "step", {})):
        path = f"{WORKFLOWS}/w/{door}/ghost{'/preview' if door == 'step' else ''}"
        status, told = novu(method, path, body)
        assert (status, told["message"]) == (404, "Step cannot be found")
        assert told["ctx"] == {"workflowId": "w", "stepId": "ghost"}


def test_what_is_another_organizations_is_not_found(novu: Novu, stranger: Novu, environment: Environment) -> None:
    novu.make()
    assert novu("POST", TRIGGER, {"name": "w", "to": "ada", "transactionId": "t"})[0] == 201
    assert novu("POST", "/v2/topics", {"key": "depot", "name": "Depot"})[0] == 201
    activity = novu("GET", "/v1/notifications")[1]["data"][0]["_id"]
    here = environment_id(environment)
    doors: list[tuple[str, str, Any]] = [
        ("PUT", f"/v1/environments/{here}", {"name": "Theirs"}),
        ("DELETE", f"/v1/environments/{here}", None),
        ("GET", f"/v2/environments/{here}/tags", None),
        ("POST", f"/v2/environments/{here}/publish", {}),
        ("POST", f"/v2/environments/{here}/diff", {}),
        ("GET", f"/v1/notifications/{activity}", None),
        ("GET", "/v2/subscribers/ada", None),
        ("PATCH", "/v2/subscribers/ada", {"lastName": "L"}),
        ("DELETE", "/v2/subscribers/ada", None),
        ("GET", "/v2/subscribers/ada/preferences", None),
        ("PATCH", "/v2/subscribers/ada/preferences", {"channels": {"sms": False}}),
        ("GET", "/v2/topics/depot", None),
        ("PATCH", "/v2/topics/depot", {"name": "Theirs"}),
        ("DELETE", "/v2/topics/depot", None),
        ("GET", "/v2/topics/depot/subscriptions", None),
        ("DELETE", "/v2/topics/depot/subscriptions", {"subscriberIds": ["ada"]}),
    ]
    for method, path, body in doors:
        assert stranger(method, path, body)[0] == 404, (method, path)
    theirs = stranger("GET", "/v1/environments")[1]["data"][0]["_id"]
    for door in ("publish", "diff"):
        path = f"/v2/environments/{theirs}/{door}"
        assert stranger("POST", path, {"sourceEnvironmentId": here})[0] == 404
    assert stranger("GET", "/v1/notifications")[1]["data"] == []
    assert stranger("DELETE", f"{TRIGGER}/t") == (200, {"data": False})
    assert Subscriber.objects.get().subscriber_id == "ada"
    assert Topic.objects.get().name == "Depot"
    assert Message.objects.count() <= 1


@pytest.fixture
def each_door(novu: Novu) -> Callable[[Novu, str], list[tuple[int, Any]]]:
    """`each_door(program, query)`: what every operation answers with this query."""
    novu.make()

    def ask(program: Novu, query: str) -> list[tuple[int, Any]]:
        doors = [(method, f"{WORKFLOWS}/w{door}", body) for method, door, body in OF_A_WORKFLOW]
        doors += [
            ("GET", WORKFLOWS, None),
            ("POST", WORKFLOWS, BODY),
            ("POST", TRIGGER, {"name": "w", "to": "a"}),
            ("POST", f"{TRIGGER}/bulk", {"events": [{"name": "w", "to": "a"}]}),
            ("POST", f"{TRIGGER}/broadcast", {"name": "w", "payload": {}}),
            ("DELETE", f"{TRIGGER}/t", None),
            ("GET", "/v1/environments", None),
            ("POST", "/v1/environments", {"name": "N", "color": "#fff"}),
            ("PUT", f"/v1/environments/{GHOST}", {"name": "N"}),
            ("DELETE", f"/v1/environments/{GHOST}", None),
            ("GET", f"/v2/environments/{GHOST}/tags", None),
            ("POST", f"/v2/environments/{GHOST}/publish", {}),
            ("POST", f"/v2/environments/{GHOST}/diff", {}),
            ("GET", "/v1/notifications", None),
            ("GET", f"/v1/notifications/{GHOST}", None),
            ("GET", "/v1/messages", None),
        ]
        return [program(method, f"{path}{query}", body) for method, path, body in doors]

    return ask


def test_a_key_reaches_its_own_environment_only(
    novu: Novu, production: Environment, foreign_scope: Scope, each_door: Callable[[Novu, str], list[tuple[int, Any]]]
) -> None:
    for other in (environment_id(production), environment_id(foreign_scope.environment), GHOST, "nonsense"):
        for status, told in each_door(novu, f"?environmentId={other}"):
            assert status == 403
            assert "is scoped to a single environment" in told["message"]
    assert Workflow.objects.count() == 1
    assert not Notification.objects.exists()


def test_a_bad_key_is_unauthorized_at_every_door(
    environment: Environment, each_door: Callable[[Novu, str], list[tuple[int, Any]]]
) -> None:
    for program in (Novu(None), Novu("nonsense"), Novu(key_of(environment), scheme="Bearer")):
        assert {(status, told["message"]) for status, told in each_door(program, "")} == {(401, "Unauthorized")}


def test_a_reading_key_writes_nothing(
    environment: Environment, each_door: Callable[[Novu, str], list[tuple[int, Any]]]
) -> None:
    reading = [scope for scope in ApiScope.values if scope.endswith(":read")]
    answers = each_door(Novu(key_of(environment, scopes=reading)), "")
    assert {status for status, _ in answers} == {200, 201, 403, 404}
    assert Workflow.objects.count() == 1
    assert not Notification.objects.exists()


# -- 3.4 --------------------------------------------------------------------------------------------------------------


def test_the_rules_of_idempotency_keys(novu: Novu) -> None:
    def ask(method: str, path: str, body: Any, key: str) -> Any:
        data = b"" if body is None else orjson.dumps(body)
        headers = {**novu.headers, "idempotency-key": key}
        return novu.client.generic(method, f"/novu{path}", data, content_type="application/json", headers=headers)

    made = novu.make()
    path = f"{WORKFLOWS}/{made['_id']}"
    for method, body in (("GET", None), ("PUT", UPDATE)):
        assert "Idempotency-Key" not in ask(method, path, body, "one")
    first, second = (ask("PATCH", path, {"name": "Once"}, "one") for _ in range(2))
    assert (first["Idempotency-Key"], first.headers.get("Idempotency-Replay")) == ("one", None)
    assert (second["Idempotency-Replay"], second.content) == ("true", first.content)
    other = ask("POST", TRIGGER, {"name": "w", "to": "a"}, "one")
    told = other.json()
    refused(told, 422, TRIGGER)
    assert told["message"] == 'Request with key "one" is being reused for a different body'
    assert (told["error"], told["errors"]) == ("Unprocessable Entity", {})
    assert other["Link"]
    long = ask("POST", TRIGGER, {}, "k" * 256)
    refused(long.json(), 400, TRIGGER)
    text = f'idempotencyKey "{"k" * 256}" has exceeded the maximum allowed length of 255 characters'
    assert long.json()["message"] == text


# -- 3.2 --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v2/nowhere", 404),
        ("DELETE", WORKFLOWS, 405),
        ("GET", TRIGGER, 405),
        ("PATCH", TRIGGER, 405),
        ("GET", f"/v1/environments/{GHOST}", 405),
        ("GET", f"{WORKFLOWS}/w%00", 400),
        ("GET", f"{WORKFLOWS}?query=%00", 400),
        ("GET", f"{WORKFLOWS}/{'a' * 3000}", 404),
        ("GET", f"{WORKFLOWS}/%F0%9F%92%A9", 404),
        ("GET", f"/v1/notifications/{'9' * 24}", 404),
        ("GET", f"/v2/environments/{'f' * 24}/tags", 404),
    ],
)
def test_what_is_nowhere_is_told_in_novus_shape(novu: Novu, method: str, path: str, status: int) -> None:
    answer = novu.client.generic(method, f"/novu{path}", headers=novu.headers)
    assert answer.status_code == status
    told = orjson.loads(answer.content)
    assert (told["statusCode"], told["timestamp"][-1]) == (status, "Z")
    assert told["path"].startswith("/v")


def test_what_is_refused_before_the_room_has_its_shape_too(novu: Novu, settings: Any) -> None:
    settings.MAX_REQUEST_BYTES = 1_000
    for path in (WORKFLOWS, TRIGGER):
        assert novu("POST", path, {"name": "x" * 2_000})[0] == 413
    assert novu("POST", f"{TRIGGER}?a=%00", {})[0] == 400


# -- what is accepted can be run --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("type", "values"),
    [
        ("digest", {"amount": 1e9, "unit": "months"}),
        ("digest", {"amount": -1, "unit": "days"}),
        ("digest", {"amount": 1.5, "unit": "days"}),
        ("digest", {"amount": 5, "unit": "minutes", "lookBackWindow": {"amount": "x", "unit": 7}}),
        ("digest", {"amount": 5, "unit": "minutes", "digestKey": "a b{{"}),
        ("digest", {"type": "timed", "cron": "61 * * * *"}),
        ("delay", {"amount": 1e9, "unit": "months"}),
        ("delay", {"amount": 1.5, "unit": "weeks"}),
        ("delay", {"type": "timed", "cron": "every day"}),
        ("delay", {"type": "dynamic", "dynamicKey": "payload.at"}),
        ("throttle", {"amount": 1e9, "unit": "days", "threshold": 1e12}),
        ("throttle", {"amount": 1, "unit": "days", "threshold": 0}),
        ("throttle", {"type": "dynamic", "dynamicKey": "{{"}),
        ("http_request", {"method": "TRACE", "url": "nowhere", "headers": [{"key": "\n", "value": "\n"}]}),
        ("http_request", {"method": "GET", "url": "https://[", "responseBodySchema": {"type": 7}}),
        ("email", {"subject": "{{", "body": "{", "editorType": "block", "layoutId": 5}),
        ("email", {"subject": "s", "from": {"email": 5}}),
        ("in_app", {"body": 5, "data": "x", "primaryAction": "x", "redirect": 7}),
        ("sms", {"body": "{% for %}", "skip": {"nonsense": [1, 2]}}),
        ("sms", {"body": "x", "skip": {"==": "x"}}),
        ("sms", {"body": "x", "skip": "yes"}),
        ("push", {"subject": None, "body": None}),
        ("custom", {"custom": 7, "more": {}}),
        ("tool", {"body": "x" * 100_000}),
    ],
)
def test_what_is_accepted_can_be_triggered(novu: Novu, type: str, values: Json) -> None:
    status, told = novu("POST", WORKFLOWS, {**BODY, "steps": [{"name": "S", "type": type, "controlValues": values}]})
    if status == 400:
        assert not Flow.objects.exists()
        return
    assert status == 201, told
    made = told["data"]
    assert novu("GET", f"{WORKFLOWS}/w")[1]["data"] == made
    assert novu("GET", f"{WORKFLOWS}/w/steps/{made['steps'][0]['stepId']}")[0] == 200
    assert novu("POST", f"{WORKFLOWS}/w/step/{made['steps'][0]['stepId']}/preview", {})[0] == 201
    assert novu("GET", f"{WORKFLOWS}/w/test-data")[0] == 200
    status, told = novu("POST", TRIGGER, {"name": "w", "to": "a"})
    assert (status, told["data"]["status"]) == (201, "processed"), told


@pytest.mark.parametrize(
    "body",
    [
        {"to": {"subscriberId": "a", "email": 5, "phone": [], "data": "x"}},
        {"to": {"subscriberId": "a", "timezone": "Nowhere/None", "locale": "x" * 500}},
        {"to": {"subscriberId": "a", "firstName": "x" * 5_000, "avatar": "x" * 5_000}},
        {"to": {"subscriberId": "x" * 500}},
        {"to": 5},
        {"to": [None, 5, {}, [["a"]]]},
        {"to": {"type": "Topic", "topicKey": "nope", "exclude": 5}},
        {"to": {"type": "Topic", "topicKey": ["x"]}},
        {"to": "a", "overrides": {"channels": 5, "severity": 7, "email": 5, "steps": "x"}},
        {"to": "a", "actor": 5, "tenant": 5, "context": {"a": 5, "b": {"id": 5}}},
        {"to": "a", "payload": {"a": {"b": [1, None, {}]}}},
        {"to": "a", "transactionId": ""},
    ],
)
def test_a_trigger_is_accepted_or_refused_but_never_breaks(novu: Novu, body: Json) -> None:
    novu.make()
    status, told = novu("POST", TRIGGER, {"name": "w", **body})
    assert status in (201, 400), told
    status, told = novu("POST", f"{TRIGGER}/bulk", {"events": [{"name": "w", **body}]})
    assert status in (201, 400), told
