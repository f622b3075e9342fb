"""Who wants to be told, remembered per process: where nobody listens, telling costs nothing.

A new listener in this process counts at once, one in another process within a few seconds.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from django.conf import settings

from engine.outbox.models import Endpoint

KNOWN_SECONDS: Final = 3.0
Source = Callable[[], Iterable[int]]
"""Answers the environments in which somebody listens."""


@dataclass(slots=True)
class _Known:
    environments: frozenset[int] = frozenset()
    until: float = 0.0


_known: Final = _Known()
_sources: list[Source] = []


def add_source(source: Source) -> None:
    """Have `source` asked too."""
    if source not in _sources:
        _sources.append(source)


def is_wanted(environment_id: int) -> bool:
    """Whether anybody listens in an environment."""
    if settings.EVENT_STREAM_OUT:
        return True
    if time.monotonic() >= _known.until:
        _known.environments = frozenset(pk for source in _sources for pk in source())
        _known.until = time.monotonic() + KNOWN_SECONDS
    return environment_id in _known.environments


def forget(**_: Any) -> None:
    """Ask again: somebody has begun or ceased to listen."""
    _known.until = 0.0


def suppose_nobody(seconds: float) -> None:
    """For so long nobody listens, unless `forget` is called: for tests that count statements."""
    _known.environments, _known.until = frozenset(), time.monotonic() + seconds


def endpoints() -> Iterable[int]:
    """The environments that have an active endpoint."""
    return Endpoint.objects.filter(is_active=True).values_list("environment_id", flat=True).distinct()
