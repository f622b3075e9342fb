"""Who is at a flow: who may say and hear so, that places are passed on, and that whoever is silent is taken off."""

from __future__ import annotations

import asyncio
import json
import socket as sockets
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from shutil import which
from typing import Any

import pytest
from channels.db import database_sync_to_async
from channels.layers import channel_layers
from channels_redis.pubsub import RedisPubSubChannelLayer
from django.test import Client

from accounts.models import Membership
from accounts.roles import Role
from accounts.scope import Scope
from config.asgi import application
from designer import models
from designer.live import presence
from designer.services.drafting import create_flow
from tests.sockets import SocketClient

pytestmark = pytest.mark.django_db(transaction=True)
PATIENCE = 20.0


@pytest.fixture
def flow(scope: Scope) -> models.Flow:
    return create_flow(scope, key="shared", name="Shared")


Opener = Callable[..., Any]


@pytest.fixture
def open_page(client_as: Callable[[Role], Client]) -> Opener:
    """`async with open_page(role, flow) as page`: an editor of that member."""

    @asynccontextmanager
    async def open_as(role: Role | None, flow: int) -> AsyncIterator[SocketClient]:
        headers = [(b"origin", b"http://localhost"), (b"host", b"localhost")]
        if role is not None:
            client = await database_sync_to_async(client_as)(role)
            headers.append((b"cookie", f"quadrille_session={client.cookies['quadrille_session'].value}".encode()))
        page = SocketClient(application, f"/live/presence/{flow}/", headers)
        try:
            yield page
        finally:
            await page.close()

    return open_as


@asynccontextmanager
async def here(
    open_page: Opener, role: Role, flow: models.Flow, selected: tuple[str, ...] = ()
) -> AsyncIterator[SocketClient]:
    """A page that is open and has said where it is."""
    async with open_page(role, flow.pk) as page:
        assert await page.connect()
        await page.send({"selected": list(selected), "cursor": None})
        yield page


async def people_until(page: SocketClient, is_right: Callable[[list[dict[str, Any]]], bool]) -> list[dict[str, Any]]:
    """The list of people, once it is as it should be."""
    async with asyncio.timeout(PATIENCE):
        while True:
            output = await page.receive_output(PATIENCE)
            assert output["type"] == "websocket.send", output
            people: list[dict[str, Any]] = json.loads(output["text"])["people"]
            if is_right(people):
                return people


def selecting(*refs: str) -> Callable[[list[dict[str, Any]]], bool]:
    return lambda people: [person["selected"] for person in people] == [[ref] for ref in refs]


async def test_two_people_see_each_other_and_where_they_are(open_page: Opener, flow: models.Flow) -> None:
    async with here(open_page, Role.DESIGNER, flow, ("a",)) as ada, here(open_page, Role.VIEWER, flow, ("b",)) as ben:
        (seen,) = await people_until(ada, selecting("b"))
        assert (seen["is_looking"], seen["cursor"]) == (True, None)
        assert seen["initials"]
        (seen,) = await people_until(ben, selecting("a"))
        assert seen["is_looking"] is False
        await ada.send({"selected": ["c"], "cursor": [12, -7.5]})
        (seen,) = await people_until(ben, selecting("c"))
        assert seen["cursor"] == [12, -7.5]


async def test_who_comes_later_is_told_who_is_here(open_page: Opener, flow: models.Flow) -> None:
    async with AsyncExitStack() as pages:
        for role, ref in ((Role.DESIGNER, "a"), (Role.ADMINISTRATOR, "b")):
            await pages.enter_async_context(here(open_page, role, flow, (ref,)))
        late = await pages.enter_async_context(here(open_page, Role.VIEWER, flow))
        await people_until(late, lambda people: {ref for one in people for ref in one["selected"]} == {"a", "b"})


async def test_who_closes_the_page_or_hides_it_is_gone(open_page: Opener, flow: models.Flow) -> None:
    async with here(open_page, Role.DESIGNER, flow) as ada:
        async with here(open_page, Role.VIEWER, flow, ("b",)) as ben:
            await people_until(ada, selecting("b"))
            await ben.send({"leave": True})
            await people_until(ada, lambda people: people == [])
            await ben.send({"selected": ["c"], "cursor": None})
            await people_until(ada, selecting("c"))
        await people_until(ada, lambda people: people == [])


async def test_a_page_that_dies_without_a_word_vanishes(
    open_page: Opener, flow: models.Flow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presence, "BEAT_SECONDS", 0.1)
    monkeypatch.setattr(presence, "SILENT_SECONDS", 1.5)
    async with here(open_page, Role.DESIGNER, flow) as ada, here(open_page, Role.VIEWER, flow, ("b",)):
        await people_until(ada, selecting("b"))
        # Nothing more is heard of the other: neither where they are nor a goodbye.
        await people_until(ada, lambda people: people == [])


