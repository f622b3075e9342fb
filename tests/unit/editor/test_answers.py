"""What a form posts becomes the edit it asks for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from designer.graph import edits
from designer.graph.codec import encode_condition
from designer.graph.model import Edge, Flow, Frame, Position, Statement
from designer.inspector.answers import edit_for
from designer.inspector.forms import form_for
from designer.inspector.reading import ValueRefused
from designer.services.edit_words import words_of
from tests.drawing import draw

FLOW = draw("trigger -> a -> pick; pick -yes-> b; pick -no-> c; pick -none_met-> d", phases={"p": "a"})


def after(flow: Flow, subject: str, path: list[str | int], value: Any) -> Flow:
    return edit_for(flow, subject, path, value).apply(flow).flow


def rows(flow: Flow, task: str = "pick") -> list[dict[str, Any]]:
    """The branches as the form posts them."""
    return [
        {**encode_condition(condition), "statements": [{**row(s)} for s in condition.statements]}
        for condition in flow.tasks[task].conditions
    ]


def row(statement: Statement) -> dict[str, Any]:
    return {
        "source": statement.source,
        "operator": statement.operator,
        "type": statement.type or "",
        "values": "\n".join("true" if value is True else str(value) for value in statement.values),
    }


def test_a_setting_is_set_and_taken_away() -> None:
    path: list[str | int] = ["settings", "retries", "limit"]
    changed = after(FLOW, "a", path, "3")
    assert changed.tasks["a"].settings["retries"] == {"limit": 3}
    assert "retries" not in after(changed, "a", path, "").tasks["a"].settings


def test_another_action_drops_the_inputs_it_does_not_know() -> None:
    changed = after(FLOW, "a", ["settings", "action"], "send_email")
    assert changed.tasks["a"].settings == {"action": "send_email"}


def test_inputs_belong_to_the_action_that_is_chosen() -> None:
    mail = after(FLOW, "a", ["settings", "action"], "send_email")
    assert after(mail, "a", ["settings", "inputs", "to"], "x@example.com").tasks["a"].settings["inputs"] == {
        "to": "x@example.com"
    }
    with pytest.raises(ValueRefused, match="no field 'url'"):
        edit_for(mail, "a", ["settings", "inputs", "url"], "http://example.com")


def test_name_key_phase_and_join_are_edits_of_their_own() -> None:
    assert edit_for(FLOW, "b", ["name"], " Pack ") == edits.RenameTask("b", "Pack")
    assert edit_for(FLOW, "b", ["key"], "pack") == edits.RekeyTask("b", "pack")
    assert edit_for(FLOW, "b", ["phase"], "p") == edits.AssignPhase({"b": "p"})
    assert after(FLOW, "b", ["join"], "any").tasks["b"].join.value == "any"
    with pytest.raises(ValueRefused, match="cannot be empty"):
        edit_for(FLOW, "b", ["name"], "  ")


def test_a_new_branch_has_a_free_key_and_an_empty_statement() -> None:
    added = after(FLOW, "pick", ["conditions", "add"], True).tasks["pick"].conditions[-1]
    assert (added.key, added.name, len(added.statements)) == ("branch-3", "Branch 3", 1)


def test_branches_that_say_the_same_change_nothing() -> None:
    assert after(FLOW, "pick", ["conditions"], rows(FLOW)) == FLOW


def test_a_value_that_stood_there_keeps_its_type() -> None:
    assert FLOW.tasks["pick"].conditions[0].statements[0].values == (True,)
    posted = rows(FLOW)
    posted[0]["name"] = "Yes!"
    changed = after(FLOW, "pick", ["conditions"], posted)
    assert changed.tasks["pick"].conditions[0].statements[0].values == (True,)


def test_branches_are_reordered_with_their_edges_in_place() -> None:
    changed = after(FLOW, "pick", ["conditions"], rows(FLOW)[::-1])
    assert [condition.key for condition in changed.tasks["pick"].conditions] == ["no", "yes"]
    assert changed.edges == FLOW.edges


def test_a_branch_that_is_gone_takes_its_edges_along() -> None:
    changed = after(FLOW, "pick", ["conditions"], rows(FLOW)[1:])
    assert [edge.branch for edge in changed.outgoing("pick")] == ["no", "none_met"]


def test_values_of_operators_that_take_many_are_one_per_line() -> None:
    posted = rows(FLOW)
    posted[0]["statements"] = [{"source": "input.n", "operator": "any_of", "type": "", "values": "1\n\n 2 "}]
    posted[1]["statements"] = [{"source": "input.n", "operator": "is_empty", "type": "", "values": "left over"}]
    conditions = after(FLOW, "pick", ["conditions"], posted).tasks["pick"].conditions
    assert [condition.statements[0].values for condition in conditions] == [("1", "2"), ()]


@pytest.mark.parametrize(
    "posted", ["x", [1], [{"key": "yes"}, {"key": "yes"}], [{"key": "yes", "statements": "x"}], [{"key": "none_met"}]]
)
def test_branches_of_the_wrong_shape_are_refused(posted: Any) -> None:
    with pytest.raises(ValueRefused):
        edit_for(FLOW, "pick", ["conditions"], posted)


def test_an_edge_changes_its_branch_and_its_outcome() -> None:
    changed = after(FLOW, "edge:a~pick~~success", ["on"], "error")
    assert {edge.id for edge in changed.edges} >= {"a~pick~~error"}
    with pytest.raises(ValueRefused, match="not there any more"):
        edit_for(FLOW, "edge:a~b~~success", ["on"], "error")


def test_an_error_edge_of_a_decision_that_follows_success_again_takes_a_free_branch() -> None:
    failing = after(FLOW, "edge:pick~b~yes~success", ["on"], "error")
    back = after(failing, "edge:pick~b~~error", ["on"], "success")
    assert {edge.id for edge in back.edges} >= {"pick~b~yes~success"}


def test_the_flow_and_its_triggers_are_changed() -> None:
    flow = after(FLOW, "", ["tags"], ["shop", ""])
    flow = after(flow, "", ["limits", "concurrency"], "4")
    flow = after(flow, "trigger", ["triggers", "add"], "cron")
    flow = after(flow, "", ["triggers", 0, "cron"], "0 6 * * 1-5")
    assert (flow.tags, flow.limits, flow.triggers) == (
        ("shop",),
        {"concurrency": 4},
        ({"type": "cron", "cron": "0 6 * * 1-5"},),
    )
    assert after(flow, "", ["triggers", 0], None).triggers == ()
    with pytest.raises(ValueRefused, match="five fields"):
        edit_for(flow, "", ["triggers", 0, "cron"], "often")
    for path in (["triggers"], ["triggers", 3], ["triggers", "0"], ["triggers", True, "cron"]):
        with pytest.raises(ValueRefused):
            edit_for(flow, "", list(path), "x")


def test_what_is_written_to_entities_is_changed() -> None:
    flow = after(FLOW, "", ["entity_sync", "add"], "task:a")
    flow = after(flow, "", ["entity_sync", "add"], "completed")
    flow = after(flow, "", ["entity_sync", 0, "entity"], "order")
    flow = after(flow, "", ["entity_sync", 0, "set"], [["state", "called"], ["total", "{{ steps.a.output.total }}"]])
    flow = after(flow, "", ["entity_sync", 1, "on"], "phase:p")
    assert flow.entity_sync == (
        {"on": "task:a", "entity": "order", "set": {"state": "called", "total": "{{ steps.a.output.total }}"}},
        {"on": "phase:p", "entity": "primary"},
    )
    form = form_for(flow, "")
    assert form is not None
    assert form.syncs is not None
    assert [(sync.label, sync.controls[0].text) for sync in form.syncs] == [
        ("To order", "task:a"),
        ("To primary", "phase:p"),
    ]
    assert after(flow, "", ["entity_sync", 1], None).entity_sync == flow.entity_sync[:1]
    for path, raw in ((["add"], "sometime"), ([2], None), ([0], "x"), (["0", "on"], "failed"), ([0, "on"], "task:z")):
        with pytest.raises(ValueRefused):
            edit_for(flow, "", ["entity_sync", *path], raw)


def test_a_moment_whose_task_is_gone_stays_to_be_seen() -> None:
    flow = replace(FLOW, entity_sync=({"on": "task:gone", "entity": "order", "set": {"a": 1}},))
    form = form_for(flow, "")
    assert form is not None
    assert form.syncs is not None
    moments = {choice.value: choice.label for choice in form.syncs[0].controls[0].field.choices}
    assert moments["task:gone"] == "task:gone (is not there)"
    assert "task:gone" not in {moment.value for moment in form.moments}


def test_a_phase_is_changed() -> None:
    flow = after(FLOW, "phase:p", ["requirements"], ["b"])
    assert [requirement.node for requirement in flow.phases["p"].requirements] == ["b"]
    assert after(flow, "phase:p", ["name"], "Payment").phases["p"].name == "Payment"


def test_a_phase_is_sized_wherever_it_lies() -> None:
    form = form_for(FLOW, "phase:p")
    assert form is not None
    drawn = {control.field.label: control.text for group in form.groups for control in group.controls}
    edit = edit_for(FLOW, "phase:p", ["width"], "480")
    assert words_of(edit, FLOW) == "Resized p"
    frame = edit.apply(FLOW).flow.phases["p"].frame
    assert frame is not None
    assert (str(frame.width), str(frame.height)) == ("480", drawn["Height"])
    flow = replace(FLOW, phases={"p": replace(FLOW.phases["p"], frame=Frame(8, 16, 320, 160))})
    edit = edit_for(flow, "phase:p", ["width"], "480")
    assert edit.apply(flow).flow.phases["p"].frame == Frame(8, 16, 480, 160)
    assert words_of(edit, flow) == "Resized p"
    with pytest.raises(ValueRefused, match="at least 96"):
        edit_for(flow, "phase:p", ["height"], "10")


def test_the_form_of_a_task_shows_what_is_set_and_folds_the_rest() -> None:
    flow = after(FLOW, "a", ["settings", "timeout"], "30 seconds")
    form = form_for(flow, "a")
    assert form is not None
    assert {group.label: group.is_open for group in form.groups}["Errors and retries"] is True
    assert {group.label: group.is_open for group in form.groups}["Advanced"] is True  # it is in a phase
    assert form_for(replace(flow, tasks={}), "a") is None


def test_a_task_put_on_an_edge_is_named_by_where_it_comes() -> None:
    flow = draw("a -> b; c")
    (edge,) = flow.edges
    ways = (edits.Connect(Edge("a", "c")), edits.Connect(Edge("c", "b")))
    put = edits.Batch((edits.MoveTasks({"c": Position(80, 80)}), edits.Disconnect((edge,)), *ways))
    assert words_of(put, flow) == "Put c between a and b"
    assert (
        words_of(edits.Batch((*put.edits, edits.MoveTasks({"b": Position(480, 0)}))), flow) == "Put c between a and b"
    )
    elsewhere = (edits.Connect(Edge("a", "c")), edits.Connect(Edge("b", "c")))
    assert words_of(edits.Batch((*put.edits[:2], *elsewhere)), flow) == "Disconnected a and b"
