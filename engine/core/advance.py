"""Facts in, commands out: all of *How an instance moves* in `semantics.md`, as a pure function.

`fold` takes the told facts in order, applies each to a copy of the state and follows every consequence to the end: edges
settle, joins decide, steps become ready, are skipped or cancelled, loops go round, the instance completes or fails. It
answers the new state, the whole history of it (told and derived facts), and what the world has to do.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from designer.graph.model import NONE_MET, Join, Json
from designer.graph.plan import EdgeRole, Plan, PlanLoop, PlanNode
from engine.core.commands import CancelStep, Command, Execute, SetTimer, ShiftTimers
from engine.core.facts import Fact, FactType
from engine.core.joins import Verdict, decide_join, decide_phase_exit
from engine.core.retries import retry_policy
from engine.core.state import (
    BUSY_STATUSES,
    DEAD,
    EDGE_FAILED,
    FINAL_STATUSES,
    PENDING,
    SETTLED_STATUSES,
    TAKEN,
    InstanceStatus,
    State,
    StepStatus,
)


class FactRefused(ValueError):
    """The fact does not fit the state: the step is not open, the attempt is not the current one, the instance has ended.

    Callers turn it into "not legal now" (a 409) or drop a late result. `reason` is a sentence for people.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Advance:
    """What follows: the new state, the facts to append in this order, the commands to carry out in this order."""

    state: State
    facts: tuple[Fact, ...]
    commands: tuple[Command, ...]


def advance(plan: Plan, state: State, fact: Fact, *, now: datetime) -> Advance:
    """Fold one told fact. Raises `FactRefused` and leaves `state` as it was."""
    return fold(plan, state, (fact,), now=now)


def fold(plan: Plan, state: State, facts: Iterable[Fact], *, now: datetime) -> Advance:
    """Fold told facts in order into a copy of `state`. All or nothing: raises `FactRefused` for the first that does not fit."""
    run = Fold(plan, state.copy(), now)
    for fact in facts:
        run.tell(fact)
    return run.result()


def fold_with(
    plan: Plan,
    state: State,
    facts: Iterable[Fact],
    *,
    now: datetime,
    execute: Callable[[Execute, State], Sequence[Fact]],
) -> Advance:
    """As `fold`, and steps that need no outside effect are executed on the way.

    `execute` is asked for each `Execute`: it answers the told facts that follow at once (a decision taken, a value set, a
    wait begun), or none when the step is for a worker; then the command stays in the result.
    """
    run = Fold(plan, state.copy(), now)
    for fact in facts:
        run.tell(fact)
    left: list[Command] = []
    while run.commands:
        command = run.commands.popleft()
        follow = execute(command, run.state) if isinstance(command, Execute) and run.is_current(command) else ()
        if isinstance(command, Execute) and not run.is_current(command):
            continue
        if not follow:
            left.append(command)
        for fact in follow:
            run.tell(fact)
    # A step may have been cancelled by what was executed after its command was kept.
    run.commands.extend(c for c in left if not isinstance(c, Execute) or run.is_current(c))
    return run.result()


