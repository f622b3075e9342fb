"""The configuration of a step: what a script may say, checked and with its defaults filled in."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from designer.graph.model import Json
from engine.core.retries import Backoff
from engine.scripts.durations import duration_text, milliseconds

DEFAULT_LIMIT: Final = 5
DEFAULT_DELAY_MS: Final = 1000
DEFAULT_BACKOFF: Final = Backoff.EXPONENTIAL.value
DEFAULT_TIMEOUT: Final = "10 minutes"
UNLIMITED: Final = 9_007_199_254_740_991
DYNAMIC: Final = "[dynamic]"
LONGEST_NAME: Final = 256
LONGEST_EVENT_TYPE: Final = 100
_CONTROL: Final = re.compile(r"[\x00-\x1f]")
_EVENT_TYPE: Final = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9\-_]*")


class BadConfig(ValueError):
    """A step was asked for in a way that cannot be."""


@dataclass(frozen=True, slots=True)
class StepConfig:
    """`shown`: all values as they are shown; `settings`: those that the engine goes by; `delay`: computes the pause."""

    shown: Mapping[str, Json]
    settings: Mapping[str, Json]
    delay: Callable[..., Any] | None = None


def check_name(name: Any) -> str:
    """The name of a step. Raises `BadConfig`."""
    if not isinstance(name, str) or not 1 <= len(name) <= LONGEST_NAME or _CONTROL.search(name):
        raise BadConfig(f"The name of a step has 1 to {LONGEST_NAME} characters and no control characters.")
    return name


def check_event_type(type: Any) -> str:
    """The type of an event. Raises `BadConfig`."""
    if not isinstance(type, str) or len(type) > LONGEST_EVENT_TYPE or not _EVENT_TYPE.fullmatch(type):
        raise BadConfig("The type of an event has 1 to 100 letters, digits, hyphens and underscores.")
    return type


def resolve(config: Any, name: str) -> StepConfig:
    """The configuration of a step. Unknown keys are refused, and so are retries without limit or delay."""
    given = {} if config is None else config
    if not isinstance(given, Mapping):
        raise BadConfig(f"The configuration of {name!r} must be a dict.")
    _refuse_unknown(given, ("retries", "timeout", "sensitive"), name)
    limit, delay, backoff, computed = _retries(given.get("retries"), name)
    timeout = given.get("timeout", DEFAULT_TIMEOUT)
    timeout_ms = _ms(timeout, f"timeout of {name!r}")
    shown: dict[str, Json] = {
        "retries": {"limit": limit, "delay": DYNAMIC if computed else _plain(delay), "backoff": backoff},
        "timeout": _plain(timeout),
    }
    delay_ms = DEFAULT_DELAY_MS if computed else _ms(delay, f"delay of {name!r}", least=0)
    settings: dict[str, Json] = {
        "retries": {"limit": limit, "delay": duration_text(delay_ms), "backoff": backoff},
        "timeout": duration_text(timeout_ms),
    }
    if delay_ms == 0:
        settings["retries"]["delay"] = "0 seconds"
    if given.get("sensitive") is not None:
        if given["sensitive"] != "output":
            raise BadConfig(f"sensitive of {name!r} can only be 'output'.")
        shown["sensitive"] = settings["sensitive"] = "output"
    return StepConfig(shown, {**settings, "config": shown}, delay if computed else None)


def _retries(given: Any, name: str) -> tuple[int, Any, str, bool]:
    if given is None:
        return DEFAULT_LIMIT, DEFAULT_DELAY_MS, DEFAULT_BACKOFF, False
    if not isinstance(given, Mapping):
        raise BadConfig(f"retries of {name!r} must be a dict.")
    _refuse_unknown(given, ("limit", "delay", "backoff"), name)
    limit, delay, backoff = given.get("limit"), given.get("delay"), given.get("backoff", DEFAULT_BACKOFF)
    if isinstance(limit, float) and limit == float("inf"):
        limit = UNLIMITED
    if isinstance(limit, bool) or not isinstance(limit, (int, float)) or limit < 0 or limit != int(limit):
        raise BadConfig(f"retries of {name!r} need a limit of at least 0.")
    if delay is None:
        raise BadConfig(f"retries of {name!r} need a delay.")
    if backoff not in [known.value for known in Backoff]:
        raise BadConfig(f"backoff of {name!r} must be constant, linear or exponential.")
    return int(limit), delay, str(backoff), callable(delay)


def _refuse_unknown(given: Mapping[Any, Any], known: tuple[str, ...], name: str) -> None:
    unknown = next((key for key in given if key not in known), None)
    if unknown is not None:
        raise BadConfig(f"The configuration of {name!r} has an unknown key {str(unknown)[:60]!r}.")


def _ms(value: Any, what: str, *, least: float | None = None) -> float:
    try:
        return milliseconds(value, least=least)
    except ValueError as bad:
        raise BadConfig(f"The {what} {bad}.") from bad


def _plain(value: Any) -> Json:
    """As it was written: a number or a text."""
    return value if isinstance(value, (int, float, str)) else milliseconds(value, least=0)
