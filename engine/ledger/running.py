"""Steps that move money or mark accounts: from their settings to a result."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.utils import timezone

from designer.graph.model import Json
from engine.core.ports import Completed, Failed, Result, StepContext, failed
from engine.core.templates import TemplateError, render_value
from engine.ledger.activities import Activities
from engine.ledger.backend import Backend, backend_for, is_outside
from engine.ledger.errors import InsufficientFunds, LedgerRefused
from engine.ledger.resolving import Unresolved

Resolve = Callable[[Mapping[str, Json]], dict[str, Any]]
Act = Callable[[Mapping[str, Json], Backend, Activities], None]


def run_step(context: StepContext, parts: tuple[str, ...], resolve: Resolve, act: Act) -> Result:
    """Render `parts` of the settings, resolve them, do it. The input of the result is what was resolved.

    What the ledger refuses fails the attempt; insufficient funds and a ledger that does not answer may be repeated.
    """
    settings = context.task.settings
    written = {part: settings[part] for part in parts if part in settings}
    try:
        resolved = resolve(render_value(written, context.data))
    except TemplateError as bad:
        return failed("TemplateError", str(bad))
    except Unresolved as bad:
        return failed("Unresolved", str(bad))
    try:
        act(resolved, _backend(context), _activities(context))
    except LedgerRefused as refused:
        return _failed(refused, resolved)
    return Completed(output={key: value for key, value in resolved.items() if key != "metadata"}, input=resolved)


def _failed(refused: LedgerRefused, resolved: Json) -> Failed:
    name = type(refused).__name__
    code = {} if isinstance(refused, InsufficientFunds) else {"code": refused.code}
    return failed(name, str(refused), retryable=refused.is_retryable, input=resolved, **code)


def _backend(context: StepContext) -> Backend:
    return backend_for(context.environment_id, instance_id=context.instance_id, now=context.now)


def _activities(context: StepContext) -> Activities:
    moment = timezone.now if is_outside() else lambda: context.now
    return Activities(
        context.environment_id,
        context.instance_id,
        context.task.key,
        context.iteration,
        context.idempotency_key,
        moment,
    )
