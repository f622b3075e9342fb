"""Asks an agent over a stored connection, and goes on with an answer that fits its schema.

Where there is no connection of that name but an automation, that one is run in its place: a simulated agent. What a
task that stays open when it fails has asked is kept as a run, for whoever looks at the task.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

from accounts.connections.chat import AgentFailed, Question, ask
from accounts.connections.models import Connection
from accounts.json_text import json_str, read_json
from designer.graph.model import Json, Task, is_key
from engine.core.ports import Completed, Failed, InboundMessage, Result, StepContext, failed
from engine.core.retries import attempt_timeout
from engine.core.templates import TemplateError, render_value
from engine.entities.automations import has_automation, keep_run
from engine.steps.automation import AutomationExecutor

_FENCED: Final = re.compile(r"```(?:json)?\s*\n(?P<inside>.*)\n\s*```", re.DOTALL)
MOST_PROBLEMS: Final = 5
_SIMULATED: Final = AutomationExecutor()


class AiAgentExecutor:
    """One question per attempt. An answer that does not fit is an error that may be tried again."""

    kind = "ai_agent"

    def has_outside_effect(self, task: Task) -> bool:
        """Always: it asks somebody outside."""
        return True

    def begin(self, context: StepContext) -> Result:
        """Ask, and check the answer."""
        settings = context.task.settings
        try:
            prompt = render_value(settings.get("prompt", ""), context.data, "prompt")
        except TemplateError as bad:
            return failed("TemplateError", str(bad))
        text = prompt if isinstance(prompt, str) else json_str(prompt)
        seen = {"agent": settings.get("agent"), "prompt": text}
        key = str(settings.get("agent", ""))
        known = Connection.objects.filter(environment=context.environment_id, key=key, type=Connection.Type.AGENT)
        connection = known.first() if is_key(key) else None
        if connection is None and is_key(key) and has_automation(context.environment_id, key):
            return _SIMULATED.begin(replace(context, task=_as_automation(context.task, key)))
        if connection is None:
            message = f"There is no agent {key[:60]!r} here. Add a connection with this short name in the settings."
            return failed("NoSuchAgent", message, input=seen)
        schema = settings.get("answer_schema")
        question = Question(
            text,
            schema=schema if isinstance(schema, Mapping) else None,
            timeout_seconds=attempt_timeout(context.task).total_seconds(),
            idempotency_key=context.idempotency_key,
        )
        result = _ask(connection, question, seen)
        if settings.get("on_failure") == "wait":
            _keep_run(context, key, result)
        return result

    def on_timer(self, context: StepContext, purpose: str) -> Result | None:
        """No timers are set."""
        return None

    def on_event(self, context: StepContext, event: InboundMessage) -> Result | None:
        """How a simulated agent that took its time has ended."""
        return _SIMULATED.on_event(context, event)


def _as_automation(task: Task, key: str) -> Task:
    entity = "{{ context.primary._id }}"
    inputs = {"automation": key, "entity": entity}
    return replace(task, kind="automation", settings={"action": "run_automation", "inputs": inputs})


def _ask(connection: Connection, question: Question, seen: Json) -> Result:
    try:
        answer = ask(connection, question)
    except AgentFailed as bad:
        return failed(bad.name, bad.message, retryable=bad.is_retryable, input=seen)
    if question.schema is None:
        return Completed(output=answer, input=seen)
    return checked_answer(answer, question.schema, seen)


def _keep_run(context: StepContext, key: str, result: Result) -> None:
    went_well = isinstance(result, Completed)
    output = result.output if isinstance(result, Completed) else None
    keep_run(
        context.environment_id,
        key,
        status="success" if went_well else "failed",
        output=dict(output) if isinstance(output, Mapping) else {"answer": output} if went_well else {},
        reason=str(result.error.get("message", "")) if isinstance(result, Failed) else "",
        instance_id=context.instance_id,
        task=context.task.key,
        iteration=context.iteration,
        now=context.now,
    )


def checked_answer(answer: str, schema: Mapping[str, Json], seen: Json) -> Result:
    """The answer as JSON, if it fits. Another attempt may bring a better one."""
    fenced = _FENCED.search(answer)
    try:
        value: Json = read_json(fenced["inside"] if fenced else answer)
    except ValueError:
        return failed("AnswerInvalid", "The agent did not answer with JSON.", retryable=True, input=seen)
    try:
        problems = sorted(Draft202012Validator(schema).iter_errors(value), key=lambda found: found.json_path)
    except (SchemaError, RecursionError) as broken:
        return failed("SchemaBroken", f"The schema of the answer cannot be used: {str(broken)[:200]}", input=seen)
    if not problems:
        return Completed(output=value, input=seen)
    said = "; ".join(f"{problem.json_path}: {problem.message[:200]}" for problem in problems[:MOST_PROBLEMS])
    return failed("AnswerInvalid", f"The agent's answer does not fit its schema: {said}", retryable=True, input=seen)


EXECUTOR = AiAgentExecutor()
