"""Hypothesis strategies: random valid flows, and random edits of a flow.

`flows()` builds flows from blocks (a task, a sequence, a fork, a decision, a catch, a loop, a phase), so that they are
valid by construction, and then adds edges and requirements across the blocks as far as the flow stays valid.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

from hypothesis import strategies as st

from designer.graph.codec import decode_fragment
from designer.graph.edits import (
    AddCondition,
    AddNote,
    AddPhase,
    AddTask,
    AssignPhase,
    Change,
    ConfigureFlow,
    ConfigureNote,
    ConfigurePhase,
    ConfigureTask,
    Connect,
    Disconnect,
    Edit,
    FramePhase,
    InsertOnEdge,
    MoveCondition,
    MoveNotes,
    MoveTasks,
    Paste,
    Reconnect,
    RekeyTask,
    RemoveCondition,
    RemoveNotes,
    RemovePhase,
    RemoveTasks,
    RenameTask,
    ReplaceKind,
    SetCondition,
    TidyUp,
    copy_fragment,
    take_away,
)
from designer.graph.model import (
    NONE_MET,
    TRIGGER,
    Edge,
    Flow,
    Frame,
    Join,
    Json,
    Match,
    Note,
    NoteColour,
    On,
    Phase,
    Position,
    Requirement,
    Task,
    phase_of_ref,
    phase_ref,
)
from designer.graph.plan import FlowNotRunnable, compile_plan
from tests.drawing import DEFAULT_SETTINGS, condition

Draw = Callable[..., Any]

PLAIN_KINDS = ("automation", "automation", "manual", "noop", "delay", "wait_event")


@dataclass(frozen=True)
class _End:
    """A place from which an edge may still be drawn."""

    source: str
    branch: str | None = None
    on: On = On.SUCCESS


@dataclass(frozen=True)
class _Block:
    """A part of a flow: where it is entered, where it ends, and the ends that have left the loops around it."""

    entries: tuple[str, ...]
    ends: tuple[_End, ...]
    escapes: tuple[_End, ...] = ()


@dataclass
class _Builder:
    """Grows one flow. Edges run from earlier to later tasks, but for back edges: the order of making is topological."""

    draw: Draw
    budget: int
    with_loops: bool
    with_phases: bool
    tasks: dict[str, Task] = field(default_factory=dict)
    phases: dict[str, Phase] = field(default_factory=dict)
    edges: list[Edge] = field(default_factory=list)

    def one_in(self, number: int) -> bool:
        return bool(self.draw(st.integers(0, number - 1)) == number - 1)

    def add(self, kind: str, branches: Sequence[str] = (), loop: tuple[str, str, int] | None = None) -> str:
        key = f"t{len(self.tasks)}"
        settings = dict(DEFAULT_SETTINGS.get(kind, {}))
        if loop is not None:
            settings["loop"] = {"branch": loop[0], "exit": loop[1], "max_iterations": loop[2]}
        conditions = tuple(condition(branch) for branch in branches)
        self.tasks[key] = Task(key, key, kind, settings=settings, conditions=conditions)
        return key

    def connect(self, ends: Sequence[_End], entries: Sequence[str]) -> None:
        new = [Edge(end.source, entry, end.branch, end.on) for end in ends for entry in entries]
        self.edges.extend(edge for edge in dict.fromkeys(new) if edge not in self.edges)

    # -- blocks -------------------------------------------------------------------------------------------------------

    def block(self, depth: int, *, in_loop: bool, may_escape: bool = True) -> _Block:
        """`in_loop`: every end must be led on to the loop's decision. `may_escape`: error edges may leave the loop."""
        self.budget -= 1
        if depth <= 0 or self.budget <= 0:
            return self.single()
        makers: list[Any] = [self.sequence, self.fork, self.decision, self.catch]
        makers += [self.loop] if self.with_loops else []
        makers += [self.phase] if self.with_phases else []
        # Small numbers are simple, so that a failing flow shrinks; most numbers are not.
        choice = self.draw(st.integers(0, 99))
        if choice < 10:
            return self.single()
        made: _Block = makers[choice % len(makers)](depth - 1, in_loop=in_loop, may_escape=may_escape)
        return made

    def single(self) -> _Block:
        key = self.add(self.draw(st.sampled_from(PLAIN_KINDS)))
        return _Block((key,), (_End(key),))

    def sequence(self, depth: int, **mode: bool) -> _Block:
        first = self.block(depth, **mode)
        second = self.block(depth, **mode)
        ends = first.ends
        if not mode["in_loop"] and len(ends) > 1:
            ends = tuple(self.draw(st.lists(st.sampled_from(ends), min_size=1, unique=True)))
        left = tuple(end for end in first.ends if end not in ends)
        self.connect(ends, second.entries)
        return _Block(first.entries, (*second.ends, *left), first.escapes + second.escapes)

    def fork(self, depth: int, **mode: bool) -> _Block:
        head = self.single() if self.draw(st.booleans()) else None
        arms = [self.block(depth, **mode) for _ in range(self.draw(st.integers(2, 3)))]
        entries = tuple(entry for arm in arms for entry in arm.entries)
        if head is not None:
            self.connect(head.ends, entries)
        ends = tuple(end for arm in arms for end in arm.ends)
        escapes = tuple(end for arm in arms for end in arm.escapes)
        return _Block(head.entries if head else entries, ends, escapes)

    def decision(self, depth: int, **mode: bool) -> _Block:
        names = ["yes", "no", "maybe"][: self.draw(st.integers(1, 3))]
        key = self.add("decision", names)
        ends: list[_End] = []
        escapes: list[_End] = []
        for name in (*names, NONE_MET):
            if self.draw(st.booleans()):
                arm = self.block(depth, **mode)
                self.connect([_End(key, name)], arm.entries)
                ends += arm.ends
                escapes += arm.escapes
            else:
                ends.append(_End(key, name))
        return _Block((key,), tuple(ends), tuple(escapes))

    def catch(self, depth: int, *, in_loop: bool, may_escape: bool) -> _Block:
        tried = self.single()
        escapes = in_loop and may_escape and self.draw(st.booleans())
        mended = self.block(depth, in_loop=in_loop and not escapes, may_escape=may_escape)
        self.connect([_End(tried.entries[0], on=On.ERROR)], mended.entries)
        if escapes:
            return _Block(tried.entries, tried.ends, (*mended.ends, *mended.escapes))
        return _Block(tried.entries, (*tried.ends, *mended.ends), mended.escapes)

    def loop(self, depth: int, *, in_loop: bool, may_escape: bool) -> _Block:
        start = self.single()
        body = self.block(depth, in_loop=True, may_escape=may_escape)
        self.connect(start.ends, body.entries)
        decision = self.add("decision", ["again", "done"], ("again", "done", self.draw(st.integers(1, 3))))
        self.connect(body.ends, (decision,))
        self.edges.append(Edge(decision, start.entries[0], "again"))
        ends = (_End(decision, "done"), _End(decision, NONE_MET))
        return _Block(start.entries, (*ends, *body.escapes))

    def phase(self, depth: int, *, in_loop: bool, may_escape: bool) -> _Block:
        is_left_as_phase = self.draw(st.booleans())
        before = set(self.tasks)
        inner = self.block(depth, in_loop=in_loop, may_escape=may_escape and not (in_loop and is_left_as_phase))
        inside = [key for key in self.tasks if key not in before]
        if any(self.tasks[key].phase for key in inside):
            return inner
        phase = f"p{len(self.phases)}"
        self.phases[phase] = Phase(phase, phase)
        for key in inside:
            self.tasks[key] = replace(self.tasks[key], phase=phase)
        entries = (phase_ref(phase),) if self.draw(st.booleans()) else inner.entries
        if not is_left_as_phase:
            return _Block(entries, inner.ends, inner.escapes)
        end = _End(phase_ref(phase))
        if not self.one_in(3):
            return _Block(entries, (end,), inner.escapes)
        mended = self.block(depth - 1, in_loop=in_loop, may_escape=False)
        self.connect([replace(end, on=On.ERROR)], mended.entries)
        return _Block(entries, (end, *mended.ends), inner.escapes)

    # -- the whole ----------------------------------------------------------------------------------------------------

    def flow(self, entries: Sequence[str]) -> Flow:
        if self.draw(st.booleans()):
            self.edges[:0] = [Edge(TRIGGER, entry) for entry in entries]
        joins = {edge.target for edge in self.edges if phase_of_ref(edge.target) is None}
        for key in sorted(joins):
            join = self.draw(st.sampled_from(Join))
            self.tasks[key] = replace(self.tasks[key], join=join, cancel_rest=self.draw(st.booleans()))
        order = list(self.tasks)
        flow = Flow("random", "Random", phases=self.phases, tasks=self.tasks, edges=tuple(self.edges))
        flow = self.with_cross_edges(flow, order)
        flow = self.with_requirements(flow, order)
        if self.one_in(3):
            notes = (Note(key, f"About {key}", Position(0, 8), colour=NoteColour.BLUE) for key in ("m0", "m1"))
            flow = replace(flow, notes={note.key: note for note in notes})
        if self.one_in(2):
            shuffled = self.draw(st.permutations(order))
            flow = replace(flow, tasks={key: flow.tasks[key] for key in shuffled})
        return flow

    def with_cross_edges(self, flow: Flow, order: Sequence[str]) -> Flow:
        for _ in range(self.draw(st.integers(0, 2)) if len(order) > 2 else 0):
            first = self.draw(st.integers(0, len(order) - 2))
            second = self.draw(st.integers(first + 1, len(order) - 1))
            source = flow.tasks[order[first]]
            on = self.draw(st.sampled_from(On))
            branch = self.draw(st.sampled_from(source.branches)) if source.branches and on is On.SUCCESS else None
            edge = Edge(source.key, order[second], branch, on)
            if edge not in flow.edges and (source.loop is None or branch != source.loop.branch):
                flow = _if_valid(flow.with_edges((*flow.edges, edge)), flow)
        return flow

    def with_requirements(self, flow: Flow, order: Sequence[str]) -> Flow:
        for _ in range(self.draw(st.integers(0, 2)) if len(order) > 1 else 0):
            later = self.draw(st.integers(1, len(order) - 1))
            ref = self.draw(st.sampled_from([*order[:later], *map(phase_ref, flow.phases)]))
            task = flow.tasks[order[later]]
            if task.phase and self.one_in(3):
                phase = flow.phases[task.phase]
                new = flow.with_phase(replace(phase, requirements=(*phase.requirements, Requirement(ref))))
            elif task.kind in ("manual", "automation"):
                name = phase_of_ref(ref)
                entry = {"task": ref} if name is None else {"phase": name}
                wanted = [*task.settings.get("requirements", ()), entry]
                new = flow.with_task(replace(task, settings={**task.settings, "requirements": wanted}))
            else:
                continue
            flow = _if_valid(new, flow)
        return flow


