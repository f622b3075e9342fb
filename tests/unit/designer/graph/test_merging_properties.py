"""Two or three people at one draft, in any order: nobody's accepted edit vanishes, and all end at the same draft."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from designer.graph.codec import canonical_json, decode_flow, encode_flow
from designer.graph.edits import (
    AddCondition,
    AddNote,
    AddPhase,
    AddTask,
    Batch,
    Change,
    ConfigureTask,
    Connect,
    Disconnect,
    Edit,
    EditRefused,
    InsertOnEdge,
    Paste,
    RekeyTask,
    RemoveTasks,
    RenameTask,
    edit_from_json,
    edit_to_json,
)
from designer.graph.edits.rekeying import rekeyed
from designer.graph.merging import EditsClash, rebased, renames, way_back
from designer.graph.model import Edge, Flow, Task
from designer.graph.places import Place, changed_places
from tests.strategies import edits, flows

PEOPLE = ("ada", "ben", "cleo")
SLOW = settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))


@dataclass
class Stored:
    """One accepted edit, as the server keeps it."""

    author: str
    edit: Edit
    undo: Edit
    is_undone: bool = False


def is_where(place: Place) -> bool:
    """Places that the later may set: where cards and frames stand, and the phase they are carried to."""
    return place[1] in (("at",), ("frame",), ("phase",))


class Server:
    """Takes edits made on any draft that somebody saw, as `designer.services.drafting` does."""

    def __init__(self, flow: Flow) -> None:
        self.first = self.flow = flow
        self.log: list[Stored] = []

    def post(self, author: str, edit: Edit, revision: int) -> bool:
        """Make an edit. What it overwrites, its author has seen: else it was not to be accepted."""
        base = self.at(revision)
        renamed = renames((entry.edit for entry in self.log[revision:]), base)
        try:
            fitted = rebased(edit, base, self.flow, renamed)
            applied = fitted.apply(self.flow)
        except (EditRefused, EditsClash):
            return False
        done = changed_places(self.flow, applied.flow)
        seen = changed_places(rekeyed(base, renamed), self.flow)
        # A new key is written into what others did, which keeps it; what is pasted may stand where something stood.
        if not isinstance(edit, RekeyTask | Paste):
            overwritten = [place for place in done if place in seen and not is_where(place)]
            assert not overwritten, (edit, overwritten)
        self._store(author, fitted, applied.undo, applied.flow)
        return True

    def at(self, revision: int) -> Flow:
        """The draft after so many edits."""
        flow = self.first
        for entry in self.log[:revision]:
            flow = entry.edit.apply(flow).flow
        return flow

    def undo(self, author: str) -> bool:
        """Take back a person's own last edit, if nobody has changed what it did."""
        own = next((e for e in reversed(self.log) if e.author == author and not e.is_undone), None)
        if own is None:
            return False
        try:
            back = way_back(own.edit, own.undo, self.flow)
        except EditRefused:
            return False
        if back is None:
            return False
        before, theirs = self.flow, self._places_of_others(author, self.log.index(own))
        applied = back.apply(self.flow)
        lost = [p for p in changed_places(before, applied.flow) if p in theirs and not is_where(p)]
        assert not lost, (own.edit, lost)
        own.is_undone = True
        self._store(author, back, applied.undo, applied.flow)
        self.log[-1].is_undone = True
        return True

    def _places_of_others(self, author: str, since: int) -> set[Place]:
        """Every place that others have set, and that still holds what they gave it."""
        flow, states = self.first, []
        for entry in self.log:
            after = entry.edit.apply(flow).flow
            states.append((entry, flow, after))
            flow = after
        found: set[Place] = set()
        for entry, before, after in states[since + 1 :]:
            places = set(changed_places(before, after))
            found = found - places if entry.author == author else found | places
        return found & set(changed_places(states[since][2], self.flow))

    def _store(self, author: str, edit: Edit, undo: Edit, flow: Flow) -> None:
        self.flow = flow
        self.log.append(Stored(author, edit, undo))


