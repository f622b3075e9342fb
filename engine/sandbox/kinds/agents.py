"""An agent in a try: the prompt as it would be asked, answered by the given answer."""

from __future__ import annotations

from collections.abc import Mapping

from accounts.json_text import json_str
from engine.core.ports import Completed, Result, failed
from engine.core.templates import TemplateError, render_value
from engine.sandbox.examples import example_of
from engine.sandbox.question import Question
from engine.steps.ai_agent import checked_answer


def pretend(question: Question) -> Result:
    """An answer that does not fit its schema fails, as it will."""
    context = question.context
    settings = context.task.settings
    try:
        prompt = render_value(settings.get("prompt", ""), context.data, "prompt")
    except TemplateError as bad:
        return failed("TemplateError", str(bad))
    text = prompt if isinstance(prompt, str) else json_str(prompt)
    schema = settings.get("answer_schema")
    seen = {"agent": settings.get("agent"), "prompt": text}
    question.sent = {**seen, "answer_schema": schema} if isinstance(schema, Mapping) else seen
    if not isinstance(schema, Mapping):
        return Completed(output=question.say("An answer in words."), input=seen)
    answer = question.say(example_of(schema))
    return checked_answer(json_str(answer), schema, seen)
