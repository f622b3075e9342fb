"""Asking executors: which one, with what context, and what if it breaks."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime

from designer.graph.model import Json, Task
from engine import failpoints
from engine.core.hiding import without_hidden
from engine.core.ports import (
    LONGEST_MESSAGE,
    Completed,
    Executor,
    Failed,
    InboundMessage,
    Result,
    Skipped,
    StepContext,
    Suspended,
    failed,
)
from engine.core.programs import history_for
from engine.core.schedule import BadMoment, due_at, starts_at, zone_of
from engine.core.templates import TemplateError, render_value
from engine.scripts.executors import STEP_EXECUTORS
from engine.services.case import Case
from engine.services.step_data import data_for, needs_of
from engine.steps import EXECUTORS
from engine.storage import json_text
from engine.storage.contract import StepKey
from engine.telemetry import at_work, tracing

log = logging.getLogger(__name__)
MAX_VALUE_BYTES = 1024 * 1024
"""An output, a payload, an input: JSON of at most so many bytes (semantics: Data)."""


def executor_of(task: Task) -> Executor | None:
    """The executor of a task's kind; None for a kind this release does not know."""
    return EXECUTORS.get(task.kind) or STEP_EXECUTORS.get(task.kind)


def has_outside_effect(task: Task) -> bool:
    """Whether the task is run as a leased attempt. An unknown kind is not: it fails at once."""
    executor = executor_of(task)
    return executor is not None and executor.has_outside_effect(task)


def writes(task: Task) -> bool:
    """Whether executing the task writes to the database by itself, which has to be committed with its result."""
    return bool(getattr(executor_of(task), "writes", False))


def is_quick(task: Task) -> bool:
    """Whether an attempt is known to take next to no time, so that it may be made without a thread of its own."""
    quick = getattr(executor_of(task), "is_quick", None)
    return quick is not None and bool(quick(task))


def context_of(case: Case, step: StepKey, *, attempt: int, event: Json = None) -> StepContext:
    """What an executor is told about a step. The data it needs has been loaded."""
    task = case.task(step.task)
    return StepContext(
        instance_id=case.row.id,
        instance_key=case.row.key,
        flow_key=case.plan.flow.key,
        task=task,
        iteration=step.iteration,
        attempt=attempt,
        data=data_for(case, needs_of(case.plan, task), event=event),
        now=case.now,
        timezone=case.plan.flow.timezone,
        flow=case.plan.flow,
        history=history_for(case.plan, case.state, task),
        environment_id=case.row.environment_id,
        is_input_hidden=is_input_hidden(case.loaded.instance),
        flow_id=case.row.flow_id,
    )


def is_input_hidden(instance: Mapping[str, Json] | None) -> bool:
    """Whether an instance was called with what is shown nowhere. Who reads its input has loaded what says so."""
    trigger = (instance or {}).get("trigger")
    return isinstance(trigger, Mapping) and bool(trigger.get("is_input_hidden"))


def begin(context: StepContext) -> Result:
    """Run a step's attempt. Never raises."""
    return tracing.trace_attempt(context, lambda: _begin(context)) if tracing.is_on else _begin(context)


def _begin(context: StepContext) -> Result:
    executor = executor_of(context.task)
    if executor is None:
        return failed("UnknownKind", f"This release cannot run tasks of the kind {context.task.kind!r}.")
    if failpoints.armed:
        failpoints.reach("before_effect", [context.task.kind])
    result = _guarded(context, lambda: executor.begin(context))
    if failpoints.armed:
        failpoints.reach("after_effect", [context.task.kind])
    return result if result is not None else failed("InternalError", "The task answered nothing.")