async def test_a_server_that_dies_takes_its_people_with_it(
    open_page: Opener, flow: models.Flow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presence, "BEAT_SECONDS", 0.1)
    monkeypatch.setattr(presence, "SILENT_SECONDS", 1.5)
    async with here(open_page, Role.DESIGNER, flow) as ada:
        entry = {"tab": "of-another-server", "id": 0, "name": "Z", "initials": "Z", "joined": 0.0}
        message = {"type": "presence.here", "entry": {**entry, "selected": ["z"], "cursor": None}}
        layer = channel_layers["default"]

        async def say_so() -> None:
            while True:  # the page may not have joined its group yet
                await layer.group_send(f"presence.flow.{flow.pk}", message)
                await asyncio.sleep(0.05)

        saying = asyncio.create_task(say_so())
        await people_until(ada, selecting("z"))
        saying.cancel()
        await people_until(ada, lambda people: people == [])


async def test_people_at_another_flow_are_not_here(
    open_page: Opener, flow: models.Flow, scope: Scope, client_as: Callable[[Role], Client]
) -> None:
    other = await database_sync_to_async(create_flow)(scope, key="other", name="Other")
    async with here(open_page, Role.DESIGNER, flow) as ada, here(open_page, Role.VIEWER, other):
        assert await ada.receive_nothing(0.5)


async def test_ones_own_other_window_is_no_company(open_page: Opener, flow: models.Flow) -> None:
    async with here(open_page, Role.DESIGNER, flow) as one, here(open_page, Role.DESIGNER, flow):
        assert await one.receive_nothing(0.5)


@pytest.mark.parametrize("who", ["nobody", "foreign", "nothing"])
async def test_who_may_not_be_here_is_told_why(
    open_page: Opener, flow: models.Flow, foreign_scope: Scope, who: str
) -> None:
    theirs = await database_sync_to_async(create_flow)(foreign_scope, key="theirs", name="Theirs")
    id = {"nobody": flow.pk, "foreign": theirs.pk, "nothing": 999_999_999}[who]
    async with open_page(None if who == "nobody" else Role.DESIGNER, id) as page:
        assert await page.connect()
        output = await page.receive_output(PATIENCE)
        assert (output["type"], output["code"]) == ("websocket.close", 4401 if who == "nobody" else 4403)


async def test_who_is_no_member_any_more_is_sent_away(
    open_page: Opener, flow: models.Flow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presence, "CHECK_SECONDS", 0.1)
    async with here(open_page, Role.VIEWER, flow) as page:
        await Membership.objects.filter(role=Role.VIEWER).adelete()
        async with asyncio.timeout(PATIENCE):
            while (output := await page.receive_output(PATIENCE))["type"] != "websocket.close":
                pass
        assert output["code"] == 4403


@pytest.mark.parametrize(
    "message",
    ["", "[]", '{"selected": "a"}', '{"selected": [1]}', '{"cursor": [1]}', '{"cursor": [1, true]}',
     '{"cursor": [1e99, 0]}', "x" * 9000, '{"selected": ["' + "r" * 301 + '"]}'],
)  # fmt: skip
async def test_what_is_none_of_ours_closes_the_socket(open_page: Opener, flow: models.Flow, message: str) -> None:
    async with open_page(Role.DESIGNER, flow.pk) as page:
        assert await page.connect()
        await page.send(message)
        output = await page.receive_output(PATIENCE)
        assert (output["type"], output["code"]) == ("websocket.close", 4400)


# -- several web processes: the layer that they share


@pytest.fixture
def redis_url(tmp_path: Path) -> Iterator[str]:
    """A Redis of this test's own."""
    program = which("redis-server")
    if program is None:
        pytest.skip("NOT RUN: no redis-server on this machine")
    with sockets.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    running = subprocess.Popen([*words, "--dir", str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert running.stdout is not None
    try:
        for line in running.stdout:
            if "Ready to accept connections" in line:
                break
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        running.terminate()
        running.wait(10)
        running.stdout.close()


async def test_people_of_other_web_processes_are_here_too(open_page: Opener, flow: models.Flow, redis_url: str) -> None:
    before = channel_layers.set("default", RedisPubSubChannelLayer(hosts=[redis_url], prefix="t"))
    elsewhere = RedisPubSubChannelLayer(hosts=[redis_url], prefix="t")  # as another process has one
    group = f"presence.flow.{flow.pk}"
    try:
        channel = await elsewhere.new_channel()
        await elsewhere.group_add(group, channel)
        async with here(open_page, Role.DESIGNER, flow, ("a",)) as ada:
            async with asyncio.timeout(PATIENCE):
                hello = await elsewhere.receive(channel)
                assert hello["type"] == "presence.hello"
                while (heard := await elsewhere.receive(channel))["type"] != "presence.here":
                    pass
            assert heard["entry"]["selected"] == ["a"]
            # The answer to a hello goes straight to the page that came.
            entry = {**heard["entry"], "tab": "of-another-process", "id": 0, "selected": ["b"]}
            await elsewhere.send(hello["answer_to"], {"type": "presence.here", "entry": entry})
            await people_until(ada, selecting("b"))
    finally:
        await elsewhere.flush()
        await channel_layers["default"].flush()
        channel_layers.set("default", before)
