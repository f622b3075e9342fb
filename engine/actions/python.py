"""Runs a Python function that the deployment has registered.

    from engine.actions.python import flow_function

    @flow_function("orders.price")
    def price(order, currency="EUR"):
        return {"total": ...}

The modules to import are named in `QUADRILLE_PYTHON_MODULES`. A function gets the arguments by name and answers JSON.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from typing import Any

from django.conf import settings

from designer.graph.model import Json
from engine.actions.action import ActionFailed, ActionOutcome, ActionRequest, RunnableAction

Function = Callable[..., Json]
_FUNCTIONS: dict[str, Function] = {}
_QUICK: set[str] = set()


class DoNotRetry(Exception):
    """Raised by a registered function: it failed, and trying again makes no sense."""


def flow_function(name: str, *, is_quick: bool = False) -> Callable[[Function], Function]:
    """Register a function for flows. `is_quick`: it returns at once and may run without a thread of its own."""

    def register(function: Function) -> Function:
        _FUNCTIONS[name] = function
        if is_quick:
            _QUICK.add(name)
        return function

    return register


@cache
def _import_modules() -> None:
    for module in getattr(settings, "PYTHON_FUNCTION_MODULES", ()):
        import_module(module)


class Python(RunnableAction):
    """Answers what the function answers."""

    key = "python"
    has_outside_effect = True

    def is_quick(self, inputs: Mapping[str, Json]) -> bool:
        """As the function was registered."""
        _import_modules()
        return str(inputs.get("function", "")) in _QUICK

    def run(self, request: ActionRequest) -> ActionOutcome:
        """Call it. What it raises may be tried again, except `DoNotRetry`."""
        _import_modules()
        name = str(request.inputs.get("function", ""))
        function = _FUNCTIONS.get(name)
        if function is None:
            raise ActionFailed("UnknownFunction", f"No function {name[:100]!r} is registered in this installation.")
        arguments: Any = request.inputs.get("arguments") or {}
        if not isinstance(arguments, Mapping):
            raise ActionFailed("WrongInputs", "arguments must be an object of names and values.")
        try:
            return ActionOutcome(output=function(**{str(key): value for key, value in arguments.items()}))
        except DoNotRetry as bad:
            raise ActionFailed("FunctionFailed", f"{name}: {bad}") from bad
        except Exception as bad:
            # The function is the deployment's own code: whatever it raises is this attempt's failure.
            raise ActionFailed("FunctionFailed", f"{name}: {type(bad).__name__}: {bad}", is_retryable=True) from bad


@flow_function("noop", is_quick=True)
def noop() -> Json:
    """Nothing; for benchmarks and first steps."""
    return None


@flow_function("echo", is_quick=True)
def echo(**arguments: Json) -> Json:
    """Its arguments."""
    return arguments


@flow_function("sleep")
def sleep(seconds: float = 0.1) -> Json:
    """Take a while, at most a minute; for trying out timeouts."""
    time.sleep(max(0.0, min(float(seconds), 60.0)))
    return {"slept_seconds": seconds}


ACTION = Python()
