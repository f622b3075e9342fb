"""The live socket: who may watch, what is sent, and that nothing is missed or said twice."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.test import Client

from accounts.live import Asked, Grant, Part, Row, Update, publish, register_topic
from accounts.live import consumer as consumer_module
from accounts.live.hub import current_hub
from accounts.live.session import signed_in_user
from accounts.live.shared import render_shared
from accounts.models import Membership, Organization, User
from accounts.roles import Role
from config.asgi import application
from tests.sockets import SocketClient

pytestmark = pytest.mark.django_db(transaction=True)
ORIGIN = (b"origin", b"http://localhost")


@dataclass
class Counter:
    """A topic whose id is an organization and whose content is a number."""

    interval_seconds: float = 0.0
    value: int = 1
    asked: list[Asked] = field(default_factory=list)

    def authorize(self, user: User, id: int) -> Grant | None:
        member = Membership.objects.filter(user=user, organization_id=id).first()
        return Grant(id, audience=member.role) if member else None

    def render(self, asked: Asked) -> Update:
        self.asked.append(asked)
        same, count = Part("same", "<p id=same></p>"), Part("count", f"<p id=count>{self.value} {asked.view}</p>")
        return Update(self.value, (same, count))


@pytest.fixture
def counter() -> Counter:
    topic = Counter()
    register_topic("counter", topic)
    return topic


Opener = Callable[..., Any]


@pytest.fixture
def open_socket(client_as: Callable[[Role], Client]) -> Opener:
    """`async with open_socket(role) as socket`: a page of that member."""

    @asynccontextmanager
    async def open_as(role: Role | None, origin: tuple[bytes, bytes] = ORIGIN) -> AsyncIterator[SocketClient]:
        headers = [origin, (b"host", b"localhost")]
        if role is not None:
            client = await sync_to_async(client_as)(role)
            headers.append((b"cookie", f"quadrille_session={client.cookies['quadrille_session'].value}".encode()))
        socket = SocketClient(application, "/live/", headers)
        try:
            yield socket
        finally:
            await socket.close()

    return open_as


async def subscribe(socket: SocketClient, topic: str, after: int = 0, view: str = "") -> Any:
    await socket.send({"subscribe": topic, "after": after, "view": view})
    return await socket.receive()


@pytest.mark.parametrize("view", ["q=%00", "q=\0", "&" * 4000, "x" * 4001, 7, None, ["q"]])
async def test_a_view_that_no_page_has_is_refused(
    open_socket: Opener, counter: Counter, organization: Organization, view: Any
) -> None:
    async with open_socket(Role.VIEWER) as socket:
        assert await socket.connect()
        assert "refused" in await subscribe(socket, f"counter:{organization.pk}", view=view)
        assert counter.asked == []


async def test_a_viewer_is_sent_the_state_and_then_only_what_changed(
    open_socket: Opener, counter: Counter, organization: Organization
) -> None:
    async with open_socket(Role.VIEWER) as socket:
        assert await socket.connect()
        first = await subscribe(socket, f"counter:{organization.pk}", view="v")
        assert first == {
            "topic": f"counter:{organization.pk}",
            "seq": 1,
            "parts": [{"id": "same", "html": "<p id=same></p>"}, {"id": "count", "html": "<p id=count>1 v</p>"}],
        }
        counter.value = 2
        publish(f"counter:{organization.pk}", organization.pk, 2)
        second = await socket.receive()
        assert (second["seq"], [part["id"] for part in second["parts"]]) == (2, ["count"])


async def test_changes_announced_from_other_threads_arrive(
    open_socket: Opener, counter: Counter, organization: Organization
) -> None:
    async with open_socket(Role.VIEWER) as socket:
        await socket.connect()
        await subscribe(socket, f"counter:{organization.pk}")
        counter.value = 7
        await asyncio.to_thread(publish, f"counter:{organization.pk}", organization.pk, 7)
        assert (await socket.receive())["seq"] == 7


async def test_many_changes_become_few_messages_and_the_last_one_counts(
    open_socket: Opener, counter: Counter, organization: Organization
) -> None:
    async with open_socket(Role.VIEWER) as socket:
        await socket.connect()
        await subscribe(socket, f"counter:{organization.pk}")
        loop = asyncio.get_running_loop()
        began = loop.time()
        for value in range(2, 202):
            counter.value = value
            publish(f"counter:{organization.pk}", organization.pk, value)
            await asyncio.sleep(0.002)
        seqs = []
        while not seqs or seqs[-1] < 201:
            seqs.append((await socket.receive())["seq"])
        assert seqs == sorted(set(seqs))
        assert len(seqs) <= (loop.time() - began) / 0.1 + 1


async def test_who_watches_the_same_shares_one_rendering(
    open_socket: Opener, counter: Counter, organization: Organization
) -> None:
    async with open_socket(Role.VIEWER) as one, open_socket(Role.VIEWER) as other:
        for socket in (one, other):
            await socket.connect()
            await subscribe(socket, f"counter:{organization.pk}")
        await asyncio.sleep(0.2)
        counter.asked.clear()
        counter.value = 2
        publish(f"counter:{organization.pk}", organization.pk, 2)
        assert (await one.receive())["seq"] == (await other.receive())["seq"] == 2
        assert len(counter.asked) == 1


@dataclass(eq=False)
class Crowd(Counter):
    """Counters that are rendered together; some views make that fail."""

    groups: list[list[str]] = field(default_factory=list)
    gate: threading.Event = field(default_factory=threading.Event)

    def render_all(self, asked: Sequence[Asked]) -> list[Update]:
        self.groups.append([one.view for one in asked])
        self.gate.wait(60)
        if any(one.view == "bad" for one in asked):
            raise RuntimeError("No.")
        return [self.render(one) for one in asked]


async def test_what_waits_for_its_turn_is_rendered_together_and_one_that_fails_fails_alone(
    organization: Organization,
) -> None:
    crowd, hub = Crowd(), current_hub()
    views = ["first", "second", "a", "bad", "b", *map(str, range(10))]
    tasks = []
    for number, view in enumerate(views):
        tasks.append(asyncio.create_task(render_shared(hub, f"crowd:{number}", crowd, Asked(1, view=view))))
        if number < 2:  # both threads have something to do when the others come
            while len(crowd.groups) <= number:
                await asyncio.sleep(0.01)
    await asyncio.sleep(0)
    crowd.gate.set()
    found = await asyncio.gather(*tasks)
    assert [None if one is None else one.update.parts[1].html for one in found] == [
        None if view == "bad" else f"<p id=count>1 {view}</p>" for view in views
    ]
    together = [group for group in crowd.groups if len(group) > 1]
    assert crowd.groups[:2] == [["first"], ["second"]]
    assert sorted(together) == sorted([["a", "bad", "b", *map(str, range(7))], ["7", "8", "9"]])
    assert ["bad"] in crowd.groups
    assert sorted(one.view for one in crowd.asked) == sorted(set(views) - {"bad"})


async def test_a_page_that_is_up_to_date_is_not_sent_what_it_has(
    open_socket: Opener, counter: Counter, organization: Organization
) -> None:
    async with open_socket(Role.VIEWER) as socket:
        await socket.connect()
        first = await subscribe(socket, f"counter:{organization.pk}", after=1)
        assert (first["seq"], first["parts"]) == (1, [])


async def test_of_the_rows_of_a_part_only_new_ones_travel(
    open_socket: Opener, counter: Counter, organization: Organization
) -> None:
    rows: list[Row] = []

    def render(asked: Asked) -> Update:
        html = "".join(row.html for row in rows)
        return Update(counter.value, (Part("list", f"<ul id=list>{html}</ul>", tuple(rows)),))

    async def next_list(value: int, *keys: str) -> str:
        rows[:] = [Row(key, f'<li data-key="{key}">{text}</li>') for key, text in (one.split("=") for one in keys)]
        counter.value = value
        publish(f"counter:{organization.pk}", organization.pk, value)
        message = await socket.receive()
        return str(message["parts"][0]["html"])

    counter.render = render  # type: ignore[method-assign]
    rows.append(Row("a", '<li data-key="a">1</li>'))
    same_a, same_b = '<li data-key="a" data-live-same></li>', '<li data-key="b" data-live-same></li>'
    async with open_socket(Role.VIEWER) as socket:
        await socket.connect()
        first = await subscribe(socket, f"counter:{organization.pk}")
        assert first["parts"][0]["html"] == '<ul id=list><li data-key="a">1</li></ul>'
        assert await next_list(2, "b=2", "a=1") == f'<ul id=list><li data-key="b">2</li>{same_a}</ul>'
        assert await next_list(3, "b=2", "a=other") == f'<ul id=list>{same_b}<li data-key="a">other</li></ul>'
        assert await next_list(4, "a=other") == f"<ul id=list>{same_a}</ul>"
        # One that had gone is not on the page any more.
        assert await next_list(5, "b=2", "a=other") == f'<ul id=list><li data-key="b">2</li>{same_a}</ul>'


async def test_looking_differently_sends_what_looks_different(
    open_socket: Opener, counter: Counter, organization: Organization
) -> None:
    async with open_socket(Role.VIEWER) as socket:
        await socket.connect()
        await subscribe(socket, f"counter:{organization.pk}", after=1)
        other = await subscribe(socket, f"counter:{organization.pk}", after=1, view="other")
        assert [part["id"] for part in other["parts"]] == ["count"]


async def test_without_a_session_the_socket_is_closed_at_once(open_socket: Opener) -> None:
    async with open_socket(None) as socket:
        await socket.connect()
        assert await socket.receive_output() == {"type": "websocket.close", "code": 4401}


async def test_a_page_of_another_site_cannot_connect(open_socket: Opener) -> None:
    async with open_socket(Role.VIEWER, (b"origin", b"https://evil.example.com")) as socket:
        assert not await socket.connect()


async def test_what_belongs_to_others_and_what_does_not_exist_is_refused_alike(
    open_socket: Opener, counter: Counter, foreign_scope: Any
) -> None:
    async with open_socket(Role.VIEWER) as socket:
        await socket.connect()
        foreign = await subscribe(socket, f"counter:{foreign_scope.organization.pk}")
        missing = await subscribe(socket, "counter:999999")
        assert "refused" in foreign
        assert foreign["refused"] == missing["refused"]


@pytest.mark.parametrize(
    "topic", ["nothing:1", "counter:", "counter:0", "counter:x", "x" * 500, 7, None, ["counter:1"]]
)
async def test_topics_that_are_none_are_refused(open_socket: Opener, counter: Counter, topic: Any) -> None:
    async with open_socket(Role.VIEWER) as socket:
        await socket.connect()
        assert "refused" in await subscribe(socket, topic)


@pytest.mark.parametrize("message", ["", "{", "[1]", '"x"', "{}", '{"hello": 1}', "[" * 5000, "x" * 9000])
async def test_messages_that_are_none_of_ours_close_the_socket(open_socket: Opener, message: str) -> None:
    async with open_socket(Role.VIEWER) as socket:
        await socket.connect()
        await socket.send(message)
        assert await socket.receive_output() == {"type": "websocket.close", "code": 4400}


@pytest.mark.parametrize(("after", "view"), [(-1, ""), ("3", ""), (True, ""), (2**60, ""), (0, 5), (0, "x" * 4001)])
async def test_bad_numbers_and_views_are_refused(
    open_socket: Opener, counter: Counter, organization: Organization, after: Any, view: Any
) -> None:
    async with open_socket(Role.VIEWER) as socket:
        await socket.connect()
        assert "refused" in await subscribe(socket, f"counter:{organization.pk}", after, view)


async def test_a_socket_is_closed_when_the_membership_goes(
    open_socket: Opener, counter: Counter, organization: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumer_module, "CHECK_SECONDS", 0.05)
    async with open_socket(Role.VIEWER) as socket:
        await socket.connect()
        await subscribe(socket, f"counter:{organization.pk}")
        await Membership.objects.filter(organization=organization).adelete()
        assert (await closing(socket))["code"] == 4403


async def test_a_socket_is_closed_when_its_user_signs_out(
    open_socket: Opener, counter: Counter, organization: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.contrib.sessions.models import Session

    monkeypatch.setattr(consumer_module, "CHECK_SECONDS", 0.05)
    async with open_socket(Role.VIEWER) as socket:
        await socket.connect()
        await subscribe(socket, f"counter:{organization.pk}")
        await Session.objects.all().adelete()
        assert (await closing(socket))["code"] == 4401


async def test_another_role_is_shown_its_own_parts(
    open_socket: Opener, counter: Counter, organization: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumer_module, "CHECK_SECONDS", 0.05)
    async with open_socket(Role.VIEWER) as socket:
        await socket.connect()
        await subscribe(socket, f"counter:{organization.pk}")
        counter.asked.clear()
        await Membership.objects.filter(organization=organization).aupdate(role=Role.OPERATOR)
        for _ in range(40):
            await asyncio.sleep(0.05)
            if any(asked.audience == Role.OPERATOR for asked in counter.asked):
                return
        pytest.fail("the new role was never rendered")


async def test_what_is_no_longer_watched_is_no_longer_sent(
    open_socket: Opener, counter: Counter, organization: Organization
) -> None:
    async with open_socket(Role.VIEWER) as socket:
        await socket.connect()
        await subscribe(socket, f"counter:{organization.pk}")
        await socket.send({"unsubscribe": f"counter:{organization.pk}"})
        counter.value = 2
        publish(f"counter:{organization.pk}", organization.pk, 2)
        assert await socket.receive_nothing(timeout=0.3)


async def test_a_rendering_that_fails_keeps_the_socket_open(
    open_socket: Opener, counter: Counter, organization: Organization, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_socket(Role.VIEWER) as socket:
        await socket.connect()
        await subscribe(socket, f"counter:{organization.pk}")
        counter.value = "not a number"  # type: ignore[assignment]  # what the failure is made of
        render, counter.render = counter.render, None  # type: ignore[method-assign,assignment]
        publish(f"counter:{organization.pk}", organization.pk, 2)
        await asyncio.sleep(0.3)
        counter.render, counter.value = render, 3  # type: ignore[method-assign]
        publish(f"counter:{organization.pk}", organization.pk, 3)
        assert (await socket.receive())["seq"] == 3
        assert "rendering the live topic" in caplog.text


def test_publishing_when_nobody_listens_costs_nothing(organization: Organization) -> None:
    publish("counter:1", organization.pk, 3)


def test_a_deactivated_user_is_signed_out(client_as: Callable[[Role], Client]) -> None:
    key = client_as(Role.VIEWER).cookies["quadrille_session"].value
    assert signed_in_user(key) is not None
    User.objects.update(is_active=False)
    assert signed_in_user(key) is None
    assert signed_in_user("nothing") is None


async def closing(socket: SocketClient) -> dict[str, Any]:
    """The close message, whatever is sent before it."""
    while True:
        output: dict[str, Any] = await socket.receive_output(timeout=3)
        if output["type"] == "websocket.close":
            return output
