"""The doors between programs and the engine: one executor for the program itself, one for each kind of its steps."""

from __future__ import annotations

import asyncio
import hashlib
import inspect
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from accounts.models import Environment
from designer.graph.model import Json, Task
from engine.core.added import DO, PROGRAM, SLEEP, WAIT
from engine.core.ports import (
    Completed,
    Executor,
    Failed,
    InboundMessage,
    ProgramHistory,
    Result,
    StepContext,
    Suspended,
    Timer,
    TimerPurpose,
    Waiting,
    failed,
)
from engine.scripts.api import Context, Event, Request, fitting
from engine.scripts.durations import YEAR_MS, milliseconds
from engine.scripts.live import LIVE, Which
from engine.scripts.loop import NeverRests
from engine.scripts.replay import Diverged, Replay, start
from engine.scripts.sources import ScriptProblem, load_class
from engine.scripts.traces import Trace
from engine.scripts.values import Unstorable, error_for, error_json, restored, stored
from engine.storage import json_text

MOST_STEPS: Final = 10_000
COMPUTING_SECONDS: Final = 5.0
"""How long a script may compute the pause before the next attempt."""
IN_THE_PAST: Final = "You can't sleep until a time in the past, time-traveler"
TOO_LONG: Final = "A step can sleep for at most 365 days."


class _Quiet:
    """What most of these executors have in common."""

    def on_timer(self, context: StepContext, purpose: str) -> Result | None:
        """No timers are set."""
        return None

    def on_event(self, context: StepContext, event: InboundMessage) -> Result | None:
        """No events are awaited."""
        return None


class ProgramExecutor(_Quiet):
    """Takes a program's turn."""

    kind = PROGRAM

    def has_outside_effect(self, task: Task) -> bool:
        """It runs the deployment's code, which may take its time."""
        return True

    def begin(self, context: StepContext) -> Result:
        """Replay it, and say what it asks for now, or what came of it."""
        try:
            run = _run_of(context)
        except (ScriptProblem, Diverged, NeverRests) as bad:
            return _fatal(bad)
        result = _turn(run.replay, run.which.fingerprint)
        if isinstance(result, Suspended):
            LIVE.give(run.which, run.replay)
        else:
            run.replay.put_away()
        return result


def _turn(replay: Replay, fingerprint: str) -> Result:
    if replay.steps.fatal is not None:
        return Failed(error={**error_json(replay.steps.fatal), "retryable": False})
    if replay.has_ended:
        error = replay.main.exception() if not replay.main.cancelled() else asyncio.CancelledError("cancelled")
        if error is not None:
            return Failed(error={**error_json(error), "retryable": False})
        try:
            return Completed(output=stored(replay.main.result(), "The output of the program"))
        except Unstorable as bad:
            return failed("Error", str(bad))
    requests = replay.new_requests
    if not requests and all(request.future.done() for request in replay.steps.requests):
        return failed("NotAStep", "The program awaits something that is no step, and so will never come.")
    return Suspended(added=[_added(request) for request in requests], seen=replay.steps.seen, fingerprint=fingerprint)


def _added(request: Request) -> Mapping[str, Json]:
    return {
        "kind": request.kind,
        "name": request.name,
        "count": request.count,
        "after": request.after,
        "settings": dict(request.settings),
    }


class Run(NamedTuple):
    """A program, run as far as its history goes. It is the caller's: to be kept, or to be put away."""

    which: Which
    replay: Replay


def _run_of(context: StepContext) -> Run:
    """The program of a context: one that was kept, run on; else it is replayed. Raises what forbids to go on."""
    history = context.history
    if history is None:
        raise ScriptProblem("ScriptMissing", "This is no step of a program.")
    settings = history.task.settings
    expected = history.fingerprint or str(settings.get("fingerprint") or "")
    class_name = str(settings.get("class_name", ""))
    found, fingerprint = load_class(
        str(settings.get("script", "")), class_name, expected, organization=_organization_of(context)
    )
    wanted = settings.get("max_steps")
    most_steps = wanted if isinstance(wanted, int) else MOST_STEPS
    input = json_text.write_bytes(context.data["input"])
    which = Which(
        context.instance_id,
        context.instance_key,
        history.task.key,
        class_name,
        fingerprint,
        most_steps,
        hashlib.sha256(input).hexdigest(),
    )
    results = context.data["steps"]
    replay = LIVE.take(which, history, results)
    if replay is not None and _is_checked(context.task, history):
        replay.put_away()
        replay = None
    if replay is None:
        replay = start(lambda: _made(found), _event(context), most_steps=most_steps)
        replay.weight += len(input)
    try:
        replay.follow(history, results)
    except BaseException:
        replay.put_away()
        raise
    return Run(which, replay)


