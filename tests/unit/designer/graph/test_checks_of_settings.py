"""Every problem names its culprit and its mend: settings, references and calls."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from designer.graph.checks import Around, Severity, check_flow
from designer.graph.model import Condition, Requirement, Statement, Task
from tests.drawing import draw
from tests.problems import errors, only_error, reading

# -- settings ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "code", "path"),
    [
        ({}, "setting_missing", "tasks.a.settings.action"),
        ({"action": "http_request"}, "setting_missing", "tasks.a.settings.inputs.method"),
        ({"action": "http_requst"}, "setting_wrong", "tasks.a.settings.action"),
        ({"action": "raise_error", "inputs": {"message": ""}}, "setting_missing", "tasks.a.settings.inputs.message"),
        (
            {"action": "raise_error", "inputs": {"message": "x", "url": "y"}},
            "setting_stray",
            "tasks.a.settings.inputs.url",
        ),
        (
            {"action": "http_request", "inputs": {"method": "GET", "url": "x", "json": 1, "body": "y"}},
            "setting_stray",
            "tasks.a.settings.inputs.body",
        ),
        (
            {"action": "raise_error", "inputs": {"message": "x"}, "schedule": {"mode": "relative"}},
            "setting_missing",
            "tasks.a.settings.schedule.duration",
        ),
        (
            {
                "action": "raise_error",
                "inputs": {"message": "x"},
                "schedule": {"mode": "relative", "duration": "1 day", "reference": "task:aa"},
            },
            "reference_unknown",
            "tasks.a.settings.schedule.reference",
        ),
        (
            {
                "action": "raise_error",
                "inputs": {"message": "x"},
                "schedule": {"mode": "relative", "duration": "1 day"},
            },
            "setting_missing",
            "tasks.a.settings.schedule.reference",
        ),
        (
            {"action": "raise_error", "inputs": {"message": "x"}, "compensation": {"action": "http_request"}},
            "setting_missing",
            "tasks.a.settings.compensation.inputs.url",
        ),
    ],
)
def test_wrong_settings_of_an_automation_are_found_where_they_are(
    settings: dict[str, Any], code: str, path: str
) -> None:
    flow = draw("a").with_task(Task("a", "A", "automation", settings=settings))
    assert (code, path) in {(problem.code, problem.path) for problem in errors(flow)}


@pytest.mark.parametrize(
    ("kind", "settings", "code"),
    [
        ("delay", {}, "setting_missing"),
        ("delay", {"for": "1 day", "cron": "0 6 * * *"}, "setting_stray"),
        ("delay", {"for": "1 day", "timezone": "Europe/Berlin"}, "setting_stray"),
        ("delay", {"cron": "0 6 * *"}, "setting_wrong"),
        ("delay", {"cron": "0 25 * * *"}, "setting_wrong"),
        ("delay", {"until": "tomorrow"}, "setting_wrong"),
        ("wait_event", {}, "setting_missing"),
        ("wait_event", {"event_type": "x", "timeout": "2 years"}, "setting_wrong"),
        ("wait_event", {"event_type": "x", "filter": "event.a >"}, "filter_wrong"),
        ("wait_event", {"event_type": "x", "filter": "evnt.a > 1"}, "filter_wrong"),
        ("manual", {"form": {"type": "objct"}}, "setting_wrong"),
        ("manual", {"due": {}}, "setting_missing"),
        ("manual", {"due": {"for": "1 day", "from": "phase:q"}}, "reference_unknown"),
        ("manual", {"requirements": [{"task": "z"}]}, "requirement_unknown"),
        ("noop", {"anything": 1}, "setting_unknown"),
        ("teleport", {}, "kind_unknown"),
    ],
)
def test_wrong_settings_of_other_kinds_are_found(kind: str, settings: dict[str, Any], code: str) -> None:
    flow = draw("a").with_task(Task("a", "A", kind, settings=settings))
    assert code in {problem.code for problem in errors(flow)}


@pytest.mark.parametrize(
    ("changes", "code", "path"),
    [
        ({"triggers": ({"type": "cron"},)}, "setting_missing", "triggers[0].cron"),
        ({"triggers": ({"type": "cron", "cron": "x"},)}, "setting_wrong", "triggers[0].cron"),
        (
            {"triggers": ({"type": "cron", "cron": "0 6 * * *", "timezone": "Europe/Berlim"},)},
            "setting_wrong",
            "triggers[0].timezone",
        ),
        ({"triggers": ({"type": "event", "event": "x", "filter": "1 +"},)}, "filter_wrong", "triggers[0].filter"),
        (
            {"triggers": ({"type": "event", "event": "x", "inputs": {"a": "{{ input.a }}"}},)},
            "reference_unknown",
            "triggers[0].inputs.a",
        ),
        ({"triggers": ({"type": "moon"},)}, "trigger_unknown", "triggers[0].type"),
        ({"timezone": "Moon"}, "timezone_unknown", "timezone"),
        ({"limits": {"concurrency": 0}}, "setting_wrong", "limits.concurrency"),
        ({"retention": {"success": "soon"}}, "setting_wrong", "retention.success"),
        (
            {"entity_sync": ({"on": "task:z", "entity": "order", "set": {}},)},
            "reference_unknown",
            "entity_sync[0].on",
        ),
        (
            {"entity_sync": ({"on": "often", "entity": "order", "set": {}},)},
            "reference_unknown",
            "entity_sync[0].on",
        ),
    ],
)
def test_what_is_set_on_the_flow_is_checked(changes: dict[str, Any], code: str, path: str) -> None:
    assert (code, path) in {(problem.code, problem.path) for problem in errors(draw("a", **changes))}


def test_a_requirement_of_a_phase_on_nothing_is_found() -> None:
    flow = draw("a", phases={"p": "a"})
    flow = flow.with_phase(replace(flow.phases["p"], requirements=(Requirement("phase:pp"),)))
    problem = only_error(flow)
    assert problem.code == "requirement_unknown"
    assert 'Did you mean "phase:p"?' in problem.message


# -- references -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{{ steps.aa.output }}", 'Did you mean "a"?'),
        ("{{ stps.a.output }}", 'Did you mean "steps"?'),
        ("{{ a.output }}", 'Did you mean "steps.a"?'),
        ("{{ steps.a.outptu }}", 'Did you mean "steps.a.output"?'),
        ("{{ steps.zebra.output }}", "no task with the key"),
        ("{{ steps.b.output.y }}", "Its output has x"),
        ("{{ vars.y }}", "Did you mean"),
        ("{{ vars.quantity }}", "Set values"),
        ("{{ order.total }}", "begins with"),
    ],
)
def test_an_unknown_reference_is_found_with_a_suggestion(text: str, words: str) -> None:
    flow = reading(text)
    flow = flow.with_task(replace(flow.tasks["a"], settings={"action": "set_values", "inputs": {"values": {"yy": 1}}}))
    problem = only_error(flow)
    assert problem.code == "reference_unknown"
    assert problem.path == "tasks.b.settings.inputs.values.x"
    assert words in problem.message


def test_the_output_of_an_http_request_is_known() -> None:
    request = {"action": "http_request", "inputs": {"method": "GET", "url": "https://example.com"}}
    assert 'Did you mean "body"?' in only_error(reading("{{ steps.a.output.bdy }}", a=request)).message
    assert 'Did you mean "steps.a.output.body"?' in only_error(reading("{{ steps.a.body }}", a=request)).message
    assert check_flow(reading("{{ steps.a.output.body.anything }}", a=request)) == ()


def test_references_in_conditions_are_checked() -> None:
    flow = draw("a -> d; d -yes-> b; d -none_met-> b")
    for source in ("steps.aa.output", "steps..a"):
        condition = Condition("yes", statements=(Statement(source, "equals", ("{{ steps.q }}",)),))
        codes = {p.code for p in errors(flow.with_task(replace(flow.tasks["d"], conditions=(condition,))))}
        assert codes <= {"reference_unknown", "reference_wrong"}
        assert codes


def test_a_template_that_cannot_be_read_and_an_unknown_filter_are_errors() -> None:
    assert only_error(reading("{{ steps.a.output")).code == "template_wrong"
    problem = only_error(reading("{{ steps.a.output | upcas }}"))
    assert problem.code == "filter_unknown"
    assert 'Did you mean "upcase"?' in problem.message


def test_a_step_that_does_not_come_before_is_a_warning() -> None:
    flow = reading("{{ steps.c.output }}", "a -> b -> c")
    assert [(p.code, p.severity) for p in check_flow(flow)] == [("reference_early", Severity.WARNING)]
    assert check_flow(reading("{{ steps.a.output }}", "a -> x -> b")) == ()


def test_in_a_loop_the_step_of_an_earlier_round_may_be_read() -> None:
    flow = draw(
        "a -> b -> c -> d; d -again-> b; d -done-> e; d -none_met-> e",
        loops={"d": ("again", "done", 3)},
        settings={"b": {"inputs": {"values": {"x": "{{ steps.c.output }}{{ steps.b.output.x }}"}}}},
    )
    assert check_flow(flow) == ()


def test_errors_come_first() -> None:
    severities = [problem.severity for problem in check_flow(draw("trigger -> d; d -yes-> a; b"))]
    assert severities == sorted(severities)
    assert len(set(severities)) == 2


def test_script_in_a_name_stays_text() -> None:
    flow = draw("trigger -> a; b").with_task(Task("b", "<script>\u0007</script>", "noop"))
    assert '"<script>\\u0007</script>"' in only_error(flow).message


# -- calls ------------------------------------------------------------------------------------------------------------


def test_a_called_flow_has_to_be_there_where_that_is_known() -> None:
    flow = draw("a", kinds={"a": "call"}, settings={"a": {"flow": "bills"}})
    assert check_flow(flow) == ()
    assert check_flow(flow, flows=["bills", "drawn"]) == ()
    (problem,) = check_flow(flow, flows=["billing", "drawn"])
    assert (problem.code, problem.path, problem.is_error) == ("flow_unknown", "tasks.a.settings.flow", True)


def test_groups_and_connections_have_to_be_there_where_that_is_known() -> None:
    agent = {"agent": "helper", "prompt": "Which?"}
    people = ["finance", "anna@example.com", "{{ input.owner }}", "board", "10006129"]
    flow = draw("a; b", kinds={"a": "manual", "b": "ai_agent"}, settings={"a": {"assigned_to": people}, "b": agent})
    assert check_flow(flow) == ()
    assert check_flow(flow, around=Around(frozenset({"finance", "board"}), frozenset({"helper"}))) == ()
    group, connection = check_flow(flow, around=Around(frozenset({"finances", "board"})))
    assert (group.code, group.path, group.is_error) == ("group_unknown", "tasks.a.settings.assigned_to[0]", False)
    assert "finances" in group.message
    assert (connection.code, connection.path) == ("connection_unknown", "tasks.b.settings.agent")
    assert not connection.is_error


def test_a_service_has_to_be_there_for_a_request_and_for_what_takes_it_back() -> None:
    request = {"action": "http_request", "inputs": {"method": "GET", "url": "/orders", "connection": "shop"}}
    settings = {**request, "compensation": request}
    flow = draw("a", settings={"a": settings})
    assert check_flow(flow) == ()
    assert check_flow(flow, around=Around(services=frozenset({"shop"}))) == ()
    found = check_flow(flow, around=Around(services=frozenset({"shops"}), agents=frozenset({"shop"})))
    assert [(problem.code, problem.path, problem.is_error) for problem in found] == [
        ("connection_unknown", f"tasks.a.settings.{place}inputs.connection", False) for place in ("", "compensation.")
    ]
    assert "shops" in found[0].message


def test_a_flow_that_calls_itself_is_warned_about() -> None:
    flow = draw("a", kinds={"a": "call"}, settings={"a": {"flow": "drawn"}})
    (problem,) = check_flow(flow, flows=["drawn"])
    assert (problem.code, problem.is_error) == ("call_recursive", False)


def test_a_script_names_nothing_but_its_arguments() -> None:
    inputs = {"arguments": {"order": "{{ input.order }}"}, "script": "ordr.total"}
    flow = draw("a", settings={"a": {"action": "run_script", "inputs": inputs}})
    (problem,) = check_flow(flow)
    assert (problem.code, problem.path) == ("setting_wrong", "tasks.a.settings.inputs.script")
    assert 'Did you mean "order"?' in problem.message


def test_a_compensation_may_read_the_task_that_it_undoes_but_is_warned_of_later_ones() -> None:
    def undo(reference: str) -> dict[str, Any]:
        return {"action": "http_request", "inputs": {"method": "POST", "url": f"https://example.com/{reference}"}}

    def problems(reference: str) -> list[tuple[str, str]]:
        settings = {"action": "http_request", "inputs": {"method": "GET", "url": "https://example.com"}}
        flow = draw("a -> b", settings={"a": {**settings, "compensation": undo(reference)}})
        return [(problem.code, str(problem.path)) for problem in check_flow(flow)]

    assert problems("{{ steps.a.output.status }}") == []
    assert problems("{{ steps.b.status }}") == [("reference_early", "tasks.a.settings.compensation.inputs.url")]


@pytest.mark.parametrize(
    ("kind", "settings", "is_empty"),
    [
        ("in_app", {}, True),
        ("in_app", {"subject": " ", "body": ""}, True),
        ("in_app", {"subject": "Hello"}, False),
        ("sms", {}, True),
        ("sms", {"body": "{{ input.text }}"}, False),
        ("email", {"subject": "Hello"}, False),
        ("email", {}, False),  # an error says that it needs a subject
        ("manual", {}, False),
    ],
)
def test_a_message_that_says_nothing_is_warned_about(kind: str, settings: dict[str, Any], is_empty: bool) -> None:
    found = check_flow(draw("a", kinds={"a": kind}, settings={"a": settings}))
    empty = [problem for problem in found if problem.code == "message_empty"]
    assert [problem.severity for problem in empty] == [Severity.WARNING] * is_empty