def _if_valid(new: Flow, old: Flow) -> Flow:
    try:
        compile_plan(new)
    except FlowNotRunnable:
        return old
    return new


@st.composite
def flows(draw: Draw, *, most_blocks: int = 24, loops: bool = True, phases: bool = True) -> Flow:
    """Random flows that `check_flow` finds no error in, of about `most_blocks` blocks and 1 to some 30 tasks.

    They have decisions, all joins, error edges, nested loops, phases with edges, and requirements.
    """
    builder = _Builder(draw, draw(st.integers(1, most_blocks)), loops, phases)
    depth = bisect((5, 15, 35, 65), draw(st.integers(0, 99)))
    block = builder.block(depth, in_loop=False)
    return builder.flow(block.entries)


# -- edits ------------------------------------------------------------------------------------------------------------

_TEXTS = (
    "{{ steps.t0.output.total }}",
    "{{ steps.t1.output }} and {{ steps.fresh.status | upcase }}",
    "plain",
    "{% if steps['t0'].error %}bad{% endif %}",
)
_KINDS = ("automation", "manual", "decision", "delay", "noop")
_BRANCHES = ("yes", "no", "maybe", "again", "done", "new")
_CHANGES = (
    Change(("name",), "Renamed"),
    Change(("description",), "What it is for."),
    take_away("description"),
    Change(("join",), "any"),
    Change(("cancel_rest",), False),
    Change(("settings", "timeout"), "30 seconds"),
    take_away("settings", "timeout"),
    Change(("settings", "retries", "limit"), 3),
    take_away("settings", "retries", "limit"),
    Change(("settings", "inputs", "values", "total"), "{{ steps.t0.output.total }}"),
    Change(("settings", "due"), {"for": "2 days", "from": "task:t0"}),
    Change(("settings", "loop"), {"branch": "yes", "exit": "no", "max_iterations": 2}),
    take_away("settings", "loop"),
    Change(("settings", "unknown"), 1),
)
_FLOW_CHANGES = (
    (Change(("name",), "Another name"), Change(("tags",), ["shop"])),
    (Change(("limits", "concurrency"), 3),),
    (Change(("triggers",), [{"type": "cron", "cron": "0 6 * * *"}]), Change(("timezone",), "Europe/Berlin")),
    (Change(("entity_sync",), [{"on": "task:t0", "entity": "order", "set": {"a": "{{ steps.t0.output }}"}}]),),
    (take_away("triggers"),),
    (Change(("key",), "no"),),
)