def _organization_of(context: StepContext) -> str:
    """The slug of the organization whose instance it is."""
    slugs = Environment.objects.filter(pk=context.environment_id).values_list("organization__slug", flat=True)
    return slugs.first() or ""


def _is_checked(task: Task, history: ProgramHistory) -> bool:
    """Whether to replay a program although it was kept, to see that it does again what it did: before its first step,
    and in the turns after 1, 2, 4, 8… outcomes. So a program that is not deterministic shows early, and the checks
    together cost about as much as two runs.
    """
    if task.kind != PROGRAM:
        return len(history.steps) == 1
    return len(history.outcomes).bit_count() == 1


def _made(found: type[Any]) -> Any:
    """An object of a script's class; as the vendor's, it may want a context and an environment."""
    return found(*fitting(found, (None, {})))


def _event(context: StepContext) -> Event:
    instance = context.data["instance"]
    created_at = datetime.fromisoformat(str(instance["created_at"]))
    payload = context.data["input"]
    return Event(restored(payload), created_at, context.instance_key, context.flow_key)


def _fatal(bad: Exception) -> Failed:
    """The program cannot go on as it is: neither can its other steps."""
    name = bad.name if isinstance(bad, ScriptProblem) else type(bad).__name__
    message = str(bad)
    if isinstance(bad, Diverged):
        message += " Values that differ from run to run (time, chance, the outside world) belong into a step."
    return failed(name, message, fatal=True)


class DoExecutor(_Quiet):
    """Runs the function of a step; as a compensation, the function that undoes it."""

    kind = DO

    def has_outside_effect(self, task: Task) -> bool:
        """That is what it is for."""
        return True

    def begin(self, context: StepContext) -> Result:
        """Replay the program to where it asks for this step, and call the function."""
        try:
            run = _run_of(context)
        except (ScriptProblem, Diverged, NeverRests) as bad:
            return _fatal(bad)
        request = _asked_for(run.replay, context)
        if request is None or request.callback is None:
            run.replay.put_away()
            return failed("Diverged", "The program does not ask for this step any more.", fatal=True)
        reached = _functions(request, context)
        before = Trace(reached)
        result = _undo(request, context) if context.is_compensation else _do(request, context)
        # A replay knows nothing of what a step has done to the program's own variables; nor must what is kept.
        if before.is_same_as(Trace(reached)):
            LIVE.give(run.which, run.replay)
        else:
            run.replay.put_away()
        return result


def _functions(request: Request, context: StepContext) -> list[Any]:
    """What of the script is called for a step, and with what."""
    if context.is_compensation:
        return [request.rollback]
    delay = request.config.delay if request.config is not None else None
    return [request.callback, delay, *request.inputs]


def _asked_for(replay: Replay, context: StepContext) -> Request | None:
    history = context.history
    places = {step.key: place for place, step in enumerate(history.steps)} if history is not None else {}
    place = places.get(context.task.key)
    return None if place is None else replay.steps.requests[place]


def _do(request: Request, context: StepContext) -> Result:
    config = request.config.shown if request.config is not None else {}
    about = Context(context.attempt, request.name, request.count, config)
    try:
        return Completed(
            output=stored(_call(request.callback, (about,), results=request.inputs), f"Step {request.name} output")
        )
    except Unstorable as bad:
        return failed("Error", str(bad))
    except BaseException as bad:  # also an exit and a cancellation: they are the function's, not the worker's
        return _failure(request, about, bad)


def _undo(request: Request, context: StepContext) -> Result:
    """Call the rollback handler with `{error, output, step, attempt, config}`."""
    if request.rollback is None or request.rollback_config is None:
        return Completed()
    about = Context(context.attempt, request.name, request.count, request.rollback_config.shown)
    result = context.data["steps"].get(context.task.key, {})
    cause = context.cause
    if cause is None:
        cause = {"name": "Terminated", "message": "Instance terminated during rollback"}
    undone = {**about, "error": error_for(cause), "output": restored(result.get("output"))}
    try:
        _call(request.rollback, (undone,))
    except BaseException as bad:
        return Failed(error=error_json(bad))
    return Completed()


