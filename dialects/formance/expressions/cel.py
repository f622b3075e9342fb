"""Filters and variables in CEL: what this room's own language cannot read may be written in that of our other filters.

Nothing here does anything by itself, either; `link` fetches through the function that is passed in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from functools import lru_cache
from typing import Any, Final

from designer.graph.cel import calls_in, script_reason
from dialects.formance.expressions.errors import ExpressionError
from dialects.formance.expressions.functions import Fetch, Wrong, linked
from engine.core.expressions import CannotEvaluate
from engine.core.scripts import ScriptFailed, function_names, plain, run_script

_fetch: ContextVar[Fetch] = ContextVar("fetch")
NAMES: Final = ("event",)


@lru_cache(maxsize=1024)
def is_cel(text: str) -> bool:
    """Whether a text is an expression of CEL that names nothing but `event` and calls only what there is."""
    try:
        return script_reason(text, NAMES) is None and calls_in(text) <= {*function_names(), "link"}
    except Exception:  # whatever the parser makes of a text that is none
        return False


def evaluate_cel(text: str, event: Any, fetch: Fetch) -> Any:
    """The value of an expression of CEL, as JSON. Raises `ExpressionError`."""
    before = _fetch.set(fetch)
    try:
        return run_script(text, {"event": event}, also=FUNCTIONS)
    except ScriptFailed as failed:
        raise ExpressionError(str(failed).rstrip(".")) from failed
    except Exception as bad:  # the library raises what it likes for what does not go together
        raise ExpressionError(f"it cannot be evaluated: {type(bad).__name__}") from bad
    finally:
        _fetch.reset(before)


def _link(*arguments: Any) -> Any:
    from celpy.adapter import json_to_cel

    try:
        return json_to_cel(linked([plain(argument) for argument in arguments], _fetch.get()))
    except Wrong as wrong:
        raise CannotEvaluate(str(wrong)) from None


FUNCTIONS: Final[Mapping[str, Callable[..., Any]]] = {"link": _link}