_NOTE_CHANGES = (
    Change(("text",), "Another remark"),
    Change(("at",), [8, -16]),
    Change(("size",), [240, 120]),
    Change(("colour",), "pink"),
    take_away("colour"),
    take_away("size"),
    Change(("size",), [1, 1]),
    Change(("key",), "no"),
)


class _Editor:
    """Draws one edit of a flow. What it names is mostly there, but not always."""

    def __init__(self, draw: Draw, flow: Flow) -> None:
        self.draw = draw
        self.flow = flow
        self.decisions = [task.key for task in flow.tasks.values() if task.branches]

    def one_of(self, options: Sequence[Any]) -> Any:
        return options[self.draw(st.integers(0, len(options) - 1))]

    def key(self) -> str:
        return cast(str, self.one_of([*self.flow.tasks, *self.flow.tasks, "gone"]))

    def keys(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self.key() for _ in range(self.one_of([1, 1, 2, 3]))))

    def phase(self) -> str:
        return cast(str, self.one_of([*self.flow.phases, *self.flow.phases, "lost"]))

    def ref(self) -> str:
        return phase_ref(self.phase()) if self.flow.phases and self.one_of(range(4)) == 3 else self.key()

    def number(self) -> int:
        return cast(int, self.draw(st.integers(-500, 500)))

    def position(self) -> Position | None:
        return self.one_of([None, Position(self.number(), 40)])  # type: ignore[no-any-return]

    def positions(self) -> dict[str, Position | None]:
        return {key: self.position() for key in self.keys()}

    def frame(self) -> Frame | None:
        return self.one_of([None, Frame(self.number(), 0, 300, 200)])  # type: ignore[no-any-return]

    def task(self) -> Task:
        kind = self.one_of((*PLAIN_KINDS, "decision"))
        settings = dict(DEFAULT_SETTINGS.get(kind, {}))
        if kind == "automation":
            settings["inputs"] = {"values": {"a": self.one_of(_TEXTS)}}
        branches = (condition("yes"),) if kind == "decision" else ()
        key = f"n{self.draw(st.integers(0, 20))}"
        return Task(key, f"New {key}", kind, settings=settings, conditions=branches, at=self.position())

    def edge(self) -> Edge:
        source = self.one_of([self.ref(), self.ref(), self.ref(), TRIGGER])
        task = self.flow.tasks.get(source)
        on = self.one_of([On.SUCCESS, On.SUCCESS, On.ERROR])
        branch = self.one_of([*task.branches, "new"]) if task and task.branches and on is On.SUCCESS else None
        return Edge(source, self.ref(), branch, on)

    def old_edge(self) -> Edge:
        return cast(Edge, self.one_of(self.flow.edges)) if self.flow.edges else self.edge()

    def decision(self) -> str:
        return cast(str, self.one_of(self.decisions)) if self.decisions else self.key()

    def branch(self) -> str:
        return cast(str, self.one_of(_BRANCHES))

    def changes(self) -> tuple[Change, ...]:
        required = Change(("settings", "requirements"), [_requirement(self.ref())])
        return tuple(self.one_of([*_CHANGES, required]) for _ in range(self.one_of([1, 2])))

    def note(self) -> Note:
        key = self.one_of(["m0", "m1", "m2", "m3"])
        colour = self.one_of(list(NoteColour))
        return Note(key, "A remark\nfor people", Position(self.number(), self.number()), colour=colour)

    def note_key(self) -> str:
        return cast(str, self.one_of([*self.flow.notes, *self.flow.notes, "torn"]))

    def note_keys(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self.note_key() for _ in range(self.one_of([1, 2]))))

    def fragment(self) -> Flow:
        return decode_fragment(copy_fragment(self.flow, [self.ref() for _ in range(3)]))

    def edit(self) -> Edit:
        phases: Sequence[Callable[[], Edit]] = (
            lambda: AssignPhase({key: self.one_of([None, self.phase()]) for key in self.keys()}),
            lambda: ConfigurePhase(self.phase(), (Change(("name",), "Other"), take_away("description"))),
            lambda: ConfigurePhase(self.phase(), (Change(("requirements",), [_requirement(self.ref())]),)),
            lambda: FramePhase(self.phase(), self.frame(), self.positions()),
            lambda: RemovePhase(self.phase()),
            lambda: TidyUp(self.positions(), {self.phase(): self.frame()}),
        )
        decisions: Sequence[Callable[[], Edit]] = (
            lambda: AddCondition(self.decision(), condition(self.branch()), self.one_of([None, 0, 1])),
            lambda: SetCondition(self.decision(), replace(condition(self.branch()), match=Match.ANY)),
            lambda: RemoveCondition(self.decision(), self.branch()),
            lambda: MoveCondition(self.decision(), self.branch(), self.draw(st.integers(0, 3))),
        )
        notes: Sequence[Callable[[], Edit]] = (
            lambda: ConfigureNote(self.note_key(), tuple(self.one_of(_NOTE_CHANGES) for _ in range(2))),
            lambda: MoveNotes({key: Position(self.number(), 8) for key in self.note_keys()}),
            lambda: RemoveNotes(self.note_keys()),
        )
        anyhow: Sequence[Callable[[], Edit]] = (
            lambda: AddTask(self.task(), self.one_of([None, 0, 2])),
            lambda: MoveTasks(self.positions()),
            lambda: RemoveTasks(self.keys()),
            lambda: RenameTask(self.key(), self.one_of(["Other", "", "x" * 201])),
            lambda: RekeyTask(self.key(), self.one_of(["fresh", "t0", "t1", "1st"])),
            lambda: RekeyTask(self.key(), self.one_of(["fresh", "t0", "t1", "1st"])),
            lambda: ConfigureTask(self.key(), self.changes()),
            lambda: ConfigureTask(self.key(), self.changes()),
            lambda: ReplaceKind(self.key(), self.one_of(_KINDS)),
            lambda: Connect(self.edge()),
            lambda: Connect(self.edge()),
            lambda: Disconnect((self.old_edge(),)),
            lambda: Reconnect(self.old_edge(), self.edge()),
            lambda: InsertOnEdge(self.old_edge(), self.task()),
            lambda: AddPhase(Phase(self.one_of(["x", "y", "p0"]), "New"), self.one_of([(), self.keys()])),
            lambda: AddNote(self.note(), self.one_of([None, 0])),
            lambda: ConfigureFlow(self.one_of(_FLOW_CHANGES)),
            lambda: Paste(self.fragment(), dx=self.number()),
        )
        makers = [
            *anyhow,
            *(phases if self.flow.phases else ()),
            *(notes if self.flow.notes else ()),
            *(decisions if self.decisions else ()),
        ]
        return cast(Edit, self.one_of(makers)())


@st.composite
def edits(draw: Draw, flow: Flow) -> Edit:
    """A random edit that `flow` will mostly allow; some are refused."""
    return _Editor(draw, flow).edit()


def _requirement(ref: str) -> Json:
    name = phase_of_ref(ref)
    return {"task": ref} if name is None else {"phase": name}
