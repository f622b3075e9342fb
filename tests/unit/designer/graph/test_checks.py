"""Every problem names its culprit and its mend."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from designer.graph.checks import Around, Problem, Severity, check_flow
from designer.graph.model import Condition, Edge, Flow, On, Phase, Requirement, Statement, Task
from designer.graph.plan import compile_plan
from tests.drawing import draw


def errors(flow: Flow) -> list[Problem]:
    """The errors of a flow."""
    return [problem for problem in check_flow(flow) if problem.is_error]


def warnings(flow: Flow) -> list[Problem]:
    """Its warnings."""
    return [problem for problem in check_flow(flow) if not problem.is_error]


def only_error(flow: Flow) -> Problem:
    """The one error a flow has."""
    found = errors(flow)
    assert [problem.code for problem in found] == [found[0].code]
    return found[0]


def reading(text: str, drawing: str = "a -> b", **settings: Any) -> Flow:
    """A drawing in which `b` sets a value from a template."""
    return draw(drawing, settings={"b": {"action": "set_values", "inputs": {"values": {"x": text}}}, **settings})


# -- ways -------------------------------------------------------------------------------------------------------------


def test_a_sound_flow_has_no_problems() -> None:
    flow = draw("trigger -> fetch -> decide; decide -yes-> ship -> end; decide -none_met-> end[any]; fetch -!-> mend")
    assert check_flow(flow) == ()


def test_a_flow_without_tasks_has_nothing_to_start_with() -> None:
    assert only_error(Flow("empty", "Empty")).code == "nothing_to_start"


def test_a_flow_of_nothing_but_a_circle_has_nothing_to_start_with() -> None:
    assert {problem.code for problem in errors(draw("a -> b -> a"))} == {"nothing_to_start", "cycle"}


def test_an_undeclared_cycle_names_its_tasks() -> None:
    problem = only_error(draw("trigger -> a -> b -> c -> b"))
    assert problem.code == "cycle"
    assert problem.node == "b"
    assert problem.message.startswith('"b" and "c" go round in a circle.')
    assert "declare its loop" in problem.message


def test_a_circle_of_edges_and_requirements_is_told_as_such() -> None:
    problem = only_error(draw("trigger -> a -> b", requires={"a": "b"}))
    assert problem.code == "cycle"
    assert "requirements and edges" in problem.message


def test_a_task_that_requires_its_own_phase_waits_for_itself() -> None:
    problem = only_error(draw("a", phases={"p": "a"}, requires={"a": "phase:p"}))
    assert problem.code == "cycle"
    assert "waits for itself" in problem.message


def test_a_requirement_of_a_phase_counts_for_each_of_its_tasks() -> None:
    assert only_error(draw("a -> b", phases={"p": "a"}, requires={"phase:p": "b"})).code == "cycle"


def test_a_task_in_a_loop_cannot_require_what_begins_when_the_loop_is_left() -> None:
    flow = draw(
        "trigger -> a -> b -> d; d -again-> a; a -!-> mend",
        loops={"d": ("again", "done", 3)},
        requires={"b": "mend"},
    )
    assert "only begin when the loop is left" in only_error(flow).message


def test_an_unreachable_task_is_named_with_everything_behind_it() -> None:
    found = errors(draw("trigger -> a; b -> c"))
    assert [(problem.code, problem.node) for problem in found] == [("unreachable", "b"), ("unreachable", "c")]
    assert "no edge leads to it" in found[0].message
    assert "nothing that starts leads to it" in found[1].message


def test_without_trigger_edges_every_task_without_incoming_edges_is_a_start() -> None:
    assert errors(draw("a -> c; b -> d")) == []


def test_a_phase_with_edges_needs_tasks_and_one_without_is_a_warning() -> None:
    flow = draw("a")
    empty = flow.with_phase(Phase("p", "Payment"))
    assert [problem.code for problem in warnings(empty)] == ["phase_empty"]
    problem = only_error(empty.with_edges([Edge("a", "phase:p")]))
    assert problem.code == "phase_empty"
    assert problem.edge == Edge("a", "phase:p").id


def test_a_phase_is_not_connected_with_its_own_tasks() -> None:
    flow = draw("a -> b", phases={"p": "a b"})
    assert "edge_within_phase" in {p.code for p in errors(flow.with_edges([*flow.edges, Edge("b", "phase:p")]))}


@pytest.mark.parametrize(
    ("edge", "code"),
    [
        (Edge("a", "bb"), "edge_dangles"),
        (Edge("phase:q", "b"), "edge_dangles"),
        (Edge("a", "trigger"), "edge_into_trigger"),
        (Edge("a", "a"), "edge_to_itself"),
        (Edge("trigger", "a", on=On.ERROR), "trigger_cannot_fail"),
        (Edge("a", "b"), "edge_twice"),
        (Edge("a", "b", branch="yes"), "branch_unknown"),
    ],
)
def test_edges_that_no_editor_draws_are_found_too(edge: Edge, code: str) -> None:
    flow = draw("a -> b")
    assert code in {problem.code for problem in errors(flow.with_edges([*flow.edges, edge]))}


# -- decisions and loops ----------------------------------------------------------------------------------------------


def test_a_missing_default_branch_and_an_unused_branch_are_warnings() -> None:
    flow = draw("trigger -> d; d -yes-> a")
    d = flow.tasks["d"]
    no = Condition("no", "Refused", statements=(Statement("input.no", "equals", (True,)),))
    flow = flow.with_task(replace(d, conditions=(*d.conditions, no)))
    found = warnings(flow)
    assert [problem.code for problem in found] == ["branch_unused", "no_default_branch"]
    assert '"Refused"' in found[0].message
    assert errors(flow) == []


def test_a_manual_decision_needs_neither_statements_nor_a_default_branch() -> None:
    flow = draw("d -yes-> a", settings={"d": {"start": "manual"}})
    flow = flow.with_task(replace(flow.tasks["d"], conditions=(Condition("yes", "Yes"),)))
    assert check_flow(flow) == ()


def test_a_decision_without_branches_has_nothing_to_decide() -> None:
    assert only_error(draw("d", kinds={"d": "decision"})).code == "no_branches"


def test_a_condition_without_statements_is_never_taken() -> None:
    flow = draw("d -yes-> a; d -none_met-> b")
    flow = flow.with_task(replace(flow.tasks["d"], conditions=(Condition("yes"),)))
    assert only_error(flow).code == "condition_empty"


def test_an_edge_out_of_a_decision_needs_a_branch() -> None:
    problem = only_error(draw("d -> a; d -none_met-> b; d -yes-> b", kinds={"d": "decision"}))
    assert problem.code == "edge_without_branch"
    assert "yes or otherwise" in problem.message


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        (Statement("", "equals", (1,)), "names no value"),
        (Statement("input.x", "equals"), "Give one"),
        (Statement("input.x", "equals", (1, 2)), "exactly one value"),
        (Statement("input.x", "greater_than", (1,), "text"), "another operator or type"),
        (Statement("input.x", "equals", ("many",), "number"), "not of type number"),
        (Statement("input.x", "resembles", (1,)), "no operator"),
    ],
)
def test_a_statement_that_cannot_hold_is_an_error(statement: Statement, words: str) -> None:
    flow = draw("d -yes-> a; d -none_met-> b")
    flow = flow.with_task(replace(flow.tasks["d"], conditions=(Condition("yes", statements=(statement,)),)))
    problem = only_error(flow)
    assert words in problem.message
    assert problem.path.startswith("tasks.d.settings.conditions[0].statements[0]")


LOOP = {"d": ("again", "done", 3)}


def test_a_sound_loop_has_no_errors() -> None:
    assert errors(draw("a -> b -> d; d -again-> a; d -done-> c; b -!-> mend -> e", loops=LOOP)) == []


def test_a_loop_branch_needs_exactly_one_edge() -> None:
    assert only_error(draw("a -> d; d -done-> c", loops=LOOP)).code == "loop_without_edge"
    assert only_error(draw("a -> b -> d; d -again-> a,b", loops=LOOP)).code == "loop_twice"


def test_a_loop_branch_leads_back() -> None:
    problem = only_error(draw("a -> d; d -again-> b", loops=LOOP))
    assert problem.code == "loop_not_back"
    assert "Choose an earlier task" in problem.message


def test_a_loop_without_exit_is_a_missing_setting() -> None:
    flow = draw("a -> d; d -again-> a", loops=LOOP)
    d = flow.tasks["d"]
    flow = flow.with_task(replace(d, settings={"loop": {"branch": "again"}}))
    found = {problem.field for problem in errors(flow) if problem.code == "setting_missing"}
    assert found == {("settings", "loop", "exit"), ("settings", "loop", "max_iterations")}


def test_the_branches_a_loop_names_are_there_and_differ() -> None:
    flow = draw("a -> d; d -again-> a; d -done-> b", loops=LOOP)
    d = flow.tasks["d"]
    wrong = replace(d, settings={"loop": {"branch": "again", "exit": "doen", "max_iterations": 2}})
    assert 'Did you mean "done"?' in only_error(flow.with_task(wrong)).message
    same = replace(d, settings={"loop": {"branch": "again", "exit": "again", "max_iterations": 2}})
    assert "another branch" in only_error(flow.with_task(same)).message


def test_an_edge_into_a_loop_body_names_the_loop_and_its_start() -> None:
    problem = only_error(draw("trigger -> a -> b -> d; trigger -> x -> b; d -again-> a", loops=LOOP))
    assert problem.code == "edge_into_loop"
    assert problem.message == (
        'The edge "x" → "b" leads into the loop of "d". Enter it at its start, "a", or let every way round pass there.'
    )


def test_an_edge_out_of_a_loop_body_is_named() -> None:
    problem = only_error(draw("a -> b -> d; b -> x; d -again-> a", loops=LOOP))
    assert problem.code == "edge_out_of_loop"
    assert problem.edge == Edge("b", "x").id


def test_overlapping_loops_are_named() -> None:
    flow = draw(
        "a -> b -> c -> d; c -again-> a; c -done-> d; d -again-> b",
        loops={"c": ("again", "done", 2), "d": ("again", "done", 2)},
    )
    flow = flow.with_edges(edge for edge in flow.edges if edge != Edge("c", "d"))
    assert only_error(flow).code == "loops_overlap"


def test_nested_loops_are_sound() -> None:
    loops = {"inner": ("again", "done", 2), "outer": ("again", "done", 2)}
    flow = draw(
        "a -> b -> inner; inner -again-> b; inner -done-> outer; outer -again-> a; outer -done-> e", loops=loops
    )
    assert errors(flow) == []
    assert [loop.inside for loop in compile_plan(flow).loops] == [(), (0,)]


def test_a_phase_that_straddles_a_loop_and_is_left_inside_it_is_named() -> None:
    flow = draw("trigger -> x; trigger -> a; phase:p -> d; d -again-> a", loops=LOOP, phases={"p": "a x"})
    assert "phase_across_loop" in {problem.code for problem in errors(flow)}


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
        loops=LOOP,
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