class Fold:
    """One state while facts are folded into it. Use `fold`; this class is public for the loops and interventions rooms."""

    def __init__(self, plan: Plan, state: State, now: datetime) -> None:
        self.plan = plan
        self.state = state
        self.now = now
        self.facts: list[Fact] = []
        self.commands: deque[Command] = deque()
        self._settled: deque[int] = deque()
        self._blocked_to_check: deque[int] = deque()

    # -- telling ------------------------------------------------------------------------------------------------------

    def tell(self, fact: Fact) -> None:
        """Record a told fact and follow its consequences to the end."""
        handler = _HANDLERS.get(fact.type)
        if handler is None:
            raise FactRefused(f"{fact.type.value} follows from other facts and cannot be told.")
        self.facts.append(fact)
        handler(self, fact)
        self._follow()

    def result(self) -> Advance:
        """What has come of it so far."""
        return Advance(self.state, tuple(self.facts), tuple(self.commands))

    def derive(self, type: FactType, node: int | None = None, data: Mapping[str, Json] | None = None) -> None:
        """Record a fact that follows."""
        key = None if node is None else self.plan.nodes[node].key
        iteration = 0 if node is None else self.state.iteration(node)
        self.facts.append(Fact(type, self.now, key, iteration, data or {}, derived=True))

    def is_current(self, command: Execute) -> bool:
        """Whether the step an `Execute` names is still waiting for just that attempt."""
        node = self.plan.index[command.task]
        return (
            self.state.nodes[node] is StepStatus.READY
            and self.state.iteration(node) == command.iteration
            and self.state.attempts.get(node, 0) + 1 == command.attempt
            and not self.is_held_up
        )

    @property
    def is_held_up(self) -> bool:
        """Whether new attempts wait for a resume."""
        return self.state.status in (InstanceStatus.PAUSED, InstanceStatus.WAITING_FOR_PAUSE)

    # -- statuses -----------------------------------------------------------------------------------------------------

    def put(self, node: int, status: StepStatus) -> None:
        """Change a node's status and keep the counters of open and busy nodes."""
        before = self.state.nodes[node]
        self.state.nodes[node] = status
        self.state.open += _is_open(status) - _is_open(before)
        self.state.busy += (status in BUSY_STATUSES) - (before in BUSY_STATUSES)

    def open_node(self, fact: Fact, *statuses: StepStatus) -> int:
        """The node of a fact about an open step. Raises `FactRefused` unless it is open, current and in one of `statuses`."""
        if self.state.status in FINAL_STATUSES:
            raise FactRefused(f"The instance is {self.state.status.value}.")
        node = self.plan.index.get(fact.task or "")
        if node is None or self.plan.nodes[node].task is None:
            raise FactRefused(f"There is no task {fact.task!r} in this version.")
        status = self.state.nodes[node]
        if self.state.iteration(node) != fact.iteration:
            raise FactRefused(f"{fact.task} is in round {self.state.iteration(node)}, not {fact.iteration}.")
        if not _is_open(status):
            raise FactRefused(f"{fact.task} is {'not begun' if status is StepStatus.IDLE else status.value}.")
        if statuses and status not in statuses:
            raise FactRefused(f"{fact.task} is {status.value}.")
        return node

    # -- edges and joins ----------------------------------------------------------------------------------------------

    def settle_edge(self, number: int, value: str) -> None:
        """Settle a pending edge; a settled one stays as it is."""
        if self.state.edges[number] == PENDING:
            self.state.edges[number] = value
            self._settled.append(number)

    def _follow(self) -> None:
        """Let edges settle, blocked steps start, until nothing more follows; then look at the whole instance."""
        while True:
            if self.state.status in FINAL_STATUSES:
                self._settled.clear()
                self._blocked_to_check.clear()
                return
            if self._settled:
                self._look_at_join(self._settled.popleft())
            elif self._blocked_to_check:
                self._look_at_blocked(self._blocked_to_check.popleft())
            else:
                break
        self._look_at_instance()

    def _look_at_join(self, number: int) -> None:
        node = self.plan.nodes[self.plan.edges[number].target]
        if self.state.nodes[node.index] is not StepStatus.IDLE:
            return
        counts = self._count(node, number)
        taken, dead, failed = counts
        if node.is_phase_exit:
            verdict = decide_phase_exit(expected=len(node.incoming), taken=taken, dead=dead, failed=failed)
        else:
            verdict = decide_join(node.join, expected=len(node.incoming), taken=taken, dead=dead, failed=failed)
        if verdict is Verdict.UNDECIDED:
            return
        self.state.tally.pop(node.index, None)
        match verdict:
            case Verdict.START:
                self.start(node.index)
            case Verdict.SKIP:
                self.skip(node.index, "No way led here.")
            case Verdict.FAIL:
                self._fail_joined(node)
        if node.cancels and verdict is not Verdict.SKIP:
            self._cancel_rest(node)

    def _count(self, node: PlanNode, number: int) -> list[int]:
        column = {TAKEN: 0, DEAD: 1, EDGE_FAILED: 2}[self.state.edges[number]]
        counts = [0, 0, 0] if len(node.incoming) == 1 else self.state.tally.setdefault(node.index, [0, 0, 0])
        counts[column] += 1
        return counts

    def _cancel_rest(self, node: PlanNode) -> None:
        reason = f"{self.name(node.index)} did not need it any more."
        for other in node.cancels:
            status = self.state.nodes[other]
            if _is_open(status):
                self.cancel(other, reason)
            elif status is StepStatus.IDLE:
                self.skip(other, reason)

    def name(self, node: int) -> str:
        """What people call a node."""
        task = self.plan.nodes[node].task
        return self.plan.nodes[node].key if task is None else task.name or task.key

    # -- starting and settling nodes ----------------------------------------------------------------------------------

    def start(self, node: int) -> None:
        """A node's join is decided in its favour: make it ready, or block it on its requirements."""
        plan_node = self.plan.nodes[node]
        if plan_node.task is None:
            self.put(node, StepStatus.COMPLETED)
            self._settle_outgoing(plan_node, normal=TAKEN, error=DEAD)
            return
        self._note_phase_start(plan_node)
        missing = self._unfinished_requirements(plan_node)
        if missing:
            self.put(node, StepStatus.BLOCKED)
            self.derive(FactType.STEP_BLOCKED, node, {"requires": [self.plan.nodes[n].key for n in missing]})
            self._blocked_to_check.append(node)
        else:
            self.make_ready(node)

    def make_ready(self, node: int) -> None:
        """Ask for the next attempt of a step, unless the instance is held up."""
        self.put(node, StepStatus.READY)
        self.derive(FactType.STEP_READY, node)
        self.ask_for_attempt(node)

    def ask_for_attempt(self, node: int) -> None:
        """Command the next attempt of a ready step; a paused instance asks again when it is resumed."""
        if not self.is_held_up:
            attempt = self.state.attempts.get(node, 0) + 1
            self.commands.append(Execute(self.plan.nodes[node].key, self.state.iteration(node), attempt))

    def complete(self, node: int) -> None:
        """A step that is no decision completed: its normal edges are taken."""
        self.put(node, StepStatus.COMPLETED)
        plan_node = self.plan.nodes[node]
        self._settle_outgoing(plan_node, normal=TAKEN, error=DEAD)
        self.note_settled(node)

    def skip(self, node: int, reason: str, *, tell: bool = True) -> None:
        """A node is not run: all its outgoing edges die."""
        self.put(node, StepStatus.SKIPPED)
        plan_node = self.plan.nodes[node]
        if plan_node.task is not None and tell:
            self.derive(FactType.STEP_SKIPPED, node, {"reason": reason})
        self._settle_outgoing(plan_node, normal=DEAD, error=DEAD)
        self.note_settled(node)

    def cancel(self, node: int, reason: str) -> None:
        """An open step is stopped: all its outgoing edges die."""
        self.put(node, StepStatus.CANCELLED)
        self.derive(FactType.STEP_CANCELLED, node, {"reason": reason})
        self.commands.append(CancelStep(self.plan.nodes[node].key, self.state.iteration(node)))
        self._settle_outgoing(self.plan.nodes[node], normal=DEAD, error=DEAD)
        self.note_settled(node)

    def fail(self, node: int, error: Json) -> None:
        """A step failed for good: caught by its error edge, or its normal edges fail."""
        self.put(node, StepStatus.FAILED)
        self.derive(FactType.STEP_FAILED, node, {"error": error})
        plan_node = self.plan.nodes[node]
        if any(self.plan.edges[number].role is EdgeRole.ERROR for number in plan_node.outgoing):
            self._settle_outgoing(plan_node, normal=DEAD, error=TAKEN, settled=TAKEN)
        else:
            self._note_error(node, error)
            self._fail_outgoing(plan_node)
        self.note_settled(node)

    def _fail_joined(self, node: PlanNode) -> None:
        """A failure arrived at a join that does not tolerate it, or at a phase's end, where an error edge catches it."""
        self.put(node.index, StepStatus.FAILED)
        caught = node.is_phase_exit and any(self.plan.edges[n].role is EdgeRole.ERROR for n in node.outgoing)
        if caught:
            self._settle_outgoing(node, normal=DEAD, error=TAKEN)
            return
        if node.task is not None:
            self.derive(FactType.STEP_FAILED, node.index, {"error": self._travelling_error(node)})
        self._fail_outgoing(node)
        self.note_settled(node.index)

    def _travelling_error(self, node: PlanNode) -> Json:
        before = self.state.error if isinstance(self.state.error, Mapping) else {}
        return {
            "name": "FailedBefore",
            "message": f"{before.get('task', 'A task')} before it failed: {before.get('message', '')}",
            "task": node.key,
        }

    def _fail_outgoing(self, node: PlanNode) -> None:
        if node.ends_path:
            self._fail_instance()
        else:
            self._settle_outgoing(node, normal=EDGE_FAILED, error=EDGE_FAILED)

    def _settle_outgoing(self, node: PlanNode, *, normal: str, error: str, settled: str | None = None) -> None:
        """Settle every outgoing edge by its role. Edges that leave a loop that may still go round stay pending, unless
        they are taken; the back edge belongs to its decision alone."""
        loop = self.plan.loop_of_decision.get(node.index)
        back = None if loop is None else self.plan.loops[loop].back_edge
        took = False
        for number in node.outgoing:
            edge = self.plan.edges[number]
            if edge.role is EdgeRole.SETTLED:
                value = settled or (normal if normal != EDGE_FAILED or edge.carries_failure else TAKEN)
            else:
                value = error if edge.role is EdgeRole.ERROR else normal
            took = took or (value == TAKEN and edge.role is not EdgeRole.SETTLED)
            if number == back or (edge.leaves is not None and not (edge.role is EdgeRole.ERROR and value == TAKEN)):
                continue
            self.settle_edge(number, value)
        if normal == TAKEN and not took and node.task is not None:
            self.state.ends.append(node.index)
        if loop is not None:
            leave_loop(self, self.plan.loops[loop])

    def _note_error(self, node: int, error: Json) -> None:
        if self.state.error is None:
            known = dict(error) if isinstance(error, Mapping) else {"name": "Error", "message": str(error)}
            self.state.error = {**known, "task": self.plan.nodes[node].key}

    # -- requirements and phases --------------------------------------------------------------------------------------

    def _unfinished_requirements(self, node: PlanNode) -> list[int]:
        nodes = self.state.nodes
        return [n for group in node.requires for n in group if not nodes[n].is_finished]

    def note_settled(self, node: int) -> None:
        """A node settled: steps that it blocked may start, and its phase may be complete."""
        self._blocked_to_check.extend(
            n for n in self.plan.required_by.get(node, ()) if self.state.nodes[n] is StepStatus.BLOCKED
        )
        task = self.plan.nodes[node].task
        if task is not None and task.phase is not None:
            members = self.plan.phases.get(task.phase, ())
            if self.state.nodes[node].is_finished and all(self.state.nodes[n].is_finished for n in members):
                self.derive(FactType.PHASE_COMPLETED, None, {"phase": task.phase})

    def _look_at_blocked(self, node: int) -> None:
        if self.state.nodes[node] is not StepStatus.BLOCKED:
            return
        missing = self._unfinished_requirements(self.plan.nodes[node])
        lost = [n for n in missing if self.state.nodes[n] in (StepStatus.FAILED, StepStatus.CANCELLED)]
        if not missing:
            self.make_ready(node)
        elif lost:
            message = f"It requires {self.name(lost[0])}, which is {self.state.nodes[lost[0]].value}."
            self.fail(node, {"name": "RequirementNotMet", "message": message})

    def _note_phase_start(self, node: PlanNode) -> None:
        phase = node.task.phase if node.task is not None else None
        if phase is None or phase not in self.plan.phases:
            return
        begun = (StepStatus.IDLE, StepStatus.SKIPPED)
        if all(self.state.nodes[n] in begun and self.state.iteration(n) == 1 for n in self.plan.phases[phase]):
            self.derive(FactType.PHASE_STARTED, None, {"phase": phase})

    # -- the whole instance -------------------------------------------------------------------------------------------

    def _fail_instance(self) -> None:
        """A failure reached the end of a path: stop what still runs; the first error is the instance's."""
        self.stop_open("The instance failed.")
        self.state.status = InstanceStatus.ERRORED
        self.derive(FactType.INSTANCE_FAILED, None, {"error": self.state.error})

    def stop_open(self, reason: str) -> None:
        """Cancel every open step without settling its edges: the instance is about to end."""
        self.commands = deque(c for c in self.commands if isinstance(c, CancelStep))
        for node, status in enumerate(self.state.nodes):
            if _is_open(status):
                self.put(node, StepStatus.CANCELLED)
                self.derive(FactType.STEP_CANCELLED, node, {"reason": reason})
                self.commands.append(CancelStep(self.plan.nodes[node].key, self.state.iteration(node)))

    def _look_at_instance(self) -> None:
        state = self.state
        if state.status in (InstanceStatus.QUEUED, InstanceStatus.ROLLING_BACK):
            return
        if state.open == 0:
            state.status = InstanceStatus.COMPLETE
            state.tally.clear()
            self.derive(FactType.INSTANCE_COMPLETED, None, {"ends": [self.plan.nodes[n].key for n in state.ends]})
        elif state.status is InstanceStatus.WAITING_FOR_PAUSE:
            if StepStatus.RUNNING not in state.nodes:
                state.status = InstanceStatus.PAUSED
                self.derive(FactType.INSTANCE_PAUSED)
        elif state.status is not InstanceStatus.PAUSED:
            state.status = InstanceStatus.RUNNING if state.busy else InstanceStatus.WAITING


