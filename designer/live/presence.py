"""Who has a flow open, and where they are: one socket per editor, at `/live/presence/<flow pk>/`.

The browser sends `{selected: [ref], cursor: [x, y] | null}` when that changes and every few seconds, and
`{leave: true}` when its tab is hidden. It is sent `{people: [{tab, id, name, initials, is_looking, joined, selected,
cursor}]}`: the others, at most ten times a second, in the order in which they came.

Nothing is stored. Every socket tells the group of its flow on the channel layer about its own page, and keeps a list
of those it has heard of; whoever is silent for some seconds is taken off, whatever became of browser or server.

Who may be here is decided when the socket opens and every fifteen seconds after: as `accounts.live.consumer` does it.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
import uuid
from dataclasses import dataclass
from typing import Any, Final

import orjson
from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer

from accounts.live.consumer import CHECK_SECONDS, NO_LONGER_ALLOWED, SIGNED_OUT
from accounts.live.session import signed_in_user
from accounts.live.shared import EXECUTOR
from accounts.models import Membership, User
from accounts.roles import Role
from designer import models

MESSAGE_SECONDS: Final = 0.1
BEAT_SECONDS: Final = 2.5
SILENT_SECONDS: Final = 8.0
REJOIN_BEATS: Final = 20
MAX_MESSAGE_CHARACTERS: Final = 8192
MOST_SELECTED: Final = 50
LONGEST_REF: Final = 300
MOST_PEOPLE: Final = 100
BAD_MESSAGE: Final = 4400


@dataclass(slots=True)
class Heard:
    """What another page last said of itself, and when (by this process's clock)."""

    entry: dict[str, Any]
    at: float


class PresenceConsumer(AsyncWebsocketConsumer):
    """See the module's text."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user: User | None = None
        self.entry: dict[str, Any] = {}
        self.others: dict[str, Heard] = {}
        self.heard_at = 0.0
        self.is_here = False
        self.changed, self.moved = asyncio.Event(), asyncio.Event()
        self.tasks: list[asyncio.Task[None]] = []

    # -- this page

    async def connect(self) -> None:
        """Accept, then close at once with a code that says why: a plain refusal would look like a broken network."""
        self.flow_id = int(self.scope["url_route"]["kwargs"]["flow"])
        self.group = f"presence.flow.{self.flow_id}"
        await self.accept()
        role = await self._role()
        if role is None:
            return
        user = self.user
        assert user is not None  # noqa: S101 (for the type checker: `_role` found one)
        self.entry = {
            "tab": uuid.uuid4().hex,
            "id": user.pk,
            "name": user.display_name,
            "initials": user.initials,
            "is_looking": not role.allows(Role.DESIGNER),
            "joined": time.time(),
            "selected": [],
            "cursor": None,
        }
        await self.channel_layer.group_add(self.group, self.channel_name)
        await self._tell("presence.hello", answer_to=self.channel_name)
        loops = (self._send_people(), self._tell_moves(), self._beat(), self._keep_checking())
        self.tasks = [asyncio.create_task(loop) for loop in loops]

    async def disconnect(self, code: int) -> None:
        """Say goodbye, and leave nothing behind."""
        for task in self.tasks:
            task.cancel()
        if self.entry:
            await self._leave()
            await self.channel_layer.group_discard(self.group, self.channel_name)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Where the page is now. What is none of ours closes the socket with 4400."""
        if not self.entry:
            return
        message = _parse(text_data)
        if message is None:
            await self.close(BAD_MESSAGE)
        elif message.get("leave") is True:
            await self._leave()
        else:
            self.heard_at = time.monotonic()
            is_news = not self.is_here or any(self.entry[word] != message[word] for word in ("selected", "cursor"))
            self.is_here = True
            self.entry |= message
            if is_news:
                self.moved.set()

    async def _leave(self) -> None:
        if self.is_here:
            self.is_here = False
            await self._tell("presence.gone")

    async def _tell(self, type: str, **more: Any) -> None:
        with contextlib.suppress(Exception):  # the layer is away: the next beat tells it again
            await self.channel_layer.group_send(self.group, {"type": type, "entry": self.entry, **more})

    async def _tell_moves(self) -> None:
        while True:
            await self.moved.wait()
            self.moved.clear()
            if self.is_here:
                await self._tell("presence.here")
            await asyncio.sleep(MESSAGE_SECONDS)

    async def _beat(self) -> None:
        """Say again that the page is here, as long as it is heard of; take off who is heard of no more."""
        beats = 0
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            beats += 1
            now = time.monotonic()
            if self.is_here and now - self.heard_at > SILENT_SECONDS:
                await self._leave()
            elif self.is_here:
                await self._tell("presence.here")
            if beats % REJOIN_BEATS == 0:  # layers forget members
                with contextlib.suppress(Exception):
                    await self.channel_layer.group_add(self.group, self.channel_name)
            for tab in [tab for tab, heard in self.others.items() if now - heard.at > SILENT_SECONDS]:
                del self.others[tab]
                self.changed.set()

    # -- the other pages

    async def presence_hello(self, event: dict[str, Any]) -> None:
        """A page has come: tell it that this one is here."""
        if self.is_here and event["entry"]["tab"] != self.entry["tab"]:
            with contextlib.suppress(Exception):
                await self.channel_layer.send(event["answer_to"], {"type": "presence.here", "entry": self.entry})

    async def presence_here(self, event: dict[str, Any]) -> None:
        """Another page is here, at some place."""
        entry = event["entry"]
        if entry["id"] == self.entry["id"]:
            return  # one's own other windows are no company
        known = self.others.get(entry["tab"])
        if known is None and len(self.others) >= MOST_PEOPLE:
            return
        self.others[entry["tab"]] = Heard(entry, time.monotonic())
        if known is None or known.entry != entry:
            self.changed.set()

    async def presence_gone(self, event: dict[str, Any]) -> None:
        """Another page has gone."""
        if self.others.pop(event["entry"]["tab"], None) is not None:
            self.changed.set()

    async def _send_people(self) -> None:
        while True:
            await self.changed.wait()
            self.changed.clear()
            people = sorted((heard.entry for heard in self.others.values()), key=lambda e: (e["joined"], e["tab"]))
            await self.send(orjson.dumps({"people": people}).decode())
            await asyncio.sleep(MESSAGE_SECONDS)

    # -- the right to be here

    async def _keep_checking(self) -> None:
        while True:
            await asyncio.sleep(CHECK_SECONDS)
            role = await self._role()
            if role is None:
                return
            self.entry["is_looking"] = not role.allows(Role.DESIGNER)

    async def _role(self) -> Role | None:
        """The person's role where this flow is; None after closing the socket, where they have none any more."""
        session = getattr(self.scope.get("session"), "session_key", None)
        self.user = await _in_thread(signed_in_user, session) if session else None
        if self.user is None:
            await self.close(SIGNED_OUT)
            return None
        role: Role | None = await _in_thread(role_at, self.user, self.flow_id)
        if role is None:
            await self.close(NO_LONGER_ALLOWED)
        return role


def role_at(user: User, flow_id: int) -> Role | None:
    """The role of a person in the organization of a flow; None for who is no member, and for no such flow."""
    organizations = models.Flow.objects.filter(pk=flow_id).values("environment__organization_id")
    found = Membership.objects.filter(user=user, organization_id__in=organizations).first()
    return Role(found.role) if found is not None else None


async def _in_thread(function: Any, *args: Any) -> Any:
    return await database_sync_to_async(function, thread_sensitive=False, executor=EXECUTOR)(*args)


def _parse(text: str | None) -> dict[str, Any] | None:
    """Where the page says it is, or that it leaves; None when it is none of our messages."""
    if text is None or len(text) > MAX_MESSAGE_CHARACTERS:
        return None
    try:
        message = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(message, dict):
        return None
    if message.get("leave") is True:
        return {"leave": True}
    selected, cursor = message.get("selected", []), message.get("cursor")
    if not isinstance(selected, list) or len(selected) > MOST_SELECTED:
        return None
    if not all(isinstance(ref, str) and len(ref) <= LONGEST_REF for ref in selected):
        return None
    if cursor is not None and not (isinstance(cursor, list) and len(cursor) == 2 and all(map(_is_place, cursor))):
        return None
    return {"selected": selected, "cursor": cursor}


def _is_place(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e7
