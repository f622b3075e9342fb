"""Flow files are read strictly and written stably."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from designer.graph.checks import check_flow
from designer.graph.codec import (
    FlowFileInvalid,
    canonical_json,
    decode_flow,
    decode_fragment,
    dump_yaml,
    encode_flow,
    graph_hash,
    load_text,
)
from designer.graph.model import Condition, Edge, Frame, Join, Match, On, Position, Requirement, Statement
from designer.graph.plan import compile_plan
from tests.drawing import draw

ORDER_FULFILMENT = Path(__file__).parents[3] / "flows" / "order-fulfilment.yaml"


def document(**changes: Any) -> dict[str, Any]:
    """A small flow file."""
    tasks = [{"key": "a", "name": "A", "kind": "noop"}, {"key": "b", "name": "B", "kind": "noop"}]
    return {"format": 1, "key": "small", "name": "Small", "tasks": tasks, "edges": []} | changes


def problems_of(raw: Any) -> dict[str, str]:
    """The messages by path that decoding answers."""
    with pytest.raises(FlowFileInvalid) as caught:
        decode_flow(raw)
    return {problem.path: problem.message for problem in caught.value.problems}


def test_the_order_fulfilment_file_decodes_checks_without_errors_and_compiles() -> None:
    flow = decode_flow(load_text(ORDER_FULFILMENT.read_bytes(), name=ORDER_FULFILMENT.name))
    assert list(flow.tasks) == ["charge", "big", "approve", "pack", "wait", "nudge"]
    assert flow.edges[-1] == Edge("wait", "nudge", on=On.ERROR)
    assert flow.tasks["pack"].join is Join.ANY
    assert flow.tasks["big"].conditions == (
        Condition("large", "Over 1000", Match.ALL, (Statement("input.order.total", "greater_than", ("1000",)),)),
    )
    assert [problem for problem in check_flow(flow) if problem.is_error] == []
    assert len(compile_plan(flow).nodes) == 6
    assert decode_flow(load_text(dump_yaml(flow), name="again.yml")) == flow


def test_defaults_are_left_out_of_an_export() -> None:
    assert encode_flow(draw("a -> b", kinds={"a": "noop", "b": "noop"})) == {
        "format": 1,
        "key": "drawn",
        "name": "drawn",
        "tasks": [{"key": "a", "name": "a", "kind": "noop"}, {"key": "b", "name": "b", "kind": "noop"}],
        "edges": [{"from": "a", "to": "b"}],
    }


def test_settings_are_written_in_the_order_of_the_kind_and_free_json_in_its_own() -> None:
    settings = {"timeout": "1 second", "inputs": {"values": {"z": 1, "a": 2}}, "action": "set_values"}
    written = encode_flow(draw("a", settings={"a": settings}))["tasks"][0]["settings"]
    assert list(written) == ["action", "inputs", "timeout"]
    assert list(written["inputs"]["values"]) == ["z", "a"]


def test_everything_that_may_stand_in_a_file_is_read() -> None:
    flow = decode_flow(
        document(
            description="What for",
            tags=["x"],
            timezone="Europe/Berlin",
            extensions={"epilot": {"org_id": "77"}},
            phases=[
                {
                    "key": "p",
                    "name": "P",
                    "description": "d",
                    "requirements": [{"task": "a"}],
                    "frame": [0, 0, 300, 200.0],
                }
            ],
            tasks=[
                {"key": "a", "kind": "noop", "at": [16, 32], "cancel_rest": False, "join": "race"},
                {"key": "b", "name": "B", "kind": "manual", "phase": "p", "description": "d"},
            ],
        )
    )
    assert flow.timezone == "Europe/Berlin"
    assert flow.extensions == {"epilot": {"org_id": "77"}} == encode_flow(flow)["extensions"]
    assert flow.phases["p"].frame == Frame(0, 0, 300, 200)
    assert flow.phases["p"].requirements == (Requirement("a"),)
    assert flow.tasks["a"].name == "a"
    assert flow.tasks["a"].at == Position(16, 32)
    assert not flow.tasks["a"].cancel_rest
    assert decode_flow(encode_flow(flow)) == flow


def test_a_description_among_the_settings_of_a_human_task_becomes_the_tasks_description() -> None:
    flow = decode_flow(document(tasks=[{"key": "a", "kind": "manual", "settings": {"description": "Do it."}}]))
    assert flow.tasks["a"].description == "Do it."
    assert "description" not in flow.tasks["a"].settings


def test_a_bare_key_that_names_a_phase_only_is_taken_for_the_phase() -> None:
    raw = document(phases=[{"key": "p", "name": "P"}, {"key": "a", "name": "Like the task"}])
    raw["edges"] = [{"from": "p", "to": "b"}, {"from": "a", "to": "b"}, {"from": "phase:a", "to": "b"}]
    sources = [edge.source for edge in decode_flow(raw).edges]
    assert sources == ["phase:p", "a", "phase:a"]


def test_every_problem_is_told_with_its_path() -> None:
    raw = document(
        colour="red",
        key="not a key",
        tasks=[
            {"key": "a", "kind": "manuel"},
            {"key": "b", "kind": "automation", "settings": {"retrys": {}, "timeout": 5, "retries": {"limit": "many"}}},
            "c",
        ],
        edges=[{"from": "b", "to": "bb"}, {"from": "b"}],
        limits={"concurrency": 0},
    )
    found = problems_of(raw)
    assert set(found) == {
        "colour",
        "key",
        "tasks[0].kind",
        "tasks[1].settings.retrys",
        "tasks[1].settings.timeout",
        "tasks[1].settings.retries.limit",
        "tasks[2]",
        "edges[0].to",
        "edges[1].to",
        "limits.concurrency",
    }
    assert 'Did you mean "retries"?' in found["tasks[1].settings.retrys"]
    assert 'Did you mean "manual"?' in found["tasks[0].kind"]


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"format": 2}, "format"),
        ({"format": True}, "format"),
        ({"format": None}, "format"),
        ({"tasks": {}}, "tasks"),
        ({"tasks": [{"key": "a", "kind": "noop"}] * 2}, "tasks[1].key"),
        ({"tasks": [{"key": "trigger", "kind": "noop"}]}, "tasks[0].key"),
        ({"tasks": [{"key": "a\n", "kind": "noop"}]}, "tasks[0].key"),
        ({"tasks": [{"key": "x" * 65, "kind": "noop"}]}, "tasks[0].key"),
        ({"tasks": [{"key": "a", "kind": "noop", "phase": "nowhere"}]}, "tasks[0].phase"),
        ({"tasks": [{"key": "a", "kind": "noop", "join": "some"}]}, "tasks[0].join"),
        ({"tasks": [{"key": "a", "kind": "noop", "at": [1]}]}, "tasks[0].at"),
        ({"tasks": [{"key": "a", "kind": "noop", "at": [1.5, 2]}]}, "tasks[0].at"),
        ({"tasks": [{"key": "a", "kind": "noop", "name": "x" * 201}]}, "tasks[0].name"),
        ({"tasks": [{"key": "a", "kind": "noop", "settings": []}]}, "tasks[0].settings"),
        (
            {"tasks": [{"key": "a", "kind": "noop", "settings": {"conditions": []}}]},
            "tasks[0].settings.conditions",
        ),
        (
            {"tasks": [{"key": "a", "kind": "manual", "settings": {"requirements": [{"task": "z"}]}}]},
            "tasks[0].settings.requirements[0]",
        ),
        (
            {"tasks": [{"key": "a", "kind": "decision", "settings": {"conditions": [{"key": "none_met"}]}}]},
            "tasks[0].settings.conditions[0].key",
        ),
        ({"edges": [{"from": "a", "to": "b"}] * 2}, "edges[1]"),
        ({"edges": [{"from": "a", "to": "a"}]}, "edges[0].to"),
        ({"edges": [{"from": "a", "to": "trigger"}]}, "edges[0].to"),
        ({"edges": [{"from": "trigger", "to": "a", "on": "error"}]}, "edges[0].on"),
        ({"edges": [{"from": "a", "to": "b", "branch": "yes"}]}, "edges[0].branch"),
        ({"edges": [{"from": "phase:x", "to": "b"}]}, "edges[0].from"),
        ({"triggers": [{"type": "smoke"}]}, "triggers[0].type"),
        ({"triggers": [{"type": "cron", "cron": "every day"}]}, "triggers[0].cron"),
        ({"retention": {"success": 30}}, "retention.success"),
        ({"timezone": "Mars/Olympus"}, "timezone"),
        ({"extensions": ["epilot"]}, "extensions"),
        ({"extensions": {"epilot": "text"}}, "extensions.epilot"),
        ({"tags": ["x", "x"]}, "tags[1]"),
        ({"single_closing_reason": "yes"}, "single_closing_reason"),
        ({"name": "two\nlines"}, "name"),
        ({"description": "x" * 10_001}, "description"),
    ],
)
def test_what_can_never_be_right_is_refused(changes: dict[str, Any], path: str) -> None:
    assert path in problems_of(document(**changes))


@pytest.mark.parametrize("raw", [None, [], "flow", 3, True])
def test_what_is_no_object_is_refused(raw: Any) -> None:
    assert "" in problems_of(raw)


def test_a_decision_edge_names_a_branch_that_is_there() -> None:
    conditions = [{"key": "yes", "statements": []}]
    tasks = [{"key": "a", "kind": "decision", "settings": {"conditions": conditions}}, {"key": "b", "kind": "noop"}]
    found = problems_of(document(tasks=tasks, edges=[{"from": "a", "to": "b", "branch": "yess"}]))
    assert 'Did you mean "yes"?' in found["edges[0].branch"]


def test_what_is_merely_unfinished_is_read() -> None:
    flow = decode_flow(document(tasks=[{"key": "a", "kind": "automation"}, {"key": "b", "kind": "decision"}]))
    assert [problem.code for problem in check_flow(flow) if problem.is_error] == ["no_branches", "setting_missing"]


def test_an_unknown_input_is_left_to_the_checks_because_the_action_may_have_been_changed() -> None:
    settings = {"action": "send_email", "inputs": {"url": "https://example.com"}}
    flow = decode_flow(document(tasks=[{"key": "a", "kind": "automation", "settings": settings}]))
    assert "setting_stray" in {problem.code for problem in check_flow(flow)}


def test_nul_and_lone_surrogates_are_refused_with_their_path() -> None:
    assert set(problems_of(document(name="a\0b", description="\ud800"))) == {"name", "description"}
    assert "tasks[0].settings" in problems_of(document(tasks=[{"key": "a", "kind": "noop", "settings": {"\0": 1}}]))


def test_what_is_too_deep_is_refused_without_exhausting_the_stack() -> None:
    deep: Any = []
    for _ in range(100_000):
        deep = [deep]
    assert any("deeply" in message for message in problems_of(document(tags=deep)).values())


def test_at_most_a_hundred_problems_are_told() -> None:
    assert len(problems_of(document(tasks=[{"key": "-", "kind": "noop"} for _ in range(300)]))) == 100


def test_a_fragment_leaves_out_what_leads_out_of_it() -> None:
    fragment = decode_fragment(
        {
            "tasks": [
                {"key": "a", "kind": "manual", "phase": "gone", "settings": {"requirements": [{"task": "z"}]}},
                {"key": "b", "kind": "manual", "settings": {"requirements": [{"task": "a"}, {"phase": "q"}]}},
            ],
            "edges": [{"from": "a", "to": "b"}],
        }
    )
    assert fragment.tasks["a"].phase is None
    assert "requirements" not in fragment.tasks["a"].settings
    assert fragment.tasks["b"].requirements == (Requirement("a"),)


@pytest.mark.parametrize("format", [99, 0, "1", True, None, 1.0])
def test_a_fragment_of_an_unknown_format_is_refused_in_the_words_of_the_flow_file(format: object) -> None:
    tasks = [{"key": "a", "kind": "noop"}]
    with pytest.raises(FlowFileInvalid) as refusal:
        decode_fragment({"format": format, "tasks": tasks})
    [problem] = refusal.value.problems
    assert {problem.path: problem.message} == problems_of(document(format=format))
    assert list(decode_fragment({"format": 1, "tasks": tasks}).tasks) == ["a"]


def test_the_hash_is_that_of_the_canonical_json_and_changes_with_the_flow() -> None:
    flow, other = draw("a -> b"), draw("a -> c")
    assert len(graph_hash(flow)) == 64
    assert graph_hash(flow) == graph_hash(decode_flow(load_text(canonical_json(flow))))
    assert graph_hash(flow) != graph_hash(other)