def _is_open(status: StepStatus) -> bool:
    return status is not StepStatus.IDLE and status not in SETTLED_STATUSES


# -- loops ------------------------------------------------------------------------------------------------------------


def go_round(fold: Fold, loop: PlanLoop) -> None:
    """Open a new round: settle the body into history, open its steps again one iteration later, start at the target."""
    state = fold.state
    for node in loop.body:
        if _is_open(state.nodes[node]):
            fold.put(node, StepStatus.CANCELLED)
            fold.derive(FactType.STEP_CANCELLED, node, {"reason": "The loop went round without it."})
            fold.commands.append(CancelStep(fold.plan.nodes[node].key, state.iteration(node)))
    state.rounds[loop.index] += 1
    for inner in loop.inside:
        state.rounds[inner] = 1
    for node in loop.body:
        fold.put(node, StepStatus.IDLE)
        state.iterations[node] = state.iteration(node) + 1
        state.attempts.pop(node, None)
        state.tally.pop(node, None)
    body = frozenset(loop.body)
    state.ends = [node for node in state.ends if node not in body]
    for number in loop.inner_edges:
        state.edges[number] = PENDING
    fold.derive(FactType.LOOP_ENTERED, loop.decision, {"round": state.rounds[loop.index]})
    fold.start(loop.target)


