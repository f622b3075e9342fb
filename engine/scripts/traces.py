"""What a function of a script can reach, written down: to see afterwards whether calling it has changed any of it.

A step's function shares variables with its program. What it changes there would be gone after a replay, so a program
that was changed by a step is not run on but replayed. The trace follows closures, bound objects, containers and the
attributes of plain objects; whatever cannot be written down (generators, locks, connections) counts as changed.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import functools
import re
import types
import uuid
from collections.abc import Iterable, Iterator
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from pathlib import PurePath
from typing import Any, Final
from zoneinfo import ZoneInfo

from engine.scripts.api import Event, Step, Steps

MOST_LOOKED_AT: Final = 20_000
"""Who can reach more is not looked at to the end."""
PLAIN: Final = (
    type(None), bool, int, float, complex, str, bytes, range, type(...), type(NotImplemented), Decimal, Fraction,
    dt.datetime, dt.date, dt.time, dt.timedelta, dt.tzinfo, ZoneInfo, uuid.UUID, re.Pattern, PurePath, Enum,
)  # fmt: skip
SHARED: Final = (type, types.ModuleType, types.BuiltinFunctionType, types.CoroutineType, Steps, Step, asyncio.Task)
"""Not looked into: the same for every run of a program, or refused to steps anyway."""


class Trace:
    """What was found; two of them are compared. `is_whole`: everything could be written down."""

    def __init__(self, roots: Iterable[Any]) -> None:
        self.is_whole = True
        self.found: list[tuple[Any, ...]] = []
        self._held: list[Any] = []  # so that no other object gets the address of one that was seen
        self._seen: dict[int, int] = {}
        todo = list(roots)
        while todo:
            if len(self.found) >= MOST_LOOKED_AT:
                self.is_whole = False
                return
            value = todo.pop()
            try:
                todo += self._look_at(value)
            except Exception:  # whatever an object of a script raises when it is asked what it holds
                self.is_whole = False
                return

    def is_same_as(self, other: Trace) -> bool:
        """Whether nothing has changed, as far as can be told."""
        return self.is_whole and other.is_whole and self.found == other.found

    def _look_at(self, value: Any) -> list[Any]:
        """Write one value down; answers what lies in it."""
        kind = type(value)
        if kind in PLAIN or isinstance(value, PLAIN):
            self.found.append((kind, value))
            return []
        if id(value) in self._seen:
            self.found.append(("again", self._seen[id(value)]))
            return []
        self._seen[id(value)] = len(self.found)
        self._held.append(value)
        if isinstance(value, SHARED):
            self.found.append((id(value),))
            return []
        inner = list(_inner(value))
        # Containers may be made anew for the looking, functions are not.
        name = id(value) if isinstance(value, types.FunctionType) else kind
        self.found.append((name, len(inner)))
        return inner


def _inner(value: Any) -> Iterator[Any]:
    kind = type(value)
    if kind in (list, tuple, set, frozenset):
        yield from value
    elif kind is dict:
        yield from value.keys()
        yield from value.values()
    elif isinstance(value, types.FunctionType):
        yield from (value.__defaults__, value.__kwdefaults__, value.__dict__)
        for cell in value.__closure__ or ():
            try:
                yield cell.cell_contents
            except ValueError:  # nothing in it yet
                yield "empty"
    elif isinstance(value, types.MethodType):
        yield from (value.__func__, value.__self__)
    elif isinstance(value, functools.partial):
        yield from (value.func, value.args, value.keywords)
    elif isinstance(value, Event):
        yield value.payload
    elif isinstance(value, asyncio.Future):
        yield value.done()
        if value.done() and not value.cancelled():
            yield value.exception() or value.result()
    else:
        yield from _reduced(value)


def _reduced(value: Any) -> Iterator[Any]:
    """What pickling would write. Raises TypeError for what cannot be pickled."""
    reduced = value.__reduce_ex__(4)
    if isinstance(reduced, str):
        yield reduced
        return
    for part in reduced:
        yield list(part) if isinstance(part, Iterator) else part
