"""Flows written as code: the deployment's own code may do anything, so it is not run in a try."""

from __future__ import annotations

from engine.core.ports import Completed, Result
from engine.sandbox.question import Question


def pretend(question: Question) -> Result:
    """Say which code would run; the answer is what it returns."""
    settings = question.context.task.settings
    seen = {"script": settings.get("script"), "class_name": settings.get("class_name")}
    question.sent = {"code": seen}
    return Completed(output=question.say(None), input=seen)