def leave_loop(fold: Fold, loop: PlanLoop) -> None:
    """A loop will not go round again: edges that leave it other than through its decision settle now."""
    for number in loop.deferred_edges:
        edge = fold.plan.edges[number]
        ran = fold.state.nodes[edge.source] in (StepStatus.COMPLETED, StepStatus.FAILED)
        if edge.role is EdgeRole.SETTLED:
            failed = fold.state.nodes[edge.source] is StepStatus.FAILED and edge.carries_failure
            fold.settle_edge(number, EDGE_FAILED if failed else TAKEN if ran else DEAD)
        else:
            fold.settle_edge(number, DEAD)


# -- told facts -------------------------------------------------------------------------------------------------------


def _started(fold: Fold, fact: Fact) -> None:
    if fold.state.status is not InstanceStatus.QUEUED:
        raise FactRefused("The instance has already started.")
    fold.state.status = InstanceStatus.RUNNING
    for number in fold.plan.start_edges:
        fold.settle_edge(number, TAKEN)
    for node in fold.plan.orphans:
        fold.skip(node, "Nothing leads here.")


def _queued(fold: Fold, fact: Fact) -> None:
    if fold.state.status is not InstanceStatus.QUEUED:
        raise FactRefused("The instance has already started.")


def _attempt_started(fold: Fold, fact: Fact) -> None:
    node = fold.open_node(fact, StepStatus.READY)
    number = fold.state.attempts.get(node, 0) + 1
    if fact.data.get("number", number) != number:
        raise FactRefused(f"The next attempt of {fact.task} is number {number}.")
    fold.state.attempts[node] = number
    fold.put(node, StepStatus.RUNNING)
    if number == 1:
        fold.derive(FactType.STEP_STARTED, node)


