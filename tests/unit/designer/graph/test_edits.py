"""What each edit does, refuses and touches."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest

from designer.graph.codec import decode_flow, decode_fragment, encode_flow
from designer.graph.edits import (
    EDIT_NAMES,
    FLOW,
    AddCondition,
    AddPhase,
    AddTask,
    AssignPhase,
    Batch,
    Change,
    ConfigureFlow,
    ConfigurePhase,
    ConfigureTask,
    Connect,
    Disconnect,
    Edit,
    EditRefused,
    FramePhase,
    InsertOnEdge,
    MoveCondition,
    MoveTasks,
    Paste,
    PutBack,
    Reconnect,
    RekeyTask,
    RemoveCondition,
    RemovePhase,
    RemoveTasks,
    RenameTask,
    ReplaceFlow,
    ReplaceKind,
    SetCondition,
    TidyUp,
    copy_fragment,
    edit_from_json,
    edit_to_json,
    free_key,
    take_away,
)
from designer.graph.edits.wire import _SHAPES
from designer.graph.model import Edge, Flow, Frame, Join, Match, On, Phase, Position, Requirement, Task
from designer.graph.problems import FlowFileInvalid
from designer.graph.rules import Rule
from tests.drawing import condition, draw

ORDER = draw(
    "trigger -> pay -> decide; decide -yes-> ship; decide -none_met-> refuse; pay -!-> refuse",
    phases={"money": "pay decide"},
    requires={"ship": "pay", "phase:money": "refuse"},
    kinds={"ship": "manual"},
    settings={"refuse": {"inputs": {"values": {"why": "{{ steps.pay.error.message }}"}}}},
)
ORDER = ORDER.with_phase(replace(ORDER.phases["money"], requirements=()))


def after(edit: Edit, flow: Flow = ORDER) -> Flow:
    """The flow after the edit, once its undo has been shown to bring everything back."""
    applied = edit.apply(flow)
    undone = applied.undo.apply(applied.flow).flow
    assert encode_flow(undone) == encode_flow(flow)
    assert edit_from_json(edit_to_json(edit)) == edit
    assert edit_from_json(edit_to_json(applied.undo)).apply(applied.flow).flow == flow
    return applied.flow


def refusal(edit: Edit, flow: Flow = ORDER) -> EditRefused:
    """Why the edit is refused."""
    with pytest.raises(EditRefused) as caught:
        edit.apply(flow)
    return caught.value


# -- tasks ------------------------------------------------------------------------------------------------------------


def test_a_task_is_added_at_its_place() -> None:
    flow = after(AddTask(Task("pack", "Pack", "noop"), index=1))
    assert list(flow.tasks) == ["pay", "pack", "decide", "ship", "refuse"]


@pytest.mark.parametrize(
    ("task", "rule"),
    [
        (Task("pay", "Again", "noop"), Rule.KEY_TAKEN),
        (Task("trigger", "Trigger", "noop"), Rule.KEY_TAKEN),
        (Task("no key", "Bad", "noop"), Rule.BAD_KEY),
        (Task("new", "New", "noop", phase="nowhere"), Rule.NO_SUCH_NODE),
        (Task("new", "New", "noop", settings={"requirements": [{"task": "zz"}]}), Rule.NO_SUCH_NODE),
    ],
)
def test_a_task_that_would_leave_loose_ends_is_not_added(task: Task, rule: Rule) -> None:
    assert refusal(AddTask(task)).rule is rule


def test_removing_a_task_takes_its_edges_and_the_requirements_on_it_along() -> None:
    applied = RemoveTasks(("pay",)).apply(ORDER)
    assert after(RemoveTasks(("pay",))) == applied.flow
    assert "pay" not in applied.flow.tasks
    assert applied.flow.tasks["ship"].requirements == ()
    assert {edge.id for edge in ORDER.edges} - {edge.id for edge in applied.flow.edges} <= applied.touched
    assert {"pay", "ship"} <= applied.touched


def test_tasks_are_moved_together_and_touch_only_themselves() -> None:
    edit = MoveTasks({"pay": Position(16, 32), "ship": None})
    assert after(edit).tasks["pay"].at == Position(16, 32)
    assert edit.apply(ORDER).touched == {"pay", "ship"}


def test_a_task_is_renamed_and_an_empty_name_refused() -> None:
    assert after(RenameTask("pay", "Take the money")).tasks["pay"].name == "Take the money"
    assert refusal(RenameTask("pay", " ")).rule is Rule.BAD_VALUE
    assert "Did you mean" in refusal(RenameTask("pya", "x")).reason


def test_single_settings_are_changed_and_the_rest_stays() -> None:
    flow = after(
        ConfigureTask(
            "pay",
            (
                Change(("settings", "retries", "limit"), 3),
                Change(("settings", "inputs", "values", "total"), "{{ input.total }}"),
                Change(("join",), "any"),
                Change(("cancel_rest",), False),
                Change(("description",), "Takes the money."),
            ),
        )
    )
    task = flow.tasks["pay"]
    assert task.settings == {
        "action": "set_values",
        "inputs": {"values": {"total": "{{ input.total }}"}},
        "retries": {"limit": 3},
    }
    assert (task.join, task.cancel_rest, task.description) == (Join.ANY, False, "Takes the money.")


def test_a_group_vanishes_with_its_last_setting() -> None:
    flow = after(ConfigureTask("pay", (Change(("settings", "retries"), {"limit": 3}),)))
    flow = after(ConfigureTask("pay", (take_away("settings", "retries", "limit"),)), flow)
    assert "retries" not in flow.tasks["pay"].settings


def test_taking_away_what_is_not_set_changes_nothing() -> None:
    assert after(ConfigureTask("pay", (take_away("settings", "retries", "limit"),))) == ORDER


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (Change(("settings", "timeout"), 5), "a number has no unit"),
        (Change(("settings", "timeot"), "5 seconds"), 'Did you mean "timeout"?'),
        (Change(("settings", "retries", "limit"), -1), "at least 0"),
        (Change(("settings", "requirements"), [{"task": "zz"}]), "no task"),
        (Change(("settings", "requirements"), ["pay"]), "either {task: KEY}"),
        (Change(("settings", "action", "deeper"), 1), "Nothing can be set"),
        (Change(("settings", "conditions"), []), "one by one"),
        (Change(("settings",), {}), "Name the setting"),
        (Change(("settings", "description"), "x"), "Name the setting"),
        (Change(("key",), "other"), "can be configured"),
        (Change(("kind",), "noop"), "can be configured"),
        (Change((), 1), "can be configured"),
        (Change(("name",), "x" * 201), "at most 200"),
        (Change(("join",), "some"), "none of"),
        (Change(("settings", "requirements", 0), 1), "no entry"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_with_its_reason(change: Change, words: str) -> None:
    assert words in refusal(ConfigureTask("pay", (change,))).reason


def test_declaring_a_loop_touches_the_edges_that_now_lead_back() -> None:
    flow = draw("a -> d; d -yes-> b", kinds={"d": "decision"})
    loop = {"branch": "yes", "exit": "none_met", "max_iterations": 3}
    assert Edge("d", "b", "yes").id in ConfigureTask("d", (Change(("settings", "loop"), loop),)).apply(flow).touched


def test_another_kind_keeps_the_settings_that_mean_the_same() -> None:
    flow = after(ReplaceKind("ship", "delay"))
    assert flow.tasks["ship"].settings == {"for": "1 hour", "requirements": [{"task": "pay"}]}
    assert after(ReplaceKind("ship", "noop", {})).tasks["ship"].settings == {}


def test_another_kind_is_refused_while_branches_are_in_use_or_when_there_is_none() -> None:
    assert refusal(ReplaceKind("decide", "manual")).rule is Rule.BRANCHES_IN_USE
    assert "no kind" in refusal(ReplaceKind("pay", "teleport")).reason


# -- keys -------------------------------------------------------------------------------------------------------------


def test_a_new_key_is_written_wherever_the_old_one_was() -> None:
    flow = draw(
        "trigger -> a -> d; d -yes-> b",
        kinds={"b": "manual"},
        requires={"b": "a", "phase:p": "a"},
        phases={"p": "b"},
        settings={"b": {"due": {"for": "1 day", "from": "task:a"}}, "d": {}},
        entity_sync=({"on": "task:a", "entity": "order", "set": {"x": "{{ steps.a.output }}"}},),
    )
    decision = condition("yes")
    statement = replace(decision.statements[0], source="steps.a.output.x", values=("{{ steps.a.status }}",))
    flow = flow.with_task(replace(flow.tasks["d"], conditions=(replace(decision, statements=(statement,)),)))
    renamed = after(RekeyTask("a", "pay"), flow)
    assert list(renamed.tasks) == ["pay", "d", "b"]
    assert renamed.edges[:2] == (Edge("trigger", "pay"), Edge("pay", "d"))
    assert renamed.tasks["b"].requirements == (Requirement("pay"),)
    assert renamed.phases["p"].requirements == (Requirement("pay"),)
    assert renamed.tasks["b"].settings["due"]["from"] == "task:pay"
    assert renamed.tasks["d"].conditions[0].statements[0].source == "steps.pay.output.x"
    assert renamed.tasks["d"].conditions[0].statements[0].values == ("{{ steps.pay.status }}",)
    assert renamed.entity_sync[0] == {"on": "task:pay", "entity": "order", "set": {"x": "{{ steps.pay.output }}"}}
    assert {"a", "pay", "b", "d", "phase:p", FLOW} <= RekeyTask("a", "pay").apply(flow).touched


def test_undoing_a_new_key_leaves_references_that_named_it_before() -> None:
    values = {"x": "{{ steps.a.output }} {{ steps.b.output }}", "y": "{{ steps['a'].output }}"}
    flow = draw("a -> c", settings={"c": {"inputs": {"values": values}}})
    renamed = after(RekeyTask("a", "b"), flow)
    assert renamed.tasks["c"].settings["inputs"]["values"]["x"] == "{{ steps.b.output }} {{ steps.b.output }}"


def test_a_key_that_is_taken_or_none_is_refused() -> None:
    assert refusal(RekeyTask("pay", "ship")).rule is Rule.KEY_TAKEN
    assert refusal(RekeyTask("pay", "no key")).rule is Rule.BAD_KEY


# -- edges ------------------------------------------------------------------------------------------------------------


def test_edges_are_drawn_and_taken_away_and_come_back_in_their_places() -> None:
    assert Edge("ship", "refuse") in after(Connect(Edge("ship", "refuse"))).edges
    gone = (ORDER.edges[1], ORDER.edges[3])
    assert after(Disconnect(gone)).edges == tuple(edge for edge in ORDER.edges if edge not in gone)
    assert refusal(Disconnect((Edge("ship", "pay"),))).rule is Rule.NO_SUCH_EDGE
    assert refusal(Connect(Edge("ship", "pay"))).rule is Rule.CYCLE


def test_an_end_of_an_edge_is_moved_and_keeps_its_place_among_the_edges() -> None:
    old, new = Edge("decide", "ship", "yes"), Edge("decide", "refuse", "yes")
    flow = after(Reconnect(old, new))
    assert flow.edges.index(new) == ORDER.edges.index(old)
    assert refusal(Reconnect(old, Edge("decide", "pay", "yes"))).rule is Rule.CYCLE


def test_a_task_dropped_on_an_edge_keeps_the_branch_in_front_of_it() -> None:
    task = Task("check", "Check", "noop")
    flow = after(InsertOnEdge(Edge("decide", "ship", "yes"), task))
    assert Edge("decide", "check", "yes") in flow.edges
    assert Edge("check", "ship") in flow.edges
    assert Edge("decide", "ship", "yes") not in flow.edges
    error = after(InsertOnEdge(Edge("pay", "refuse", None, On.ERROR), task))
    assert Edge("pay", "check", None, On.ERROR) in error.edges
    decision = Task("check", "Check", "decision", conditions=(condition("yes"),))
    assert Edge("check", "ship", "none_met") in after(InsertOnEdge(Edge("decide", "ship", "yes"), decision)).edges


def test_a_task_is_not_put_on_the_way_back_of_a_loop() -> None:
    flow = draw("a -> d; d -again-> a", loops={"d": ("again", "done", 3)})
    assert "loop" in refusal(InsertOnEdge(Edge("d", "a", "again"), Task("x", "X", "noop")), flow).reason


# -- phases -----------------------------------------------------------------------------------------------------------


def test_a_phase_is_put_around_tasks_and_taken_away_with_its_edges() -> None:
    flow = after(AddPhase(Phase("out", "Out", frame=Frame(0, 0, 300, 200)), tasks=("ship", "pay")))
    assert [task.key for task in flow.tasks_in("out")] == ["pay", "ship"]
    flow = after(Connect(Edge("phase:out", "refuse")), flow)
    gone = after(RemovePhase("out"), flow)
    assert gone.tasks["ship"].phase is None
    assert Edge("phase:out", "refuse") not in gone.edges


def test_removing_a_phase_takes_the_requirements_on_it_along() -> None:
    flow = draw("a; b", phases={"p": "a"}, requires={"b": "phase:p"})
    flow = flow.with_task(replace(flow.tasks["b"], settings={"requirements": [{"phase": "p"}, {"task": "a"}]}))
    assert after(RemovePhase("p"), flow).tasks["b"].requirements == (Requirement("a"),)


def test_tasks_change_phases_unless_an_edge_connects_them_with_it() -> None:
    assert after(AssignPhase({"ship": "money", "pay": None})).tasks["ship"].phase == "money"
    flow = after(Connect(Edge("phase:money", "ship")))
    assert refusal(AssignPhase({"ship": "money"}), flow).rule is Rule.WITHIN_PHASE
    assert refusal(AssignPhase({"ship": "monye"})).rule is Rule.NO_SUCH_NODE


def test_a_phase_is_configured_and_framed_with_its_tasks() -> None:
    changes = (Change(("name",), "Payment"), Change(("requirements",), [{"task": "refuse"}]))
    flow = after(ConfigurePhase("money", changes))
    assert flow.phases["money"].requirements == (Requirement("refuse"),)
    flow = after(FramePhase("money", Frame(0, 0, 10, 10), {"pay": Position(1, 2)}))
    assert flow.tasks["pay"].at == Position(1, 2)
    assert refusal(ConfigurePhase("money", (Change(("frame",), []),))).rule is Rule.BAD_VALUE
    assert "no phase" in refusal(ConfigurePhase("money", (Change(("requirements",), [{"phase": "q"}]),))).reason


# -- conditions -------------------------------------------------------------------------------------------------------


def test_branches_are_added_changed_moved_and_removed_with_their_edges() -> None:
    flow = after(AddCondition("decide", condition("no"), index=0))
    assert flow.tasks["decide"].branches == ("no", "yes", "none_met")
    flow = after(MoveCondition("decide", "no", 5), flow)
    assert flow.tasks["decide"].branches == ("yes", "no", "none_met")
    flow = after(SetCondition("decide", replace(condition("no"), name="No!", match=Match.ANY)), flow)
    assert flow.tasks["decide"].conditions[1].name == "No!"
    flow = after(RemoveCondition("decide", "yes"), flow)
    assert Edge("decide", "ship", "yes") not in flow.edges


@pytest.mark.parametrize(
    "edit",
    [
        AddCondition("decide", condition("yes")),
        AddCondition("decide", condition("none_met")),
        AddCondition("pay", condition("no")),
        SetCondition("decide", condition("no")),
        RemoveCondition("decide", "none_met"),
        MoveCondition("decide", "no", 0),
    ],
)
def test_branches_that_are_taken_or_not_there_are_refused(edit: Edit) -> None:
    assert refusal(edit).rule in (Rule.KEY_TAKEN, Rule.NO_SUCH_BRANCH)


# -- the whole --------------------------------------------------------------------------------------------------------


def test_the_flow_itself_is_configured() -> None:
    flow = after(
        ConfigureFlow(
            (
                Change(("name",), "Orders"),
                Change(("limits", "concurrency"), 3),
                Change(("triggers",), [{"type": "manual"}]),
                Change(("timezone",), "Europe/Berlin"),
            )
        )
    )
    assert (flow.name, flow.limits, flow.triggers) == ("Orders", {"concurrency": 3}, ({"type": "manual"},))
    assert ConfigureFlow(()).apply(flow).touched == {FLOW}


@pytest.mark.parametrize(
    "change",
    [
        Change(("key",), "other"),
        Change(("tasks",), []),
        Change(("timezone",), "Moon"),
        Change(("limits",), {"concurrency": "many"}),
        take_away("edges"),
        Change(("triggers",), [{"type": "smoke"}]),
    ],
)
def test_what_the_flow_cannot_be_is_refused(change: Change) -> None:
    assert refusal(ConfigureFlow((change,))).rule is Rule.BAD_VALUE


def test_another_flow_takes_the_place_but_not_the_key() -> None:
    other = draw("x -> y", key="other")
    flow = after(ReplaceFlow(other))
    assert flow.key == ORDER.key
    assert list(flow.tasks) == ["x", "y"]
    assert {FLOW, "pay", "x", "phase:money"} <= ReplaceFlow(other).apply(ORDER).touched


def test_tidying_up_moves_tasks_and_phases_at_once() -> None:
    flow = after(TidyUp({"pay": Position(1, 1)}, {"money": Frame(0, 0, 5, 5)}))
    assert (flow.tasks["pay"].at, flow.phases["money"].frame) == (Position(1, 1), Frame(0, 0, 5, 5))


def test_a_batch_is_all_or_nothing_and_undone_at_once() -> None:
    batch = Batch((AddTask(Task("x", "X", "noop")), Connect(Edge("ship", "x")), RekeyTask("x", "y")))
    assert Edge("ship", "y") in after(batch).edges
    assert batch.apply(ORDER).touched >= {"x", "y", Edge("ship", "x").id}
    assert refusal(Batch((AddTask(Task("x", "X", "noop")), Connect(Edge("y", "x"))))).rule is Rule.NO_SUCH_NODE


def test_what_was_removed_is_not_put_back_over_something_new() -> None:
    removed = RemoveTasks(("ship",)).apply(ORDER)
    taken = AddTask(Task("ship", "Another", "noop")).apply(removed.flow).flow
    assert refusal(removed.undo, taken).rule is Rule.KEY_TAKEN
    alone = RemoveTasks(("decide",)).apply(removed.flow).flow
    assert refusal(removed.undo, alone).rule is Rule.NO_SUCH_NODE
    edge = ORDER.edges[0]
    assert refusal(PutBack(edges=((0, edge),))).rule is Rule.DUPLICATE_EDGE


# -- copying ----------------------------------------------------------------------------------------------------------


def test_a_copy_is_pasted_under_free_keys_with_its_inner_references() -> None:
    fragment = decode_fragment(copy_fragment(ORDER, ["pay", "refuse", "ship"]))
    flow = after(Paste(fragment, dx=10, dy=20, phase="money"))
    assert {"pay-2", "refuse-2", "ship-2"} <= set(flow.tasks)
    assert flow.tasks["refuse-2"].settings["inputs"]["values"]["why"] == "{{ steps.pay-2.error.message }}"
    assert flow.tasks["ship-2"].requirements == (Requirement("pay-2"),)
    assert Edge("pay-2", "refuse-2", None, On.ERROR) in flow.edges
    assert flow.tasks["pay-2"].phase == "money"
    assert "pay-3" in after(Paste(fragment), flow).tasks


def test_a_copied_phase_brings_its_tasks() -> None:
    flow = FramePhase("money", Frame(0, 0, 9, 9), {"pay": Position(1, 1)}).apply(ORDER).flow
    fragment = decode_fragment(copy_fragment(flow, ["phase:money"]))
    pasted = after(Paste(fragment, dx=5), flow)
    assert [task.key for task in pasted.tasks_in("money-2")] == ["pay-2", "decide-2"]
    assert pasted.phases["money-2"].frame == Frame(5, 0, 9, 9)
    assert pasted.tasks["pay-2"].at == Position(6, 1)


def test_a_free_key_stays_within_its_length() -> None:
    assert free_key("a", {"b"}) == "a"
    assert free_key("a", {"a", "a-2"}) == "a-3"
    assert len(free_key("x" * 64, {"x" * 64})) == 64


# -- JSON -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("document", "path"),
    [
        ([], ""),
        ({"edit": "fly"}, "edit"),
        ({"edit": "remove_task", "tasks": []}, "edit"),
        ({"edit": "rename_task", "task": "a"}, "name"),
        ({"edit": "rename_task", "task": "a", "name": 3}, "name"),
        ({"edit": "rename_task", "task": "a", "name": "b", "colour": "red"}, "colour"),
        ({"edit": "move_tasks", "to": {"a": [1]}}, "to.a"),
        ({"edit": "move_tasks", "to": {"a": [1.5, 2]}}, "to.a[0]"),
        ({"edit": "move_tasks", "to": [1]}, "to"),
        ({"edit": "remove_tasks", "tasks": "a"}, "tasks"),
        ({"edit": "connect", "edge": {"from": "a"}}, "edge.to"),
        ({"edit": "add_task", "task": {"key": "a", "kind": "fly"}}, "task.kind"),
        ({"edit": "configure_task", "task": "a", "changes": [{"value": 1}]}, "changes[0]"),
        ({"edit": "configure_task", "task": "a", "changes": [{"path": [None]}]}, "changes[0].path"),
        ({"edit": "batch", "edits": [{"edit": "fly"}]}, "edits[0].edit"),
        ({"edit": "paste", "fragment": {"tasks": [{}]}}, "fragment.tasks[0].key"),
        ({"edit": "replace_flow", "flow": {"format": 9}}, "flow.format"),
        ({"edit": "frame_phase", "phase": "p", "frame": [0, 0, -1, 2]}, "frame"),
        ({"edit": "rename_task", "task": "a", "name": "\0"}, "name"),
    ],
)
def test_an_edit_that_cannot_be_read_is_refused_with_its_path(document: Any, path: str) -> None:
    with pytest.raises(FlowFileInvalid) as caught:
        edit_from_json(document)
    assert caught.value.problems[0].path == path


def test_ten_thousand_nested_batches_are_refused() -> None:
    document: Any = {"edit": "batch", "edits": []}
    for _ in range(10_000):
        document = {"edit": "batch", "edits": [document]}
    with pytest.raises(FlowFileInvalid, match="deeply"):
        edit_from_json(document)


def test_every_edit_has_a_name_and_every_field_a_shape() -> None:
    for name in EDIT_NAMES:
        kind, shapes = _SHAPES[name]
        assert [known.name for known in fields(kind)] == list(shapes)


def test_an_edit_of_a_large_flow_shares_what_it_does_not_touch() -> None:
    flow = decode_flow(encode_flow(draw(";".join(f"t{n} -> t{n + 1}" for n in range(300)))))
    moved = MoveTasks({"t5": Position(1, 1)}).apply(flow).flow
    assert moved.edges is flow.edges
    assert all(moved.tasks[key] is flow.tasks[key] for key in flow.tasks if key != "t5")
