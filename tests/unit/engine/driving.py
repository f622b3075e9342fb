"""An instance driven by hand: told facts in, invariants checked after each, no clock and no database."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from designer.graph.model import Flow, Json, On, Task
from designer.graph.plan import Plan, compile_plan
from engine.core.advance import Advance, advance, fold
from engine.core.commands import Command, Execute
from engine.core.facts import Fact, FactType
from engine.core.state import PENDING, InstanceStatus, State, StepStatus, new_state, state_from_json

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
BROKEN: Json = {"name": "Broken", "message": "It broke.", "retryable": False}
FLAKY: Json = {"name": "Flaky", "message": "Try again.", "retryable": True}


@dataclass
class Driven:
    """One instance. Every fact told through it is checked against what must hold whatever happens."""

    flow: Flow
    now: datetime = NOON
    plan: Plan = field(init=False)
    state: State = field(init=False)
    history: list[Fact] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)
    told: list[tuple[datetime, Fact]] = field(default_factory=list)
    ran: list[str] = field(default_factory=list)
    """Keys of the tasks that completed, in order."""

    def __repr__(self) -> str:
        return f"Driven({self.statuses()})"

    def __post_init__(self) -> None:
        self.plan = compile_plan(self.flow)
        self.state = new_state(self.plan)

    # -- telling ------------------------------------------------------------------------------------------------------

    def tell(self, type: FactType, task: str | None = None, /, **data: Any) -> Advance:
        iteration = self.iteration(task) if task else 0
        return self.tell_fact(Fact(type, self.now, task, iteration, data))

    def tell_fact(self, fact: Fact) -> Advance:
        before = self.state
        kept = copy.deepcopy(before)
        try:
            advanced = advance(self.plan, before, fact, now=self.now)
        finally:
            assert before == kept, "advance changed the state it was given"
        self.told.append((self.now, fact))
        self.history.extend(advanced.facts)
        self.commands.extend(advanced.commands)
        self.state = advanced.state
        if fact.type in (FactType.STEP_COMPLETED, FactType.DECISION_TAKEN) and fact.task:
            self.ran.append(fact.task)
        check_state(self.plan, self.state)
        check_edges(self.plan, before, advanced, fact)
        return advanced

    def start(self) -> Driven:
        self.tell(FactType.INSTANCE_STARTED)
        return self

    def complete(self, *tasks: str, **data: Any) -> Driven:
        for task in tasks:
            self.tell(FactType.STEP_COMPLETED, task, **data)
        return self

    def fail(self, *tasks: str, error: Json = BROKEN) -> Driven:
        for task in tasks:
            self.tell(FactType.ATTEMPT_FAILED, task, error=error)
        return self

    def decide(self, task: str, *branches: str, **data: Any) -> Driven:
        self.tell(FactType.DECISION_TAKEN, task, branches=list(branches), **data)
        return self

    def skip(self, *tasks: str) -> Driven:
        for task in tasks:
            self.tell(FactType.STEP_SKIPPED, task, reason="Not needed.", by="ann@example.com")
        return self

    def retry(self) -> Driven:
        self.tell(FactType.INSTANCE_RETRIED)
        return self

    # -- looking ------------------------------------------------------------------------------------------------------

    def status(self, task: str) -> str:
        return self.state.nodes[self.plan.index[task]].value

    def statuses(self) -> dict[str, str]:
        return {node.key: self.state.nodes[node.index].value for node in self.plan.nodes if node.task}

    def iteration(self, task: str) -> int:
        return self.state.iteration(self.plan.index.get(task, -1))

    def edge(self, source: str, target: str, branch: str | None = None) -> str:
        """`pending`, `taken`, `dead` or `failed`: the edge as drawn."""
        values = {
            self.state.edges[edge.index]
            for edge in self.plan.edges
            if edge.flow_edge is not None
            and (edge.flow_edge.source, edge.flow_edge.target) == (source, target)
            and branch in (None, edge.branch)
        }
        assert len(values) == 1, values
        return {"p": "pending", "t": "taken", "d": "dead", "f": "failed"}[values.pop()]

    def facts(self, *types: FactType) -> list[Fact]:
        return [fact for fact in self.history if fact.type in types]

    @property
    def ends(self) -> list[str]:
        """The tasks whose outputs make the instance's output."""
        (completed,) = self.facts(FactType.INSTANCE_COMPLETED)
        return list(completed.data["ends"])

    @property
    def is_over(self) -> bool:
        return self.state.status.is_final

    def open_tasks(self) -> list[Task]:
        """Tasks that something can be told about now, in plan order."""
        moving = (StepStatus.READY, StepStatus.RUNNING, StepStatus.WAITING, StepStatus.RETRYING)
        return [self.plan.task(n.index) for n in self.plan.nodes if self.state.nodes[n.index] in moving]

    def executes(self) -> list[str]:
        return [command.task for command in self.commands if isinstance(command, Execute)]

    # -- running to the end -------------------------------------------------------------------------------------------

    def run(self, choose: Callable[[Task], str] = lambda task: "done", *, most: int = 3000) -> Driven:
        """Go on until the instance ends. `choose` says for each open task: `done`, `fail`, or a decision's branch."""
        for _ in range(most):
            if self.is_over:
                return self
            tasks = self.open_tasks()
            assert tasks, f"stuck: {self.statuses()}"
            self.settle(tasks[0], choose(tasks[0]))
        raise AssertionError("it does not end")

    def settle(self, task: Task, outcome: str) -> None:
        """Bring one open task to an outcome."""
        if self.status(task.key) == "retrying":
            self.tell(FactType.TIMER_FIRED, task.key, purpose="retry")
        if outcome == "fail":
            self.tell(FactType.STEP_FAILED, task.key, error=BROKEN)
        elif task.kind == "decision":
            self.decide(task.key, *([outcome] if outcome != "done" else []))
        else:
            self.complete(task.key)


