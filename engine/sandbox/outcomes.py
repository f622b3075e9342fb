"""What comes of a step in the sandbox: of an attempt that nobody makes, of a wait, of a person's turn."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

from designer.graph.model import NONE_MET, Json, Task
from engine.core.hiding import without_hidden
from engine.core.ports import Completed, Failed, InboundMessage, Result, Skipped, Waiting, failed
from engine.sandbox.answers import Answer
from engine.sandbox.examples import example_for
from engine.sandbox.kinds import PRETENDERS
from engine.sandbox.question import Question, Source
from engine.services import executing

log = logging.getLogger(__name__)

NOBODY: Final = {"type": "sandbox", "name": "Sandbox"}
"""Who decides and fills in here."""


def pretend(question: Question) -> Result:
    """What comes of an attempt. Never raises."""
    context = question.context
    pretender = PRETENDERS.get(context.task.kind)
    if pretender is None:
        return failed("UnknownKind", f"This release cannot run tasks of the kind {context.task.kind!r}.")
    try:
        result = _as_answered(question, pretender(question))
    except Exception as error:
        log.exception("trying task %s broke", context.task.key)
        result = failed("InternalError", f"{type(error).__name__}: {error}")
    return executing.storable(without_hidden(context, result))


def _as_answered(question: Question, result: Result) -> Result:
    """The result that an answer asks for, unless the step has failed by itself before anything could be answered."""
    answer = question.answer
    if answer is None or isinstance(result, Waiting) or (isinstance(result, Failed) and question.sent is None):
        return result
    given = _given(answer, result.input)
    if given is None or (isinstance(given, Completed) and question.source is Source.GIVEN):
        return result
    question.source = Source.GIVEN
    if isinstance(given, Completed) and isinstance(result, Completed):
        return replace(given, vars=result.vars if given.output == result.output else None)
    return given


def _given(answer: Answer, input: Json) -> Result | None:
    if answer.kind == "error":
        value = answer.value
        details = {key: entry for key, entry in value.items() if key not in ("name", "message", "retryable", "input")}
        name, message = str(value.get("name") or "Error"), str(value.get("message", ""))
        return failed(name, message, retryable=value.get("retryable", True) is not False, input=input, **details)
    if answer.kind == "skip":
        return Skipped(reason="Skipped by a person.", input=input)
    if answer.kind == "branch":
        return Completed(branches=(str(answer.value),), by=dict(NOBODY), input=input)
    if answer.kind == "output":
        return Completed(output=answer.value, input=input)
    return None


def ended_wait(question: Question, wait: Waiting) -> Result | None:
    """How a wait ends. None: not by this answer."""
    answer, context = question.answer, question.context
    if answer is not None and answer.kind not in ("output", "response"):
        given = _given(answer, None)
        return replace(given, error={**given.error, "retryable": False}) if isinstance(given, Failed) else given
    if wait.for_ == "event":
        if answer is None:
            return Completed(output=example_for(None, question.read))
        return executing.on_event(context, InboundMessage(wait.event_type, answer.value))
    if wait.for_ == "child":
        waits = wait.call is None or wait.call.waits
        question.sent = None if wait.call is None else {"flow": wait.call.flow, "input": wait.call.input}
        flow = None if wait.call is None else wait.call.flow
        return Completed(output=question.say({} if waits else {"flow": flow, "instance": "sandbox"}))
    return _filled_in(context.task, question.say(example_for(wait.form, question.read)))


def _filled_in(task: Task, value: Json) -> Result:
    """What a person filled in, if it fits the form."""
    form = task.settings.get("form")
    if isinstance(form, Mapping) and form:
        try:
            found = next(iter(Draft202012Validator(form).iter_errors(value)), None)
        except (SchemaError, RecursionError) as broken:
            return failed("SchemaBroken", f"The form cannot be used: {str(broken)[:200]}")
        if found is not None:
            message = f"The answer does not fit the form: {found.json_path}: {found.message[:300]}"
            return failed("AnswerDoesNotFit", message)
    return Completed(output=value, by=dict(NOBODY))


def decided(question: Question) -> Result:
    """A person takes a decision; without an answer its first branch."""
    task, answer = question.context.task, question.answer
    if answer is None or answer.kind not in ("branch", "error", "skip"):
        question.source = Source.EXAMPLE
        return Completed(branches=(next(iter(task.branches), NONE_MET),), by=dict(NOBODY))
    question.source = Source.GIVEN
    return _given(answer, None) or Completed(branches=(NONE_MET,), by=dict(NOBODY))