def _attempt_failed(fold: Fold, fact: Fact) -> None:
    node = fold.open_node(fact, StepStatus.RUNNING, StepStatus.READY)
    number = fold.state.attempts.get(node, 0) or 1
    if fact.data.get("number", number) != number:
        raise FactRefused(f"Attempt {fact.data['number']} of {fact.task} is not the current one.")
    fold.state.attempts[node] = number
    error = fact.data.get("error") or {"name": "Error", "message": "The attempt failed."}
    policy = retry_policy(fold.plan.task(node).settings)
    if error.get("retryable", True) and policy.allows_another_after(number):
        at = fold.now + policy.pause_after(number)
        fold.put(node, StepStatus.RETRYING)
        fold.derive(FactType.RETRY_SCHEDULED, node, {"number": number + 1, "at": at.isoformat()})
        fold.commands.append(SetTimer("retry", fold.plan.nodes[node].key, fact.iteration, at))
    else:
        fold.fail(node, error)


def _step_failed(fold: Fold, fact: Fact) -> None:
    """Told when a step fails without an attempt: its settings could not be rendered, its time ran out."""
    node = fold.open_node(fact)
    fold.facts.pop()
    fold.commands.append(CancelStep(fact.task or "", fact.iteration))
    fold.fail(node, fact.data.get("error") or {"name": "Error", "message": "The step failed."})
    # The told fact takes the place of the derived one that `fail` recorded, so that a replay tells it again.
    place = next(i for i, f in enumerate(fold.facts) if f.type is FactType.STEP_FAILED and f.task == fact.task)
    fold.facts[place] = fact


