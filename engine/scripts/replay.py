"""One replay of a program: it runs over what has come of its steps so far, until it waits for more.

Outcomes are delivered one by one in the order in which they came about, and after each the program runs until it rests.
So it asks for the same steps in the same order each time; where it does not, it is refused.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from designer.graph.model import Json
from engine.core.added import DO, SLEEP, WAIT
from engine.core.ports import ProgramHistory
from engine.scripts.api import Event, Request, Steps
from engine.scripts.durations import milliseconds
from engine.scripts.loop import ReplayLoop
from engine.scripts.values import error_for, restored

WORDS: Final = {DO: "step.do", SLEEP: "step.sleep", WAIT: "step.wait_for_event"}


class Diverged(Exception):
    """The program asks for other steps than it did before: it is not deterministic."""


@dataclass(slots=True)
class Replay:
    """A program that has been run as far as its history goes."""

    loop: ReplayLoop
    steps: Steps
    main: asyncio.Task[Any]
    known: int
    """How many of the requests are those of the history."""

    @property
    def has_ended(self) -> bool:
        """Whether the program has returned, or raised."""
        return self.main.done()

    @property
    def new_requests(self) -> list[Request]:
        """What it asked for that it had not before."""
        return self.steps.requests[self.known :]


@contextmanager
def replaying(
    make: Callable[[], Any],
    event: Event,
    history: ProgramHistory,
    results: Mapping[str, Mapping[str, Json]],
    *,
    most_steps: int,
) -> Iterator[Replay]:
    """Run a program over its history. `results`: by key `{status, output, error, ended_at}` of its steps.

    Raises `Diverged`, `loop.NeverRests`.
    """
    loop = ReplayLoop()  # type: ignore[abstract]  # what is missing would be nothing for a program
    steps = Steps(loop, most_steps)
    with loop.running():
        main = loop.create_task(make().run(event, steps))
        try:
            loop.rest()
            for place in history.outcomes:
                request = _request(steps, history, place)
                steps.seen += 1
                _deliver(request, results[history.steps[place].key])
                loop.rest()
            for place in range(len(history.steps)):
                _request(steps, history, place)
            yield Replay(loop, steps, main, len(history.steps))
        finally:
            steps.is_open = False
            loop.put_away()


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


def _deliver(request: Request, result: Mapping[str, Json]) -> None:
    """Let the program have what came of a step. Its status tells less: it may have been rolled back since."""
    if request.future.done():  # cancelled by the program
        return
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


def _timeout_ms(request: Request) -> float | None:
    if request.config is None:
        return None
    return milliseconds(request.config.shown["timeout"])
