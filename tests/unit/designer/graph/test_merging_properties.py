"""Two or three people at one draft, in any order: nobody's accepted edit vanishes, and all end at the same draft."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from designer.graph.codec import canonical_json, decode_flow, encode_flow
from designer.graph.edits import (
    AddCondition,
    AddNote,
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
    MoveTasks,
    Paste,
    Reconnect,
    RekeyTask,
    RemoveNotes,
    RemovePhase,
    RemoveTasks,
    RenameTask,
    SetCondition,
    TidyUp,
    edit_from_json,
    edit_to_json,
)
from designer.graph.edits.rekeying import rekeyed
from designer.graph.merging import EditsClash, rebased, renames, way_back
from designer.graph.model import (
    Condition,
    Edge,
    Flow,
    Frame,
    Note,
    Phase,
    Position,
    Requirement,
    Statement,
    Task,
)
from designer.graph.places import Place, changed_places
from tests.strategies import edits, flows

PEOPLE = ("ada", "ben", "cleo")
# The same examples in every run: what is found is found again, and nobody's work fails for chance.
SLOW = settings(max_examples=120, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


@dataclass
class Stored:
    """One accepted edit, as the server keeps it."""

    author: str
    edit: Edit
    undo: Edit
    is_undone: bool = False


def is_where(place: Place, edit: Edit | None = None) -> bool:
    """Places that the later may set: where cards and frames stand, and, unless `edit` says so outright, their phase."""
    return place[1] in (("at",), ("frame",)) or (place[1] == ("phase",) and not isinstance(edit, AssignPhase))


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
            overwritten = [place for place in done if place in seen and not is_where(place, edit)]
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
        renamed = renames([back], before)  # what is called otherwise again is not lost
        theirs = {(renamed.get(ref, ref), path) for ref, path in theirs}
        lost = [p for p in changed_places(rekeyed(before, renamed), applied.flow) if p in theirs and not is_where(p)]
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
    made += [
        ConfigureTask(key, (Change(path, words),))
        for path in (("settings", "inputs"), ("settings", "inputs", "values"))
    ]
    made.append(ConfigureTask(key, (Change(("settings", "inputs", "values", "x"), words),)))
    made.append(ConfigureTask(key, (Change(("settings", "inputs", "values"), {"x": words, "y": 1}),)))
    made += [AssignPhase({key: phase}) for phase in flow.phases]
    made.append(RekeyTask(key, words.replace(" ", "-")))
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


@SLOW
@given(st.data())
def test_what_somebody_did_already_is_done_once(data: st.DataObject) -> None:
    base = data.draw(flows(most_blocks=6))
    edit = data.draw(edits(base)) if data.draw(st.booleans()) else crowded(data, base)
    if isinstance(edit, AddTask | InsertOnEdge | AddPhase | AddCondition | AddNote | Paste | RekeyTask):
        return  # a second thing, or a key that is not there any more
    try:
        now = edit.apply(base).flow
    except EditRefused:
        return
    if not changed_places(base, now):
        return
    try:
        again = rebased(edit, base, now)
    except EditRefused:
        return  # it goes without saying: nothing of it is left to do
    assert again == Batch(()), again


@SLOW
@given(st.data())
def test_what_two_people_do_to_one_object_merges_also_when_one_sets_it_as_a_whole(data: st.DataObject) -> None:
    where = ("settings", "inputs", "values")
    before: dict[str, Any] = {name: data.draw(st.integers(0, 3)) for name in ("a", "b", "c")}
    mine, theirs = data.draw(st.permutations(["a", "b", "c"]))[:2]
    settings = {"action": "set_values", "inputs": {"values": before}}
    base = Flow("f", "F", tasks={"t": Task(key="t", name="T", kind="automation", settings=settings)})
    now = ConfigureTask("t", (Change((*where, theirs), 9),)).apply(base).flow
    whole: dict[str, Any] = before | {mine: 8}
    if data.draw(st.booleans()):
        del whole[mine]
    after = rebased(ConfigureTask("t", (Change(where, whole),)), base, now).apply(now).flow
    assert after.tasks["t"].settings["inputs"]["values"] == whole | {theirs: 9}


@SLOW
@given(st.data())
def test_an_edit_finds_its_task_under_whatever_keys_others_gave_it(data: st.DataObject) -> None:
    base = data.draw(flows(most_blocks=4))
    if not base.tasks:
        return
    key = data.draw(st.sampled_from(list(base.tasks)))
    names = [key, *(f"new-{number}" for number in range(data.draw(st.integers(1, 3))))]
    made: list[Edit] = [RekeyTask(old, new) for old, new in pairwise(names)]
    now = base
    for edit in made:
        now = edit.apply(now).flow
    mine = rebased(RenameTask(key, "Mine"), base, now, renames(made, base)).apply(now).flow
    assert mine.tasks[names[-1]].name == "Mine"
    gone = rebased(RemoveTasks((key,)), base, now, renames(made, base)).apply(now).flow
    assert gone.tasks.keys() == base.tasks.keys() - {key}


@SLOW
@given(st.data())
def test_whatever_one_does_while_another_gives_a_task_a_new_key_comes_out_as_if_it_had_been_done_before(
    data: st.DataObject,
) -> None:
    base = data.draw(flows(most_blocks=4))
    key = next((key for key in ("t0", "t1") if key in base.tasks and data.draw(st.booleans())), "t0")
    if key not in base.tasks:
        return
    rekey = RekeyTask(key, "other")
    mine = data.draw(edits(base)) if data.draw(st.booleans()) else about(data, base, key)
    try:
        expected = mine.apply(base).flow
    except EditRefused:
        return
    if isinstance(mine, RekeyTask) or key not in expected.tasks:
        return
    expected, now = rekey.apply(expected).flow, rekey.apply(base).flow
    after = rebased(mine, base, now, renames([rekey], base)).apply(now).flow
    assert changed_places(expected, after) == {}, mine


def about(data: st.DataObject, flow: Flow, key: str) -> Edit:
    """An edit that says something about a task in as many ways as there are."""
    text, other = f"{{{{ steps.{key}.output }}}}", list(flow.tasks)[-1]
    values = {"action": "set_values", "inputs": {"values": {"a": text}}}
    new = Task(key="new", name="New", kind="automation", settings={**values, "requirements": [{"task": key}]})
    chosen = Condition(key="big", name="Big", statements=(Statement(f"steps.{key}.output.total", "equals", (text,)),))
    decision = Task(key="new", name="New", kind="decision", conditions=(chosen,))
    made: list[Edit] = [
        AddTask(new),
        Batch((AddTask(decision), SetCondition("new", replace(chosen, name="Large")))),
        AddPhase(Phase(key="new", name="New", requirements=(Requirement(key),)), (key,)),
        ConfigureTask(other, (Change(("settings", "inputs"), {"values": {"a": text}}),)),
        ConfigureTask(other, (Change(("settings", "requirements"), [{"task": key}]),)),
        ConfigureFlow((Change(("entity_sync",), [{"on": f"task:{key}", "entity": "order", "set": {"a": text}}]),)),
        Batch((AddPhase(Phase(key="p", name="P")), ConfigurePhase("p", (Change(("requirements",), [{"task": key}]),)))),
        Paste(Flow("f", "F", tasks={"new": new})),
        TidyUp({key: Position(8, 8)}),
        MoveTasks({key: Position(8, 8)}),
    ]
    made += [Reconnect(edge, replace(edge, target=other)) for edge in flow.edges if edge.source == key]
    made += [Disconnect((edge,)) for edge in flow.edges if key in (edge.source, edge.target)]
    made += [InsertOnEdge(edge, new) for edge in flow.edges if key in (edge.source, edge.target)]
    made += [RemovePhase(phase) for phase in flow.phases]
    made += [FramePhase(phase, Frame(0, 0, 300, 200), {key: Position(8, 8)}) for phase in flow.phases]
    return data.draw(st.sampled_from(made))


@SLOW
@given(st.data())
def test_of_what_two_take_away_all_is_gone_and_nothing_else(data: st.DataObject) -> None:
    base = data.draw(flows(most_blocks=6))
    things: list[Any] = [st.sampled_from(kind) for kind in (list(base.tasks), base.edges, list(base.notes)) if kind]
    chosen = data.draw(st.sampled_from(things))
    both = [tuple(data.draw(st.lists(chosen, min_size=1, max_size=3, unique=True))) for _ in range(2)]
    mine, theirs = (taking(base, names) for names in both)
    now = theirs.apply(base).flow
    after = rebased(mine, base, now).apply(now).flow
    assert after == taking(base, tuple(dict.fromkeys(both[0] + both[1]))).apply(base).flow


def taking(flow: Flow, names: tuple[Any, ...]) -> Edit:
    """The edit that takes these tasks, edges or notes away."""
    if isinstance(names[0], Edge):
        return Disconnect(names)
    return RemoveTasks(names) if names[0] in flow.tasks else RemoveNotes(names)


def test_two_phases_are_two_answers_unless_the_task_was_carried_there() -> None:
    phases = {key: Phase(key=key, name=key) for key in ("one", "two")}
    base = Flow("f", "F", phases=phases, tasks={"t": Task(key="t", name="T", kind="noop")})
    now = AssignPhase({"t": "one"}).apply(base).flow
    with pytest.raises(EditsClash):
        rebased(AssignPhase({"t": "two"}), base, now)
    carried = Batch((MoveTasks({"t": Position(8, 8)}), AssignPhase({"t": "two"})))
    assert rebased(carried, base, now).apply(now).flow.tasks["t"].phase == "two"


VALUES = ("settings", "inputs", "values")
SETS = Task(
    key="c", name="c", kind="automation", settings={"action": "set_values", "inputs": {"values": {"x": {"y": 1}}}}
)
PAIR = Flow("f", "F", tasks={**{key: Task(key=key, name=key, kind="decision") for key in ("a", "b")}, "c": SETS})
"""Two decisions and a task that sets values; nothing connects them."""


@pytest.mark.parametrize(
    "new",
    [
        AddTask(Task(key="new", name="New", kind="noop")),
        AddPhase(Phase(key="new", name="New")),
        AddNote(Note(key="new", text="New", at=Position(0, 0))),
        AddCondition("a", Condition(key="new", name="New")),
        Batch((AddPhase(Phase(key="new", name="New")), AddPhase(Phase(key="new-2", name="New too")))),
    ],
    ids=["task", "phase", "note", "branch", "phases"],
)
def test_of_two_new_things_of_one_key_both_are_there(new: Edit) -> None:
    now = new.apply(PAIR).flow
    both = rebased(new, PAIR, now).apply(now).flow
    alone = changed_places(PAIR, now)
    assert not set(changed_places(now, both)) & set(alone), "one stands where the other stood"
    assert len(changed_places(PAIR, both)) == 2 * len(alone)


def test_what_is_left_of_several_tasks_is_still_moved() -> None:
    now = RemoveTasks(("b",)).apply(PAIR).flow
    for mine in (MoveTasks({key: Position(8, 8) for key in "ab"}), RemoveTasks(("a", "b"))):
        after = rebased(mine, PAIR, now).apply(now).flow
        assert [task.at for task in after.tasks.values()] in ([Position(8, 8), None], [None])


@pytest.mark.parametrize(
    ("theirs", "mine"),
    [
        (Connect(Edge("a", "b")), RemoveTasks(("b",))),
        (RekeyTask("a", "one"), RekeyTask("a", "two")),
        (RenameTask("a", "One"), RemoveTasks(("a",))),
        (
            ConfigureTask("c", (Change((*VALUES, "x", "y"), 3),)),
            Batch((ConfigureTask("c", (Change((*VALUES, "x"), "{{ input }}"),)), RekeyTask("c", "one"))),
        ),
    ],
    ids=["an edge to what is to go", "two keys", "a name of what is to go", "a value in what is set as a whole"],
)
def test_what_only_one_of_two_can_have_is_asked_about(theirs: Edit, mine: Edit) -> None:
    now = theirs.apply(PAIR).flow
    with pytest.raises(EditsClash):
        rebased(mine, PAIR, now, renames([theirs], PAIR))


def _both(base: Flow, first: Edit, second: Edit) -> Flow | None:
    try:
        now = first.apply(base).flow
        fitted = rebased(second, base, now, renames([first], base))
        return now if fitted == Batch(()) else fitted.apply(now).flow
    except (EditRefused, EditsClash):
        return None
