"""What the inspector says of attempts and of decisions, by the code that runs them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from designer.graph.conditions import evaluate
from designer.graph.kinds import KINDS
from designer.graph.model import Json
from designer.graph.retries import gives_up_after, planned_attempts, retry_policy
from designer.graph.trials import Case
from designer.inspector.attempts import timeline_of, words_of
from designer.inspector.forms import form_for
from designer.inspector.truth import sample_data, samples_of, truth_table
from engine.core.retries import retry_policy as engines_policy
from tests.drawing import draw

RETRIES: Json = {"retries": {"limit": 3, "delay": "2 seconds", "backoff": "exponential"}, "timeout": "30 seconds"}


def test_the_attempts_are_those_of_the_engine() -> None:
    policy = engines_policy(RETRIES)
    planned = planned_attempts(retry_policy(RETRIES), timedelta(seconds=30))
    waited = timedelta()
    for attempt in planned:
        assert attempt.earliest == waited
        assert attempt.latest == waited + timedelta(seconds=30) * (attempt.number - 1)
        waited += policy.pause_after(attempt.number)
    assert [attempt.number for attempt in planned] == [1, 2, 3, 4]
    assert gives_up_after(policy, timedelta(seconds=30)) == timedelta(seconds=14 + 120)


def test_the_line_of_time_says_when_and_how_long() -> None:
    timeline = timeline_of(KINDS["automation"].fields, RETRIES)
    assert timeline is not None
    assert timeline.count == "up to 4 attempts"
    assert [mark.when for mark in timeline.listed] == ["at once", "2 s", "6 s", "14 s"]
    assert [mark.x for mark in timeline.marks] == sorted({mark.x for mark in timeline.marks})
    assert timeline.ends == "2 min 14 s"


def test_a_kind_without_attempts_and_settings_that_cannot_be_read_have_no_line() -> None:
    assert timeline_of(KINDS["delay"].fields, {}) is None
    assert timeline_of(KINDS["automation"].fields, {"retries": {"delay": "soon"}}) is None
    endless = timeline_of(KINDS["automation"].fields, {"retries": {"limit": 1_000_000_000}})
    assert endless is not None
    assert endless.ends == ""


def test_spans_are_told_in_two_units_at_most() -> None:
    spans = {0.25: "250 ms", 90: "1 min 30 s", 3600: "1 h", 90061: "1 d 1 h"}
    assert {seconds: words_of(timedelta(seconds=seconds)) for seconds in spans} == spans


DECISION = draw("a -> d; d -yes-> b; d -no-> c").tasks["d"]


def test_the_truth_table_says_what_the_decision_would_do() -> None:
    cases = [Case("Both", {"yes": True, "no": True}), Case("None", {})]
    samples = samples_of(DECISION, {"input": {"yes": True}}, cases)
    table = truth_table(DECISION, samples)
    assert table.columns == ("Sample", "Both", "None")
    assert table.taken == ("yes", "yes, no", "otherwise")
    for column, (_, data) in enumerate(samples):
        records = {record["key"]: record["is_met"] for record in evaluate(DECISION.conditions, data).records}
        assert [row.cells[column].is_met for row in table.rows if row.is_branch] == list(records.values())


def test_a_sample_has_a_place_for_everything_that_is_read() -> None:
    assert sample_data(DECISION, input={"yes": 1}, answers={"a": [{"output": {"x": 1}}]}) == {
        "input": {"yes": 1, "no": None},
        "steps": {"a": {"status": "completed", "output": {"x": 1}}},
    }


def test_operators_follow_the_declared_type_of_the_source() -> None:
    schema = {"type": "object", "properties": {"yes": {"type": "boolean"}}}
    form = form_for(draw("a -> d; d -yes-> b", input_schema=schema), "d")
    assert form is not None
    assert form.branches is not None
    (statement,) = form.branches[0].statements
    assert statement.known_type == "Yes or no"
    assert "greater_than" not in {operator.value for operator in statement.operators}


def test_the_attempts_of_a_compensation_are_drawn_as_well() -> None:
    settings = {"action": "http_request", "compensation": {"action": "set_values", "retries": {"limit": 2}}}
    flow = draw("charge", kinds={"charge": "automation"})
    flow = replace(flow, tasks={"charge": replace(flow.tasks["charge"], settings=settings)})
    form = form_for(flow, "charge")
    assert form is not None
    assert form.undoing is not None
    assert form.undoing.count == "up to 3 attempts"
    bare = {"action": "http_request", "compensation": {}}
    flow = replace(flow, tasks={"charge": replace(flow.tasks["charge"], settings=bare)})
    undone = form_for(flow, "charge")
    assert undone is not None
    assert undone.undoing is None


def test_what_a_statement_says_beyond_the_builder_is_shown_in_words() -> None:
    options: dict[str, Json] = {
        "rules": "attribute",
        "type": "date",
        "sources": ["context.order.due"],
        "match": "any",
        "offset": {"amount": 3, "unit": "days"},
        "relative": True,
    }
    flow = draw("trigger -> d; d -yes-> a")
    (condition,) = flow.tasks["d"].conditions
    told = replace(condition, statements=(replace(condition.statements[0], options=options),))
    form = form_for(replace(flow, tasks={**flow.tasks, "d": replace(flow.tasks["d"], conditions=(told,))}), "d")
    assert form is not None
    assert form.branches is not None
    assert form.branches[0].statements[0].rules == (
        "Compared as an attribute of the type date; also context.order.due: one of them is enough; "
        "3 days are added to its date; the value is a day as seen from today."
    )
