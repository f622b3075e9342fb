"""Rendering once for all who are shown the same: a change of a page that a thousand people watch is one render."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, TypeVar
from weakref import WeakKeyDictionary

import orjson
from django.db import close_old_connections

from accounts.kept_connections import trust_recent_connections
from accounts.live.hub import Hub
from accounts.live.topics import Asked, Part, RendersSeveral, TopicRenderer, Update

Made = TypeVar("Made")
log = logging.getLogger(__name__)

# Apart from the thread that asgiref runs synchronous views in, so that live rendering and pages do not queue together.
# Two: one works while the other waits for the database. More would take turns at Python's lock, and all end later.
THREADS: Final = 2
EXECUTOR: Final = ThreadPoolExecutor(max_workers=THREADS, thread_name_prefix="live")
MOST_TOGETHER: Final = 10
"""Pages that are rendered together: they ask the database once for all of them, and each waits for the last."""

Key = tuple[int, str, Asked]
Place = str | tuple[str, str]
"""The id of a part, or that and the key of a row within it."""
Marks = dict[Place, int]
"""What a viewer has, by where it is: equal marks, equal HTML."""


class Rendered:
    """One update, and its wire text by the parts that are still news to a viewer."""

    def __init__(self, topic: str, update: Update) -> None:
        self.topic = topic
        self.update = update
        self.marks: Marks = {part.id: hash(part.html) for part in update.parts}
        self._rows = {(part.id, row.key): row for part in update.parts for row in part.rows}
        self.marks |= {place: hash(row.html) for place, row in self._rows.items()}
        self._texts: dict[tuple[Place, ...], str] = {}

    def text_without(self, known: Marks) -> str:
        """The message, without the parts and rows a viewer already has."""
        news = tuple(part for part in self.update.parts if known.get(part.id) != self.marks[part.id])
        ids = {part.id for part in news}
        same = [place for place in self._rows if place[0] in ids and known.get(place) == self.marks[place]]
        said: tuple[Place, ...] = (*(part.id for part in news), *same)
        if said not in self._texts:
            update = Update(self.update.seq, tuple(self._with_stubs(part, same) for part in news), self.update.data)
            self._texts[said] = orjson.dumps(update.to_json(self.topic)).decode()
        return self._texts[said]

    def known_after(self, known: Marks) -> Marks:
        """What a viewer has once they were told: parts that were not spoken of are as they were, rows are gone."""
        return {place: mark for place, mark in known.items() if isinstance(place, str)} | self.marks

    def _with_stubs(self, part: Part, same: list[tuple[str, str]]) -> Part:
        html = str(part.html)
        for place in same:
            if place[0] == part.id:
                html = html.replace(self._rows[place].html, self._rows[place].stub, 1)
        return Part(part.id, html)


async def in_thread(function: Callable[..., Made], *args: Any) -> Made:
    """Call a function that may ask the database, in one of the threads for live updates.

    As Channels' `database_sync_to_async` does, but without what a request leaves behind in its context: sockets have
    nothing there, and to carry it to the thread and back took a tenth of the time of an update.
    """

    def call() -> Made:
        close_old_connections()
        try:
            trust_recent_connections()
            return function(*args)
        finally:
            close_old_connections()

    return await asyncio.get_running_loop().run_in_executor(EXECUTOR, call)


_under_way: dict[Key, asyncio.Task[Rendered | None]] = {}


async def render_shared(hub: Hub, topic: str, renderer: TopicRenderer, asked: Asked) -> Rendered | None:
    """What `renderer` answers; whoever asks the same before the next change shares it. None when it failed (logged)."""
    key = (hub.generation, topic, asked)
    task = _under_way.get(key)
    if task is None or task.get_loop() is not asyncio.get_running_loop():
        task = _under_way[key] = asyncio.create_task(_render(topic, renderer, asked))
        task.add_done_callback(lambda _: _under_way.pop(key, None))
    # One viewer leaving must not cancel it for the others.
    return await asyncio.shield(task)


class _Waiting:
    """What waits to be rendered by one renderer, for one event loop: as much of it as has come is rendered together."""

    def __init__(self, renderer: RendersSeveral) -> None:
        self._renderer: Final = renderer
        self._places: Final[deque[tuple[Asked, asyncio.Future[Update]]]] = deque()
        self._serving: Final[set[asyncio.Task[None]]] = set()

    async def render(self, asked: Asked) -> Update:
        """Once its turn has come. Raises as the renderer does."""
        place: asyncio.Future[Update] = asyncio.get_running_loop().create_future()
        self._places.append((asked, place))
        if len(self._serving) < THREADS:
            task = asyncio.create_task(self._serve())
            self._serving.add(task)
            task.add_done_callback(self._serving.discard)
        return await place

    async def _serve(self) -> None:
        while self._places:
            await self._answer([self._places.popleft() for _ in range(min(MOST_TOGETHER, len(self._places)))])

    async def _answer(self, group: list[tuple[Asked, asyncio.Future[Update]]]) -> None:
        try:
            updates = await in_thread(self._renderer.render_all, [asked for asked, _ in group])
        except Exception as error:
            for one in group if len(group) > 1 else ():
                await self._answer([one])
            if len(group) == 1 and not group[0][1].done():
                group[0][1].set_exception(error)
            return
        for (_, place), update in zip(group, updates, strict=True):
            if not place.done():
                place.set_result(update)


_waiting: Final[WeakKeyDictionary[asyncio.AbstractEventLoop, dict[int, _Waiting]]] = WeakKeyDictionary()
"""By renderer, which need not be hashable: each keeps its own alive."""


async def _update(renderer: TopicRenderer, asked: Asked) -> Update:
    if not isinstance(renderer, RendersSeveral):
        return await in_thread(renderer.render, asked)
    of_loop = _waiting.setdefault(asyncio.get_running_loop(), {})
    return await of_loop.setdefault(id(renderer), _Waiting(renderer)).render(asked)


async def _render(topic: str, renderer: TopicRenderer, asked: Asked) -> Rendered | None:
    try:
        update = await _update(renderer, asked)
    except Exception:
        log.exception("rendering the live topic %s failed", topic)
        return None
    return Rendered(topic, update)
