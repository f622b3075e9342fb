"""How one thing leads to another: edges settle, joins decide, steps become ready, are skipped, cancelled or fail.

A `Fold` is one state while facts are folded into it. What a told fact changes first is decided in `step_facts`,
`instance_facts`, `reopening` and `loops`; what follows from that is decided here.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from designer.graph.lowering import EdgeRole
from designer.graph.model import NONE_MET, Json
from designer.graph.plan import Plan, PlanEdge, PlanNode
from engine.core import programs, rollback
from engine.core.commands import CancelStep, Command, Compensate, Execute, Supersede
from engine.core.due_dates import set_due_dates
from engine.core.facts import Fact, FactRefused, FactType
from engine.core.joins import Verdict, decide_join, decide_phase_exit
from engine.core.loops import leave_loop
from engine.core.state import (
    BUSY_STATUSES,
    DEAD,
    EDGE_FAILED,
    PENDING,
    STOPPED_STATUSES,
    TAKEN,
    InstanceStatus,
    State,
    StepStatus,
)

_COLUMNS: Final = {TAKEN: 0, DEAD: 1, EDGE_FAILED: 2}
_LONGEST_MESSAGE: Final = 500
"""Characters of an error's message that the marking keeps; the step keeps all of it."""


class Fold:
    """One state while facts are folded into it. Use `advance.fold`; this class is for the rooms of the core."""

    def __init__(self, plan: Plan, state: State, now: datetime) -> None:
        self.plan = plan
        self.state = state
        self.now = now
        self.facts: list[Fact] = []
        self.commands: deque[Command] = deque()
        self._settled: deque[int] = deque()
        self._blocked_to_check: deque[int] = deque()

    def derive(self, type: FactType, node: int | None = None, data: Mapping[str, Json] | None = None) -> None:
        """Record a fact that follows."""
        key = None if node is None else self.plan.nodes[node].key
        iteration = 0 if node is None else self.state.iteration(node)
        self.facts.append(Fact(type, self.now, key, iteration, data or {}, derived=True))

    def is_current(self, command: Command) -> bool:
        """Whether a command still stands: the step of an `Execute` is ready for just that attempt, and likewise the
        compensation of a `Compensate`. Others always do."""
        if isinstance(command, Compensate):
            return rollback.is_current(self, command)
        if not isinstance(command, Execute):
            return True
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
        """Change a node's status and keep the counters of open, busy and finished nodes."""
        state = self.state
        before = state.nodes[node]
        state.nodes[node] = status
        state.open += status.is_open - before.is_open
        state.busy += (status in BUSY_STATUSES) - (before in BUSY_STATUSES)
        finished = status.is_finished - before.is_finished
        phase = self.phase_of(node) if finished else None
        if phase is not None:
            state.finished[phase] = state.finished.get(phase, 0) + finished
        if state.added and status.is_settled and self.plan.nodes[node].parent is None:
            programs.stop_steps(self, node)

    def phase_of(self, node: int) -> str | None:
        """The key of the phase that a node's task is in."""
        task = self.plan.nodes[node].task
        return None if task is None else task.phase

    def open_node(self, fact: Fact, *statuses: StepStatus) -> int:
        """The node of a fact about an open step. Raises `FactRefused` unless it is open, current, and in one of
        `statuses`."""
        if self.state.status in STOPPED_STATUSES:
            raise FactRefused(f"The instance is {self.state.status.value.replace('_', ' ')}.")
        node = self.plan.index.get(fact.task or "")
        if node is None or self.plan.nodes[node].task is None:
            raise FactRefused(f"There is no task {fact.task!r} in this version.")
        status = self.state.nodes[node]
        if self.state.iteration(node) != fact.iteration:
            raise FactRefused(f"{self.name(node)} is in round {self.state.iteration(node)}, not {fact.iteration}.")
        if not status.is_open:
            raise FactRefused(f"{self.name(node)} is {'not begun' if status is StepStatus.IDLE else status.value}.")
        if self.is_held_up and fact.data.get("by") is not None:
            raise FactRefused(f"The instance is {self.state.status.value.replace('_', ' ')}; resume it first.")
        if statuses and status not in statuses:
            raise FactRefused(_WHY_NOT.get(status, "{task} is {status}.").format(task=fact.task, status=status.value))
        return node

    def name(self, node: int) -> str:
        """What people call a node."""
        return self.plan.nodes[node].name

    # -- edges and joins ----------------------------------------------------------------------------------------------

    def settle_edge(self, number: int, value: str) -> None:
        """Settle a pending edge; a settled one stays as it is."""
        if self.state.edges[number] == PENDING:
            self.state.edges[number] = value
            self._settled.append(number)

    def look_again(self, node: int) -> None:
        """Have the join of an undecided node decide anew over its incoming edges as they are now."""
        self.state.tally.pop(node, None)
        self.state.errors.pop(node, None)
        self._settled.extend(n for n in self.plan.nodes[node].incoming if self.state.edges[n] != PENDING)

    def look_at_all_blocked(self) -> None:
        """Have every blocked step look again at what it requires."""
        self._blocked_to_check.extend(n for n, status in enumerate(self.state.nodes) if status is StepStatus.BLOCKED)

    def forget_what_settled(self) -> None:
        """Have no join look at what has settled up to now."""
        self._settled.clear()

    def follow(self) -> None:
        """Let edges settle and blocked steps start, until nothing more follows; then look at the whole instance."""
        while self.state.status not in STOPPED_STATUSES:
            if self._settled:
                self._look_at_join(self._settled.popleft())
            elif self._blocked_to_check:
                self._look_at_blocked(self._blocked_to_check.popleft())
            else:
                self._look_at_instance()
                return
        self._settled.clear()
        self._blocked_to_check.clear()

    def _look_at_join(self, number: int) -> None:
        edge = self.plan.edges[number]
        node = self.plan.nodes[edge.target]
        if self.state.nodes[node.index] is not StepStatus.IDLE:
            return
        verdict = self._decide(node, edge)
        if verdict is Verdict.UNDECIDED:
            return
        self.state.tally.pop(node.index, None)
        if verdict is Verdict.FAIL:
            self._fail_joined(node)
        else:
            self.state.errors.pop(node.index, None)
            if verdict is Verdict.START:
                self.start(node.index)
            else:
                self.skip(node.index, "No way led here.")
        if node.cancels and verdict is not Verdict.SKIP and self.state.status not in STOPPED_STATUSES:
            self._cancel_rest(node)

    def _decide(self, node: PlanNode, edge: PlanEdge) -> Verdict:
        """Count an edge that has settled, and ask the join."""
        value = self.state.edges[edge.index]
        counts = [0, 0, 0] if len(node.incoming) == 1 else self.state.tally.setdefault(node.index, [0, 0, 0])
        counts[_COLUMNS[value]] += 1
        if value == EDGE_FAILED:
            self.state.errors.setdefault(node.index, self.state.errors[edge.source])
        taken, dead, failed = counts
        if node.is_phase_exit:
            return decide_phase_exit(expected=len(node.incoming), taken=taken, dead=dead, failed=failed)
        return decide_join(node.join, expected=len(node.incoming), taken=taken, dead=dead, failed=failed)

    def _cancel_rest(self, node: PlanNode) -> None:
        reason = f"{self.name(node.index)} did not need it any more."
        for other in node.cancels:
            status = self.state.nodes[other]
            if status.is_open:
                self.cancel(other, reason)
            elif status is StepStatus.IDLE:
                self.skip(other, reason)

    def settle_outgoing(
        self,
        node: PlanNode,
        *,
        normal: str,
        error: str,
        settled: str | None = None,
        chosen: frozenset[str] | None = None,
    ) -> None:
        """Settle every outgoing edge by its role.

        `chosen`: of normal edges that name a branch, only these are taken. `settled`: what becomes of the invisible
        edges to the end of the phase, where it is not as `normal`. A loop's back edge belongs to its decision alone;
        an edge that leaves a loop stays pending while that may still go round, unless it is an error edge that is
        taken.
        """
        if node.parent is not None:
            return
        loop = self.plan.loop_of_decision.get(node.index)
        back = None if loop is None else self.plan.loops[loop].back_edge
        leads_on = False
        for number in node.outgoing:
            edge = self.plan.edges[number]
            if number == back:
                continue
            if edge.role is EdgeRole.SETTLED:
                value = settled or (normal if normal != EDGE_FAILED or edge.carries_failure else TAKEN)
            elif edge.role is EdgeRole.ERROR:
                value = error
            else:
                value = normal if chosen is None or edge.branch is None or edge.branch in chosen else DEAD
            leads_on = leads_on or (value == TAKEN and self._leads_on(edge))
            if not self._is_deferred(edge) or (edge.role is EdgeRole.ERROR and value == TAKEN):
                self.settle_edge(number, value)
        if normal == TAKEN and not leads_on and node.task is not None:
            self.state.ends.append(node.index)
        if loop is not None:
            leave_loop(self, self.plan.loops[loop])

    def _leads_on(self, edge: PlanEdge) -> bool:
        """Whether a path goes on over this edge when it is taken. One into the end of a phase does if the phase has a
        way on.
        """
        if edge.role is not EdgeRole.SETTLED:
            return True
        return any(self.plan.edges[n].role is EdgeRole.NORMAL for n in self.plan.nodes[edge.target].outgoing)

    def _is_deferred(self, edge: PlanEdge) -> bool:
        """Whether the edge leaves a loop that may still go round."""
        return edge.leaves is not None and not self.state.nodes[self.plan.loops[edge.leaves].decision].is_settled

    def is_caught(self, node: int) -> bool:
        """Whether an error edge of a failed node was taken."""
        edges = (self.plan.edges[number] for number in self.plan.nodes[node].outgoing)
        return any(edge.role is EdgeRole.ERROR and self.state.edges[edge.index] == TAKEN for edge in edges)

    # -- starting and settling nodes ----------------------------------------------------------------------------------

    def start(self, node: int) -> None:
        """A node's join is decided in its favour: make it ready, or block it on its requirements."""
        plan_node = self.plan.nodes[node]
        if plan_node.task is None:
            self.put(node, StepStatus.COMPLETED)
            self.settle_outgoing(plan_node, normal=TAKEN, error=DEAD)
            return
        self._note_phase_start(node)
        if node in self.state.ahead:
            branch = self.state.ahead.pop(node)
            self.derive(FactType.STEP_SKIPPED, node, {"reason": "It was done before its turn.", "is_ahead": True})
            self.pass_over(node, branch)
            return
        missing = self.unfinished_requirements(plan_node)
        if missing:
            self.put(node, StepStatus.BLOCKED)
            self.derive(FactType.STEP_BLOCKED, node, {"requires": [self.plan.nodes[n].key for n in missing]})
            self._blocked_to_check.append(node)
        else:
            self.make_ready(node)

    def pass_over(self, node: int, branch: str | None = None) -> None:
        """A step is skipped, or was done before its turn: it is finished, and the way goes on as if it had completed.

        A decision goes on by `branch`, else by `none_met`; that of a loop leaves it by its exit branch.
        """
        self.state.passed.add(node)
        chosen = branch or NONE_MET
        index = self.plan.loop_of_decision.get(node)
        if index is not None:
            chosen = self.plan.loops[index].exit
            self.derive(FactType.LOOP_EXITED, node, {"rounds": self.state.rounds[index], "limit_reached": False})
        self.put(node, StepStatus.SKIPPED)
        is_decision = self.plan.task(node).kind == "decision"
        branches = frozenset((chosen,)) if is_decision else None
        self.settle_outgoing(self.plan.nodes[node], normal=TAKEN, error=DEAD, chosen=branches)
        self.note_settled(node)

    def make_ready(self, node: int) -> None:
        """Ask for the next attempt of a step; one that a person is to start, or to decide, waits for that."""
        is_begun = node in self.state.attempts
        if not is_begun:
            self.state.scheduled.pop(node, None)
        if self.plan.task(node).settings.get("start") == "manual" and not is_begun:
            self.put(node, StepStatus.WAITING)
            self.derive(FactType.STEP_WAITING, node, {"for": "person"})
            return
        self.put(node, StepStatus.READY)
        self.derive(FactType.STEP_READY, node)
        self.ask_for_attempt(node)

    def ask_for_attempt(self, node: int) -> None:
        """Command the next attempt of a ready step; a paused instance asks again when it is resumed."""
        if not self.is_held_up:
            attempt = self.state.attempts.get(node, 0) + 1
            self.commands.append(Execute(self.plan.nodes[node].key, self.state.iteration(node), attempt))

    def drop_waits(self, node: int) -> None:
        """Have the timers and event waits of an open step dropped, and the results of its attempt refused."""
        self.commands.append(CancelStep(self.plan.nodes[node].key, self.state.iteration(node)))

    def skip(self, node: int, reason: str) -> None:
        """A node that has not begun will not run: all its outgoing edges die."""
        self.state.tally.pop(node, None)
        self.state.errors.pop(node, None)
        self.put(node, StepStatus.SKIPPED)
        plan_node = self.plan.nodes[node]
        if plan_node.task is not None:
            self.derive(FactType.STEP_SKIPPED, node, {"reason": reason})
        self.settle_outgoing(plan_node, normal=DEAD, error=DEAD)
        self.note_settled(node)

    def cancel(self, node: int, reason: str) -> None:
        """An open step is stopped: all its outgoing edges die."""
        self.stop(node, reason)
        self.settle_outgoing(self.plan.nodes[node], normal=DEAD, error=DEAD)
        self.note_settled(node)

    def stop(self, node: int, reason: str) -> None:
        """An open step is stopped; its edges stay as they are, because the instance or the round ends."""
        self.put(node, StepStatus.CANCELLED)
        self.derive(FactType.STEP_CANCELLED, node, {"reason": reason})
        self.drop_waits(node)

    def stop_open(self, reason: str) -> None:
        """Stop every open step."""
        self.commands = deque(c for c in self.commands if isinstance(c, (CancelStep, Supersede)))
        for node, status in enumerate(self.state.nodes):
            if status.is_open:
                self.stop(node, reason)

    def fail(self, node: int, error: Json, *, is_told: bool = False) -> None:
        """A step failed for good: caught by its error edge, or its normal edges fail. `is_told`: the fact that says
        so is there already.
        """
        plan_node = self.plan.nodes[node]
        if plan_node.parent is not None and programs.is_fatal(error):
            self.stop(node, "Its program cannot go on.")
            self.fail(plan_node.parent, error)
            return
        self.put(node, StepStatus.FAILED)
        if not is_told:
            self.derive(FactType.STEP_FAILED, node, {"error": error})
        if plan_node.parent is not None:
            self.note_settled(node)
        elif any(self.plan.edges[number].role is EdgeRole.ERROR for number in plan_node.outgoing):
            self.settle_outgoing(plan_node, normal=DEAD, error=TAKEN, settled=TAKEN)
        else:
            self.state.errors[node] = _short_error(error, plan_node.key)
            self._fail_outgoing(plan_node)
        if plan_node.parent is None:
            self.note_settled(node)

    def _fail_joined(self, node: PlanNode) -> None:
        """A failure reached a join that does not tolerate it, or the end of a phase, where an error edge catches it."""
        self.put(node.index, StepStatus.FAILED)
        if node.task is None and any(self.plan.edges[n].role is EdgeRole.ERROR for n in node.outgoing):
            self.state.errors.pop(node.index, None)
            self.settle_outgoing(node, normal=DEAD, error=TAKEN)
            return
        if node.task is not None:
            self.derive(FactType.STEP_FAILED, node.index, {"error": self._travelling_error(node)})
        self._fail_outgoing(node)
        self.note_settled(node.index)

    def _travelling_error(self, node: PlanNode) -> Json:
        before = self.state.errors[node.index]
        origin = self.name(self.plan.index[before["task"]])
        return {"name": "FailedBefore", "message": f"{origin} failed: {before['message']}", "task": before["task"]}

    def _fail_outgoing(self, node: PlanNode) -> None:
        if not node.ends_path:
            self.settle_outgoing(node, normal=EDGE_FAILED, error=EDGE_FAILED)
            return
        self.state.error = self.state.errors[node.index]
        self.stop_open("The instance failed.")
        if rollback.steps_due(self.plan, self.state):
            rollback.begin_after_failure(self)
            return
        self.state.status = InstanceStatus.ERRORED
        self.derive(FactType.INSTANCE_FAILED, None, {"error": self.state.error})

    # -- requirements and phases --------------------------------------------------------------------------------------

    def unfinished_requirements(self, node: PlanNode) -> list[int]:
        """The nodes that a node requires and that are not finished."""
        nodes = self.state.nodes
        return [n for group in node.requires for n in group if not nodes[n].is_finished]

    def note_settled(self, node: int) -> None:
        """A node settled: steps that wait for it may start, and its phase may be complete."""
        program = self.plan.nodes[node].parent
        if program is not None:
            programs.note_outcome(self, node, program)
            return
        self._blocked_to_check.extend(
            n for n in self.plan.required_by.get(node, ()) if self.state.nodes[n] is StepStatus.BLOCKED
        )
        if not self.state.nodes[node].is_finished:
            return
        set_due_dates(self, node)
        phase = self.phase_of(node)
        if phase not in self.state.begun:
            return
        if self.state.finished[phase] == len(self.plan.phases[phase]):
            self.derive(FactType.PHASE_COMPLETED, None, {"phase": phase})

    def _look_at_blocked(self, node: int) -> None:
        if self.state.nodes[node] is not StepStatus.BLOCKED:
            return
        missing = self.unfinished_requirements(self.plan.nodes[node])
        lost = [n for n in missing if self.state.nodes[n].is_settled]
        if not missing:
            self.make_ready(node)
        elif lost:
            message = f"It requires {self.name(lost[0])}, which is {self.state.nodes[lost[0]].value}."
            self.fail(node, {"name": "RequirementNotMet", "message": message, "retryable": False})

    def _note_phase_start(self, node: int) -> None:
        phase = self.phase_of(node)
        if phase in self.plan.phases and phase not in self.state.begun:
            self.state.begun.add(phase)
            self.derive(FactType.PHASE_STARTED, None, {"phase": phase})

    # -- the whole instance -------------------------------------------------------------------------------------------

    def _look_at_instance(self) -> None:
        state = self.state
        if state.status is InstanceStatus.QUEUED:
            return
        if state.status is InstanceStatus.PAUSED and not self.has_begun:
            return
        if state.open == 0:
            state.status = InstanceStatus.COMPLETE
            self.derive(FactType.INSTANCE_COMPLETED, None, {"ends": [self.plan.nodes[n].key for n in state.ends]})
        elif state.status is InstanceStatus.WAITING_FOR_PAUSE:
            if StepStatus.RUNNING not in state.nodes:
                state.status = InstanceStatus.PAUSED
                self.derive(FactType.INSTANCE_PAUSED)
        elif state.status is not InstanceStatus.PAUSED:
            state.status = InstanceStatus.RUNNING if state.busy else InstanceStatus.WAITING

    @property
    def has_begun(self) -> bool:
        """Whether the instance was started (a paused one may not have been)."""
        return any(status is not StepStatus.IDLE for status in self.state.nodes)


_WHY_NOT: Final[Mapping[StepStatus, str]] = {
    StepStatus.BLOCKED: "{task} is disabled until its requirements are met.",
    StepStatus.HELD: "{task} is on hold; release it first.",
    StepStatus.RETRYING: "{task} is between two attempts.",
}


def _short_error(error: Json, task: str) -> dict[str, Json]:
    """What the marking keeps of an error."""
    known = error if isinstance(error, Mapping) else {"message": error}
    # A message that was left empty stays so (Cloudflare Workflows shows it as it is); one that is missing is made up.
    message = known.get("message")
    shown = "The step failed." if message is None else str(message)[:_LONGEST_MESSAGE]
    return {"name": str(known.get("name") or "Error"), "message": shown, "task": task}
