"""The feed over a websocket, at `/feed/live`: the first message is `{"token"}`, then come `{unseen, unread, total}`.

Pages of any origin may open it: without the token nothing is said, and there are no cookies to abuse.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any, Final

import orjson
from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.urls import path

from accounts.live.hub import current_hub
from accounts.live.shared import EXECUTOR
from engine.notifying.feed.inbox import counts_of
from engine.notifying.feed.tokens import subscriber_of
from engine.notifying.models import Subscriber

TOKEN_SECONDS: Final = 10.0
CHECK_SECONDS: Final = 30.0
PAUSE_SECONDS: Final = 0.1
UNAUTHORIZED: Final = 4401
MAX_MESSAGE_CHARACTERS: Final = 2000


class FeedConsumer(AsyncWebsocketConsumer):
    """See the module's text."""

    channel_layer_alias = "none"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.subscriber: Subscriber | None = None
        self.token = ""
        self.topic = ""
        self.woken = asyncio.Event()
        self.task: asyncio.Task[None] | None = None

    async def connect(self) -> None:
        """Wait for the token."""
        await self.accept()
        self.hub = current_hub()
        self.task = asyncio.create_task(self._close_without_token())

    async def disconnect(self, code: int) -> None:
        """Leave nothing behind."""
        if self.task is not None:
            self.task.cancel()
        if self.subscriber is not None:
            self.hub.leave(self.subscriber.environment.organization_id, self.topic, self)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """The token; anything else closes the socket."""
        if self.subscriber is not None:
            return
        self.token = _token_of(text_data)
        found = await _in_thread(subscriber_of, self.token)
        if found is None:
            await self.close(UNAUTHORIZED)
            return
        self.subscriber, self.topic = found, f"bell:{found.pk}"
        await self.hub.listen(found.environment.organization_id, self.topic, self)
        if self.task is not None:
            self.task.cancel()
        self.woken.set()
        self.task = asyncio.create_task(self._send_counts(found))

    def changed(self, topic: str, seq: int) -> None:
        """Called by the hub."""
        self.woken.set()

    async def _close_without_token(self) -> None:
        await asyncio.sleep(TOKEN_SECONDS)
        await self.close(UNAUTHORIZED)

    async def _send_counts(self, subscriber: Subscriber) -> None:
        """Send the counts when they change; look again now and then, should a wake-up have been lost."""
        told: dict[str, int] | None = None
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.woken.wait(), CHECK_SECONDS)
            self.woken.clear()
            if await _in_thread(subscriber_of, self.token) is None:
                await self.close(UNAUTHORIZED)
                return
            counts = await _in_thread(counts_of, subscriber)
            if counts != told:
                told = counts
                await self.send(orjson.dumps(counts).decode())
            await asyncio.sleep(PAUSE_SECONDS)


async def _in_thread(function: Any, *args: Any) -> Any:
    return await database_sync_to_async(function, thread_sensitive=False, executor=EXECUTOR)(*args)


def _token_of(text: str | None) -> str:
    if text is None or len(text) > MAX_MESSAGE_CHARACTERS:
        return ""
    try:
        message = orjson.loads(text)
    except orjson.JSONDecodeError:
        return ""
    token = message.get("token") if isinstance(message, dict) else None
    return token if isinstance(token, str) else ""


consumer: Any = FeedConsumer.as_asgi()
socket_urls: list[Any] = [path("feed/live", consumer)]
