"""One try of a flow, from its start to its end, on a clock of its own.

The same `Case` that units of work use folds the same facts through the same core; what a worker would claim is asked of
`kinds` instead. Waits end at once by their answer, or time goes on to the next timer. Nothing is written anywhere.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from designer.graph.conditions import REDACTED
from designer.graph.flow_fields import MOST_STEPS
from designer.graph.model import Flow, Json, Task
from designer.graph.plan import compile_plan
from engine.core.advance import Advance, fold
from engine.core.commands import Compensate, Execute
from engine.core.facts import FactRefused, FactType
from engine.core.hiding import reads_hidden
from engine.core.ports import Completed, Failed, Result, Skipped, StepContext, Waiting, failed
from engine.core.retries import attempt_timeout
from engine.core.state import InstanceStatus, StepStatus, new_state
from engine.sandbox.answers import Answer, Answers
from engine.sandbox.examples import reads_of
from engine.sandbox.kinds.windows import end_digest
from engine.sandbox.outcomes import NOBODY, decided, ended_wait, pretend
from engine.sandbox.question import Question, Source
from engine.sandbox.seeing import Eyes
from engine.sandbox.trial import Moment, Trial
from engine.services import compensating, executing
from engine.services.attempts import timeout_error
from engine.services.case import Ask, AskTimer, Case, Folds
from engine.services.errors import InvalidInput
from engine.services.fitting import fitting
from engine.services.rounds import settle_schedule
from engine.services.step_data import Loaded
from engine.services.timers import OF_THE_CORE
from engine.services.writing import ends_of, output_of
from engine.storage.contract import InstanceRow, StepKey

log = logging.getLogger(__name__)

MOST_TRIED: Final = 1_000
"""Attempts that one try makes; more of a flow with so many tasks."""
MOST_SECONDS: Final = 10.0
"""Real seconds that one try may take."""
LONGEST: Final = timedelta(days=3_660)
"""How far the clock of a try goes."""
START_AT: Final = datetime(2030, 1, 7, 9, tzinfo=UTC)
"""When a case begins, so that it comes to the same each time: a Monday morning."""


class _Folds(Folds):
    """Without memory: a try goes through each state once."""

    def fold(self, plan: Any, state: Any, facts: Any, now: datetime) -> Advance:
        return fold(plan, state, facts, now=now)


class _Stop(Exception):
    """The try ends before the flow does. The text says why."""


def try_flow(
    flow: Flow,
    input: Json = None,
    answers: Mapping[str, Json] | None = None,
    *,
    now: datetime = START_AT,
    most: int | None = None,
    seconds: float = MOST_SECONDS,
) -> Trial:
    """Run `flow` once. `answers` as in `designer.graph.trials.Case`; what is missing there is answered by an example.

    Raises `designer.graph.plan.FlowNotRunnable` for a flow that has no plan. Never writes, never sends.
    """
    most = max(MOST_TRIED, 3 * len(flow.tasks)) if most is None else most
    return _Run(flow, input, answers or {}, now, most, time.monotonic() + seconds).through()


@dataclass(frozen=True, slots=True)
class _Hanging:
    """An attempt that nobody answers."""

    until: datetime
    step: StepKey
    question: Question
    attempt: int
    input: Json


class _Run:
    def __init__(
        self, flow: Flow, input: Json, answers: Mapping[str, Json], now: datetime, most: int, until: float
    ) -> None:
        plan = compile_plan(flow)
        row = InstanceRow(0, 0, 0, 0, "try", "queued", "", 0)
        self.case = Case(row=row, plan=plan, state=new_state(plan), now=now, folds=_Folds(), is_new=True)
        self.case.loaded = _loaded(input, now)
        self.flow, self.input, self.answers, self.started_at = flow, input, Answers(answers), now
        self.most, self.until, self.tried = most, until, 0
        limit = flow.limits.get("max_steps")
        self.most_steps = limit if isinstance(limit, int) and not isinstance(limit, bool) else MOST_STEPS
        self.reads = reads_of(flow)
        self.moments: list[Moment] = []
        self.path: list[str] = []
        self.begun: set[StepKey] = set()
        self.met: dict[StepKey, int] = {}
        """Waits for a person that were answered, by how many attempts the step had made by then."""
        self.waits: list[tuple[StepKey, Question, Waiting]] = []
        """Waits that have begun; they are met once everything else has begun that can at that moment."""
        self.hanging: list[_Hanging] = []
        """Attempts that run into their time limit: they are over when that time has passed."""
        self.eyes = Eyes(plan)

    # -- the way through ----------------------------------------------------------------------------------------------

    def through(self) -> Trial:
        """Go on until nothing moves any more."""
        case, stopped = self.case, ""
        try:
            self._refuse_misfit()
            case.tell(case.fact(FactType.INSTANCE_QUEUED))
            case.tell(case.fact(FactType.INSTANCE_STARTED))
            self._follow()
            while not case.state.status.is_final:
                if not (self._meet_next() or self._meet_people() or self._fire_next()):
                    raise _Stop(self._what_it_waits_for())
                self._follow()
        except _Stop as stop:
            stopped = str(stop)
        self.eyes.look(case.state)
        return self._trial(stopped)

    def _refuse_misfit(self) -> None:
        """As a start does: an input that does not fit what the flow declares starts nothing."""
        if not self.flow.input_schema:
            return
        try:
            fitting(self.flow.input_schema, self.input)
        except InvalidInput as bad:
            said = "; ".join(f"{path}: {message}" if path else message for path, message in bad.problems[:3])
            raise _Stop(f"It would not start, because the input does not fit: {said}") from bad

    def _follow(self) -> None:
        while self.case.asks:
            self._answer(self.case.asks.popleft())

    def _answer(self, ask: Ask) -> None:
        if isinstance(ask, Execute):
            self._execute(ask)
        elif isinstance(ask, Compensate):
            self._compensate(ask)
        elif isinstance(ask, AskTimer):
            self._on_timer(ask.step, ask.purpose)

    def _count(self) -> None:
        self.tried += 1
        if self.tried > self.most:
            raise _Stop(f"Stopped after {self.most:,} attempts: the flow goes on for longer than a try follows it.")
        if time.monotonic() > self.until:
            raise _Stop("Stopped: the try took too long.")

    def _fire_next(self) -> bool:
        """Let time go on to the next timer, or to the end of an attempt that takes too long."""
        case = self.case
        over = min(self.hanging, key=lambda each: each.until, default=None)
        due = min((timer.due_at for timer in case.timers.values()), default=None)
        if over is not None and (due is None or over.until <= due):
            self.hanging.remove(over)
            self._go_to(over.until)
            self._time_out(over)
            return True
        if due is None:
            return False
        (step, purpose), timer = min(case.timers.items(), key=lambda item: item[1].due_at)
        del case.timers[step, purpose]
        self._go_to(timer.due_at)
        try:
            case.tell(case.fact(FactType.TIMER_FIRED, step, purpose=purpose))
        except FactRefused:
            return True  # its step has moved on
        if purpose not in OF_THE_CORE:
            case.asks.append(AskTimer(step, purpose))
        return True

    def _go_to(self, moment: datetime) -> None:
        if moment - self.started_at > LONGEST:
            raise _Stop(f"Stopped: the next thing happens on {moment:%Y-%m-%d}, too far ahead.")
        self.case.now = max(self.case.now, moment)

    # -- steps --------------------------------------------------------------------------------------------------------

    def _execute(self, ask: Execute) -> None:
        case, step = self.case, StepKey(0, ask.task, ask.iteration)
        if not case.is_current(ask):
            return
        self._count()
        if case.awaits_schedule(ask.task):
            settle_schedule(case, step, executing.schedule(self._context(step, ask.attempt)))
            self._note(step, Question(self._context(step, ask.attempt)), None)
            return
        if step not in self.begun:
            if len(self.begun) >= self.most_steps:
                message = f"The instance has run {self.most_steps:,} steps, as many as its flow allows."
                self._settle(step, failed("TooManySteps", message))
                self._note(step, Question(self._context(step, ask.attempt)), None)
                return
            self.begun.add(step)
            self.path.append(ask.task)
        question = self._question(step, ask.attempt, self.answers.next(ask.task))
        is_claimed = executing.has_outside_effect(question.context.task)
        if is_claimed:
            case.tell(case.fact(FactType.ATTEMPT_STARTED, step, number=ask.attempt))
        elif ask.attempt == 1:
            case.patch(step).columns["started_at"] = case.now
        result = pretend(question)
        if question.answer is not None and question.answer.kind == "times_out" and not isinstance(result, Waiting):
            until = case.now + attempt_timeout(question.context.task)
            self.hanging.append(_Hanging(until, step, question, ask.attempt, result.input))
            return
        may_be_repeated = isinstance(result, Failed) and result.error.get("retryable") is True
        self._settle(step, result, attempt=ask.attempt if is_claimed or may_be_repeated else None)
        self._note(step, question, result)
        if isinstance(result, Waiting) and result.for_ != "timer":
            self.waits.append((step, question, result))

    def _time_out(self, over: _Hanging) -> None:
        error = timeout_error(over.question.context.task)
        over.question.source = Source.GIVEN
        try:
            self.case.tell(self.case.fact(FactType.ATTEMPT_TIMED_OUT, over.step, number=over.attempt, error=error))
        except FactRefused:
            return  # another path was faster, and the step has been cancelled
        self._note(over.step, over.question, Failed(error=error, input=over.input))

    def _meet_next(self) -> bool:
        if not self.waits:
            return False
        step, question, wait = self.waits.pop(0)
        if self.case.status(step) is StepStatus.WAITING:
            self._meet(step, question, wait)
        return True

    def _meet(self, step: StepKey, question: Question, wait: Waiting) -> None:
        """A wait for a person, an event or a child: it ends at once, unless the answer says that nobody comes."""
        answer, task = question.answer, question.context.task
        if answer is not None and answer.kind == "times_out":
            return
        question.source = Source.EXAMPLE if answer is None else Source.GIVEN
        result = ended_wait(question, wait)
        if result is None:
            return  # an event that is not the awaited one
        if wait.for_ == "event":
            type = wait.event_type
            self.case.tell(self.case.fact(FactType.EVENT_CONSUMED, step, type=type, event=0))
        self._settle(step, result)
        question.sent = None if task.kind != "call" else question.sent
        self._note(step, question, result)

    def _meet_people(self) -> bool:
        """Steps that wait for a person without having been asked: set to be started by one, or failed and left open."""
        case = self.case
        for node, status in enumerate(case.state.nodes):
            task = case.plan.nodes[node].task
            if status is not StepStatus.WAITING or task is None:
                continue
            step = StepKey(0, task.key, case.state.iteration(node))
            attempts = case.state.attempts.get(node, 0)
            columns = case.patch(step).columns
            if columns.get("waits_for") != "person" or task.kind == "manual" or self.met.get(step) == attempts:
                continue
            self.met[step] = attempts
            return self._meet_person(step, task, has_failed=columns.get("error") is not None)
        return False

    def _meet_person(self, step: StepKey, task: Task, *, has_failed: bool) -> bool:
        self._count()
        case = self.case
        question = Question(self._context(step, case.attempt(task.key)))
        if task.kind == "decision":
            question.answer = self.answers.next(task.key)
            if question.answer is not None and question.answer.kind == "times_out":
                return True
            self.path.append(task.key)
            self.begun.add(step)
            result = decided(question)
            self._settle(step, result)
            self._note(step, question, result)
            return True
        if has_failed:
            raise _Stop(f"{task.name or task.key} failed and waits for a person.")
        case.tell(case.fact(FactType.STEP_READY, step, by=dict(NOBODY)))
        return True

    def _on_timer(self, step: StepKey, purpose: str) -> None:
        case = self.case
        if not case.status(step).is_open:
            return
        question = Question(self._context(step, case.attempt(step.task)))
        if question.context.task.kind == "digest":
            question.answer = self.answers.next(step.task)
            result: Result | None = end_digest(question)
        else:
            result = executing.on_timer(question.context, purpose)
        if result is not None:
            self._settle(step, result)
            self._note(step, question, result)

    # -- rollback -----------------------------------------------------------------------------------------------------

    def _compensate(self, ask: Compensate) -> None:
        case, step = self.case, StepKey(0, ask.task, ask.iteration)
        if not case.is_current_compensation(ask):
            return
        self._count()
        context = self._context_of_compensation(step, ask.attempt)
        question = Question(context, self.answers.next(ask.task, is_compensation=True))
        is_claimed = executing.has_outside_effect(context.task)
        if is_claimed:
            case.tell(case.fact(FactType.ATTEMPT_STARTED, step, number=ask.attempt, compensation=True))
        result = pretend(question)
        if question.answer is not None and question.answer.kind == "times_out":
            self._go_to(case.now + attempt_timeout(context.task))
            result = Failed(error=timeout_error(context.task), input=result.input)
        case.settle_compensation(step, result, attempt=ask.attempt if is_claimed else None)
        self._note(step, question, result)

    def _context_of_compensation(self, step: StepKey, attempt: int) -> StepContext:
        """As `compensating.context_of`, of a case whose earlier rounds are all in memory."""
        case, context = self.case, self._context(step, attempt)
        rollback = case.state.rollback
        data = dict(context.data)
        if step.iteration != case.state.iteration(case.plan.index[step.task]):
            data["steps"] = {**data["steps"], **self._round(step.iteration)}
        has_failed = rollback is not None and rollback.then is InstanceStatus.ERRORED
        return replace(
            context,
            task=compensating.task_of(case, step),
            data=data,
            is_compensation=True,
            cause=case.state.error if has_failed else None,
        )

    def _round(self, iteration: int) -> dict[str, Json]:
        return {
            key.task: {name: patch.columns.get(name) for name in ("status", "output", "error")}
            for key, patch in self.case.steps.items()
            if key.iteration == iteration
        }

    # -- telling and noting -------------------------------------------------------------------------------------------

    def _context(self, step: StepKey, attempt: int) -> StepContext:
        return executing.context_of(self.case, step, attempt=attempt)

    def _question(self, step: StepKey, attempt: int, answer: Answer | None) -> Question:
        return Question(self._context(step, attempt), answer, self.reads.get(step.task, ()))

    def _settle(self, step: StepKey, result: Result, *, attempt: int | None = None) -> None:
        try:
            self.case.settle(step, result, attempt=attempt)
        except FactRefused as refusal:
            self.case.settle(step, failed("InternalError", refusal.reason), attempt=attempt)

    def _note(self, step: StepKey, question: Question, result: Result | None) -> None:
        case, context = self.case, question.context
        task = case.task(step.task)
        changed = self.eyes.look(case.state)
        is_secret = task.settings.get("sensitive") == "output"
        output = result.output if isinstance(result, (Completed, Skipped)) else None
        is_hidden = reads_hidden(context)
        status = case.patch(step).columns.get("status", "")
        self.moments.append(
            Moment(
                number=len(self.moments) + 1,
                at=case.now,
                task=step.task,
                name=task.name or task.key,
                kind=task.kind,
                iteration=step.iteration,
                attempt=context.attempt,
                outcome=_outcome(result, str(status), context),
                words=self._words(step, result),
                source=question.source,
                input=None if result is None else result.input,
                sent=REDACTED if is_hidden and question.sent is not None else question.sent,
                output=REDACTED if is_secret and output is not None else output,
                error=dict(result.error) if isinstance(result, Failed) else None,
                branches=result.branches or () if isinstance(result, Completed) else (),
                conditions=tuple(result.conditions) if isinstance(result, Completed) else (),
                tasks=changed.tasks,
                edges=changed.edges,
                phases=changed.phases,
            )
        )

    def _words(self, step: StepKey, result: Result | None) -> str:
        """What happens next with the step, where that is not plain from its outcome."""
        case = self.case
        mine = [timer for (key, _), timer in case.timers.items() if key == step]
        until = f"{min(timer.due_at for timer in mine):%Y-%m-%d %H:%M:%S}" if mine else ""
        if isinstance(result, Failed):
            return f"Tried again at {until} UTC." if until else ""
        if isinstance(result, Skipped):
            return result.reason
        if isinstance(result, Waiting):
            whom = {"timer": "", "person": "for a person", "event": f"for {result.event_type!r}", "child": "for a flow"}
            return " ".join(filter(None, ["Waits", whom[result.for_], f"until {until} UTC" if until else ""])) + "."
        return f"Starts at {until} UTC." if result is None and until else ""

    def _what_it_waits_for(self) -> str:
        """Why nothing moves any more."""
        case = self.case
        waiting = [
            case.plan.nodes[node].task
            for node, status in enumerate(case.state.nodes)
            if status.is_open and case.plan.nodes[node].task is not None
        ]
        names = ", ".join((task.name or task.key) for task in waiting if task is not None)
        return f"Nothing moves any more: {names or 'nobody'} would wait for ever."

    def _trial(self, stopped: str) -> Trial:
        case = self.case
        is_complete = case.state.status is InstanceStatus.COMPLETE
        ends = ends_of(case) if is_complete else []
        hidden = any(case.task(key).settings.get("sensitive") == "output" for key in ends)
        output = output_of(case) if is_complete else None
        return Trial(
            status=case.state.status.value,
            started_at=self.started_at,
            ended_at=case.now,
            moments=tuple(self.moments),
            path=tuple(self.path),
            output=REDACTED if hidden and output is not None else output,
            error=case.state.error,
            stopped=stopped,
            is_output_hidden=hidden,
            edges_taken=frozenset(self.eyes.taken),
            statuses=dict(self.eyes.tasks),
        )


def _loaded(input: Json, now: datetime) -> Loaded:
    instance = {"input": input, "context": {}, "vars": {}, "trigger": {}, "created_at": now, "started_at": now}
    context = input.get("context") if isinstance(input, Mapping) else None
    return Loaded(instance=instance, all_steps=True, context=context if isinstance(context, Mapping) else {})


def _outcome(result: Result | None, status: str, context: StepContext) -> str:
    if context.is_compensation:
        return "rolled_back" if isinstance(result, Completed) else "rollback_failed"
    if isinstance(result, Completed):
        return "decided" if result.branches is not None else "completed"
    if isinstance(result, Skipped):
        return "skipped"
    if isinstance(result, Failed):
        return "retrying" if status == "retrying" else "failed"
    return "waiting" if isinstance(result, Waiting) or status == "waiting" else status or "failed"