def crowded(data: st.DataObject, flow: Flow) -> Edit:
    """An edit where others are at work too. Left to chance alone, two hardly ever meet at one place."""
    key, words = next(iter(flow.tasks), "gone"), data.draw(st.sampled_from(["one", "another", "a third"]))
    made: list[Edit] = [
        RenameTask(key, words),
        ConfigureTask(key, (Change(("description",), words),)),
        RemoveTasks((key,)),
        AddTask(Task(key="extra", name=words, kind="noop")),
        RenameTask("extra", words),
        Connect(Edge(list(flow.tasks)[-1] if flow.tasks else "gone", key)),
        Connect(Edge(key, list(flow.tasks)[-1] if flow.tasks else "gone")),
    ]
    if flow.edges:
        made.append(Disconnect((flow.edges[0],)))
    return data.draw(st.sampled_from(made))


@SLOW
@given(st.data())
def test_any_interleaving_keeps_every_accepted_edit_and_converges(data: st.DataObject) -> None:
    server = Server(data.draw(flows(most_blocks=6)))
    people = PEOPLE[: data.draw(st.integers(2, 3))]
    pages = dict.fromkeys(people, 0)
    for _ in range(data.draw(st.integers(2, 9))):
        who = data.draw(st.sampled_from(people))
        act = data.draw(st.sampled_from(["edit", "edit", "crowded", "crowded", "sync", "undo"]))
        is_up_to_date = act == "sync"
        if act == "edit":
            is_up_to_date = server.post(who, data.draw(edits(server.at(pages[who]))), pages[who])
        elif act == "crowded":
            if data.draw(st.booleans()):
                pages[who] = len(server.log)  # changes what others did, having seen it: their undo is over
            is_up_to_date = server.post(who, crowded(data, server.at(pages[who])), pages[who])
        elif act == "undo":
            is_up_to_date = server.undo(who)
        if is_up_to_date:
            pages[who] = len(server.log)
    # Whoever replays what the server kept, from its JSON, is where the server is; and it is a flow that can be kept.
    flow = server.first
    for entry in server.log:
        flow = edit_from_json(edit_to_json(entry.edit)).apply(flow).flow
    assert canonical_json(flow) == canonical_json(server.flow)
    assert not changed_places(decode_flow(encode_flow(flow)), flow)
    # And the whole way back leads to where they began.
    for entry in reversed(server.log):
        flow = edit_from_json(edit_to_json(entry.undo)).apply(flow).flow
    assert canonical_json(flow) == canonical_json(server.first)


@settings(SLOW, max_examples=300)
@given(st.data())
def test_an_undo_takes_back_nothing_that_another_did_to_the_same_since(data: st.DataObject) -> None:
    server = Server(data.draw(flows(most_blocks=2)))
    if not server.post("ada", crowded(data, server.flow), 0):
        return
    server.post("ben", crowded(data, server.flow), 1)
    server.undo("ada")  # says itself what must not be lost


@SLOW
@given(st.data())
def test_the_order_in_which_two_edits_arrive_does_not_matter(data: st.DataObject) -> None:
    base = data.draw(flows(most_blocks=6))
    one, other = (data.draw(edits(base)) if data.draw(st.booleans()) else crowded(data, base) for _ in range(2))
    if any(
        isinstance(each, AddTask | InsertOnEdge | AddPhase | AddCondition | AddNote | Paste) for each in (one, other)
    ):
        return  # which of two new things gets the wished-for key is a matter of who came first
    ends = [_both(base, *pair) for pair in ((one, other), (other, one))]
    if ends[0] is None or ends[1] is None:
        return
    assert {place for place in changed_places(ends[0], ends[1]) if not is_where(place)} == set()


@SLOW
@given(st.data())
def test_what_two_people_do_to_different_tasks_always_merges(data: st.DataObject) -> None:
    base = data.draw(flows(most_blocks=8))
    keys = list(base.tasks)
    if len(keys) < 2:
        return
    mine, theirs = keys[0], keys[-1]
    name: Any = {"edit": "rename_task", "name": "Renamed"}
    now = edit_from_json({**name, "task": theirs}).apply(base).flow
    edit = edit_from_json({**name, "task": mine})
    after = rebased(edit, base, now).apply(now).flow
    assert (after.tasks[mine].name, after.tasks[theirs].name) == ("Renamed", "Renamed")


def _both(base: Flow, first: Edit, second: Edit) -> Flow | None:
    try:
        now = first.apply(base).flow
        fitted = rebased(second, base, now, renames([first], base))
        return now if fitted == Batch(()) else fitted.apply(now).flow
    except (EditRefused, EditsClash):
        return None
