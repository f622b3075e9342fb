"""Say that something changed: `publish("instance:12", organization_id, 9)`, from any thread, after the commit.

Changes go to the channel layer as one small message per organization, at most twenty a second:
`{changes: {topic: seq}}`.

Where they are sent from. With Redis, from one background thread with an event loop of its own, so that no caller waits
for the network. Without (embedded mode) the layer is a set of `asyncio` queues that belong to the server's event loop,
and only that loop may touch them: `hub` names it when the first socket opens, and the engine's threads hand changes
over with `call_soon_threadsafe`. Before any socket opened nobody listens, and nothing is sent.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import Mapping

from channels.layers import InMemoryChannelLayer, get_channel_layer

from accounts.outages import Outage

log = logging.getLogger(__name__)
WINDOW_SECONDS = 0.05
MAX_TOPICS_A_MESSAGE = 500
SEND_SECONDS = 5.0
"""So long one message may take, with all that its library tries anew when Redis is stopped or a network is gone."""
_outage = Outage(log, "live changes were not sent; whoever watches looks again by themselves")


def group_of(organization_id: int) -> str:
    """The channel-layer group of an organization."""
    return f"live.org.{organization_id}"


class Publisher:
    """Changes of this process on their way out, newest sequence number per topic."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pending: dict[int, dict[str, int]] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._flushing = False
        self._process = os.getpid()

    def use_loop(self, loop: asyncio.AbstractEventLoop) -> None:
        """Send from this event loop from now on (the server's, in embedded mode)."""
        with self._lock:
            if self._loop is not loop:
                self._loop, self._flushing = loop, False
                self._pending.clear()

    def add(self, organization_id: int, changes: Mapping[str, int]) -> None:
        """Note changes and see to it that they go out. Never raises, never waits."""
        with self._lock:
            loop = self._current_loop()
            if loop is None:
                return
            waiting = self._pending.setdefault(organization_id, {})
            for topic, seq in changes.items():
                waiting[topic] = max(seq, waiting.get(topic, 0))
            if self._flushing:
                return
            self._flushing = True
            try:
                loop.call_soon_threadsafe(self._start_flushing, loop)
            except RuntimeError:  # the server has stopped
                self._loop, self._flushing = None, False
                self._pending.clear()

    def _current_loop(self) -> asyncio.AbstractEventLoop | None:
        if self._process != os.getpid():  # a forked worker: the parent's thread did not come along
            self._process, self._loop, self._flushing, self._pending = os.getpid(), None, False, {}
        if self._loop is None and not isinstance(get_channel_layer(), InMemoryChannelLayer):
            self._loop = asyncio.new_event_loop()
            threading.Thread(target=self._loop.run_forever, name="live-publisher", daemon=True).start()
        return self._loop

    def _start_flushing(self, loop: asyncio.AbstractEventLoop) -> None:
        # Held by the loop only weakly otherwise.
        self._task = loop.create_task(self._flush())

    async def _flush(self) -> None:
        """Send what is pending, then what came in meanwhile, one window apart."""
        while True:
            with self._lock:
                pending, self._pending = self._pending, {}
                if not pending:
                    self._flushing = False
                    return
            for organization_id, changes in pending.items():
                await self._send(organization_id, changes)
            await asyncio.sleep(WINDOW_SECONDS)

    async def _send(self, organization_id: int, changes: dict[str, int]) -> None:
        layer = get_channel_layer()
        items = list(changes.items())
        for start in range(0, len(items), MAX_TOPICS_A_MESSAGE):
            message = {"type": "live.changed", "changes": dict(items[start : start + MAX_TOPICS_A_MESSAGE])}
            try:
                if layer is not None:
                    async with asyncio.timeout(SEND_SECONDS):
                        await layer.group_send(group_of(organization_id), message)
                _outage.worked()
            except Exception as error:
                # Viewers catch up at their next check; the work itself is committed and must not suffer.
                _outage.failed(error)


publisher = Publisher()


def publish(topic: str, organization_id: int, seq: int = 0) -> None:
    """Tell whoever watches `topic` that it is at `seq`. Callable from any thread; never raises, never waits."""
    publish_many(organization_id, {topic: seq})


def publish_many(organization_id: int, changes: Mapping[str, int]) -> None:
    """As `publish`, for several topics of one organization at once."""
    try:
        publisher.add(organization_id, changes)
    except Exception:
        log.warning("live changes were not noted", exc_info=True)
