"""Edits of two people on one draft: what merges, what clashes, and what can still be taken back."""

from __future__ import annotations

from typing import Any

import pytest

from designer.graph.codec import decode_fragment
from designer.graph.edits import (
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
    MoveTasks,
    Paste,
    Reconnect,
    RekeyTask,
    RemoveTasks,
    RenameTask,
    SetCondition,
    TidyUp,
    copy_fragment,
    take_away,
)
from designer.graph.merging import EditsClash, rebased, renames, way_back
from designer.graph.model import Edge, Flow, Frame, Phase, Position, Task
from designer.graph.places import NOTHING, changed_places
from tests.drawing import condition, draw

BASE = draw(
    "trigger -> pay -> decide; decide -yes-> ship; decide -none_met-> refuse",
    phases={"money": "pay decide"},
    settings={"pay": {"inputs": {"values": {"a": 1, "b": 2}}, "retries": {"limit": 3, "delay": "1 minute"}}},
)


def both(theirs: Edit, mine: Edit, base: Flow = BASE) -> Flow:
    """The draft after another's edit and then mine, both made on `base`."""
    now = theirs.apply(base).flow
    return rebased(mine, base, now).apply(now).flow


def clash(theirs: Edit, mine: Edit, base: Flow = BASE) -> EditsClash:
    with pytest.raises(EditsClash) as raised:
        both(theirs, mine, base)
    return raised.value


def configure(*path: str | int, value: object, task: str = "pay") -> ConfigureTask:
    return ConfigureTask(task, (Change(("settings", *path), value),))


def test_settings_of_different_tasks_merge() -> None:
    flow = both(RenameTask("pay", "Charge"), RenameTask("ship", "Send"))
    assert (flow.tasks["pay"].name, flow.tasks["ship"].name) == ("Charge", "Send")


def test_different_settings_of_one_task_merge() -> None:
    flow = both(configure("timeout", value="5 minutes"), configure("retries", "limit", value=9))
    assert flow.tasks["pay"].settings["timeout"] == "5 minutes"
    assert flow.tasks["pay"].settings["retries"] == {"limit": 9, "delay": "1 minute"}


def test_entries_of_one_object_merge_although_a_form_sends_the_whole_of_it() -> None:
    theirs = configure("inputs", "values", value={"a": 1, "b": 2, "c": 3})
    flow = both(theirs, configure("inputs", "values", value={"b": 5}))
    assert flow.tasks["pay"].settings["inputs"] == {"values": {"b": 5, "c": 3}}


def test_one_setting_with_two_values_clashes_and_names_both() -> None:
    found = clash(configure("retries", "limit", value=5), configure("retries", "limit", value=7))
    assert [(c.ref, c.path, c.was, c.theirs, c.mine) for c in found.clashes] == [
        ("pay", ("settings", "retries", "limit"), 3, 5, 7)
    ]
    assert not found.clashes[0].is_gone


def test_a_setting_within_an_object_that_another_took_away_clashes() -> None:
    found = clash(ConfigureTask("pay", (take_away("settings", "retries"),)), configure("retries", "limit", value=7))
    assert [(c.theirs, c.mine) for c in found.clashes] == [(NOTHING, 7)]


def test_the_same_value_twice_is_no_clash_and_no_edit() -> None:
    edit = RenameTask("pay", "Charge")
    now = edit.apply(BASE).flow
    assert rebased(edit, BASE, now) == Batch(())


def test_an_edit_of_a_task_that_another_deleted_says_that_it_is_gone() -> None:
    found = clash(RemoveTasks(("pay",)), RenameTask("pay", "Charge"))
    assert [(c.ref, c.is_gone, c.mine) for c in found.clashes] == [("pay", True, "Charge")]


def test_deleting_what_another_changed_is_asked_about() -> None:
    assert clash(RenameTask("pay", "Charge"), RemoveTasks(("pay",))).clashes[0].theirs == "Charge"


def test_deleting_what_another_only_moved_goes_through() -> None:
    assert "pay" not in both(MoveTasks({"pay": Position(9, 9)}), RemoveTasks(("pay",))).tasks


def test_deleting_a_task_to_which_another_drew_an_edge_is_asked_about() -> None:
    found = clash(Connect(Edge("pay", "ship")), RemoveTasks(("ship",)))
    assert [c.ref for c in found.clashes] == ["edge:pay~ship~~success"]


def test_both_delete_the_same_and_one_something_more() -> None:
    flow = both(RemoveTasks(("ship",)), RemoveTasks(("ship", "refuse")))
    assert set(flow.tasks) == {"pay", "decide"}


def test_both_delete_an_edge_and_one_another_too() -> None:
    one, other = Edge("pay", "decide"), Edge("decide", "ship", "yes")
    assert not {one, other} & set(both(Disconnect((one,)), Disconnect((one, other))).edges)


