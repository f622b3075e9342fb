"""Trying flows in memory: nothing leaves, and the way is the engine's."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from designer.graph.kinds import KINDS
from designer.graph.model import Flow, Json
from engine.actions import ACTIONS
from engine.core.state import FINAL_STATUSES
from engine.sandbox.examples import example_for, example_of, names_for, sample_for
from engine.sandbox.kinds import PRETENDERS
from engine.sandbox.kinds.automation import STAND_INS
from engine.sandbox.question import Source
from engine.sandbox.running import START_AT, try_flow
from engine.sandbox.trial import Moment, Trial
from engine.steps import EXECUTORS
from tests.drawing import draw
from tests.strategies import flows

quick = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
HTTP: dict[str, Json] = {
    "action": "http_request",
    "inputs": {"method": "POST", "url": "https://pay.example/charge", "json": {"total": "{{ input.total }}"}},
    "retries": {"limit": 2, "delay": "10 seconds", "backoff": "constant"},
}
MAIL: dict[str, Json] = {
    "action": "send_email",
    "inputs": {"to": "{{ input.to }}", "subject": "Order {{ input.id }}", "body": "Thank you."},
}


def moments_of(trial: Trial, task: str) -> list[Moment]:
    return [moment for moment in trial.moments if moment.task == task]


def outcomes(trial: Trial) -> list[tuple[str, str]]:
    return [(moment.task, moment.outcome) for moment in trial.moments]


def one(kind: str, settings: dict[str, Json], **answers: Json) -> Trial:
    return try_flow(draw("trigger -> a", kinds={"a": kind}, settings={"a": settings}), {"total": 5}, answers)


# -- what stands in ---------------------------------------------------------------------------------------------------


def test_every_kind_has_something_that_stands_in_for_it() -> None:
    assert set(PRETENDERS) == set(EXECUTORS) == set(KINDS)


def test_every_action_that_reaches_outside_has_something_that_stands_in_for_it() -> None:
    reaching = {name for name, action in ACTIONS.items() if action.has_outside_effect}
    assert reaching - {"run_script"} <= set(STAND_INS)


def test_a_request_is_shown_as_it_would_be_sent_and_answered_by_an_example() -> None:
    trial = one("automation", HTTP)
    (moment,) = trial.moments
    assert moment.sent["method"] == "POST"
    assert moment.sent["url"] == "https://pay.example/charge"
    assert moment.sent["body"] == {"total": 5}
    assert moment.source is Source.EXAMPLE
    assert trial.output["status"] == 200


def test_a_request_over_a_connection_says_which_and_needs_none() -> None:
    inputs = {"method": "GET", "connection": "shop", "url": "/orders/{{ input.total }}"}
    (moment,) = one("automation", {"action": "http_request", "inputs": inputs}).moments
    assert (moment.sent["connection"], moment.sent["url"]) == ("shop", "/orders/5")
    assert "Authorization" not in moment.sent["headers"]


def test_secret_headers_are_not_shown() -> None:
    settings = {
        "action": "http_request",
        "inputs": {"url": "https://a.example", "headers": {"Authorization": "Bearer x"}},
    }
    (moment,) = one("automation", settings).moments
    assert moment.sent["headers"]["Authorization"] == "[REDACTED]"
    assert "Bearer x" not in str(moment)


def test_a_response_is_looked_at_as_a_real_one() -> None:
    trial = one("automation", HTTP, a={"response": {"status": 404, "body": "No such order"}})
    assert trial.status == "errored"
    assert trial.error["name"] == "UnexpectedStatus"
    assert [moment.outcome for moment in trial.moments] == ["failed"]


def test_a_failure_is_tried_again_after_its_pause_in_the_time_of_the_try() -> None:
    trial = one("automation", HTTP, a=[{"response": {"status": 503}}, {"times_out": True}, {"output": {"ok": True}}])
    assert [moment.outcome for moment in trial.moments] == ["retrying", "retrying", "completed"]
    # The attempt that nobody answers takes its ten minutes.
    assert [(moment.at - START_AT).total_seconds() for moment in trial.moments] == [0, 610, 620]
    assert trial.output == {"ok": True}
    assert trial.path == ("a",)


def test_while_an_attempt_runs_into_its_time_limit_the_rest_goes_on() -> None:
    flow = draw(
        "trigger -> ask -> end[any]; trigger -> rest -> end",
        kinds={"ask": "automation", "rest": "delay"},
        settings={"ask": {**HTTP, "timeout": "1 hour"}, "rest": {"for": "10 minutes"}},
    )
    trial = try_flow(flow, {"total": 5}, {"ask": {"times_out": True}})
    assert trial.status == "complete"
    assert "end" in trial.path
    assert (trial.ended_at - START_AT).total_seconds() == 600
    assert ("ask", "retrying") not in outcomes(trial)


def test_a_compensation_that_times_out_takes_its_time() -> None:
    flow = draw(
        "trigger -> pay -> fail",
        kinds={"pay": "automation", "fail": "automation"},
        settings={
            "pay": {**HTTP, "compensation": {**HTTP, "timeout": "1 minute"}},
            "fail": {"action": "raise_error", "inputs": {"message": "No"}},
        },
    )
    trial = try_flow(flow, {"total": 5}, {"pay": [{"response": {"status": 200}}], "rollback:pay": {"times_out": True}})
    assert trial.status == "errored"
    assert (trial.ended_at - START_AT).total_seconds() >= 60


def test_the_last_answer_is_given_again_and_again() -> None:
    trial = one("automation", HTTP, a={"error": {"message": "Down", "retryable": True}})
    assert [moment.outcome for moment in trial.moments] == ["retrying", "retrying", "failed"]
    assert trial.error["message"] == "Down"


def test_a_mail_is_written_and_not_sent(mailoutbox: list[Any]) -> None:
    flow = draw("trigger -> a", settings={"a": MAIL})
    (moment,) = try_flow(flow, {"to": "ann@example.com", "id": 7}).moments
    assert moment.sent["to"] == ["ann@example.com"]
    assert moment.sent["subject"] == "Order 7"
    assert mailoutbox == []
    bad = try_flow(flow, {"to": "nobody", "id": 7})
    assert bad.error["name"] == "WrongInputs"


def test_a_template_that_fails_fails_as_it_will_whatever_the_answer() -> None:
    settings = {**HTTP, "inputs": {"url": "{{ input.missing.url }}"}}
    trial = one("automation", settings, a={"output": 1})
    assert trial.error["name"] == "TemplateError"


@pytest.mark.parametrize("kind", ["in_app", "email", "sms", "push", "chat"])
def test_messages_are_composed(kind: str) -> None:
    (moment,) = one(kind, {"subject": "Hello", "body": "Total {{ payload.total }}"}).moments
    assert moment.sent["body"] == "Total 5"
    assert moment.sent["subscriber"] == "sample-subscriber"


def test_transfers_are_resolved_and_not_posted() -> None:
    settings = {
        "source": {"account": {"id": "world"}},
        "destination": {"account": {"id": "alice"}},
        "amount": {"amount": "{{ input.total }}", "asset": "EUR/2"},
    }
    (moment,) = one("transfer", settings).moments
    assert moment.sent["amount"] == {"amount": "5", "asset": "EUR/2"}


def test_an_agent_is_shown_its_prompt_and_its_answer_is_checked() -> None:
    schema = {"type": "object", "required": ["mood"], "properties": {"mood": {"enum": ["good", "bad"]}}}
    settings = {"agent": "a", "prompt": "Total {{ input.total }}", "answer_schema": schema, "retries": {"limit": 0}}
    trial = one("ai_agent", settings)
    assert trial.moments[0].sent["prompt"] == "Total 5"
    assert trial.output == {"mood": "good"}
    assert one("ai_agent", settings, a={"output": {"mood": "so so"}}).error["name"] == "AnswerInvalid"


def test_a_called_flow_is_not_started() -> None:
    trial = one("call", {"flow": "other", "inputs": {"n": "{{ input.total }}"}}, a={"output": {"done": True}})
    assert trial.output == {"done": True}
    assert trial.moments[-1].sent == {"flow": "other", "input": {"n": 5}}


# -- waits ------------------------------------------------------------------------------------------------------------


def test_a_delay_is_skipped_and_its_time_is_shown() -> None:
    trial = one("delay", {"for": "3 days"})
    assert outcomes(trial) == [("a", "waiting"), ("a", "completed")]
    assert (trial.ended_at - trial.started_at).days == 3


def test_a_person_fills_in_an_example_of_the_form() -> None:
    form = {"type": "object", "required": ["ok"], "properties": {"ok": {"type": "boolean"}, "note": {"type": "string"}}}
    assert one("manual", {"form": form}).output == {"ok": True, "note": "example"}
    assert one("manual", {"form": form}, a={"output": {"ok": False}}).output == {"ok": False}
    assert one("manual", {"form": form}, a={"output": {}}).error["name"] == "AnswerDoesNotFit"


def test_a_person_who_does_not_come_lets_it_expire_or_stops_the_try() -> None:
    assert one("manual", {"expires": "2 days"}, a={"times_out": True}).error["name"] == "TaskExpired"
    stopped = one("manual", {}, a={"times_out": True})
    assert stopped.status == "waiting"
    assert "would wait for ever" in stopped.stopped


def test_an_event_has_to_pass_the_filter() -> None:
    settings = {"event_type": "paid", "filter": "event.amount > 10"}
    assert one("wait_event", settings, a={"output": {"amount": 11}}).output == {"amount": 11}
    assert one("wait_event", settings, a={"output": {"amount": 1}}).error["name"] == "WaitTimedOut"
    assert one("wait_event", settings, a={"times_out": True}).error["name"] == "WaitTimedOut"


def test_a_manual_decision_takes_its_first_branch_or_the_given_one() -> None:
    flow = draw("trigger -> d; d -yes-> a; d -no-> b", settings={"d": {"start": "manual"}})
    assert try_flow(flow).path == ("d", "a")
    assert try_flow(flow, None, {"d": {"branch": "no"}}).path == ("d", "b")


def test_a_task_that_a_person_starts_is_started() -> None:
    flow = draw("trigger -> a", settings={"a": {"start": "manual"}})
    assert outcomes(try_flow(flow))[-1] == ("a", "completed")


def test_a_step_that_failed_and_waits_for_a_person_stops_the_try() -> None:
    settings = {**HTTP, "on_failure": "wait", "retries": {"limit": 0}}
    assert "waits for a person" in one("automation", settings, a={"error": {"message": "No"}}).stopped


# -- ways -------------------------------------------------------------------------------------------------------------


def test_an_error_edge_and_a_rollback_can_be_seen() -> None:
    settings = {
        "pay": {
            **HTTP,
            "compensation": {
                "action": "http_request",
                "inputs": {"method": "POST", "url": "https://pay.example/refund"},
            },
        },
        "ship": {**HTTP, "retries": {"limit": 0}},
    }
    caught = draw("trigger -> pay -> ship; ship -!-> tell", settings=settings)
    failing = {"ship": {"error": {"message": "No van"}}}
    assert try_flow(caught, {"total": 1}, failing).path == ("pay", "ship", "tell")
    trial = try_flow(draw("trigger -> pay -> ship", settings=settings), {"total": 1}, failing)
    assert outcomes(trial) == [("pay", "completed"), ("ship", "failed"), ("pay", "rolled_back")]
    assert trial.moments[-1].sent["url"] == "https://pay.example/refund"
    assert trial.status == "errored"
    refused = try_flow(
        draw("trigger -> pay -> ship", settings=settings),
        {"total": 1},
        {**failing, "rollback:pay": {"error": {"message": "No", "retryable": False}}},
    )
    assert outcomes(refused)[-1] == ("pay", "rollback_failed")


def test_what_a_failure_kept_from_running_is_not_reached_rather_than_failed() -> None:
    flow = draw("trigger -> note -> pay -> ship -> tell", settings={"pay": {**HTTP, "retries": {"limit": 0}}})
    trial = try_flow(flow, {"total": 1}, {"pay": {"error": {"message": "No money"}}})
    assert (trial.status, trial.path) == ("errored", ("note", "pay"))
    assert trial.statuses == {"pay": "failed", "ship": "not_reached", "tell": "not_reached", "note": "completed"}


def test_a_loop_goes_round_and_a_try_that_goes_on_too_long_is_stopped() -> None:
    flow = draw("trigger -> a -> more; more -yes-> a; more -none_met-> z", loops={"more": ("yes", "none_met", 5)})
    trial = try_flow(flow, {"yes": True})
    assert trial.path.count("a") == 5
    assert trial.path[-1] == "z"
    stopped = try_flow(flow, {"yes": True}, most=6)
    assert "Stopped after 6 attempts" in stopped.stopped
    assert "took too long" in try_flow(flow, {"yes": True}, seconds=0).stopped


def test_a_flow_that_allows_fewer_steps_fails_as_it_will() -> None:
    flow = draw("trigger -> a -> b -> c", limits={"max_steps": 2})
    assert try_flow(flow).error["name"] == "TooManySteps"


def test_marks_add_up_to_where_everything_stands() -> None:
    flow = draw("trigger -> d; d -yes-> a; d -none_met-> b; a,b -> c[any]")
    trial = try_flow(flow, {"yes": True})
    tasks: dict[str, str] = {}
    for moment in trial.moments:
        tasks |= moment.tasks
    assert tasks == trial.statuses == {"d": "completed", "a": "completed", "b": "skipped", "c": "completed"}
    assert trial.edges_taken == {"trigger~d~~success", "d~a~yes~success", "a~c~~success"}


def test_a_sensitive_output_is_passed_on_and_not_shown() -> None:
    settings: dict[str, dict[str, Json]] = {
        "key": {"action": "set_values", "inputs": {"values": {"key": "s3cret"}}, "sensitive": "output"},
        "use": {"action": "http_request", "inputs": {"url": "https://a.example/{{ steps.key.output.key }}"}},
    }
    trial = try_flow(draw("trigger -> key -> use", settings=settings))
    assert trial.status == "complete"
    assert "s3cret" not in str([moment.to_json() for moment in trial.moments])


def test_examples_fit_their_schemas() -> None:
    schema = {
        "type": "object",
        "properties": {
            "mail": {"type": "string", "format": "email"},
            "many": {"type": "array", "items": {"type": "integer", "minimum": 3}, "minItems": 2},
            "size": {"enum": ["S", "M"]},
            "none": {"type": ["null", "string"], "maxLength": 3},
        },
    }
    assert example_of(schema) == {"mail": "somebody@example.com", "many": [3, 3], "size": "S", "none": "exa"}
    assert example_of(None) == {}


# -- what holds for any flow ------------------------------------------------------------------------------------------


@quick
@given(flow=flows(), value=st.booleans(), fails=st.booleans())
def test_any_valid_flow_ends_in_a_try(flow: Flow, value: bool, fails: bool) -> None:
    keys = list(flow.tasks)
    answers: dict[str, Json] = (
        {key: {"error": {"message": "No", "retryable": False}} for key in keys[::3]} if fails else {}
    )
    trial = try_flow(
        flow, dict.fromkeys(("yes", "no", "again", "a", "b", "c"), value), answers, most=100_000, seconds=60
    )
    assert trial.status in FINAL_STATUSES
    assert trial.stopped == ""
    assert set(trial.path) <= set(flow.tasks)


@quick
@given(flow=flows())
def test_a_try_comes_to_the_same_each_time(flow: Flow) -> None:
    assert try_flow(flow, {}).to_json() == try_flow(flow, {}).to_json()


def test_examples_hold_what_later_tasks_read() -> None:
    mail = {"action": "send_email", "inputs": {"to": "{{ input.to }}", "subject": "{{ steps.a.output.body.id }}"}}
    flow = draw("trigger -> a -> b", settings={"a": HTTP, "b": mail})
    assert sample_for(flow) == {"total": "example", "to": "example"}
    trial = try_flow(flow, {"total": 1, "to": "ann@example.com"})
    assert moments_of(trial, "b")[0].sent["subject"] == "example"
    assert example_for(None, [("list", 1, "x"), ("list",), ("name", "size")]) == {
        "list": [None, {"x": "example"}],
        "name": "example",
    }


def test_an_input_that_does_not_fit_starts_nothing() -> None:
    schema = {"type": "object", "required": ["id"], "properties": {"id": {"type": "integer", "minimum": 5}}}
    flow = draw("trigger -> a", input_schema=schema)
    refused = try_flow(flow, {})
    assert (refused.status, refused.moments) == ("queued", ())
    assert "id: is required" in refused.stopped
    assert sample_for(flow) == {"id": 5}
    assert try_flow(flow, sample_for(flow)).status == "complete"


def test_the_names_of_an_input_are_all_that_is_declared_at_any_depth_each_once() -> None:
    line = {"type": "object", "properties": {"price": {"type": "number"}, "id": {"type": "string"}}}
    properties = {"id": {"type": "integer"}, "lines": {"type": "array", "items": line}}
    flow = draw("trigger -> a", input_schema={"type": "object", "properties": properties})
    assert names_for(flow) == ["id", "lines", "price"]
    assert names_for(draw("trigger -> a")) == []
