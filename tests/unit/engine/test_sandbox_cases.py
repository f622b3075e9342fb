"""Cases: what differs, what no case has gone along, and how it is reported."""

from __future__ import annotations

from dataclasses import replace

import pytest
from defusedxml.ElementTree import fromstring

from designer.graph.model import Json
from designer.graph.trials import Case
from engine.sandbox.cases import CaseReport, case_from, run_cases
from engine.sandbox.reports import junit_of, text_of
from engine.sandbox.running import try_flow
from tests.drawing import draw

FLOW = draw("trigger -> d; d -yes-> a; d -none_met-> b")
GOOD: dict[str, Json] = {"status": "complete", "path": ["d", "a"], "output": {}}


def run(*cases: Case) -> CaseReport:
    return run_cases(FLOW, cases)


def test_a_case_passes_when_all_is_as_expected() -> None:
    assert run(Case("yes", {"yes": True}, expect=GOOD)).passed
    assert run(Case("nothing expected")).passed


@pytest.mark.parametrize(
    ("expect", "what", "words"),
    [
        ({"status": "errored"}, "status", "It ended complete, not errored."),
        ({"path": ["d", "b"]}, "path", "Step 2 was a, not b."),
        ({"path": ["d"]}, "path", "It went on with a after 1 step."),
        ({"path": ["d", "a", "c"]}, "path", "It ended after 2 steps, before “c”, which has been deleted."),
        ({"path": ["gone", "a"]}, "path", "Step 1 was d, not “gone”, which has been deleted."),
        ({"output": {"ok": True}}, "output", 'The output is {}, not {"ok":true}.'),
    ],
)
def test_what_differs_is_said(expect: dict[str, Json], what: str, words: str) -> None:
    (result,) = run(Case("yes", {"yes": True}, expect=expect)).failed
    assert [(one.what, one.words) for one in result.differences] == [(what, words)]


def test_a_difference_names_tasks_as_people_call_them() -> None:
    names = {"a": "Ship it", "b": "Ask first"}
    flow = replace(FLOW, tasks={key: replace(task, name=names.get(key, key)) for key, task in FLOW.tasks.items()})
    (result,) = run_cases(flow, [Case("yes", {"yes": True}, expect={"path": ["d", "b"]})]).failed
    assert result.differences[0].words == "Step 2 was Ship it, not Ask first."
    alike = replace(flow, tasks={key: replace(task, name="Do it") for key, task in flow.tasks.items()})
    (result,) = run_cases(alike, [Case("yes", {"yes": True}, expect={"path": ["d", "b"]})]).failed
    assert result.differences[0].words == "Step 2 was a, not b."


def test_a_case_made_of_a_run_passes() -> None:
    trial = try_flow(FLOW, {"yes": False})
    case = case_from("no", {"yes": False}, {}, trial)
    assert case.expect == {"status": "complete", "path": ["d", "b"], "output": {}}
    assert run(case).passed


def test_a_run_that_comes_to_no_end_is_a_difference() -> None:
    flow = draw("trigger -> a", kinds={"a": "manual"})
    (result,) = run_cases(flow, [Case("nobody", answers={"a": {"times_out": True}})]).failed
    assert result.differences[0].what == "run"


def test_a_flow_with_problems_fails_each_case_with_them() -> None:
    broken = draw("trigger -> a", settings={"a": {"action": "nothing"}})
    (result,) = run_cases(broken, [Case("any")]).failed
    assert "The flow cannot be run" in result.differences[0].words


def test_coverage_names_the_edges_that_no_case_has_gone_along() -> None:
    coverage = run(Case("yes", {"yes": True})).coverage
    assert (coverage.taken_count, coverage.percent) == (2, 66)
    assert [branch.words for branch in coverage.missed] == ["d → b by otherwise"]
    both = run(Case("yes", {"yes": True}), Case("no", {"yes": False})).coverage
    assert both.percent == 100


def test_reports_for_people_and_for_build_servers() -> None:
    report = run(Case("good", {"yes": True}), Case("bad", {"yes": True}, expect={"path": ["d", "b"]}))
    lines = list(text_of("flow.yaml", report))
    assert lines[0] == "flow.yaml: 1 of 2 cases passed, 66 % of the edges taken"
    assert "  FAIL bad" in lines
    assert "  never taken: d → b by otherwise" in lines
    suites = fromstring(junit_of({"flow.yaml": report}, {"gone.yaml": ["cannot be read"]}))
    assert (suites.get("tests"), suites.get("failures"), suites.get("errors")) == ("2", "1", "1")
    failure = suites.find("testsuite/testcase[@name='bad']/failure")
    assert failure is not None
    assert failure.get("message") == "Step 2 was a, not b."
