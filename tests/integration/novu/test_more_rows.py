"""Rows of the contract that the other tests do not go by: schedules of subscribers, workflows from elsewhere, keys of
new environments, tries for a step's id, previews of push, chat and tools, how fast a key may ask.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from accounts.models import ApiKey, Environment
from accounts.scope import Scope
from designer.graph.codec import decode_flow
from designer.services.drafting import create_flow, draft_of
from designer.services.publishing import publish_flow
from dialects.novu import base, workflows
from dialects.novu.models import Replay, Workflow
from engine.notifying.models import Preference, Subscriber
from tests.integration.engine.conftest import Engine
from tests.integration.novu.conftest import NOTE, TRIGGER, WORKFLOWS, Json, Novu, key_of
from tests.integration.novu.test_running import contents, jobs, send, step

pytestmark = pytest.mark.django_db
PEOPLE = "/v2/subscribers"
MONDAY = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
HOURS: Json = {"isEnabled": True, "hours": [{"start": "09:00 AM", "end": "05:00 PM"}]}
MONDAYS: Json = {"isEnabled": True, "weeklySchedule": {"monday": HOURS, "tuesday": {"isEnabled": False}}}
MAIL: Json = step("email", "mail", subject="s", body="b", editorType="html")


@pytest.fixture
def engine(scope: Scope) -> Engine:
    """The engine, long after triggers come, so that its own clock says what day it is: a Monday, at three."""
    return Engine(scope, now=datetime(2031, 3, 3, 3, 0, tzinfo=UTC))


@pytest.fixture
def ada(novu: Novu) -> str:
    """A subscriber who may be written to on Mondays from nine to five, in Berlin."""
    body = {"subscriberId": "ada", "email": "ada@example.test", "timezone": "Europe/Berlin"}
    assert novu("POST", PEOPLE, body)[0] == 201
    status, told = novu("PATCH", f"{PEOPLE}/ada/preferences", {"schedule": MONDAYS})
    assert (status, told["data"]["global"]["schedule"]) == (200, MONDAYS), told
    return "ada"


# -- schedules --------------------------------------------------------------------------------------------------------


def test_a_schedule_is_kept_and_told_with_the_general_preference(novu: Novu, ada: str) -> None:
    path = f"{PEOPLE}/{ada}/preferences"
    assert novu("GET", path)[1]["data"]["global"]["schedule"] == MONDAYS
    assert novu("PATCH", path, {"channels": {"email": False}})[1]["data"]["global"]["schedule"] == MONDAYS
    off = novu("PATCH", path, {"schedule": {"isEnabled": False}})[1]["data"]["global"]
    assert (off["schedule"], off["channels"]["email"]) == ({**MONDAYS, "isEnabled": False}, False)
    assert novu("POST", PEOPLE, {"subscriberId": "grace"})[0] == 201
    assert "schedule" not in novu("GET", f"{PEOPLE}/grace/preferences")[1]["data"]["global"]


@pytest.mark.parametrize(
    ("schedule", "text"),
    [
        ([], "schedule must be an object"),
        ({}, "schedule.isEnabled must be a boolean"),
        ({"isEnabled": True, "weeklySchedule": {"funday": HOURS}}, "schedule.weeklySchedule.funday must be one of"),
        (
            {"isEnabled": True, "weeklySchedule": {"monday": {"isEnabled": True, "hours": [{}]}}},
            "hours.0.start must be",
        ),
    ],
)
def test_what_is_no_schedule_is_refused_and_changes_nothing(novu: Novu, ada: str, schedule: Any, text: str) -> None:
    status, told = novu("PATCH", f"{PEOPLE}/{ada}/preferences", {"schedule": schedule, "channels": {"email": False}})
    assert status == 400
    assert text in told["message"][0]
    found = novu("GET", f"{PEOPLE}/{ada}/preferences")[1]["data"]["global"]
    assert (found["schedule"], found["channels"]["email"]) == (MONDAYS, True)


def test_a_schedule_is_not_one_of_a_workflow(novu: Novu, ada: str) -> None:
    novu.make()
    status, told = novu("PATCH", f"{PEOPLE}/{ada}/preferences", {"schedule": MONDAYS, "workflowId": "w"})
    assert (status, "workflowId" in told["message"][0]) == (400, True)
    general = Preference.objects.get(subscriber__subscriber_id=ada, flow=None)
    general.full_clean()
    general.schedule = {"isEnabled": "yes"}
    with pytest.raises(ValidationError, match="isEnabled must be a boolean"):
        general.full_clean()


def open_in(novu: Novu, hours: int, *, lasting: int = 1) -> str:
    """A subscriber whose only hours of the week begin so many hours from now."""
    begins = timezone.now().replace(second=0, microsecond=0) + timedelta(hours=hours)
    ends = begins + timedelta(hours=lasting)
    day = {"isEnabled": True, "hours": [{"start": f"{begins:%H:%M}", "end": f"{ends:%I:%M %p}"}]}
    schedule = {"isEnabled": True, "weeklySchedule": {f"{begins:%A}".lower(): day}}
    assert novu("POST", PEOPLE, {"subscriberId": "soon"})[0] == 201
    assert novu("PATCH", f"{PEOPLE}/soon/preferences", {"schedule": schedule})[0] == 200
    return "soon"


@pytest.mark.parametrize(
    ("extends", "hours"), [(True, 5), (False, 1), (None, 1)], ids=["extended", "as it is", "not said"]
)
def test_a_delay_is_extended_to_the_schedule(novu: Novu, scope: Scope, extends: bool | None, hours: int) -> None:
    engine = Engine(scope, now=timezone.now())
    more = {} if extends is None else {"extendToSchedule": extends}
    made = novu.make(steps=[step("delay", type="regular", amount=1, unit="hours", **more), NOTE])
    assert made["steps"][0]["controls"]["values"].get("extendToSchedule") == extends
    transaction = send(novu, engine, to=open_in(novu, 5))
    engine.later(minutes=hours * 60 - 10)
    assert contents(novu, transaction) == []
    engine.later(minutes=20)
    assert contents(novu, transaction) == ["x"]


def test_a_delay_that_ends_within_the_hours_and_one_of_nobody_with_a_schedule_stay(novu: Novu, scope: Scope) -> None:
    engine = Engine(scope, now=timezone.now())
    novu.make(steps=[step("delay", type="regular", amount=6, unit="hours", extendToSchedule=True), NOTE])
    both = [send(novu, engine, to=who) for who in (open_in(novu, 5, lasting=2), "grace")]
    engine.later(minutes=350)
    assert [contents(novu, each) for each in both] == [[], []]
    engine.later(minutes=20)
    assert [contents(novu, each) for each in both] == [["x"], ["x"]]


def test_outside_of_the_hours_only_the_inbox_and_what_is_critical_gets_through(
    novu: Novu, engine: Engine, ada: str
) -> None:
    novu.make(steps=[NOTE, MAIL])
    critical = {"all": {"enabled": True, "readOnly": True}, "channels": {}}
    novu.make(workflowId="must", steps=[NOTE, MAIL], preferences={"workflow": critical})
    night = send(novu, engine, to=ada)
    found = {job["type"]: job for job in jobs(novu, night)}
    assert (found["in_app"]["status"], found["email"]["status"]) == ("completed", "skipped")
    assert found["email"]["executionDetails"][0]["detail"] == "SKIPPED_STEP_OUTSIDE_OF_THE_SCHEDULE"
    engine.now = MONDAY.replace(year=2031, day=3, hour=10)
    assert [job["status"] for job in jobs(novu, send(novu, engine, to=ada))] == ["completed", "completed"]
    engine.now = MONDAY.replace(year=2031, day=3, hour=22)
    status, told = novu("POST", TRIGGER, {"name": "must", "to": ada})
    assert status == 201
    engine.work()
    assert [job["status"] for job in jobs(novu, told["data"]["transactionId"])] == ["completed", "completed"]


# -- workflows from elsewhere -----------------------------------------------------------------------------------------

RULE: Json = {"==": [{"var": "payload.a"}, 1]}


def imported(scope: Scope, origin: str, only_if: Json) -> None:
    """A flow file with one note, as it is imported."""
    document: Json = {
        "format": 1,
        "key": "elsewhere",
        "name": "Elsewhere",
        "tasks": [{"key": "note", "kind": "in_app", "name": "Note", "settings": {"body": "x", "only_if": only_if}}],
        "edges": [],
        "extensions": {"novu": {"origin": origin}},
    }
    flow = decode_flow(document)
    row = create_flow(scope, key="elsewhere", name="Elsewhere", flow=flow)
    publish_flow(scope, row, note="")


@pytest.mark.parametrize("origin", ["external", "novu-cloud"])
def test_skip_of_a_workflow_from_elsewhere_means_what_it_says(
    novu: Novu, engine: Engine, scope: Scope, origin: str
) -> None:
    imported(scope, origin, RULE)
    found = novu("GET", f"{WORKFLOWS}/elsewhere")[1]["data"]
    shown = found["steps"][0]["controls"]["values"]["skip"]
    is_external = origin == "external"
    assert (found["origin"], found["steps"][0]["origin"]) == (origin, origin)
    assert shown == ({"!": [RULE]} if is_external else RULE)

    def runs(a: int) -> bool:
        status, told = novu("POST", TRIGGER, {"name": "elsewhere", "to": "ada", "payload": {"a": a}})
        assert status == 201
        engine.work()
        return contents(novu, told["data"]["transactionId"]) == ["x"]

    assert (runs(1), runs(2)) == (True, False)
    body = {"name": "Elsewhere", "preferences": {}, "origin": "novu-cloud"}
    steps = [{"name": "Note", "stepId": "note", "type": "in_app", "controlValues": {"body": "x", "skip": RULE}}]
    status, again = novu("PUT", f"{WORKFLOWS}/elsewhere", {**body, "steps": steps})
    assert (status, again["data"]["origin"]) == (200, origin)
    assert again["data"]["steps"][0]["controls"]["values"]["skip"] == RULE
    assert again["data"]["steps"][0]["issues"] == {}
    assert (runs(1), runs(2)) == ((False, True) if is_external else (True, False))
    kept = draft_of(Workflow.objects.get().flow).tasks["note"].settings["only_if"]
    assert kept == ({"!": [RULE]} if is_external else RULE)


# -- environments and keys --------------------------------------------------------------------------------------------


def test_a_new_environment_comes_with_a_key_of_its_own(novu: Novu, environment: Environment) -> None:
    ask = {"name": "Staging", "color": "#123456"}
    status, told = novu("POST", "/v1/environments", ask, **{"idempotency-key": "once-only"})
    (key,) = told["data"]["apiKeys"]
    assert (status, len(key["_userId"])) == (201, 24)
    there = Novu(key["key"])
    assert there.make()["workflowId"] == "w"
    assert novu("GET", f"{WORKFLOWS}/w")[0] == 404
    assert novu("POST", "/v1/environments", ask, **{"idempotency-key": "once-only"})[1] == told
    assert key["key"] not in Replay.objects.get(key="once-only").body  # it is kept sealed
    listed = next(each for each in novu("GET", "/v1/environments")[1]["data"] if each["name"] == "Staging")
    assert "apiKeys" not in listed
    assert there("GET", f"{WORKFLOWS}?environmentId={listed['_id']}")[0] == 200


def test_the_key_of_a_new_environment_may_do_no_more_than_the_callers(environment: Environment) -> None:
    scopes = ["flows:read", "flows:write"]
    told = Novu(key_of(environment, scopes=scopes))("POST", "/v1/environments", {"name": "S", "color": "#1"})[1]
    plain = told["data"]["apiKeys"][0]["key"]
    assert ApiKey.objects.get(environment__name="S").scopes == scopes
    assert Novu(plain)("POST", TRIGGER, {"name": "w", "to": "ada"})[0] == 403


def test_a_key_of_another_environment_sees_no_subscriber_and_no_topic(novu: Novu, production: Environment) -> None:
    there = Novu(key_of(production))
    assert novu("POST", PEOPLE, {"subscriberId": "ada"})[0] == 201
    assert novu("POST", "/v2/topics", {"key": "depot", "name": "Depot"})[0] == 201
    assert novu("POST", "/v2/topics/depot/subscriptions", {"subscriberIds": ["ada"]})[0] == 201
    for method, path, body in [
        ("GET", f"{PEOPLE}/ada", None),
        ("PATCH", f"{PEOPLE}/ada", {"firstName": "X"}),
        ("DELETE", f"{PEOPLE}/ada", None),
        ("GET", f"{PEOPLE}/ada/preferences", None),
        ("PATCH", f"{PEOPLE}/ada/preferences", {"schedule": MONDAYS}),
        ("GET", "/v2/topics/depot", None),
        ("PATCH", "/v2/topics/depot", {"name": "X"}),
        ("DELETE", "/v2/topics/depot", None),
        ("GET", "/v2/topics/depot/subscriptions", None),
        ("DELETE", "/v2/topics/depot/subscriptions", {"subscriberIds": ["ada"]}),
    ]:
        assert there(method, path, body)[0] == 404, (method, path)
    for path in (PEOPLE, "/v2/topics"):
        assert there("GET", path)[1]["data"] == []
    assert Subscriber.objects.get().first_name == ""
    here = novu("GET", "/v1/environments")[1]["data"][0]["_id"]
    for path in (PEOPLE, f"{PEOPLE}/ada", f"{PEOPLE}/ada/preferences", "/v2/topics", "/v2/topics/depot"):
        status, told = there("GET", f"{path}?environmentId={here}")
        assert (status, "is scoped to a single environment" in told["message"]) == (403, True)
    assert len(novu("GET", "/v2/topics/depot/subscriptions")[1]["data"]) == 1


# -- 5.3, 5.9, 8.15 ---------------------------------------------------------------------------------------------------


def test_a_steps_id_is_tried_five_times(novu: Novu, monkeypatch: pytest.MonkeyPatch) -> None:
    tries: Iterator[str] = iter(["aaaa"] * 3 + ["bbbb"])
    monkeypatch.setattr(workflows, "_random", lambda: next(tries))
    made = novu.make(steps=[NOTE, NOTE, NOTE])
    assert [each["stepId"] for each in made["steps"]] == ["note", "note-aaaa", "note-bbbb"]
    drawn: list[int] = []
    monkeypatch.setattr(workflows, "_random", lambda: drawn.append(1) or "same")
    status, told = novu("POST", WORKFLOWS, {"name": "V", "workflowId": "v", "steps": [NOTE, NOTE, NOTE]})
    assert (status, told["message"], len(drawn)) == (400, "Failed to generate unique stepId", 6)
    assert not Workflow.objects.filter(identifier="v").exists()


def test_previews_of_push_chat_sms_and_tools(novu: Novu) -> None:
    body = "No. {{payload.no}} for {{subscriber.firstName}}"
    steps = [
        step("push", subject="S {{payload.no}}", body=body),
        *(step(type, body=body) for type in ("chat", "sms", "tool")),
    ]
    made = novu.make(steps=[*steps, step("push", "empty"), step("chat", "broken", body="{{ payload.no")])
    asked = {"previewPayload": {"payload": {"no": 7}, "subscriber": {"firstName": "Ada"}}}
    shown = {}
    for each in made["steps"]:
        status, told = novu("POST", f"{WORKFLOWS}/w/step/{each['stepId']}/preview", asked)
        assert (status, told["data"]["result"]["type"]) == (201, each["type"])
        shown[each["stepId"]] = told["data"]["result"]
    said = "No. 7 for Ada"
    assert shown["push"]["preview"] == {"subject": "S 7", "body": said}
    assert [shown[type]["preview"] for type in ("chat", "sms", "tool")] == [{"body": said}] * 3
    assert shown["empty"]["preview"] == {"subject": "", "body": ""}
    assert {"title", "message"} <= shown["broken"]["error"].keys()
    other = {"controlValues": {"body": "Other {{payload.no}}"}, **asked}
    told = novu("POST", f"{WORKFLOWS}/w/step/chat/preview", other)[1]["data"]
    assert told["result"]["preview"] == {"body": "Other 7"}
    assert told["previewPayloadExample"]["payload"] == {"no": 7}


def test_how_fast_a_key_may_ask_is_a_setting(
    novu: Novu, environment: Environment, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    moment = timezone.now()
    monkeypatch.setattr(base, "now", lambda: moment)  # all within one second
    assert {novu("GET", WORKFLOWS)[0] for _ in range(20)} == {200}  # off by default
    settings.NOVU_REQUEST_RATE = 3
    client, key = Client(), key_of(environment)

    def ask(key: str) -> Any:
        return client.get(f"/novu{WORKFLOWS}", headers={"authorization": f"ApiKey {key}"})

    assert [ask(key).status_code for _ in range(4)] == [200, 200, 200, 429]
    refused = ask(key)
    assert (refused.status_code, refused.headers["Retry-After"], refused.json()["statusCode"]) == (429, "1", 429)
    assert ask(key_of(environment)).status_code == 200  # each key has its own
    monkeypatch.setattr(base, "now", lambda: moment + timedelta(seconds=1))
    assert ask(key).status_code == 200


def test_the_limits_are_settings(novu: Novu, settings: Any) -> None:
    settings.NOVU_MAX_STEPS, settings.NOVU_MAX_EVENTS = 1, 1
    settings.NOVU_MAX_RECIPIENTS, settings.NOVU_MAX_PAYLOAD_KIB, settings.DIGEST_MAX_DAYS = 1, 1, 2
    status, told = novu("POST", WORKFLOWS, {"name": "W", "workflowId": "w", "steps": [NOTE, NOTE]})
    assert (status, told["message"]) == (400, ["steps must contain no more than 1 elements"])
    made = novu.make(steps=[step("delay", type="regular", amount=3, unit="days")])
    assert made["steps"][0]["issues"]["controls"]["amount"][0]["message"] == "The maximum delay is 2 days"
    for path, body, text in [
        (TRIGGER, {"name": "w", "to": ["a", "b"]}, "to must contain no more than 1 elements"),
        (TRIGGER, {"name": "w", "to": "a", "payload": {"x": "y" * 1024}}, "payload must not be larger than 1 KiB"),
        (f"{TRIGGER}/bulk", {"events": [{}, {}]}, "events must contain no more than 1 elements"),
    ]:
        status, told = novu("POST", path, body)
        assert (status, text in str(told)) == (400, True), told
    settings.NOVU_MAX_WORKFLOWS = 1
    status, told = novu("POST", WORKFLOWS, {"name": "V", "workflowId": "v", "steps": []})
    assert (status, told["message"]) == (400, "Workflows of an environment must be no more than 1")
    settings.NOVU_MAX_WORKFLOWS = 0
    assert novu("POST", WORKFLOWS, {"name": "V", "workflowId": "v", "steps": []})[0] == 201
