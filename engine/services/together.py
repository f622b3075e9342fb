"""What several threads of a process want taken in at once is taken in together: one of them does it for all, in one
transaction, and each goes on once that is committed.

A commit, and the statements before it, cost nearly the same for one as for ten. Nobody waits for company: who finds
nobody at work begins at once; who comes meanwhile is served by the next, with all the others who came.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

from django.db import connection, transaction

from accounts.beliefs import Beliefs, BeliefWrong, Check, acting, current_beliefs

Wish = TypeVar("Wish")
Answer = TypeVar("Answer")

MOST: Final = 32
"""Wishes in one transaction."""
PATIENCE_SECONDS: Final = 0.05
"""So long somebody waits for those at work, who may stand before a lock. Then another begins beside them."""
MOST_LEADING: Final = 2
"""So many hand their place on; more are only there as long as someone loses patience."""


class DoAlone(Exception):
    """As an answer: this wish is done in a transaction of its own. None for a wish that is done alone."""


@dataclass(eq=False, slots=True)
class _Place(Generic[Wish, Answer]):
    """One thread's place in the queue."""

    wish: Wish
    beliefs: Beliefs | None
    told: threading.Event = field(default_factory=threading.Event)
    is_taken: bool = False
    leads: bool = False
    answers: Sequence[Answer | Exception] = ()
    error: BaseException | None = None


class Together(Generic[Wish, Answer]):
    """`act` does wishes in the transaction it is called in, and answers as many; an exception among the answers is
    raised for its wish alone, which must have left no trace. When `act` raises, nothing is done, and each wish is done
    once more in a transaction of its own: so it must not change them. `fits`: whether a wish may share a transaction
    with those chosen so far.

    A call within a transaction is done at once and alone. Processes share nothing. What a request goes by is asked for
    again in the transaction that does its wish (`accounts.beliefs`); if it is not so, `BeliefWrong` is raised for it.
    """

    def __init__(
        self,
        act: Callable[[Sequence[Wish]], Sequence[Answer | Exception]],
        *,
        fits: Callable[[Sequence[Wish], Wish], bool] = lambda chosen, wish: True,
    ) -> None:
        self._act: Final = act
        self._fits: Final = fits
        self._lock: Final = threading.Lock()
        self._waiting: list[_Place[Wish, Answer]] = []
        self._leaders = 0

    def __call__(self, wish: Wish) -> Answer:
        """What became of the wish, once it is committed (or, within a transaction, done)."""
        if connection.in_atomic_block:
            return self._alone(wish)
        place: _Place[Wish, Answer] = _Place(wish, current_beliefs())
        with self._lock:
            self._waiting.append(place)
            if not self._leaders:
                self._appoint(place)
        self._await(place)
        if place.leads:
            self._lead(place)
        if place.error is not None:
            raise place.error
        for answer in place.answers:
            if isinstance(answer, DoAlone):
                break
            if isinstance(answer, Exception):
                raise answer
            return answer
        return self._alone(wish)

    def _alone(self, wish: Wish) -> Answer:
        with transaction.atomic():
            if not Check().confirms(current_beliefs()):
                raise BeliefWrong
            with acting():
                (answer,) = self._act([wish])
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _appoint(self, place: _Place[Wish, Answer]) -> None:
        """Have it lead, beside those who do. Under the lock."""
        self._leaders += 1
        place.leads = True
        place.told.set()

    def _await(self, place: _Place[Wish, Answer]) -> None:
        """Until it is served, or leads."""
        if place.told.wait(PATIENCE_SECONDS):
            return
        with self._lock:
            if not (place.leads or place.is_taken):
                self._appoint(place)
        place.told.wait()

    def _lead(self, place: _Place[Wish, Answer]) -> None:
        """Serve whoever waits and fits; then the next leads."""
        with self._lock:
            group = self._choose(place)
        try:
            self._carry_out(group)
        finally:
            with self._lock:
                self._leaders -= 1
                following = next((one for one in self._waiting if not one.leads), None)
                if following is not None and self._leaders < MOST_LEADING:
                    self._appoint(following)
            for other in group:
                other.told.set()

    def _choose(self, first: _Place[Wish, Answer]) -> list[_Place[Wish, Answer]]:
        chosen, wishes = [first], [first.wish]
        for place in self._waiting:
            if len(chosen) < MOST and not place.leads and self._fits(wishes, place.wish):
                chosen.append(place)
                wishes.append(place.wish)
        for place in chosen:
            place.is_taken = True
            self._waiting.remove(place)
        return chosen

    def _carry_out(self, group: Sequence[_Place[Wish, Answer]]) -> None:
        """Raises nothing but what ends the thread. What fails before the commit is done alone by each; what fails in it
        may have been done or not, and all are told so.
        """
        has_acted = False
        try:
            with acting(), transaction.atomic():
                sound = _sound(group)
                answers = self._act([place.wish for place in sound]) if sound else ()
                has_acted = True
        except BaseException as error:
            for place in group if has_acted or len(group) == 1 else ():
                place.error = error
            if not isinstance(error, Exception):
                raise
        else:
            for place in group:
                place.answers = (BeliefWrong(),)
            for place, answer in zip(sound, answers, strict=True):
                place.answers = (answer,)


def _sound(group: Sequence[_Place[Wish, Answer]]) -> list[_Place[Wish, Answer]]:
    """Those whose beliefs the current transaction confirms."""
    check = Check()
    return [place for place in group if check.confirms(place.beliefs)]
