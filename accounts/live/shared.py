"""Rendering once for all who are shown the same: a change of a page that a thousand people watch is one render."""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import orjson
from channels.db import database_sync_to_async

from accounts.live.hub import Hub
from accounts.live.topics import Asked, TopicRenderer, Update

log = logging.getLogger(__name__)

# Apart from the thread that asgiref runs synchronous views in, so that live rendering and pages do not queue together.
EXECUTOR: Final = ThreadPoolExecutor(max_workers=4, thread_name_prefix="live")

Key = tuple[int, str, Asked]


class Rendered:
    """One update, and its wire text by the parts that are still news to a viewer."""

    def __init__(self, topic: str, update: Update) -> None:
        self.topic = topic
        self.update = update
        self.marks = {part.id: hash(part.html) for part in update.parts}
        self._texts: dict[tuple[str, ...], str] = {}

    def text_without(self, known: dict[str, int]) -> str:
        """The message, without the parts a viewer already has (`known`: marks by part id)."""
        news = tuple(part for part in self.update.parts if known.get(part.id) != self.marks[part.id])
        ids = tuple(part.id for part in news)
        if ids not in self._texts:
            update = Update(self.update.seq, news, self.update.data)
            self._texts[ids] = orjson.dumps(update.to_json(self.topic)).decode()
        return self._texts[ids]


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


async def _render(topic: str, renderer: TopicRenderer, asked: Asked) -> Rendered | None:
    try:
        update = await database_sync_to_async(renderer.render, thread_sensitive=False, executor=EXECUTOR)(asked)
    except Exception:
        log.exception("rendering the live topic %s failed", topic)
        return None
    return Rendered(topic, update)
