"""Transfers and marks on accounts in a try: resolved as they will be, posted nowhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from designer.graph.model import Json
from engine.core.ports import Completed, Result, failed
from engine.core.templates import TemplateError, render_value
from engine.ledger.resolving import Unresolved, resolve_transfer, resolve_update
from engine.sandbox.question import Question
from engine.steps import account_update, transfer


def pretend_transfer(question: Question) -> Result:
    """A transfer. Balances are not looked at: an answer with an error says that funds are missing."""
    return _pretend(question, transfer.PARTS, resolve_transfer)


def pretend_update(question: Question) -> Result:
    """Metadata of an account."""
    return _pretend(question, account_update.PARTS, resolve_update)


def _pretend(
    question: Question, parts: tuple[str, ...], resolve: Callable[[Mapping[str, Json]], dict[str, Any]]
) -> Result:
    settings = question.context.task.settings
    written = {part: settings[part] for part in parts if part in settings}
    try:
        resolved = resolve(render_value(written, question.context.data))
    except TemplateError as bad:
        return failed("TemplateError", str(bad))
    except Unresolved as bad:
        return failed("Unresolved", str(bad))
    question.sent = resolved
    output = {key: value for key, value in resolved.items() if key != "metadata"}
    return Completed(output=question.say(output), input=resolved)