def _step_completed(fold: Fold, fact: Fact) -> None:
    node = fold.open_node(fact)
    if fold.plan.task(node).kind == "decision":
        raise FactRefused(f"{fact.task} is a decision: name its branch.")
    if fold.state.nodes[node] is StepStatus.BLOCKED:
        raise FactRefused(f"{fact.task} is disabled until its requirements are met.")
    fold.complete(node)


def _decision_taken(fold: Fold, fact: Fact) -> None:
    node = fold.open_node(fact)
    task = fold.plan.task(node)
    if task.kind != "decision":
        raise FactRefused(f"{fact.task} is no decision.")
    if fold.state.nodes[node] is StepStatus.BLOCKED:
        raise FactRefused(f"{fact.task} is disabled until its requirements are met.")
    branches = tuple(fact.data.get("branches", ()))
    unknown = [branch for branch in branches if branch not in task.branches]
    if unknown:
        raise FactRefused(f"{fact.task} has no branch {unknown[0]!r}; it has {', '.join(task.branches)}.")
    loop_index = fold.plan.loop_of_decision.get(node)
    if loop_index is not None:
        branches = _through_loop(fold, fold.plan.loops[loop_index], branches)
        if not branches:
            return
    _take_branches(fold, node, branches)


def _through_loop(fold: Fold, loop: PlanLoop, branches: tuple[str, ...]) -> tuple[str, ...]:
    """Go round if the loop branch is met (then answer nothing), else the branches by which the loop is left."""
    rounds = fold.state.rounds[loop.index]
    if loop.branch not in branches:
        fold.derive(FactType.LOOP_EXITED, loop.decision, {"rounds": rounds, "limit_reached": False})
        return branches or (NONE_MET,)
    if rounds >= loop.max_iterations:
        fold.derive(FactType.LOOP_EXITED, loop.decision, {"rounds": rounds, "limit_reached": True})
        return (loop.exit,)
    fold.put(loop.decision, StepStatus.COMPLETED)
    fold.derive(FactType.STEP_COMPLETED, loop.decision)
    go_round(fold, loop)
    return ()


def _take_branches(fold: Fold, node: int, branches: tuple[str, ...]) -> None:
    """Take the edges of `branches`, or of `none_met` when there are none; all others die."""
    chosen = frozenset(branches or (NONE_MET,))
    plan_node = fold.plan.nodes[node]
    fold.put(node, StepStatus.COMPLETED)
    fold.derive(FactType.STEP_COMPLETED, node)
    loop_index = fold.plan.loop_of_decision.get(node)
    back = None if loop_index is None else fold.plan.loops[loop_index].back_edge
    took = False
    for number in plan_node.outgoing:
        edge = fold.plan.edges[number]
        if number == back or (edge.leaves is not None and edge.role is not EdgeRole.NORMAL):
            continue
        met = edge.role is EdgeRole.SETTLED or (
            edge.role is EdgeRole.NORMAL and (edge.branch is None or edge.branch in chosen)
        )
        took = took or (met and edge.role is not EdgeRole.SETTLED)
        fold.settle_edge(number, TAKEN if met else DEAD)
    if not took:
        fold.state.ends.append(node)
    if loop_index is not None:
        leave_loop(fold, fold.plan.loops[loop_index])
    fold.note_settled(node)