def test_both_delete_the_same_edge() -> None:
    edit = Disconnect((Edge("pay", "decide"),))
    assert rebased(edit, BASE, edit.apply(BASE).flow) == Batch(())


def test_cards_stand_where_they_were_dropped_last() -> None:
    flow = both(MoveTasks({"pay": Position(1, 1)}), MoveTasks({"pay": Position(8, 8), "ship": Position(9, 9)}))
    assert (flow.tasks["pay"].at, flow.tasks["ship"].at) == (Position(8, 8), Position(9, 9))


def test_the_rest_of_what_is_dragged_moves_although_another_deleted_one_of_it() -> None:
    flow = both(RemoveTasks(("ship",)), MoveTasks({"pay": Position(8, 8), "ship": Position(9, 9)}))
    assert flow.tasks["pay"].at == Position(8, 8)


def test_moving_only_what_is_gone_is_refused() -> None:
    with pytest.raises(EditRefused, match='no task "ship"'):
        both(RemoveTasks(("ship",)), MoveTasks({"ship": Position(9, 9)}))


def test_two_new_tasks_under_one_key_are_both_kept_with_their_edges() -> None:
    theirs = Batch((AddTask(Task("mail", "Theirs", "noop")), Connect(Edge("pay", "mail"))))
    mine = Batch((AddTask(Task("mail", "Mine", "noop")), Connect(Edge("ship", "mail")), AssignPhase({"mail": "money"})))
    flow = both(theirs, mine)
    assert (flow.tasks["mail"].name, flow.tasks["mail-2"].name) == ("Theirs", "Mine")
    assert {Edge("pay", "mail"), Edge("ship", "mail-2")} <= set(flow.edges)
    assert (flow.tasks["mail"].phase, flow.tasks["mail-2"].phase) == (None, "money")


def test_two_new_phases_under_one_key_are_both_kept() -> None:
    flow = both(AddPhase(Phase("p", "Theirs"), ("ship",)), AddPhase(Phase("p", "Mine"), ("refuse",)))
    assert (flow.tasks["ship"].phase, flow.tasks["refuse"].phase) == ("p", "p-2")


def test_whatever_else_is_done_to_a_new_phase_is_done_to_it_under_its_other_key() -> None:
    mine: Batch = Batch(
        (
            AddPhase(Phase("p", "Mine")),
            AssignPhase({"ship": "p"}),
            ConfigurePhase("p", (Change(("description",), "Mine as well"),)),
            TidyUp({}, {"p": Frame(0, 0, 300, 200)}),
            Paste(draw("more"), phase="p"),
        )
    )
    flow = both(AddPhase(Phase("p", "Theirs")), mine)
    assert (flow.phases["p"].description, flow.phases["p"].frame) == ("", None)
    assert (flow.phases["p-2"].description, flow.phases["p-2"].frame) == ("Mine as well", Frame(0, 0, 300, 200))
    assert (flow.tasks["ship"].phase, flow.tasks["more"].phase) == ("p-2", "p-2")


def test_a_copy_speaks_of_itself_whatever_key_the_original_has_by_now() -> None:
    fragment = decode_fragment(
        copy_fragment(configure("inputs", "values", value={"a": "{{ steps.pay.output }}"}).apply(BASE).flow, ["pay"])
    )
    rekey = RekeyTask("pay", "charge")
    now = rekey.apply(BASE).flow
    flow = rebased(Paste(fragment), BASE, now, renames([rekey], BASE)).apply(now).flow
    assert flow.tasks["pay"].settings["inputs"] == {"values": {"a": "{{ steps.pay.output }}"}}


@pytest.mark.parametrize(
    ("held", "theirs", "mine", "merged"),
    [
        ({}, ("b", 2), ("a", 1), {"a": 1, "b": 2}),
        ({"n": {}}, ("n", "b", 2), ({"n": {"a": 1}},), {"n": {"a": 1, "b": 2}}),
        ({"n": {"a": 1}}, ("n", "b", 2), ({"n": {}},), {"n": {"b": 2}}),
        ({"n": {"a": 1}}, ("n", {}), ("n", "b", 2), {"n": {"b": 2}}),
        ({"n": {}, "m": 1}, ({"m": 1},), ("n", "b", 2), {"m": 1, "n": {"b": 2}}),
    ],
    ids=[
        "the first two",
        "the first of one set as a whole",
        "the last taken away",
        "the last taken away before",
        "gone",
    ],
)
def test_an_object_without_entries_is_no_value_that_entries_go_against(
    held: object, theirs: tuple[Any, ...], mine: tuple[Any, ...], merged: object
) -> None:
    base = configure("inputs", "values", value=held).apply(BASE).flow
    edits = (configure("inputs", "values", *path, value=value) for *path, value in (theirs, mine))
    assert both(*edits, base).tasks["pay"].settings["inputs"] == {"values": merged}


