"""Acting on what this process was answered before, and having it confirmed in the transaction that does the work.

What a program's request begins with (its key, the flow that it starts, the trigger that it calls) hardly ever changes,
and to ask for it costs as much as half of what is done then. So such a request may go by what its process was answered
last (`Lookup(…, is_kept=True)`). That is a belief, and nobody is told anything on the strength of one: the transaction
that carries the request out first asks again, once for all who share it (`engine.services.together`), and does nothing
for those whose beliefs are wrong. They, and whoever was refused before it came to a transaction, are heard once more
from the beginning, and then everything is asked for.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, Protocol

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

    Nothing may be written meanwhile that may not be written twice, but by `Together`.
    """
    beliefs = _of_thread.now = Beliefs()
    try:
        yield beliefs
    finally:
        _of_thread.now = None


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
