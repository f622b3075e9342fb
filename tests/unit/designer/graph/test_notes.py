"""Notes: in the flow file, as edits, merged, compared, and as text on the canvas."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from xml.etree import ElementTree

import pytest

from designer.comparison import Comparison
from designer.graph.codec import canonical_json, decode_flow, decode_fragment, encode_flow, encode_graph
from designer.graph.decoding import LONGEST_NOTE, MOST_NOTES
from designer.graph.diff import Mark, diff_flows
from designer.graph.edits import (
    AddNote,
    Batch,
    Change,
    ConfigureFlow,
    ConfigureNote,
    Edit,
    EditRefused,
    MoveNotes,
    MoveTasks,
    Paste,
    RemoveNotes,
    RenameTask,
    ReplaceFlow,
    copy_fragment,
    edit_from_json,
    edit_to_json,
    take_away,
)
from designer.graph.merging import EditsClash, other_keys, rebased, way_back
from designer.graph.model import Flow, Note, NoteColour, Position
from designer.graph.plan import compile_plan
from designer.graph.problems import FlowFileInvalid
from designer.graph.schema import flow_file_schema
from designer.rendering.labels import text_width, wrapped
from designer.rendering.notes import note_svg
from designer.services.edit_words import words_of
from tests.drawing import draw

PLAIN = draw("trigger -> pay -> ship")
ASK = Note("ask", "Ask Finance\nfirst", Position(8, -16), 240, 120, NoteColour.PINK)
LATE = Note("late", "Runs at night", Position(400, 80))
NOTED = replace(PLAIN, notes={"ask": ASK, "late": LATE})


def text(key: str, value: str) -> ConfigureNote:
    return ConfigureNote(key, (Change(("text",), value),))


def both(theirs: Edit, mine: Edit, base: Flow = NOTED) -> Flow:
    now = theirs.apply(base).flow
    return rebased(mine, base, now).apply(now).flow


# -- the flow file ----------------------------------------------------------------------------------------------------


def test_a_note_is_written_in_the_flow_file_and_read_again() -> None:
    document = encode_flow(NOTED)
    assert document["notes"] == [
        {"key": "ask", "text": "Ask Finance\nfirst", "at": [8, -16], "size": [240, 120], "colour": "pink"},
        {"key": "late", "text": "Runs at night", "at": [400, 80]},
    ]
    assert decode_flow(document) == NOTED
    assert list(decode_flow(document).notes) == ["ask", "late"]


def test_a_flow_without_notes_is_stored_as_ever() -> None:
    assert b"notes" not in canonical_json(PLAIN)
    assert canonical_json(replace(NOTED, notes={})) == canonical_json(PLAIN)


def test_notes_are_no_part_of_the_plan_nor_of_the_graph() -> None:
    assert compile_plan(NOTED).nodes == compile_plan(PLAIN).nodes
    assert encode_graph(NOTED) == encode_graph(PLAIN)


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"at": None}, "notes[0].at"),
        ({"at": [1]}, "notes[0].at"),
        ({"text": "x" * (LONGEST_NOTE + 1)}, "notes[0].text"),
        ({"text": 1}, "notes[0].text"),
        ({"size": [10, 100]}, "notes[0].size"),
        ({"size": None}, "notes[0].size"),
        ({"colour": "red"}, "notes[0].colour"),
        ({"key": "a b"}, "notes[0].key"),
        ({"title": "x"}, "notes[0].title"),
    ],
)
def test_what_is_no_note_is_refused_with_its_path(change: dict[str, Any], path: str) -> None:
    document = {**encode_flow(PLAIN), "notes": [{"key": "a", "text": "", "at": [0, 0], **change}]}
    with pytest.raises(FlowFileInvalid) as caught:
        decode_flow(document)
    assert [problem.path for problem in caught.value.problems] == [path]


def test_a_key_is_given_once_and_there_are_so_many_notes_at_most() -> None:
    notes = [{"key": f"n{number}", "at": [0, 0]} for number in range(MOST_NOTES + 1)]
    for wrong in (notes, [notes[0], notes[0]], {}, ["x"]):
        with pytest.raises(FlowFileInvalid):
            decode_flow({**encode_flow(PLAIN), "notes": wrong})


def test_the_schema_knows_notes() -> None:
    properties = flow_file_schema()["$defs"]["note"]["properties"]
    assert list(properties) == ["key", "text", "at", "size", "colour"]


# -- edits ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (AddNote(replace(LATE, key="new"), 0), "Added a note"),
        (text("ask", ""), "Changed the text of a note"),
        (ConfigureNote("ask", (take_away("colour"),)), "Changed the colour of a note"),
        (ConfigureNote("late", (Change(("at",), [0, 0]), Change(("size",), [80, 80]))), "Resized a note"),
        (MoveNotes({"late": Position(0, 0)}), "Moved a note"),
        (RemoveNotes(("late", "ask")), "Deleted 2 notes"),
        (ConfigureFlow((Change(("name",), "Other"),)), "Changed name of the flow"),
        (ReplaceFlow(PLAIN), "Replaced the whole draft"),
        (Batch((MoveTasks({"pay": Position(0, 0)}), MoveNotes({"ask": Position(0, 0)}))), "Moved a note"),
    ],
)
def test_an_edit_is_undone_told_in_words_and_stored_as_json(edit: Edit, words: str) -> None:
    applied = edit.apply(NOTED)
    back = applied.undo.apply(applied.flow).flow
    assert back == NOTED
    assert list(back.notes) == ["ask", "late"]
    assert words_of(edit, NOTED) == words
    assert edit_from_json(edit_to_json(edit)) == edit
    assert edit_from_json(edit_to_json(applied.undo)) == applied.undo


@pytest.mark.parametrize(
    "edit",
    [
        AddNote(ASK),
        text("gone", "x"),
        MoveNotes({"gone": Position(0, 0)}),
        RemoveNotes(("gone",)),
        ConfigureNote("ask", (Change(("key",), "x"),)),
        ConfigureNote("ask", (Change(("size",), [1, 1]),)),
        ConfigureNote("ask", (take_away("at"),)),
    ],
)
def test_an_edit_that_does_not_fit_is_refused(edit: Edit) -> None:
    with pytest.raises(EditRefused):
        edit.apply(NOTED)


def test_one_note_too_many_is_refused() -> None:
    full = replace(PLAIN, notes={f"n{n}": replace(LATE, key=f"n{n}") for n in range(MOST_NOTES)})
    with pytest.raises(EditRefused, match="at most 200 notes"):
        AddNote(LATE).apply(full)


# -- of several people ------------------------------------------------------------------------------------------------


def test_different_things_about_a_note_merge_and_the_later_place_counts() -> None:
    coloured = ConfigureNote("ask", (Change(("colour",), "blue"),))
    flow = both(text("ask", "Other"), coloured)
    assert (flow.notes["ask"].text, flow.notes["ask"].colour) == ("Other", NoteColour.BLUE)
    moved = both(MoveNotes({"ask": Position(1, 1)}), MoveNotes({"ask": Position(2, 2)}))
    assert moved.notes["ask"].at == Position(2, 2)
    assert both(RenameTask("pay", "Charge"), RemoveNotes(("ask",))).tasks["pay"].name == "Charge"


def test_two_texts_for_one_note_clash() -> None:
    with pytest.raises(EditsClash) as raised:
        both(text("ask", "Theirs"), text("ask", "Mine"))
    (clash,) = raised.value.clashes
    assert (clash.ref, clash.path, clash.theirs, clash.mine) == ("note:ask", ("text",), "Theirs", "Mine")


def test_what_somebody_has_torn_off_is_not_written_on() -> None:
    with pytest.raises(EditsClash) as raised:
        both(RemoveNotes(("ask",)), text("ask", "Mine"))
    assert raised.value.clashes[0].is_gone
    with pytest.raises(EditRefused, match="no note"):
        both(RemoveNotes(("ask",)), MoveNotes({"ask": Position(0, 0)}))
    left = both(RemoveNotes(("ask",)), MoveNotes({"ask": Position(0, 0), "late": Position(4, 4)}))
    assert left.notes == {"late": replace(LATE, at=Position(4, 4))}


def test_two_new_notes_of_one_key_both_stay() -> None:
    theirs, mine = AddNote(replace(LATE, key="note")), AddNote(replace(ASK, key="note"))
    now = theirs.apply(NOTED).flow
    fitted = rebased(mine, NOTED, now)
    assert len(fitted.apply(now).flow.notes) == 4
    ((asked, given),) = other_keys(mine, fitted).items()
    assert asked == "note:note"
    assert given != asked


def test_ones_own_note_can_be_taken_back_after_others_did_something_else() -> None:
    edit = text("ask", "Mine")
    applied = edit.apply(NOTED)
    later = RenameTask("pay", "Charge").apply(applied.flow).flow
    assert way_back(edit, applied.undo, later) == applied.undo
    assert way_back(edit, applied.undo, text("ask", "Theirs").apply(applied.flow).flow) is None


# -- compared ---------------------------------------------------------------------------------------------------------


def test_a_comparison_names_notes_that_came_went_changed_and_moved() -> None:
    old = replace(PLAIN, notes={"ask": ASK, "late": LATE, "moved": replace(LATE, key="moved")})
    new = replace(
        PLAIN,
        notes={
            "ask": replace(ASK, text="Ask Sales", colour=NoteColour.YELLOW),
            "moved": replace(LATE, key="moved", at=Position(0, 0)),
            "new": Note("new", "New", Position(0, 0)),
        },
    )
    diff = diff_flows(old, new)
    assert diff.nodes == {
        "note:ask": Mark.CHANGED,
        "note:moved": Mark.MOVED,
        "note:new": Mark.ADDED,
        "note:late": Mark.REMOVED,
    }
    assert diff.flow == ()
    comparison = Comparison(old, new)
    told = {(change.mark, change.what, change.name) for change in comparison.changes}
    assert ("added", "Note", "New") in told
    assert ("removed", "Note", "Runs at night") in told
    changed = next(change for change in comparison.changes if change.mark == "changed")
    assert changed.sentences == ('Text: "Ask Finance\\u000afirst" → "Ask Sales"', 'Colour taken away (was "pink")')
    assert comparison.legend == []  # notes are not on the drawing


# -- on the canvas ----------------------------------------------------------------------------------------------------


def test_text_is_wrapped_within_its_width_and_cut_with_an_ellipsis() -> None:
    assert wrapped("one two\n\nthree", 500, 12, 9) == ["one two", "", "three"]
    assert wrapped("", 100, 12, 3) == []
    long = wrapped("word " * 100 + "x" * 300, 100, 12, 40)
    assert all(text_width(line, 12) <= 100 for line in long)
    cut = wrapped("word " * 100, 100, 12, 3)
    assert len(cut) == 3
    assert cut[-1].endswith("…")
    assert text_width(cut[-1], 12) <= 100
    assert wrapped("a\nb\nc", 100, 12, 2) == ["a", "b…"]


def test_a_note_is_well_formed_whatever_its_text() -> None:
    svg = note_svg(replace(ASK, text="<script>alert(1)</script> \"'&\u202e\n]]>"))
    root = ElementTree.fromstring(f'<svg xmlns="http://www.w3.org/2000/svg">{svg}</svg>')  # noqa: S314
    assert all("script" not in element.tag for element in root.iter())
    assert root[0].get("id") == "note-ask"
    assert "\u202e" not in svg


# -- through the clipboard --------------------------------------------------------------------------------------------


def test_notes_are_copied_and_pasted_with_the_tasks_and_undone_together() -> None:
    copied = copy_fragment(NOTED, iter(["pay", "note:ask"]))
    assert [note["key"] for note in copied["notes"]] == ["ask"]
    applied = Paste(decode_fragment(copied), dx=16, dy=8).apply(NOTED)
    assert list(applied.flow.notes) == ["ask", "late", "ask-2"]
    assert applied.flow.notes["ask-2"] == replace(ASK, key="ask-2", at=Position(24, -8))
    assert {"note:ask-2", "pay-2"} <= applied.touched
    assert applied.undo.apply(applied.flow).flow == NOTED


def test_a_pasted_note_is_kept_in_the_history() -> None:
    edit = Paste(decode_fragment(copy_fragment(NOTED, ["note:late"])), dx=8)
    assert edit_from_json(edit_to_json(edit)) == edit
    assert words_of(edit, NOTED) == "Pasted a note"


def test_a_copy_without_notes_says_nothing_of_them() -> None:
    assert "notes" not in copy_fragment(NOTED, ["pay", "note:gone"])


def test_what_two_paste_at_once_lies_under_keys_of_its_own() -> None:
    fragment = decode_fragment(copy_fragment(NOTED, ["note:ask"]))
    assert {"ask", "ask-2", "ask-3"} <= set(both(Paste(fragment), Paste(fragment)).notes)


def test_too_many_notes_are_not_pasted() -> None:
    many = {f"n{number}": replace(LATE, key=f"n{number}") for number in range(MOST_NOTES)}
    with pytest.raises(EditRefused, match="notes"):
        Paste(decode_fragment(copy_fragment(NOTED, ["note:ask"]))).apply(replace(PLAIN, notes=many))
