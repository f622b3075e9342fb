"""Triggers through the official Python SDK: messages in every channel, digests, throttles, delays, preferences."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from novu_py import Novu
from novu_py.models import PayloadValidationExceptionDto, ValidationErrorDto

from tests.dialects.conftest import until
from tests.dialects.novu.conftest import Account, jobs_of
from tests.dialects.novu.test_workflows import fresh

# The SDK warns of its own deprecated fields whenever it builds such a query.
pytestmark = pytest.mark.filterwarnings("ignore:warning. .. DEPRECATED:DeprecationWarning")


def flow(novu: Novu, *steps: dict[str, Any], **more: Any) -> str:
    """The identifier of an active workflow of these steps."""
    body = {"name": "Test", "workflow_id": fresh(), "active": True, "steps": list(steps), **more}
    return str(novu.workflows.create(create_workflow_dto=body).result.workflow_id)


def step(kind: str, name: str = "", /, **values: Any) -> dict[str, Any]:
    """A step."""
    return {"name": name or kind, "type": kind, "control_values": values}


def send(novu: Novu, workflow: str, to: Any, **more: Any) -> str:
    """Trigger it; answers the transaction."""
    more = {"transaction_id": f"tx-{uuid.uuid4().hex}", "payload": {}, **more}
    answer = novu.trigger(trigger_event_request_dto={"workflow_id": workflow, "to": to, **more}).result
    assert (answer.acknowledged, answer.status.value) == (True, "processed")
    return str(answer.transaction_id)


def statuses(activity: Any) -> list[str]:
    """The statuses of its jobs."""
    return [job.status for job in activity.jobs]


def messages(novu: Novu, transaction: str, **more: Any) -> list[Any]:
    """What was said."""
    return list(novu.messages.retrieve(request={"transaction_id": [transaction], **more}).result.data)


def person() -> dict[str, Any]:
    """A subscriber nobody has notified."""
    name = fresh("ada")
    return {"subscriber_id": name, "first_name": "Ada", "email": f"{name}@example.test", "phone": "+491701"}


def test_one_trigger_speaks_through_every_channel(novu: Novu) -> None:
    said = "Hello {{subscriber.firstName}}, {{payload.what | upcase}}"
    workflow = flow(
        novu,
        step("in_app", subject="News", body=said),
        step("email", subject=said, body="<p>Hi</p><script>x</script>", editorType="html"),
        step("sms", body=said),
        step("push", subject="P", body=said),
        step("chat", body=said),
        step("tool", body=said),
        step("custom", custom={"greeting": "Hi {{subscriber.firstName}}"}),
    )
    who = person()
    transaction = send(novu, workflow, who, payload={"what": "parcel"})
    (activity,) = jobs_of(novu, transaction)
    assert statuses(activity) == ["completed"] * 7, [job.execution_details for job in activity.jobs]
    assert activity.subscriber.subscriber_id == who["subscriber_id"]
    assert set(activity.channels) == {"in_app", "email", "sms", "push", "chat", "tool"}
    found = {message.channel: message for message in messages(novu, transaction)}
    assert {message.content for channel, message in found.items() if channel != "email"} == {"Hello Ada, PARCEL"}
    assert found["email"].content == "<p>Hi</p>"
    assert (found["email"].subject, found["email"].email) == ("Hello Ada, PARCEL", who["email"])
    again = novu.notifications.retrieve(notification_id=activity.id).result
    assert again.transaction_id == transaction


def test_a_trigger_that_cannot_be_carried_out_says_why(novu: Novu, http: httpx.Client) -> None:
    with pytest.raises(ValidationErrorDto) as unknown:
        novu.trigger(trigger_event_request_dto={"workflow_id": "ghost", "to": "ada"})
    assert unknown.value.data.message == "workflow_not_found"

    def status(workflow: str, to: Any = "ada") -> str:
        answer = novu.trigger(trigger_event_request_dto={"workflow_id": workflow, "to": to}).result
        return str(answer.status.value)

    assert status(flow(novu, step("sms", body="x"), active=False)) == "trigger_not_active"
    assert status(flow(novu)) == "no_workflow_steps_defined"
    assert status(flow(novu, step("sms", body="x")), []) == "invalid_recipients"
    schema = {"type": "object", "properties": {"no": {"type": "integer"}}, "required": ["no"]}
    picky = flow(novu, step("sms", body="x"), payload_schema=schema, validate_payload=True)
    for payload, field in (({}, "no"), ({"no": "x"}, "no")):
        with pytest.raises(PayloadValidationExceptionDto) as refused:
            novu.trigger(trigger_event_request_dto={"workflow_id": picky, "to": "ada", "payload": payload})
        assert refused.value.data.type == "PAYLOAD_VALIDATION_ERROR"
        assert [entry.field for entry in refused.value.data.errors] == [field]
    with pytest.raises(PayloadValidationExceptionDto):
        novu.trigger_bulk(bulk_trigger_event_dto={"events": []})
    bad = http.post("/v1/events/trigger", json={"name": 5})
    assert (bad.status_code, bad.json()["type"]) == (400, "PAYLOAD_VALIDATION_ERROR")


def test_bulk_and_broadcast_reach_everyone_once(account: Account) -> None:
    with account.client(account.production) as novu:  # an environment with few subscribers
        workflow = flow(novu, step("in_app", body="{{payload.n}}"))
        answers = novu.trigger_bulk(
            bulk_trigger_event_dto={
                "events": [
                    {"workflow_id": workflow, "to": "bulk-a", "payload": {"n": 1}, "transaction_id": fresh("tx")},
                    {"workflow_id": "ghost", "to": "bulk-a"},
                    {"workflow_id": workflow, "to": ["bulk-b", "bulk-b"], "payload": {"n": 2}},
                ]
            }
        ).result
        assert [answer.status.value for answer in answers] == ["processed", "error", "processed"]
        assert answers[1].error == ["workflow_not_found"]
        assert len(jobs_of(novu, answers[2].transaction_id)) == 1
        everyone = novu.subscribers.search(request={"limit": 100}).result.total_count
        answer = novu.trigger_broadcast(
            trigger_event_to_all_request_dto={"name": workflow, "payload": {"n": 3}, "transaction_id": fresh("tx")}
        ).result
        assert answer.status.value == "processed"
        assert len(jobs_of(novu, answer.transaction_id, count=int(everyone))) == everyone


def test_a_topic_reaches_its_subscribers_but_the_excluded_and_the_actor(novu: Novu) -> None:
    workflow = flow(novu, step("in_app", body="x"))
    people = [fresh("member") for _ in range(4)]
    for name in people:
        novu.subscribers.create(create_subscriber_request_dto={"subscriber_id": name})
    topic = fresh("topic")
    novu.topics.create(create_update_topic_request_dto={"key": topic, "name": "Depot"})
    put_in = novu.topics.subscriptions.create(
        topic_key=topic, create_topic_subscriptions_request_dto={"subscriber_ids": [*people, "nobody"]}
    ).result
    assert (put_in.meta.successful, put_in.meta.failed) == (4, 1)
    to = {"type": "Topic", "topic_key": topic, "exclude": [people[0]]}
    transaction = send(novu, workflow, [to, people[1]], actor=people[2])
    found = jobs_of(novu, transaction, count=2)
    assert {activity.subscriber.subscriber_id for activity in found} == {people[1], people[3]}


def test_a_step_is_skipped_unless_its_condition_holds(novu: Novu) -> None:
    rule = {"and": [{"==": [{"var": "payload.plan"}, "pro"]}, {"startsWith": [{"var": "subscriber.firstName"}, "A"]}]}
    workflow = flow(novu, step("in_app", "first", body="x", skip=rule), step("in_app", "second", body="y"))
    (yes,) = jobs_of(novu, send(novu, workflow, person(), payload={"plan": "pro"}))
    (no,) = jobs_of(novu, send(novu, workflow, person(), payload={"plan": "free"}))
    assert (statuses(yes), statuses(no)) == (["completed", "completed"], ["skipped", "completed"])
    assert no.jobs[0].execution_details[0].detail == "STEP_FILTERED_BY_STEP_CONDITIONS"


def test_a_channel_that_fails_does_not_hold_up_the_next_step(novu: Novu) -> None:
    workflow = flow(novu, step("email", subject="x", body="y"), step("in_app", body="z"))
    (activity,) = jobs_of(novu, send(novu, workflow, fresh("nomail")))
    assert statuses(activity) == ["failed", "completed"]
    assert "no email" in activity.jobs[0].execution_details[0].detail


def test_preferences_turn_channels_off_layer_by_layer(novu: Novu) -> None:
    off = {"all": {"enabled": True}, "channels": {"sms": {"enabled": False}}}
    steps = [step("in_app", body="x"), step("sms", body="y"), step("push", body="z")]
    workflow = flow(novu, *steps, preferences={"workflow": off})
    who = person()
    (activity,) = jobs_of(novu, send(novu, workflow, who))
    assert statuses(activity) == ["completed", "skipped", "completed"]
    assert activity.jobs[1].execution_details[0].detail == "STEP_FILTERED_BY_WORKFLOW_RESOURCE_PREFERENCES"
    novu.subscribers.preferences.update(
        subscriber_id=who["subscriber_id"],
        patch_subscriber_preferences_dto={"channels": {"push": False, "sms": True}, "workflow_id": workflow},
    )
    (activity,) = jobs_of(novu, send(novu, workflow, who))
    assert statuses(activity) == ["completed", "completed", "skipped"]
    assert activity.jobs[2].execution_details[0].detail == "STEP_FILTERED_BY_SUBSCRIBER_WORKFLOW_PREFERENCES"
    shown = novu.subscribers.preferences.list(subscriber_id=who["subscriber_id"]).result
    mine = next(each for each in shown.workflows if each.workflow.identifier == workflow)
    assert (mine.channels.push, mine.channels.sms, mine.channels.in_app) == (False, True, True)
    critical = {"all": {"enabled": True, "read_only": True}, "channels": {}}
    must = flow(novu, *steps, preferences={"user": critical})
    novu.subscribers.preferences.update(
        subscriber_id=who["subscriber_id"], patch_subscriber_preferences_dto={"channels": {"in_app": False}}
    )
    (activity,) = jobs_of(novu, send(novu, must, who))
    assert (statuses(activity), activity.critical) == (["completed"] * 3, True)


def test_many_triggers_at_once_make_one_digest_with_all_events(novu: Novu, account: Account) -> None:
    workflow = flow(
        novu,
        step("in_app", "before", body="at once"),
        step("digest", "gather", type="regular", amount=4, unit="seconds"),
        step(
            "in_app", "after", body="{{steps.gather.eventCount}}: {{steps.gather.events | toSentence: 'payload.who'}}"
        ),
    )
    who, number = fresh("digested"), 12
    transactions = [f"tx-{uuid.uuid4().hex}" for _ in range(number)]

    def fire(place: int) -> None:
        body = {"name": workflow, "to": who, "payload": {"who": f"P{place}"}, "transactionId": transactions[place]}
        with account.http() as client:
            assert client.post("/v1/events/trigger", json=body).status_code == 201

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(fire, range(number)))
    found = [jobs_of(novu, transaction)[0] for transaction in transactions]
    gathered = [each.jobs[1].status for each in found]
    assert sorted(gathered) == ["completed", *["merged"] * (number - 1)]
    assert [each.jobs[0].status for each in found] == ["completed"] * number
    owner = found[gathered.index("completed")]
    events = owner.jobs[1].digest.events
    assert sorted(event["payload"]["who"] for event in events) == sorted(f"P{n}" for n in range(number))
    after = [each.jobs[2].status for each in found]
    assert sorted(after) == ["completed", *["merged"] * (number - 1)]
    all_messages = novu.messages.retrieve(request={"subscriber_id": who, "limit": 100}).result.data
    late = [message for message in all_messages if message.content != "at once"]
    assert len(late) == 1
    assert late[0].content.startswith(f"{number}: ")


def test_a_throttle_lets_exactly_as_many_through_as_it_may(novu: Novu, account: Account) -> None:
    workflow = flow(
        novu,
        step("throttle", type="fixed", amount=1, unit="hours", threshold=1, throttleKey="payload.order"),
        step("in_app", body="through"),
    )
    who = fresh("throttled")
    transactions = [f"tx-{uuid.uuid4().hex}" for _ in range(8)]

    def fire(place: int) -> None:
        body = {"name": workflow, "to": who, "payload": {"order": place % 2}, "transactionId": transactions[place]}
        with account.http() as client:
            assert client.post("/v1/events/trigger", json=body).status_code == 201

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(fire, range(8)))
    found = [jobs_of(novu, transaction)[0] for transaction in transactions]
    assert sorted(each.jobs[0].status for each in found) == ["completed"] * 2 + ["skipped"] * 6
    assert sorted(each.jobs[1].status for each in found) == ["completed"] * 2 + ["skipped"] * 6
    assert len(novu.messages.retrieve(request={"subscriber_id": who}).result.data) == 2


def test_cancelling_stops_a_delay_and_hands_a_digest_on(novu: Novu) -> None:
    delayed = flow(novu, step("delay", type="regular", amount=1, unit="days"), step("in_app", body="x"))
    transaction = send(novu, delayed, person())
    assert novu.cancel(transaction_id=transaction).result is True
    (activity,) = jobs_of(novu, transaction)
    assert statuses(activity) == ["canceled", "canceled"]
    assert novu.cancel(transaction_id=transaction).result is False
    assert novu.cancel(transaction_id="ghost").result is False
    digest = flow(
        novu,
        step("digest", "gather", type="regular", amount=5, unit="seconds"),
        step("in_app", body="{{steps.gather.eventCount}}"),
    )
    who = fresh("heir")
    first = send(novu, digest, who, payload={"n": 1})
    until(lambda: _job(novu, first).status == "delayed", what="the owner")
    second = send(novu, digest, who, payload={"n": 2})
    until(lambda: _job(novu, second).status == "merged", what="the follower")
    assert novu.cancel(transaction_id=first).result is True
    assert _job(novu, second).status == "delayed"
    (activity,) = jobs_of(novu, second)
    assert statuses(activity) == ["completed", "completed"]
    (message,) = messages(novu, second)
    assert message.content == "1"


def _job(novu: Novu, transaction: str) -> Any:
    return novu.notifications.list(request={"transaction_id": transaction}).result.data[0].jobs[0]


def test_a_look_back_sends_the_first_at_once(novu: Novu) -> None:
    back = {"amount": 1, "unit": "hours"}
    workflow = flow(
        novu,
        step("digest", type="regular", amount=3, unit="seconds", lookBackWindow=back),
        step("in_app", body="{{steps.digest.eventCount}}"),
    )
    who = fresh("looking")
    first = send(novu, workflow, who)
    (activity,) = jobs_of(novu, first)
    assert statuses(activity) == ["skipped", "completed"]
    second = send(novu, workflow, who)
    assert _job(novu, second).status in ("delayed", "queued", "running")
    assert statuses(jobs_of(novu, second)[0]) == ["completed", "completed"]


def test_a_repeated_idempotency_key_is_answered_once(account: Account, novu: Novu) -> None:
    workflow = flow(novu, step("in_app", body="x"))
    body = {"name": workflow, "to": fresh("once"), "payload": {}}
    with account.http() as client:
        key = {"Idempotency-Key": fresh("key")}
        first = client.post("/v1/events/trigger", json=body, headers=key)
        second = client.post("/v1/events/trigger", json=body, headers=key)
        assert (first.status_code, second.status_code) == (201, 201)
        assert first.json() == second.json()
        assert second.headers["Idempotency-Replay"] == "true"
        assert first.headers["Idempotency-Key"] == key["Idempotency-Key"]
        other = client.post("/v1/events/trigger", json={**body, "payload": {"a": 1}}, headers=key)
        assert (other.status_code, other.json()["error"]) == (422, "Unprocessable Entity")
        assert other.json()["message"].endswith("is being reused for a different body")
        long = client.post("/v1/events/trigger", json=body, headers={"Idempotency-Key": "k" * 256})
        assert long.status_code == 400
        transaction = first.json()["data"]["transactionId"]
    assert len(jobs_of(novu, transaction)) == 1


def test_severity_comes_from_the_workflow_or_the_trigger(novu: Novu) -> None:
    workflow = flow(novu, step("in_app", body="x"), severity="high")
    (usual,) = jobs_of(novu, send(novu, workflow, person()))
    (other,) = jobs_of(novu, send(novu, workflow, person(), overrides={"severity": "low"}))
    assert (usual.severity.value, other.severity.value) == ("high", "low")


def test_a_foreign_transaction_is_not_seen(novu: Novu, stranger: Account) -> None:
    transaction = send(novu, flow(novu, step("in_app", body="x")), person())
    with stranger.client() as theirs:
        assert theirs.notifications.list(request={"transaction_id": transaction}).result.data == []
        assert theirs.messages.retrieve(request={"transaction_id": [transaction]}).result.data == []
        assert theirs.cancel(transaction_id=transaction).result is False
