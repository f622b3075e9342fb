"""The event loop that programs are replayed on: no clock, no sockets, nothing that could come out differently.

Whatever is ready runs in the order in which it became ready. A program that awaits anything but its steps is told so.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections import deque
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, Final, NoReturn

MOST_CALLBACKS: Final = 1_000_000
"""After so many without coming to rest a turn is taken to go round for ever."""


class NotAStep(RuntimeError):
    """Outside of its steps, a program may only await its steps: put whatever else it awaits into `step.do`."""

    def __init__(self) -> None:
        super().__init__(self.__doc__)


class NeverRests(RuntimeError):
    """The program goes round without awaiting a step."""

    def __init__(self) -> None:
        super().__init__(self.__doc__)


class ReplayLoop(asyncio.AbstractEventLoop):
    """As much of an event loop as tasks, futures and `asyncio.gather` need."""

    def __init__(self) -> None:
        self._ready: deque[asyncio.Handle] = deque()
        self._tasks: list[asyncio.Task[Any]] = []
        self._ran = 0

    @contextmanager
    def running(self) -> Iterator[None]:
        """Be the loop of this thread for a while."""
        before = asyncio._get_running_loop()
        asyncio._set_running_loop(self)
        try:
            yield
        finally:
            asyncio._set_running_loop(before)

    def rest(self) -> None:
        """Run what is ready, and what becomes so, until nothing is. Raises `NeverRests`."""
        while self._ready:
            self._ran += 1
            if self._ran > MOST_CALLBACKS:
                raise NeverRests
            handle = self._ready.popleft()
            if not handle.cancelled():
                try:
                    handle._run()
                except (SystemExit, KeyboardInterrupt):
                    continue  # kept as what came of the task; asyncio lets these go on to its loop besides

    def put_away(self) -> None:
        """Forget what has not ended; nothing is logged about it."""
        for task in self._tasks:
            if not task.done():
                task._log_destroy_pending = False  # type: ignore[attr-defined]  # asyncio's own switch for this
            elif not task.cancelled():
                task.exception()
        self._ready.clear()

    # -- what tasks and futures ask of their loop ---------------------------------------------------------------------

    def call_soon(  # type: ignore[override]
        self, callback: Callable[..., Any], *args: Any, context: contextvars.Context | None = None
    ) -> asyncio.Handle:
        handle = asyncio.Handle(callback, args, self, context)
        self._ready.append(handle)
        return handle

    call_soon_threadsafe = call_soon  # type: ignore[assignment]

    def create_future(self) -> asyncio.Future[Any]:
        return asyncio.Future(loop=self)

    def create_task(  # type: ignore[override]
        self, coro: Coroutine[Any, Any, Any], *, name: str | None = None, context: contextvars.Context | None = None
    ) -> asyncio.Task[Any]:
        task = asyncio.Task(coro, loop=self, name=name, context=context)
        self._tasks.append(task)
        return task

    def get_debug(self) -> bool:
        return False

    def is_running(self) -> bool:
        return True

    def is_closed(self) -> bool:
        return False

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """Whatever matters comes out of the program itself."""

    def _refuse(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise NotAStep

    call_later = call_at = time = run_in_executor = _refuse  # type: ignore[assignment]
    create_connection = create_datagram_endpoint = getaddrinfo = sock_connect = _refuse
    add_reader = add_writer = subprocess_exec = subprocess_shell = create_server = _refuse  # type: ignore[assignment]