# -- what must hold ---------------------------------------------------------------------------------------------------


def check_state(plan: Plan, state: State) -> None:
    """Counters are true, the JSON round trip is the identity, and an ended instance has nothing open."""
    assert state.open == sum(1 for status in state.nodes if status.is_open)
    assert state.busy == sum(1 for s in state.nodes if s in (StepStatus.READY, StepStatus.RUNNING))
    for phase, members in plan.phases.items():
        assert state.finished.get(phase, 0) == sum(1 for n in members if state.nodes[n].is_finished)
    again = state_from_json(state.to_json())
    assert again == state
    assert again.to_json() == state.to_json()
    if state.status.is_final:
        assert state.open == 0
    if state.status is InstanceStatus.COMPLETE:
        assert all(status.is_settled for status in state.nodes), "complete with tasks that are not settled"
        assert PENDING not in state.edges, "complete with edges that are not settled"
        assert not state.tally


REOPENING = (FactType.INSTANCE_RESTARTED, FactType.INSTANCE_RETRIED, FactType.INSTANCE_REVERTED)


def check_edges(plan: Plan, before: State, advanced: Advance, told: Fact) -> None:
    """An edge settles once: it changes only from pending, unless its loop has gone round or a person reopened it."""
    if told.type in REOPENING:
        return
    rounds = {f.task for f in advanced.facts if f.type is FactType.LOOP_ENTERED}
    reopened = {
        number
        for loop in plan.loops
        if plan.nodes[loop.decision].key in rounds
        for number in (*loop.inner_edges, loop.back_edge)
    }
    for number, (old, new) in enumerate(zip(before.edges, advanced.state.edges, strict=True)):
        assert old in (PENDING, new) or number in reopened, plan.edges[number]


def drawing(flow: Flow) -> str:
    """A flow in a few lines, for failing examples."""
    edges = [f"{e.source} -{e.branch or ''}{'!' if e.on is On.ERROR else ''}-> {e.target}" for e in flow.edges]
    tasks = []
    for task in flow.tasks.values():
        words = [task.key, task.kind, task.join.value, "" if task.cancel_rest else "keep", task.phase or ""]
        words += [f"requires {r.node}" for r in task.requirements]
        tasks.append(" ".join([*words, str(task.loop or "")]).strip())
    phases = [f"{p.key} requires {[r.node for r in p.requirements]}" for p in flow.phases.values()]
    return "\n".join(["; ".join(edges), *tasks, *phases])


def replay(plan: Plan, told: Sequence[tuple[datetime, Fact]]) -> tuple[State, list[Fact]]:
    """The state and the history that the told facts alone make."""
    state, history = new_state(plan), []
    for now, fact in told:
        advanced = fold(plan, state, (fact,), now=now)
        state = advanced.state
        history.extend(advanced.facts)
    return state, history
