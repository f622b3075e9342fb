"""One executor per kind: what it answers to begin, to its timers and to events."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import designer.graph.actions
import designer.graph.kinds
import engine.actions
import engine.steps
from designer.graph.actions import ACTIONS as DECLARED_ACTIONS
from designer.graph.kinds import KINDS
from designer.graph.model import Condition, Flow, Statement, Task
from engine.actions import ACTIONS
from engine.core.advance import fold
from engine.core.facts import Fact, FactType
from engine.core.hiding import without_hidden
from engine.core.ports import (
    LONGEST_MESSAGE,
    Completed,
    Failed,
    InboundMessage,
    StepContext,
    Timer,
    TimerPurpose,
    Waiting,
    facts_for,
    failed,
)
from engine.core.state import new_state
from engine.steps import EXECUTORS
from tests.drawing import draw
from tests.unit.engine.driving import compile_plan

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
DATA: Mapping[str, Any] = {
    "input": {"total": 1200, "mail": "ann@example.com", "team": ["ops", "bob@example.com"], "wait": "2 hours"},
    "steps": {},
    "vars": {},
    "instance": {"started_at": NOW.isoformat()},
    "now": NOW.isoformat(),
}
NOT_KINDS = {"__init__", "kind", "shared"}
NOT_ACTIONS = {"__init__", "action"}


def context(kind: str, conditions: tuple[Condition, ...] = (), /, **settings: Any) -> StepContext:
    task = Task("t", "The task", kind, settings=settings, conditions=conditions)
    return in_flow(task, Flow("f", "F", tasks={"t": task}))


def in_flow(task: Task, flow: Flow, **data: Any) -> StepContext:
    return StepContext(
        instance_id=7,
        instance_key="order-1",
        flow_key="f",
        task=task,
        iteration=2,
        attempt=1,
        data={**DATA, **data},
        now=NOW,
        timezone="Europe/Berlin",
        flow=flow,
    )


def begin(kind: str, conditions: tuple[Condition, ...] = (), /, **settings: Any) -> Any:
    return EXECUTORS[kind].begin(context(kind, conditions, **settings))


def names(package: Any, without: set[str]) -> set[str]:
    return {path.stem for path in Path(package.__file__).parent.glob("*.py")} - without


# -- the catalogue ----------------------------------------------------------------------------------------------------


def test_every_kind_has_an_executor_in_a_file_of_its_name() -> None:
    assert set(EXECUTORS) == set(KINDS) == names(designer.graph.kinds, NOT_KINDS) == names(engine.steps, NOT_KINDS)
    for key, executor in EXECUTORS.items():
        assert executor.kind == key
        assert importlib.import_module(f"engine.steps.{key}").EXECUTOR is executor


def test_every_action_runs_in_a_file_of_its_name() -> None:
    declared, runnable = names(designer.graph.actions, NOT_ACTIONS), names(engine.actions, NOT_ACTIONS)
    assert set(ACTIONS) == set(DECLARED_ACTIONS) == declared == runnable
    for key, action in ACTIONS.items():
        assert action.key == key
        assert importlib.import_module(f"engine.actions.{key}").ACTION is action


ASKS_OUTSIDE = {"ai_agent", "program", "email", "sms", "push", "chat", "tool", "digest", "throttle"}


def test_only_what_reaches_outside_is_run_as_a_leased_attempt() -> None:
    outside = {key for key, action in ACTIONS.items() if action.has_outside_effect}
    assert outside == {"http_request", "send_email", "python", "run_script"}
    automation = EXECUTORS["automation"]
    for key in ACTIONS:
        assert automation.has_outside_effect(Task("t", "", "automation", settings={"action": key})) == (key in outside)
    for kind, executor in EXECUTORS.items():
        assert kind == "automation" or executor.has_outside_effect(Task("t", "", kind)) == (kind in ASKS_OUTSIDE)


@pytest.mark.parametrize("kind", sorted(EXECUTORS))
def test_an_executor_answers_nothing_to_what_it_does_not_wait_for(kind: str) -> None:
    asked = context(kind, event_type="go")
    assert EXECUTORS[kind].on_timer(asked, "another") is None
    if kind != "wait_event":
        assert EXECUTORS[kind].on_event(asked, InboundMessage("go", {})) is None


@pytest.mark.parametrize("kind", sorted(EXECUTORS))
def test_no_executor_raises_for_settings_that_make_no_sense(kind: str) -> None:
    nonsense: Any = {
        "action": 5,
        "inputs": [1],
        "for": [],
        "due": {"for": 5},
        "event_type": {},
        "agent": {"a": 1},
        "prompt": 7,
        "flow": [],
        "timeout": "x",
        "expires": 3,
    }
    assert isinstance(begin(kind, **nonsense), (Completed, Failed, Waiting))


# -- manual -----------------------------------------------------------------------------------------------------------


def test_a_manual_task_waits_for_a_person() -> None:
    form = {"type": "object", "properties": {"ok": {"type": "boolean"}}}
    assigned = ["{{ input.mail }}", "{{ input.team }}", "ops"]
    found = begin("manual", assigned_to=assigned, form=form, due={"for": "2 days"}, expires="1 week")
    assert found == Waiting(
        for_="person",
        assigned_to=("ann@example.com", "ops", "bob@example.com"),
        form=form,
        due_at=NOW + timedelta(days=2),
        timers=(Timer(TimerPurpose.DUE, NOW + timedelta(days=2)), Timer(TimerPurpose.EXPIRE, NOW + timedelta(days=7))),
    )


def test_a_due_date_that_has_passed_is_kept_without_a_timer() -> None:
    found = begin("manual", due={"at": "2026-01-01T00:00:00Z"})
    assert (found.due_at, found.timers) == (datetime(2026, 1, 1, tzinfo=UTC), ())


def test_a_manual_task_that_expires_fails_so_that_its_error_edge_is_taken() -> None:
    found = EXECUTORS["manual"].on_timer(context("manual"), "expire")
    assert isinstance(found, Failed)
    assert (found.error["name"], found.error["retryable"]) == ("TaskExpired", False)
    assert EXECUTORS["manual"].on_timer(context("manual"), "due") is None


@pytest.mark.parametrize(
    ("settings", "name"),
    [({"assigned_to": ["{{ input.missing }}"]}, "TemplateError"), ({"expires": "soon"}, "BadMoment")],
)
def test_a_manual_task_with_settings_that_cannot_be_read_fails(settings: dict[str, Any], name: str) -> None:
    assert begin("manual", **settings).error["name"] == name


# -- decision ---------------------------------------------------------------------------------------------------------


def over(amount: int, key: str) -> Condition:
    return Condition(key, statements=(Statement("input.total", "greater_than", (amount,)),))


def test_a_decision_takes_all_met_branches_or_the_first() -> None:
    conditions = (over(5000, "huge"), over(1000, "large"), over(100, "some"))
    assert begin("decision", conditions).branches == ("large", "some")
    assert begin("decision", conditions, parallel=False).branches == ("large",)
    assert begin("decision", conditions[:1]).branches == ("none_met",)


def test_a_decision_records_what_it_saw() -> None:
    found = begin("decision", (over(1000, "large"),))
    assert found.output == {"branches": ["large"]}
    (record,) = found.conditions
    assert (record["key"], record["is_met"], record["statements"][0]["saw"]) == ("large", True, 1200)


def test_a_decision_over_a_sensitive_output_records_no_values() -> None:
    secret = Task("secret", "", "automation", settings={"action": "set_values", "sensitive": "output"})
    condition = Condition("yes", statements=(Statement("steps.secret.output.pin", "equals", ("1234",)),))
    task = Task("t", "", "decision", conditions=(condition,))
    asked = in_flow(
        task, Flow("f", "F", tasks={"t": task, "secret": secret}), steps={"secret": {"output": {"pin": "1234"}}}
    )
    found: Any = EXECUTORS["decision"].begin(asked)
    assert found.branches == ("yes",)
    assert found.conditions[0]["statements"][0]["saw"] == "[REDACTED]"


# -- delay ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "wakes_at"),
    [
        ({"for": "{{ input.wait }}"}, NOW + timedelta(hours=2)),
        ({"until": "2026-03-02T14:00:00"}, NOW + timedelta(hours=1)),
        ({"cron": "0 6 * * *"}, datetime(2026, 3, 3, 5, tzinfo=UTC)),
        ({"cron": "0 6 * * *", "timezone": "UTC"}, datetime(2026, 3, 3, 6, tzinfo=UTC)),
    ],
)
def test_a_delay_waits_for_its_moment(settings: dict[str, Any], wakes_at: datetime) -> None:
    assert begin("delay", **settings) == Waiting(for_="timer", timers=(Timer(TimerPurpose.WAKE, wakes_at),))


def test_a_moment_that_has_passed_lets_the_flow_go_on_at_once() -> None:
    assert isinstance(begin("delay", until="2020-01-01"), Completed)
    assert isinstance(begin("delay", **{"for": "0 seconds"}), Completed)


def test_a_delay_that_is_over_completes() -> None:
    assert isinstance(EXECUTORS["delay"].on_timer(context("delay"), "wake"), Completed)


@pytest.mark.parametrize(
    "settings", [{"for": "soon"}, {"until": "soon"}, {"cron": "soon"}, {}, {"until": "2999-01-01"}]
)
def test_a_delay_without_a_moment_fails(settings: dict[str, Any]) -> None:
    assert begin("delay", **settings).error["name"] == "BadMoment"


# -- wait_event -------------------------------------------------------------------------------------------------------


def test_a_wait_for_an_event_has_a_timeout_of_a_day() -> None:
    found = begin("wait_event", event_type="picked-up", filter="event.n > 1")
    assert found == Waiting(
        for_="event",
        event_type="picked-up",
        event_filter="event.n > 1",
        timers=(Timer(TimerPurpose.TIMEOUT, NOW + timedelta(hours=24)),),
    )


def test_no_wait_is_longer_than_a_year() -> None:
    (timer,) = begin("wait_event", event_type="go", timeout="5 years").timers
    assert timer.due_at == NOW + timedelta(days=365)


def test_the_payload_of_the_event_is_the_output() -> None:
    asked = context("wait_event", event_type="go", filter="event.n > 1")
    answered = [EXECUTORS["wait_event"].on_event(asked, InboundMessage("go", {"n": n})) for n in (1, 2)]
    assert answered == [None, Completed(output={"n": 2})]


def test_an_event_that_does_not_come_in_time_is_an_error() -> None:
    found = EXECUTORS["wait_event"].on_timer(context("wait_event", event_type="go"), "timeout")
    assert isinstance(found, Failed)
    assert found.error["name"] == "WaitTimedOut"


# -- automation -------------------------------------------------------------------------------------------------------


def test_an_automation_renders_its_inputs_and_answers_the_output_of_its_action() -> None:
    values = {"double": "{{ input.total | times: 2 }}", "team": "{{ input.team }}"}
    found = begin("automation", action="set_values", inputs={"values": values})
    wanted = {"double": "2400", "team": ["ops", "bob@example.com"]}
    assert found == Completed(output=wanted, vars=wanted, input={"values": wanted})


def test_an_action_that_fails_fails_the_attempt() -> None:
    inputs = {"message": "No stock of {{ input.total }}", "retryable": True}
    found = begin("automation", action="raise_error", inputs=inputs)
    assert found.error == {"name": "RaisedError", "message": "No stock of 1200", "retryable": True}


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({"action": "dance"}, "UnknownAction"),
        ({}, "UnknownAction"),
        ({"action": "set_values", "inputs": {"values": "{{ input.missing }}"}}, "TemplateError"),
        ({"action": "set_values", "inputs": {"values": [1]}}, "WrongInputs"),
        ({"action": "set_values", "inputs": "text"}, "WrongInputs"),
    ],
)
def test_an_automation_that_cannot_be_run_fails_for_good(settings: dict[str, Any], name: str) -> None:
    found = begin("automation", **settings)
    assert (found.error["name"], found.error["retryable"]) == (name, False)


def test_inputs_that_read_a_sensitive_output_are_kept_as_they_are_written() -> None:
    secret = Task("secret", "", "automation", settings={"action": "set_values", "sensitive": "output"})
    inputs = {"values": {"pin": "{{ steps.secret.output.pin }}"}}
    task = Task("t", "", "automation", settings={"action": "set_values", "inputs": inputs})
    flow = Flow("f", "F", tasks={"t": task, "secret": secret})
    asked = in_flow(task, flow, steps={"secret": {"output": {"pin": "1234"}}})
    found: Any = without_hidden(asked, EXECUTORS["automation"].begin(asked))
    assert (found.output, found.input) == ({"pin": "1234"}, inputs)


def test_the_inputs_of_a_sensitive_set_values_are_not_kept() -> None:
    found = begin("automation", action="set_values", inputs={"values": {"pin": "1"}}, sensitive="output")
    assert (found.output, found.input) == ({"pin": "1"}, None)


# -- results as facts -------------------------------------------------------------------------------------------------


def test_the_idempotency_key_is_the_same_for_all_attempts() -> None:
    assert context("noop").idempotency_key == "7-order-1:t:2"


RESULTS = {
    "completed": (Completed(output=1), ["StepCompleted"]),
    "by a person": (Completed(by="ann"), ["StepCompleted"]),
    "decided": (Completed(branches=("yes",), conditions=({"key": "yes"},)), ["DecisionTaken"]),
    "failed": (failed("Broken", "It broke."), ["AttemptFailed"]),
    "waiting": (
        Waiting(for_="person", due_at=NOW, timers=(Timer(TimerPurpose.DUE, NOW), Timer(TimerPurpose.EXPIRE, NOW))),
        ["StepWaiting", "DueDateSet", "TimerSet", "TimerSet"],
    ),
}


@pytest.mark.parametrize("name", RESULTS)
def test_every_result_becomes_facts_that_can_be_told(name: str) -> None:
    result, wanted = RESULTS[name]
    told = facts_for(result, task="t", iteration=1, now=NOW, attempt=1)
    assert [fact.type.value for fact in told] == wanted
    plan = compile_plan(draw("t -yes-> a" if name == "decided" else "t -> a"))
    state = fold(plan, new_state(plan), [Fact(FactType.INSTANCE_STARTED, NOW)], now=NOW).state
    assert fold(plan, state, told, now=NOW).facts


def test_a_failure_without_an_attempt_is_final() -> None:
    (fact,) = facts_for(failed("WaitTimedOut", "Too late.", retryable=True), task="t", iteration=1, now=NOW)
    assert fact.type is FactType.STEP_FAILED


def test_facts_hold_no_outputs() -> None:
    (fact,) = facts_for(Completed(output="big", vars={"a": 1}, by="ann"), task="t", iteration=1, now=NOW, attempt=3)
    assert fact.data == {"number": 3, "by": "ann"}


def test_a_message_is_cut_to_a_storable_length() -> None:
    assert len(failed("Long", "x" * 9999).error["message"]) == LONGEST_MESSAGE + 1
