"""The replay of a program: it runs over what has come of its steps so far, until it waits for more.

Outcomes are delivered one by one in the order in which they came about, and after each the program runs until it rests.
So it asks for the same steps in the same order each time; where it does not, it is refused.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from designer.graph.model import Json
from engine.core.added import DO, SLEEP, WAIT
from engine.core.ports import ProgramHistory
from engine.scripts.api import Event, Request, Steps
from engine.scripts.durations import milliseconds
from engine.scripts.loop import ReplayLoop
from engine.scripts.values import error_for, restored, weight_of

Results = Mapping[str, Mapping[str, Json]]
Delivered = tuple[str, str]
WORDS: Final = {DO: "step.do", SLEEP: "step.sleep", WAIT: "step.wait_for_event"}


class Diverged(Exception):
    """The program asks for other steps than it did before: it is not deterministic."""


@dataclass(slots=True)
class Replay:
    """A program that has been run as far as some history goes, and can be run on when there is more of it."""

    loop: ReplayLoop
    steps: Steps
    main: asyncio.Task[Any]
    known: int = 0
    """How many of the requests are those of the history."""
    delivered: list[Delivered] = field(default_factory=list)
    """Which outcomes it was given, in that order."""
    weight: int = 0
    """About how many bytes of JSON the program was given."""

    @property
    def has_ended(self) -> bool:
        """Whether the program has returned, or raised."""
        return self.main.done()

    @property
    def new_requests(self) -> list[Request]:
        """What it asked for that it had not before."""
        return self.steps.requests[self.known :]

    def can_follow(self, history: ProgramHistory, results: Results) -> bool:
        """Whether what it was given is how this history begins."""
        if len(self.delivered) > len(history.outcomes):
            return False
        places = history.outcomes[: len(self.delivered)]
        return all(
            known == _identity(history, results, place) for known, place in zip(self.delivered, places, strict=True)
        )

    def follow(self, history: ProgramHistory, results: Results) -> None:
        """Deliver what has come since, one by one. `results`: by key `{status, output, error, ended_at}` of its steps.

        Raises `Diverged`, `loop.NeverRests`.
        """
        with self.loop.running():
            self.steps.is_open = True
            try:
                self.loop.rest()
                for place in history.outcomes[len(self.delivered) :]:
                    request = _request(self.steps, history, place)
                    self.steps.seen += 1
                    self.weight += _deliver(request, results[history.steps[place].key])
                    self.delivered.append(_identity(history, results, place))
                    self.loop.rest()
                for place in range(len(history.steps)):
                    _request(self.steps, history, place)
            finally:
                self.steps.is_open = False
        self.known = len(history.steps)

    def put_away(self) -> None:
        """It is not run on."""
        self.steps.is_open = False
        self.loop.put_away()


def start(make: Callable[[], Any], event: Event, *, most_steps: int) -> Replay:
    """A program that has not run yet."""
    loop = ReplayLoop()  # type: ignore[abstract]  # what is missing would be nothing for a program
    steps = Steps(loop, most_steps)
    with loop.running():
        return Replay(loop, steps, loop.create_task(make().run(event, steps)))


def _identity(history: ProgramHistory, results: Results, place: int) -> Delivered:
    """Names one outcome: a step that runs again ends at another moment."""
    key = history.steps[place].key
    return key, str(results[key].get("ended_at"))


def _request(steps: Steps, history: ProgramHistory, place: int) -> Request:
    """What the program asked for in this place, if it is what it asked for before."""
    before = history.steps[place]
    told = f"{WORDS.get(before.kind, before.kind)}({before.name!r})"
    if place >= len(steps.requests):
        raise Diverged(f"Step {place + 1} of this run was {told}; run again, the program did not ask for it.")
    request = steps.requests[place]
    if (request.kind, request.name, request.count) != (before.kind, before.name, before.count):
        now = f"{WORDS.get(request.kind, request.kind)}({request.name!r})"
        raise Diverged(f"Step {place + 1} of this run was {told}; run again, the program asked for {now}.")
    return request


def _deliver(request: Request, result: Mapping[str, Json]) -> int:
    """Let the program have what came of a step; answers about how many bytes that is. The step's status tells less: it
    may have been rolled back since.
    """
    if request.future.done():  # cancelled by the program
        return 0
    if result.get("error") is not None:
        request.future.set_exception(error_for(result["error"], timeout_ms=_timeout_ms(request)))
    elif request.kind == WAIT:
        ended_at = result.get("ended_at")
        timestamp = datetime.fromisoformat(str(ended_at)) if ended_at else None
        payload = restored(result.get("output"))
        request.future.set_result(
            {"payload": payload, "timestamp": timestamp, "type": request.settings.get("event_type")}
        )
    else:
        request.future.set_result(None if request.kind == SLEEP else restored(result.get("output")))
    return weight_of(result.get("output"))


def _timeout_ms(request: Request) -> float | None:
    if request.config is None:
        return None
    return milliseconds(request.config.shown["timeout"])
