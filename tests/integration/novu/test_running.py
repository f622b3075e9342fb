"""What runs, where the SDKs' tests do not go: windows, keys, moments, the order of what a trigger is told."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Environment
from accounts.scope import Scope
from dialects.novu.ids import environment_id
from engine.models import Instance
from engine.notifying.models import MessagePolicy, Subscriber
from tests.integration.engine.conftest import Engine
from tests.integration.novu.conftest import BODY, NOTE, TRIGGER, WORKFLOWS, Json, Novu, key_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def engine(scope: Scope) -> Engine:
    """The engine, now: triggers over the API come now."""
    return Engine(scope, now=timezone.now())


def step(type: str, name: str = "", /, **values: Any) -> Json:
    return {"name": name or type, "type": type, "controlValues": values}


def send(novu: Novu, engine: Engine, payload: Json | None = None, to: Any = "ada", **more: Any) -> str:
    """Trigger it and let it run as far as it can; answers the transaction."""
    status, told = novu("POST", TRIGGER, {"name": "w", "to": to, "payload": payload or {}, **more})
    assert (status, told["data"]["status"]) == (201, "processed"), told
    engine.now = max(engine.now, timezone.now())
    engine.work()
    return str(told["data"]["transactionId"])


def jobs(novu: Novu, transaction: str) -> list[Json]:
    """The jobs of the only activity of a transaction."""
    (activity,) = novu("GET", f"/v1/notifications?transactionId={transaction}")[1]["data"]
    return list(activity["jobs"])


def statuses(novu: Novu, transaction: str) -> list[str]:
    return [job["status"] for job in jobs(novu, transaction)]


def contents(novu: Novu, transaction: str) -> list[str]:
    return [m["content"] for m in novu("GET", f"/v1/messages?transactionId={transaction}")[1]["data"]]


# -- what a trigger is told, in order ---------------------------------------------------------------------------------

PICKY: Json = {
    "validatePayload": True,
    "payloadSchema": {"type": "object", "properties": {"no": {"type": "integer"}}, "required": ["no"]},
}


def test_what_a_trigger_is_told_has_an_order(novu: Novu) -> None:
    for number, (more, wanted) in enumerate(
        [
            ({"active": False, "steps": [], **PICKY}, "trigger_not_active"),
            ({"steps": [], **PICKY}, "no_workflow_steps_defined"),
            (PICKY, 400),
            ({}, "invalid_recipients"),
        ]
    ):
        novu.make(workflowId=f"w{number}", **more)
        status, told = novu("POST", TRIGGER, {"name": f"w{number}", "to": []})
        assert wanted in (status, (told.get("data") or {}).get("status")), (more, told)
    assert not Subscriber.objects.exists()


def test_a_trigger_keeps_subscribers_and_its_moment(novu: Novu, engine: Engine) -> None:
    made = novu.make()
    assert made.get("lastTriggeredAt") is None
    send(novu, engine, to={"subscriberId": "ada", "firstName": "Ada", "email": "ada@example.test"})
    send(novu, engine, to={"subscriberId": "ada", "firstName": "Ada L."})
    ada = Subscriber.objects.get()
    assert (ada.first_name, ada.email) == ("Ada L.", "ada@example.test")
    now = novu("GET", f"{WORKFLOWS}/w")[1]["data"]
    assert now["lastTriggeredAt"]
    assert now["updatedAt"] == made["updatedAt"]


def test_what_was_never_triggered_comes_last_in_both_orders(novu: Novu, engine: Engine) -> None:
    novu.make()
    novu.make(workflowId="never")
    send(novu, engine)
    for direction in ("ASC", "DESC"):
        found = novu("GET", f"{WORKFLOWS}?orderBy=lastTriggeredAt&orderDirection={direction}")[1]["data"]["workflows"]
        assert [each["workflowId"] for each in found] == ["w", "never"]


def test_a_deleted_workflow_ends_what_runs(novu: Novu, engine: Engine) -> None:
    novu.make(steps=[step("delay", type="regular", amount=1, unit="days"), NOTE])
    send(novu, engine)
    assert Instance.objects.get().status == "waiting"
    assert novu("DELETE", f"{WORKFLOWS}/w")[0] == 204
    assert not Instance.objects.exclude(status="terminated").exists()
    assert engine.later(days=2) == 0


# -- delays -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("at", "hours"),
    [({"amount": 2, "unit": "hours"}, 2), (timedelta(hours=3), 3), (timedelta(hours=-1), None), (None, None)],
)
def test_a_dynamic_delay_reads_its_moment(novu: Novu, engine: Engine, at: Any, hours: int | None) -> None:
    novu.make(steps=[step("delay", type="dynamic", dynamicKey="payload.at"), NOTE])
    moment = (engine.now + at).isoformat() if isinstance(at, timedelta) else at
    transaction = send(novu, engine, {"at": moment} if moment else {})
    if hours is None:  # a failed delay ends the path
        found = jobs(novu, transaction)
        assert found[0]["status"] == "failed"
        assert found[1]["status"] == "canceled"
        assert contents(novu, transaction) == []
        return
    assert statuses(novu, transaction) == ["delayed", "pending"]
    engine.later(minutes=hours * 60 - 5)
    assert contents(novu, transaction) == []
    engine.later(minutes=10)
    assert contents(novu, transaction) == ["x"]


def test_a_timed_delay_waits_for_the_next_tick(novu: Novu, engine: Engine) -> None:
    novu.make(steps=[step("delay", type="timed", cron="0 0 1 1 *"), NOTE])
    transaction = send(novu, engine)
    engine.later(minutes=1)
    assert statuses(novu, transaction)[0] == "delayed"
    engine.later(days=367)
    assert contents(novu, transaction) == ["x"]


# -- digests ----------------------------------------------------------------------------------------------------------

COUNT = step("in_app", "note", body="{{steps.gather.eventCount}}")


def test_events_are_gathered_by_the_value_of_their_key(novu: Novu, engine: Engine) -> None:
    gather = step("digest", "gather", type="regular", amount=10, unit="minutes", digestKey="payload.order.id")
    novu.make(steps=[step("in_app", "first", body="now"), gather, COUNT])
    payloads: list[Json] = [{"order": {"id": 1}}, {"order": {"id": 2}}, {"order": {"id": 1}}, {}, {}]
    sent = [send(novu, engine, {**payload, "n": n}) for n, payload in enumerate(payloads)]
    assert [contents(novu, each) for each in sent] == [["now"]] * 5  # what stands before runs at once, for each
    assert [statuses(novu, each)[1] for each in sent] == ["delayed", "delayed", "merged", "delayed", "merged"]
    assert statuses(novu, sent[2])[2] == "merged"
    engine.later(minutes=11)
    assert [sorted(contents(novu, each)) for each in sent] == [
        ["2", "now"],
        ["1", "now"],
        ["now"],
        ["2", "now"],
        ["now"],
    ]
    events = jobs(novu, sent[0])[1]["digest"]["events"]
    assert [event["payload"]["n"] for event in events] == [0, 2]
    assert all({"id", "time", "payload"} == event.keys() for event in events)


def test_people_are_gathered_apart_and_a_tick_ends_the_window(novu: Novu, engine: Engine) -> None:
    novu.make(steps=[step("digest", "gather", type="timed", cron="0 0 1 1 *"), COUNT])
    sent = [send(novu, engine, {"n": n}, to=who) for n, who in enumerate(("ada", "bob", "ada"))]
    assert [statuses(novu, each)[0] for each in sent] == ["delayed", "delayed", "merged"]
    engine.later(days=367)
    assert [contents(novu, each) for each in sent] == [["2"], ["1"], []]


# -- throttles --------------------------------------------------------------------------------------------------------


def test_a_throttle_counts_by_its_key_and_tells_what_it_held_back(novu: Novu, engine: Engine) -> None:
    limit = step("throttle", type="fixed", amount=1, unit="hours", threshold=1, throttleKey="payload.room")
    novu.make(steps=[limit, NOTE])
    sent = [send(novu, engine, {"room": room}) for room in ("a", "b", "a")]
    assert [statuses(novu, each) for each in sent] == [["completed"] * 2, ["completed"] * 2, ["skipped"] * 2]
    outputs = [i.steps.get(task="throttle").output for i in Instance.objects.order_by("pk")]
    assert outputs[0] == {"throttled": False, "threshold": 1}
    assert outputs[2] == {"throttled": True, "threshold": 1, "executionCount": 2}


@pytest.mark.parametrize("span", [{"amount": 2, "unit": "hours"}, timedelta(hours=2)])
def test_a_dynamic_throttle_reads_its_window(novu: Novu, engine: Engine, span: Any) -> None:
    novu.make(steps=[step("throttle", type="dynamic", dynamicKey="payload.until", threshold=1), NOTE])
    until = (engine.now + span).isoformat() if isinstance(span, timedelta) else span
    sent = [send(novu, engine, {"until": until}) for _ in range(2)]
    assert [statuses(novu, each) for each in sent] == [["completed"] * 2, ["skipped"] * 2]


# -- preferences, templates, copies -----------------------------------------------------------------------------------


def test_the_layer_over_the_authors_says_so(novu: Novu, engine: Engine) -> None:
    off = {"all": {"enabled": False}, "channels": {"sms": {"enabled": True}}}
    on = {"all": {"enabled": True}, "channels": {}}
    novu.make(steps=[NOTE, step("sms", body="y")], preferences={"workflow": on, "user": off})
    transaction = send(novu, engine, to={"subscriberId": "ada", "phone": "+491701"})
    found = jobs(novu, transaction)
    assert [job["status"] for job in found] == ["skipped", "completed"]  # a channel's value beats that for all
    assert found[0]["executionDetails"][0]["detail"] == "STEP_FILTERED_BY_USER_WORKFLOW_PREFERENCES"
    kept = novu("GET", f"{WORKFLOWS}/w")[1]["data"]["preferences"]
    assert (kept["user"]["all"]["enabled"], kept["default"]["all"]["enabled"]) == (False, True)
    body = {"name": "W", "steps": [NOTE], "preferences": {"user": None}}
    cleared = novu("PUT", f"{WORKFLOWS}/w", body)[1]["data"]["preferences"]
    assert cleared["user"] is None
    assert cleared["default"]["all"] == {"enabled": True, "readOnly": False}


def test_names_of_the_payload_are_gathered_from_every_step(novu: Novu) -> None:
    steps = [step("sms", "one", body="{{payload.first}}"), step("sms", "two", body="{{payload.second}}")]
    made = novu.make(steps=steps)

    def names(workflow: Json) -> list[set[str]]:
        return [set(s["variables"]["properties"]["payload"].get("properties", {})) for s in workflow["steps"]]

    assert names(made) == [{"first", "second"}] * 2
    kept = {"name": "W", "preferences": {}, "steps": [{"name": "one", "type": "sms", "_id": made["steps"][0]["_id"]}]}
    assert names(novu("PUT", f"{WORKFLOWS}/w", kept)[1]["data"]) == [{"first"}]


def test_a_sync_carries_what_it_should_and_no_more(
    novu: Novu, environment: Environment, production: Environment
) -> None:
    steps: list[Json] = [
        {**step("chat", body="x"), "providerOverrides": {"slack": {"a": 1}}},
        step("email", subject="s", body="b", layoutId=None),
    ]
    on = {"all": {"enabled": True, "readOnly": True}, "channels": {}}
    novu.make(
        steps=steps, severity="high", tags=["t"], description="D", preferences={"workflow": on, "user": on}, **PICKY
    )
    status, told = novu("PUT", f"{WORKFLOWS}/w/sync", {"targetEnvironmentId": environment_id(production)})
    assert status == 200, told
    there = Novu(key_of(production))("GET", f"{WORKFLOWS}/w")[1]["data"]
    here = novu("GET", f"{WORKFLOWS}/w")[1]["data"]
    assert there == told["data"]
    for field in (
        "name",
        "description",
        "tags",
        "active",
        "payloadSchema",
        "validatePayload",
        "severity",
        "preferences",
    ):
        assert there[field] == here[field], field
    assert there["_id"] != here["_id"]
    assert "providerOverrides" in here["steps"][0]
    assert not there["steps"][0].get("providerOverrides")
    assert len(there["steps"][1]["controls"]["values"]["layoutId"]) == 24
    assert there["steps"][1]["issues"] == {}
    assert MessagePolicy.objects.filter(flow__environment=production).get().last_triggered_at is None


def test_previews_of_steps_without_words_show_their_values(novu: Novu) -> None:
    steps = [
        step("throttle", type="fixed", amount=1, unit="hours"),
        step("custom", custom={"a": "{{payload.x}}"}),
        step("http_request", method="GET", url="https://example.test/{{payload.x}}"),
    ]
    made = novu.make(steps=steps)
    shown = []
    for each in made["steps"]:
        status, told = novu(
            "POST", f"{WORKFLOWS}/w/step/{each['stepId']}/preview", {"previewPayload": {"payload": {"x": "7"}}}
        )
        assert (status, told["data"]["result"]["type"]) == (201, each["type"])
        shown.append(told["data"]["result"]["preview"])
    assert (shown[0]["amount"], shown[1]["custom"], shown[2]["url"]) == (1, {"a": "7"}, "https://example.test/7")


def test_a_body_of_an_update_clears_what_it_leaves_out(novu: Novu) -> None:
    novu.make(description="D", tags=["t"], severity="high", active=False, **PICKY)
    status, told = novu("PUT", f"{WORKFLOWS}/w", {"name": "W", "steps": BODY["steps"], "preferences": {}})
    found = told["data"]
    assert (status, found["active"], found["severity"], found.get("tags", [])) == (200, True, "none", [])
    assert (found.get("description", ""), found["validatePayload"], found.get("payloadSchema")) == ("", False, None)
