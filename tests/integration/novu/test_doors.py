"""Who may come in where, idempotency keys, what is nowhere; and what is let in can be run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
import pytest

from accounts.models import Environment
from accounts.roles import ApiScope
from accounts.scope import Scope
from designer.models import Flow
from dialects.novu.ids import environment_id
from dialects.novu.models import Workflow
from engine.notifying.models import Message, Notification, Subscriber, Topic
from tests.integration.novu.conftest import BODY, GHOST, TRIGGER, WORKFLOWS, Json, Novu, key_of, refused

pytestmark = pytest.mark.django_db

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


def test_a_custom_step_whose_values_do_not_fit_has_an_issue_and_sends_none_back(novu: Novu) -> None:
    steps = [{"name": "S", "type": "custom", "controlValues": {"custom": 5}}]
    status, told = novu("POST", WORKFLOWS, {**BODY, "steps": steps})
    assert status == 201, told
    (step,) = told["data"]["steps"]
    assert "custom" not in step["controls"]["values"]
    assert list(step["issues"]["controls"]) == ["custom"]
    assert told["data"]["status"] == "ERROR"


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
