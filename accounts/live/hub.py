"""The changes that reach this process, handed to the sockets that watch them.

One channel per organization and process listens to the layer, however many sockets are open: a message costs one
look-up per topic, and only sockets that watch it wake up.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Protocol
from weakref import WeakKeyDictionary

from channels.layers import BaseChannelLayer, InMemoryChannelLayer, get_channel_layer

from accounts.live.publisher import group_of, publisher

log = logging.getLogger(__name__)
RETRY_SECONDS = 2.0
REJOIN_SECONDS = 60.0


class Listener(Protocol):
    """A socket."""

    def changed(self, topic: str, seq: int) -> None:
        """Something this socket watches is at `seq` now. Must not block."""
        ...


class Hub:
    """The listeners of one event loop, by organization and topic."""

    def __init__(self) -> None:
        self._listeners: dict[int, dict[str, set[Listener]]] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self.generation = 0
        """Counts the messages handed out: what was asked for at one generation may be shared by all who ask at it."""

    async def listen(self, organization_id: int, topic: str, listener: Listener) -> None:
        """Call `listener.changed` for each change of `topic` from when this returns."""
        topics = self._listeners.setdefault(organization_id, {})
        topics.setdefault(topic, set()).add(listener)
        if organization_id not in self._tasks:
            joined = asyncio.Event()
            self._tasks[organization_id] = asyncio.create_task(self._receive(organization_id, joined))
            await joined.wait()

    def leave(self, organization_id: int, topic: str, listener: Listener) -> None:
        """Stop calling `listener`; the last one of an organization closes its channel."""
        topics = self._listeners.get(organization_id, {})
        topics.get(topic, set()).discard(listener)
        if not topics.get(topic):
            topics.pop(topic, None)
        if not topics:
            self._listeners.pop(organization_id, None)
            task = self._tasks.pop(organization_id, None)
            if task is not None:
                task.cancel()

    def hand_out(self, organization_id: int, changes: Mapping[str, int]) -> None:
        """Wake whoever watches one of these topics."""
        self.generation += 1
        topics = self._listeners.get(organization_id, {})
        for topic, seq in changes.items():
            for listener in tuple(topics.get(topic, ())):
                listener.changed(topic, seq)

    async def _receive(self, organization_id: int, joined: asyncio.Event) -> None:
        layer = get_channel_layer()
        if layer is None:
            joined.set()
            return
        group = group_of(organization_id)
        while True:
            try:
                channel = await layer.new_channel()
                await layer.group_add(group, channel)
                joined.set()
                staying = asyncio.create_task(_stay_in(layer, group, channel))
                try:
                    while True:
                        message = await layer.receive(channel)
                        self.hand_out(organization_id, message.get("changes", {}))
                finally:
                    staying.cancel()
                    await layer.group_discard(group, channel)
            except Exception:
                # The layer is away: sockets go on with their own regular checks, and this tries again.
                joined.set()
                log.warning("the live channel of organization %s was lost", organization_id, exc_info=True)
                await asyncio.sleep(RETRY_SECONDS)


async def _stay_in(layer: BaseChannelLayer, group: str, channel: str) -> None:
    """Join again and again: layers forget members, the in-memory one after a day or after one message left unread."""
    while True:
        await asyncio.sleep(REJOIN_SECONDS)
        await layer.group_add(group, channel)


_hubs: WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = WeakKeyDictionary()


def current_hub() -> Hub:
    """The hub of the running event loop. In embedded mode the publisher sends from this loop from now on."""
    loop = asyncio.get_running_loop()
    if isinstance(get_channel_layer(), InMemoryChannelLayer):
        publisher.use_loop(loop)
    hub = _hubs.get(loop)
    if hub is None:
        hub = _hubs[loop] = Hub()
    return hub
