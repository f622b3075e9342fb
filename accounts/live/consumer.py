"""One socket of one page, at `/live/`.

The browser sends `{"subscribe": topic, "after": seq, "view": text}` and `{"unsubscribe": topic}`. It is sent
`{topic, seq, parts: [{id, html}], data?}`, at once after subscribing and then as things change: newest state only, at
most ten messages a second, parts it has already left out. A refusal reads `{topic, refused: reason}`.

Who may watch is decided when the socket opens (a signed-in session; the origin is checked in `config.asgi`), at each
subscription, and every fifteen seconds while it is open: signed out closes with 4401, a right that is gone with 4403.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import unquote_plus

import orjson
from channels.generic.websocket import AsyncWebsocketConsumer

from accounts.live.hub import current_hub
from accounts.live.session import signed_in_user
from accounts.live.shared import Marks, in_thread, render_shared
from accounts.live.topics import MAX_VIEW_CHARACTERS, Asked, Grant, NoSuchTopic, TopicRenderer, find_topic
from accounts.models import User

MESSAGE_SECONDS: Final = 0.1
LONGEST_PAUSE_SECONDS: Final = 0.5
CHECK_SECONDS: Final = 15.0
CATCH_UP_CHECKS: Final = 4  # every so many checks everything is looked at again, whatever was announced
MAX_TOPICS: Final = 20
MAX_MESSAGE_CHARACTERS: Final = 8192
MOST_FIELDS: Final = 500  # of a view

SIGNED_OUT: Final = 4401
NO_LONGER_ALLOWED: Final = 4403
BAD_MESSAGE: Final = 4400


@dataclass(slots=True)
class Subscription:
    """One topic this socket watches, and what its page has of it."""

    topic: str
    renderer: TopicRenderer
    id: int
    grant: Grant
    after: int
    view: str
    known: Marks = field(default_factory=dict)
    is_dirty: bool = True
    """Something may have changed since the page was last told."""
    next_at: float = 0.0
    is_acknowledged: bool = False

    @property
    def asked(self) -> Asked:
        """What has to be rendered for this page."""
        return Asked(self.id, self.after, self.view, self.grant.audience)


class LiveConsumer(AsyncWebsocketConsumer):
    """See the module's text."""

    # No channel of its own: the hub listens once for all sockets of this process.
    channel_layer_alias = "none"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.subscriptions: dict[str, Subscription] = {}
        self.woken = asyncio.Event()
        self.free_at = 0.0
        self.tasks: list[asyncio.Task[None]] = []
        self.user: User | None = None
        self.checks = 0

    async def connect(self) -> None:
        """Accept, then close at once with 4401 without a session: a plain refusal would look like a broken network."""
        self.user = await self._signed_in_user()
        await self.accept()
        if self.user is None:
            await self.close(SIGNED_OUT)
            return
        self.hub = current_hub()
        self.tasks = [asyncio.create_task(self._send_changes()), asyncio.create_task(self._keep_checking())]

    async def disconnect(self, code: int) -> None:
        """Leave nothing behind."""
        for task in self.tasks:
            task.cancel()
        for topic in tuple(self.subscriptions):
            self._unsubscribe(topic)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """A message of the browser. Anything that is none of ours closes the socket with 4400."""
        message = _parse(text_data)
        if self.user is None:
            return
        if message is None:
            await self.close(BAD_MESSAGE)
        elif "unsubscribe" in message:
            self._unsubscribe(str(message["unsubscribe"]))
        else:
            await self._subscribe(self.user, message["subscribe"], message.get("after", 0), message.get("view", ""))

    def changed(self, topic: str, seq: int) -> None:
        """Called by the hub: `topic` is at `seq`."""
        subscription = self.subscriptions.get(topic)
        if subscription is not None:
            subscription.is_dirty = True
            self.woken.set()

    async def _subscribe(self, user: User, topic: Any, after: Any, view: Any) -> None:
        try:
            renderer, id = find_topic(topic)
            if not _is_number(after) or not _is_view(view):
                raise NoSuchTopic("The subscription could not be understood.")
            if topic not in self.subscriptions and len(self.subscriptions) >= MAX_TOPICS:
                raise NoSuchTopic(f"One page may watch {MAX_TOPICS} topics.")
            grant = await in_thread(renderer.authorize, user, id)
            if grant is None:
                raise NoSuchTopic("There is no such thing, or it is not yours to see.")
        except NoSuchTopic as refused:
            await self.send(orjson.dumps({"topic": str(topic)[:80], "refused": str(refused)}).decode())
            return
        before = self.subscriptions.get(topic)
        self._unsubscribe(topic)
        subscription = self.subscriptions[topic] = Subscription(topic, renderer, id, grant, after, view)
        if before is not None and before.grant == grant:  # the same page, looking at it differently
            subscription.known, subscription.is_acknowledged = before.known, True
        await self.hub.listen(grant.organization_id, topic, self)
        self.woken.set()

    def _unsubscribe(self, topic: str) -> None:
        subscription = self.subscriptions.pop(topic, None)
        if subscription is not None:
            self.hub.leave(subscription.grant.organization_id, topic, self)

    async def _send_changes(self) -> None:
        """Send what is dirty, one topic a message, none sooner than it may."""
        now = asyncio.get_running_loop().time
        while True:
            dirty = [subscription for subscription in self.subscriptions.values() if subscription.is_dirty]
            following = min(dirty, key=lambda subscription: subscription.next_at, default=None)
            pause = max(following.next_at, self.free_at) - now() if following else None
            if following is not None and pause is not None and pause <= 0:
                await self._send_update(following, now())
                continue
            self.woken.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.woken.wait(), pause)

    async def _send_update(self, subscription: Subscription, now: float) -> None:
        subscription.is_dirty = False
        subscription.next_at = now + max(MESSAGE_SECONDS, subscription.renderer.interval_seconds)
        rendered = await render_shared(self.hub, subscription.topic, subscription.renderer, subscription.asked)
        # Where many wait for their turn, each asks less often: a pause as long as it had to wait, and changes add up.
        done = asyncio.get_running_loop().time()
        subscription.next_at = max(subscription.next_at, done + min(done - now, LONGEST_PAUSE_SECONDS))
        if rendered is None or self.subscriptions.get(subscription.topic) is not subscription:
            return
        update = rendered.update
        if not subscription.is_acknowledged and 0 < subscription.after == update.seq:
            # The page was rendered at this very number: it has all of it.
            subscription.known = dict(rendered.marks)
        is_news = any(subscription.known.get(id) != mark for id, mark in rendered.marks.items())
        if is_news or update.data or update.seq != subscription.after or not subscription.is_acknowledged:
            self.free_at = now + MESSAGE_SECONDS
            await self.send(rendered.text_without(subscription.known))
        subscription.known = rendered.known_after(subscription.known)
        subscription.after = update.seq
        subscription.is_acknowledged = True

    async def _keep_checking(self) -> None:
        """Every now and then: still signed in, still allowed? And has a message been lost?"""
        while True:
            # Spread out, so that a thousand sockets that opened together do not ask together.
            await asyncio.sleep(CHECK_SECONDS * random.uniform(0.7, 1.0))  # noqa: S311
            await self._check()

    async def _check(self) -> None:
        self.user = await self._signed_in_user()
        if self.user is None:
            await self.close(SIGNED_OUT)
            return
        self.checks += 1
        for subscription in tuple(self.subscriptions.values()):
            grant = await in_thread(subscription.renderer.authorize, self.user, subscription.id)
            if grant is None or grant.organization_id != subscription.grant.organization_id:
                await self.close(NO_LONGER_ALLOWED)
                return
            if grant != subscription.grant:  # another role sees other parts
                subscription.grant, subscription.is_dirty = grant, True
            if self.checks % CATCH_UP_CHECKS == 0:
                subscription.is_dirty = True
        self.woken.set()

    async def _signed_in_user(self) -> User | None:
        session = self.scope.get("session")
        key = getattr(session, "session_key", None)
        return await in_thread(signed_in_user, key) if key else None


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53


def _is_view(value: Any) -> bool:
    """Whether renderers can read it: often it is a query string, refused for the same as there."""
    if not isinstance(value, str) or len(value) > MAX_VIEW_CHARACTERS:
        return False
    return "\0" not in unquote_plus(value) and value.count("&") < MOST_FIELDS


def _parse(text: str | None) -> dict[str, Any] | None:
    """The message, or None when it is none of ours."""
    if text is None or len(text) > MAX_MESSAGE_CHARACTERS:
        return None
    try:
        message = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(message, dict) or not ({"subscribe", "unsubscribe"} & message.keys()):
        return None
    return message