def test_two_new_branches_under_one_key_are_both_kept() -> None:
    theirs, mine = (AddCondition("decide", condition("more")) for _ in range(2))
    assert [c.key for c in both(theirs, mine).tasks["decide"].conditions] == ["yes", "more", "more-2"]


def test_one_branch_with_two_meanings_clashes() -> None:
    changed = SetCondition("decide", condition("yes").__class__("yes", "Over 1000"))
    found = clash(changed, SetCondition("decide", condition("yes").__class__("yes", "Over 2000")))
    assert found.clashes[0].path == ("conditions", "yes")


def test_a_new_key_is_also_written_into_what_another_added_meanwhile() -> None:
    flow = both(Connect(Edge("pay", "ship")), RekeyTask("ship", "send"))
    assert Edge("pay", "send") in flow.edges


def test_an_edit_follows_a_task_to_its_new_key() -> None:
    rekey = RekeyTask("ship", "send")
    now = rekey.apply(BASE).flow
    for edit, place in (
        (RenameTask("ship", "Send"), ("send", ("name",))),
        (RemoveTasks(("ship",)), ("send", ("name",))),
        (Disconnect((Edge("decide", "ship", "yes"),)), ("edge:decide~send~yes~success", ())),
    ):
        after = rebased(edit, BASE, now, renames([rekey], BASE)).apply(now).flow
        assert place in changed_places(now, after)


def test_two_new_keys_for_one_task_clash() -> None:
    rekey = RekeyTask("ship", "send")
    with pytest.raises(EditsClash) as raised:
        rebased(RekeyTask("ship", "mail"), BASE, rekey.apply(BASE).flow, renames([rekey], BASE))
    assert [(c.ref, c.path, c.theirs, c.mine) for c in raised.value.clashes] == [("send", ("key",), "send", "mail")]


def test_an_edge_that_became_a_circle_is_refused_with_the_reason() -> None:
    with pytest.raises(EditRefused, match="circle"):
        both(Connect(Edge("ship", "refuse")), Connect(Edge("refuse", "ship")))


def test_one_edge_led_to_two_places_is_refused_for_the_later() -> None:
    old = Edge("decide", "ship", "yes")
    with pytest.raises(EditRefused):
        both(Reconnect(old, Edge("decide", "refuse", "yes")), Reconnect(old, Edge("trigger", "ship")))


def test_the_flows_own_settings_merge_and_clash() -> None:
    def limit(word: str, number: int) -> ConfigureFlow:
        return ConfigureFlow((Change(("limits", word), number),))

    assert both(limit("concurrency", 3), ConfigureFlow((Change(("name",), "N"),))).limits == {"concurrency": 3}
    assert clash(limit("concurrency", 3), limit("concurrency", 4)).clashes[0].path == ("limits", "concurrency")


def test_what_is_pasted_takes_keys_that_are_free() -> None:
    fragment = draw("pay")
    assert "pay-3" in both(Paste(fragment), Paste(fragment)).tasks


def test_what_did_not_change_is_not_looked_into() -> None:
    assert changed_places(BASE, BASE) == {}
    assert set(changed_places(BASE, RenameTask("pay", "X").apply(BASE).flow)) == {("pay", ("name",))}


# -- taking back


def test_an_edit_is_taken_back_under_anothers() -> None:
    mine = RenameTask("pay", "Charge").apply(BASE)
    now = configure("timeout", value="1 minute").apply(mine.flow).flow
    back = way_back(RenameTask("pay", "Charge"), mine.undo, now)
    assert back is not None
    after = back.apply(now).flow
    assert (after.tasks["pay"].name, after.tasks["pay"].settings["timeout"]) == ("pay", "1 minute")


def test_what_another_changed_since_is_not_taken_back() -> None:
    mine = RenameTask("pay", "Charge")
    applied = mine.apply(BASE)
    assert way_back(mine, applied.undo, RenameTask("pay", "Hers").apply(applied.flow).flow) is None


def test_a_new_task_that_another_worked_on_is_not_taken_back() -> None:
    mine = AddTask(Task("mail", "Mail", "noop"))
    applied = mine.apply(BASE)
    for theirs in (Connect(Edge("pay", "mail")), RenameTask("mail", "Letter")):
        assert way_back(mine, applied.undo, theirs.apply(applied.flow).flow) is None


def test_the_first_edit_of_a_draft_is_taken_back_although_cards_were_moved_since() -> None:
    edit = Batch((TidyUp({key: Position(1, 1) for key in BASE.tasks}), RenameTask("pay", "Charge")))
    applied = edit.apply(BASE)
    now = MoveTasks({"ship": Position(7, 7)}).apply(applied.flow).flow
    back = way_back(edit, applied.undo, now)
    assert back is not None
    assert back.apply(now).flow.tasks["pay"].name == "pay"
    assert back.apply(now).flow.tasks["ship"].at == Position(7, 7)