def _step_waiting(fold: Fold, fact: Fact) -> None:
    node = fold.open_node(fact, StepStatus.READY, StepStatus.RUNNING)
    fold.put(node, StepStatus.WAITING)


def _step_skipped(fold: Fold, fact: Fact) -> None:
    """A person skips an open step: it counts as finished, and the way goes on as if it had completed.

    A skipped decision takes its `none_met` branch.
    """
    node = fold.open_node(fact)
    fold.commands.append(CancelStep(fact.task or "", fact.iteration))
    if fold.plan.task(node).kind == "decision":
        loop_index = fold.plan.loop_of_decision.get(node)
        exit_branch = (fold.plan.loops[loop_index].exit,) if loop_index is not None else ()
        _take_branches(fold, node, exit_branch)
        fold.facts = [
            f for f in fold.facts if not (f.type is FactType.STEP_COMPLETED and f.task == fact.task and f.derived)
        ]
    else:
        fold.put(node, StepStatus.COMPLETED)
        fold._settle_outgoing(fold.plan.nodes[node], normal=TAKEN, error=DEAD)
    fold.put(node, StepStatus.SKIPPED)
    fold.note_settled(node)


def _held(fold: Fold, fact: Fact) -> None:
    fold.put(fold.open_node(fact, StepStatus.WAITING), StepStatus.HELD)


def _released(fold: Fold, fact: Fact) -> None:
    fold.put(fold.open_node(fact, StepStatus.HELD), StepStatus.WAITING)


def _noted(fold: Fold, fact: Fact) -> None:
    """Recorded; moves nothing."""
    if fact.task is not None:
        fold.open_node(fact)


def _recorded(fold: Fold, fact: Fact) -> None:
    """Recorded as it is, whatever the state."""


def _timer_fired(fold: Fold, fact: Fact) -> None:
    """A retry's pause is over. Timers of other purposes are recorded; their executors tell what follows."""
    if fact.data.get("purpose") != "retry":
        return _noted(fold, fact)
    node = fold.open_node(fact, StepStatus.RETRYING)
    fold.put(node, StepStatus.READY)
    fold.derive(FactType.STEP_READY, node)
    fold.ask_for_attempt(node)
    return None


def _pause_requested(fold: Fold, fact: Fact) -> None:
    _require_going(fold)
    if fold.is_held_up:
        raise FactRefused(f"The instance is already {fold.state.status.value}.")
    fold.state.status = InstanceStatus.WAITING_FOR_PAUSE
    fold.state.paused_at = fold.now


def _resumed(fold: Fold, fact: Fact) -> None:
    if not fold.is_held_up:
        raise FactRefused(f"The instance is {fold.state.status.value}, not paused.")
    if fold.state.status is InstanceStatus.PAUSED and fold.state.paused_at is not None:
        fold.commands.append(ShiftTimers((fold.now - fold.state.paused_at).total_seconds()))
    fold.state.status = InstanceStatus.RUNNING
    fold.state.paused_at = None
    for node, status in enumerate(fold.state.nodes):
        if status is StepStatus.READY:
            fold.ask_for_attempt(node)


def _terminated(fold: Fold, fact: Fact) -> None:
    if fold.state.status in FINAL_STATUSES:
        raise FactRefused(f"The instance is already {fold.state.status.value}.")
    fold.stop_open("The instance was terminated.")
    fold.state.status = InstanceStatus.TERMINATED


def _require_going(fold: Fold) -> None:
    if fold.state.status in FINAL_STATUSES:
        raise FactRefused(f"The instance is {fold.state.status.value}.")


def _restarted(fold: Fold, fact: Fact) -> None:
    """From any status: everything from the start, with rounds counted on so that history keeps its steps apart."""
    fold.stop_open("The instance was restarted.")
    fresh = {
        node: fold.state.iteration(node) + 1 for node, s in enumerate(fold.state.nodes) if s is not StepStatus.IDLE
    }
    state = fold.state
    state.iterations = {**state.iterations, **fresh}
    state.nodes = [StepStatus.IDLE] * len(state.nodes)
    state.edges = [PENDING] * len(state.edges)
    state.attempts, state.tally, state.ends = {}, {}, []
    state.rounds = [1] * len(fold.plan.loops)
    state.open = state.busy = 0
    state.error = state.paused_at = None
    state.status = InstanceStatus.QUEUED


