"""Acting on what this process was answered before, and having it confirmed in the transaction that does the work.

What a program's request begins with (its key, the flow that it starts, the trigger that it calls) hardly ever changes,
and to ask for it costs as much as half of what is done then. So such a request may go by what its process was answered
last (`Lookup(…, is_kept=True)`). That is a belief, and nobody is told anything on the strength of one: the transaction
that carries the request out first asks again, once for all who share it (`engine.services.together`), and does nothing
for those whose beliefs are wrong. They, and whoever was refused before it came to a transaction, are heard once more
from the beginning, and then everything is asked for.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, Protocol

from django.db import connection

_CHANGES: Final = r"(?:INSERT\s+INTO|UPDATE\s+\S+\s+SET|DELETE\s+FROM)\b"
WRITES: Final = re.compile(rf"\s*(?:{_CHANGES}|WITH\b.*\b{_CHANGES})", re.IGNORECASE | re.DOTALL)
"""Statements that change rows."""

Values = tuple[Any, ...]


class BeliefWrong(Exception):
    """What a request went by is not so any more. Nothing has been done for it."""


class Asked(Protocol):
    """A look-up that can be made again."""

    def answer(self, *arguments: Any) -> Values | None:
        """What the database says now."""
        ...


Belief = tuple[Asked, Values, Values]
"""A look-up, what it was asked for, and what it is believed to answer."""


class Beliefs:
    """What one request goes by."""

    def __init__(self) -> None:
        self.held: list[Belief] = []
        self.confirmed = 0
        """So many of them have been asked for again, and were so."""

    @property
    def are_sound(self) -> bool:
        """Whether an answer may be given that rests on them."""
        return self.confirmed == len(self.held)


_of_thread: Final = threading.local()


@contextmanager
def believing() -> Iterator[Beliefs]:
    """Go by what was answered before. Give an answer, or raise an error, only if the beliefs `are_sound` afterwards;
    else, and when `BeliefWrong` is raised, do all of it once more without.

    Whoever writes by other ways than `Together`, before something has confirmed what that rests on, is wrong as well:
    `BeliefWrong` is raised in the place of the statement.
    """
    beliefs = _of_thread.now = Beliefs()
    try:
        with connection.execute_wrapper(_refuse_to_write):
            yield beliefs
    finally:
        _of_thread.now = None


@contextmanager
def acting() -> Iterator[None]:
    """What is done now rests on no belief of this thread's: it has been confirmed, or is somebody else's."""
    before, _of_thread.now = current_beliefs(), None
    try:
        yield
    finally:
        _of_thread.now = before


def insist() -> None:
    """Go on only with what has been asked for: raises `BeliefWrong` where something is merely believed."""
    beliefs = current_beliefs()
    if beliefs is not None and not beliefs.are_sound:
        raise BeliefWrong


def _refuse_to_write(execute: Callable[..., Any], sql: Any, *others: Any) -> Any:
    if WRITES.match(str(sql)):
        insist()
    return execute(sql, *others)


def current_beliefs() -> Beliefs | None:
    """Those of the request that this thread works on; None where nothing is to be believed."""
    return getattr(_of_thread, "now", None)


class Check:
    """Asks again, each thing once. For one transaction."""

    def __init__(self) -> None:
        self._answered: dict[tuple[Asked, Values], Values | None] = {}

    def confirms(self, beliefs: Beliefs | None) -> bool:
        """Whether everything in them is so; from now on they are confirmed then."""
        if beliefs is None or not beliefs.held:
            return True
        if not all(self._now(asked, arguments) == values for asked, arguments, values in beliefs.held):
            return False
        beliefs.confirmed = len(beliefs.held)
        return True

    def _now(self, asked: Asked, arguments: Values) -> Values | None:
        key = (asked, arguments)
        if key not in self._answered:
            self._answered[key] = asked.answer(*arguments)
        return self._answered[key]