def _call(function: Callable[..., Any] | None, arguments: tuple[Any, ...], *, results: tuple[Any, ...] = ()) -> Any:
    """Call a function of a script, async or not."""
    if function is None:
        return None
    found = function(*fitting(function, arguments, results=results))
    return asyncio.run(_awaited(found)) if inspect.isawaitable(found) else found


async def _awaited(found: Any) -> Any:
    return await found


def _failure(request: Request, about: Context, bad: BaseException) -> Failed:
    """A failed attempt. Where the script computes the pause before the next one, that is done now."""
    error = error_json(bad)
    delay = request.config.delay if request.config is not None else None
    if delay is not None and error["retryable"]:
        try:
            error["retry_in_seconds"] = milliseconds(_computed(delay, {**about, "error": bad}), least=0) / 1000
        except BaseException as worse:
            why = f"it took over {COMPUTING_SECONDS:g} seconds" if isinstance(worse, TimeoutError) else worse
            return failed("NonRetryableDelayError", f"The delay of {request.name!r} cannot be used: {why}")
    return Failed(error=error)


def _computed(delay: Callable[..., Any], about: Mapping[str, Any]) -> Any:
    """What a script's function says of the pause. Raises whatever it raises, and TimeoutError after five seconds; one
    that is not async is not stopped by that, but what it says is not taken.
    """
    began = time.monotonic()
    found = delay(*fitting(delay, (about,)))
    if inspect.isawaitable(found):
        found = asyncio.run(asyncio.wait_for(_awaited(found), COMPUTING_SECONDS))
    if time.monotonic() - began > COMPUTING_SECONDS:
        raise TimeoutError
    return found


class SleepExecutor(_Quiet):
    """Sleeps for a while, or until a moment."""

    kind = SLEEP

    def has_outside_effect(self, task: Task) -> bool:
        """Never."""
        return False

    def begin(self, context: StepContext) -> Result:
        """Wait for the moment. One in the past is an error, and so is one that is more than a year away."""
        settings = context.task.settings
        if settings.get("until") is not None:
            until = datetime.fromisoformat(str(settings["until"]))
            if until < context.now:
                return failed("Error", IN_THE_PAST)
        else:
            ms = float(settings.get("ms") or 0)
            if ms > YEAR_MS:
                return failed("Error", TOO_LONG)
            until = context.now + timedelta(milliseconds=ms)
        if until - context.now > timedelta(milliseconds=YEAR_MS):
            return failed("Error", TOO_LONG)
        return Waiting(for_="timer", timers=(Timer(TimerPurpose.WAKE, until),))

    def on_timer(self, context: StepContext, purpose: str) -> Result | None:
        """The moment has come."""
        return Completed() if purpose == TimerPurpose.WAKE else None


class WaitExecutor(_Quiet):
    """Waits for an event. Its output is the payload."""

    kind = WAIT

    def has_outside_effect(self, task: Task) -> bool:
        """Never."""
        return False

    def begin(self, context: StepContext) -> Result:
        """Wait; events that came before are offered first, by the caller."""
        ms = float(context.task.settings.get("ms") or 0)
        if ms > YEAR_MS:
            return failed("Error", "A step can wait for at most 365 days.")
        until = context.now + timedelta(milliseconds=ms)
        event_type = str(context.task.settings.get("event_type", ""))
        return Waiting(for_="event", timers=(Timer(TimerPurpose.TIMEOUT, until),), event_type=event_type)

    def on_timer(self, context: StepContext, purpose: str) -> Result | None:
        """It did not come in time."""
        if purpose != TimerPurpose.TIMEOUT:
            return None
        ms = float(context.task.settings.get("ms") or 0)
        return failed("WorkflowTimeoutError", f"Execution timed out after {ms:g}ms")

    def on_event(self, context: StepContext, event: InboundMessage) -> Result | None:
        """It is here."""
        return Completed(output=event.payload)


_ALL: Final[tuple[Executor, ...]] = (DoExecutor(), SleepExecutor(), WaitExecutor())
STEP_EXECUTORS: Final[Mapping[str, Executor]] = MappingProxyType({executor.kind: executor for executor in _ALL})
"""The executors of the steps of programs, by kind."""
