"""Asks an agent over a stored connection, and goes on with an answer that fits its schema."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import orjson
from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

from accounts.connections.chat import AgentFailed, Question, ask
from accounts.connections.models import Connection
from designer.graph.model import Json, Task, is_key
from engine.core.ports import Completed, InboundMessage, Result, StepContext, failed
from engine.core.retries import attempt_timeout
from engine.core.templates import TemplateError, render_value

_FENCED: Final = re.compile(r"```(?:json)?\s*\n(?P<inside>.*)\n\s*```", re.DOTALL)
MOST_PROBLEMS: Final = 5


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
        text = prompt if isinstance(prompt, str) else orjson.dumps(prompt).decode()
        seen = {"agent": settings.get("agent"), "prompt": text}
        key = str(settings.get("agent", ""))
        known = Connection.objects.filter(environment=context.environment_id, key=key)
        connection = known.first() if is_key(key) else None
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
        try:
            answer = ask(connection, question)
        except AgentFailed as bad:
            return failed(bad.name, bad.message, retryable=bad.is_retryable, input=seen)
        if question.schema is None:
            return Completed(output=answer, input=seen)
        return checked_answer(answer, question.schema, seen)

    def on_timer(self, context: StepContext, purpose: str) -> Result | None:
        """No timers are set."""
        return None

    def on_event(self, context: StepContext, event: InboundMessage) -> Result | None:
        """No events are awaited."""
        return None


def checked_answer(answer: str, schema: Mapping[str, Json], seen: Json) -> Result:
    """The answer as JSON, if it fits. Another attempt may bring a better one."""
    fenced = _FENCED.search(answer)
    try:
        value: Json = orjson.loads(fenced["inside"] if fenced else answer)
    except orjson.JSONDecodeError:
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