def schedule(context: StepContext) -> datetime | Failed:
    """When a step with a schedule starts whose turn has come; or why that cannot be said. Never raises."""
    settings = dict(context.task.settings["schedule"])
    try:
        if "reference" in settings:
            settings["reference"] = render_value(settings["reference"], context.data, "schedule.reference")
    except TemplateError as bad:
        return failed("ReferenceMissing", str(bad))
    try:
        settings["duration"] = render_value(settings.get("duration"), context.data, "schedule.duration")
        return starts_at(settings, context.data, context.now, zone_of(context.timezone), flow=context.flow)
    except TemplateError as bad:
        return failed("TemplateError", str(bad))
    except BadMoment as bad:
        return failed(type(bad).__name__, str(bad))


def due(context: StepContext) -> datetime | None:
    """When a step that waits is due, as it can be said now; None where it cannot. Never raises."""
    try:
        wanted = render_value(context.task.settings.get("due"), context.data, "due")
        return due_at(wanted, context.data, context.now, zone_of(context.timezone), flow=context.flow)
    except (TemplateError, BadMoment):
        return None


def on_timer(context: StepContext, purpose: str) -> Result | None:
    """Ask what follows from a timer. Never raises."""
    executor = executor_of(context.task)
    return None if executor is None else _guarded(context, lambda: executor.on_timer(context, purpose))


def on_event(context: StepContext, message: InboundMessage) -> Result | None:
    """Ask whether an event is the awaited one, and what follows. Never raises."""
    executor = executor_of(context.task)
    return None if executor is None else _guarded(context, lambda: executor.on_event(context, message))


def _guarded(context: StepContext, ask: Callable[[], Result | None]) -> Result | None:
    token = at_work.step.set(context)
    try:
        result = ask()
    except Exception as error:
        # Executors answer what went wrong outside; anything raised is a mistake of ours. The instance must not hang.
        log.exception("task %s of instance %s broke", context.task.key, context.instance_id)
        return failed("InternalError", f"{type(error).__name__}: {error}", retryable=True)
    finally:
        at_work.step.reset(token)
    return result if result is None else storable(without_hidden(context, result))


def storable(result: Result) -> Result:
    """The result, or the failure it becomes when its data cannot be stored."""
    if isinstance(result, (Completed, Skipped)):
        variables = result.vars if isinstance(result, Completed) else None
        for what, value in (("output", result.output), ("vars", variables), ("input", result.input)):
            problem = storing_problem(value)
            if problem is not None:
                return failed("NotStorable", f"The {what} {problem}.")
    elif isinstance(result, Suspended):
        problem = next(filter(None, map(storing_problem, result.added)), None)
        return result if problem is None else failed("NotStorable", f"What a step was asked for {problem}.")
    elif result.input is not None and storing_problem(result.input) is not None:
        return (
            Failed(error=result.error)
            if isinstance(result, Failed)
            else failed("NotStorable", "The input is too large.")
        )
    if isinstance(result, Failed) and storing_problem(result.error) is not None:
        return failed(str(result.error.get("name", "Error"))[:200], _plain(str(result.error.get("message", ""))))
    return result


def storing_problem(value: Json) -> str | None:
    """Why a value cannot be stored, as the end of a sentence; None when it can."""
    if value is None:
        return None
    try:
        text = json_text.write_bytes(value)
    except (TypeError, ValueError, RecursionError) as error:
        return f"is no JSON: {str(error)[:200]}"
    if len(text) > MAX_VALUE_BYTES:
        return f"is larger than 1 MiB ({len(text):,} bytes)"
    # NUL is a character of JSON, but of no database text. (An escaped backslash may precede a plain u0000.)
    if b"\\u0000" in text and _has_nul(value):
        return "contains the character NUL, which cannot be stored"
    return None


def _has_nul(value: Json) -> bool:
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, Mapping):
        return any(_has_nul(key) or _has_nul(entry) for key, entry in value.items())
    return isinstance(value, (list, tuple)) and any(map(_has_nul, value))


def _plain(text: str) -> str:
    return text.replace("\0", "").encode("utf-8", "replace").decode()[:LONGEST_MESSAGE]