def _retried(fold: Fold, fact: Fact) -> None:
    """A failed instance goes on from what failed: failed and cancelled steps, and all that waited for them, open again."""
    if fold.state.status is not InstanceStatus.ERRORED:
        raise FactRefused(f"Only a failed instance can be retried; this one is {fold.state.status.value}.")
    state, plan = fold.state, fold.plan
    again = {n for n, s in enumerate(state.nodes) if s in (StepStatus.FAILED, StepStatus.CANCELLED)}
    again = {n for n in again if not _was_tolerated(fold, n)}
    todo = list(again)
    while todo:
        for number in plan.nodes[todo.pop()].outgoing:
            target = plan.edges[number].target
            if target not in again and state.nodes[target] not in (StepStatus.IDLE, StepStatus.COMPLETED):
                again.add(target)
                todo.append(target)
    for node in again:
        fold.put(node, StepStatus.IDLE)
        state.tally.pop(node, None)
        for number in plan.nodes[node].outgoing:
            state.edges[number] = PENDING
    state.status = InstanceStatus.RUNNING
    state.error = None
    for node in sorted(again):
        _settle_again(fold, plan.nodes[node])


def _was_tolerated(fold: Fold, node: int) -> bool:
    """Whether a failed or cancelled step is not why the instance failed: an error edge caught it, or a join went on
    without it."""
    edges = [fold.plan.edges[n] for n in fold.plan.nodes[node].outgoing]
    if any(e.role is EdgeRole.ERROR and fold.state.edges[e.index] == TAKEN for e in edges):
        return True
    ways = [e for e in edges if e.role is not EdgeRole.SETTLED and fold.state.edges[e.index] != PENDING]
    return bool(ways) and all(fold.state.nodes[e.target] is StepStatus.COMPLETED for e in ways)


def _settle_again(fold: Fold, node: PlanNode) -> None:
    """Look at a reopened node's settled incoming edges as if they settled now."""
    loop = fold.plan.loop_of_decision.get(node.index)
    del loop
    settled = [n for n in node.incoming if fold.state.edges[n] != PENDING]
    reopened_by_loop = any(lp.target == node.index and fold.state.rounds[lp.index] > 1 for lp in fold.plan.loops)
    if reopened_by_loop:
        fold.start(node.index)
        return
    for number in settled:
        fold._settled.append(number)


_HANDLERS: Final[dict[FactType, Callable[[Fold, Fact], None]]] = {
    FactType.INSTANCE_QUEUED: _queued,
    FactType.INSTANCE_STARTED: _started,
    FactType.INSTANCE_PAUSE_REQUESTED: _pause_requested,
    FactType.INSTANCE_RESUMED: _resumed,
    FactType.INSTANCE_TERMINATED: _terminated,
    FactType.INSTANCE_RESTARTED: _restarted,
    FactType.INSTANCE_RETRIED: _retried,
    FactType.ATTEMPT_STARTED: _attempt_started,
    FactType.ATTEMPT_FAILED: _attempt_failed,
    FactType.ATTEMPT_TIMED_OUT: _attempt_failed,
    FactType.STEP_WAITING: _step_waiting,
    FactType.STEP_COMPLETED: _step_completed,
    FactType.STEP_FAILED: _step_failed,
    FactType.STEP_SKIPPED: _step_skipped,
    FactType.DECISION_TAKEN: _decision_taken,
    FactType.STEP_PUT_ON_HOLD: _held,
    FactType.STEP_RELEASED: _released,
    FactType.STEP_ASSIGNED: _noted,
    FactType.STEP_CLAIMED: _noted,
    FactType.DUE_DATE_SET: _noted,
    FactType.STEP_SCHEDULED: _noted,
    FactType.TIMER_SET: _noted,
    FactType.TIMER_FIRED: _timer_fired,
    FactType.TIMER_CANCELLED: _recorded,
    FactType.EVENT_RECEIVED: _recorded,
    FactType.EVENT_CONSUMED: _recorded,
    FactType.CONTEXT_CHANGED: _recorded,
}
