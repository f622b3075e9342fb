"""How soon a page shows what a worker has committed, on the database that the environment names: one line of JSON.

    {"shared": {"p50": ms, "p95": ms, "messages": n}, "own": …, "apart": …, "many": {"last": ms, "sockets": n}}

So many viewers watch instances whose steps go on all the time: a tenth as many that they share, or each one of their
own. Instances that were started together all change in the same moment, again and again; "apart" are those of their own
that were started one after the other, so that as many change in each moment as in any other. A message counts from the
moment of the last fact that it shows (before its commit) to its arrival. Many: so many sockets watch one instance,
which is changed; counts until the last one was told. One process serves the sockets, one worker process works.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import time
from itertools import pairwise
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.conf import settings  # noqa: E402
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY  # noqa: E402
from django.contrib.sessions.backends.db import SessionStore  # noqa: E402
from django.core.management import call_command  # noqa: E402
from websockets.asyncio.client import ClientConnection, connect  # noqa: E402
from websockets.typing import Origin  # noqa: E402

from accounts.models import Membership, User  # noqa: E402
from accounts.roles import Role  # noqa: E402
from accounts.scope import Scope  # noqa: E402
from benchmarks.ours.flow import make_scope  # noqa: E402
from benchmarks.ours.site import live_server  # noqa: E402
from benchmarks.ours.working import running_workers  # noqa: E402
from designer.models import Flow  # noqa: E402
from designer.services.importing import import_flow  # noqa: E402
from designer.services.publishing import publish_flow  # noqa: E402
from engine.models import Fact, Instance  # noqa: E402
from engine.services.events import send_event  # noqa: E402
from engine.services.instances import StartRequest, start_instances  # noqa: E402

PAUSE = "700 milliseconds"
PAUSE_SECONDS = 0.7
STEPS = 12
OPEN_AT_ONCE = 50


def publish(scope: Scope, key: str, tasks: list[dict[str, Any]]) -> Flow:
    keys = [task["key"] for task in tasks]
    edges = [{"from": here, "to": there} for here, there in pairwise(keys)]
    document = {"format": 1, "key": key, "name": key, "tasks": tasks, "edges": edges}
    flow = import_flow(scope, document, replace=False)
    publish_flow(scope, flow)
    return flow


def session_of(user: User) -> str:
    """The key of a session in which somebody is signed in."""
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[-1]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    return str(session.session_key)


class Viewers:
    """Browsers' sockets."""

    def __init__(self, port: int, session: str) -> None:
        self.url = f"ws://{settings.ALLOWED_HOSTS[0]}:{port}/live/"
        self.headers = {"Cookie": f"{settings.SESSION_COOKIE_NAME}={session}"}
        self.origin = f"https://{settings.ALLOWED_HOSTS[0]}"
        self.gate = asyncio.Semaphore(OPEN_AT_ONCE)

    async def open(self, instance_id: int) -> ClientConnection:
        """A socket that watches an instance and has its first answer."""
        async with self.gate:
            socket = await connect(
                self.url,
                host="127.0.0.1",
                additional_headers=self.headers,
                origin=Origin(self.origin),
                max_size=None,
                open_timeout=60,
            )
            await socket.send(json.dumps({"subscribe": f"instance:{instance_id}", "after": 0}))
            answer = json.loads(await socket.recv())
            if "refused" in answer:
                raise PermissionError(answer)
        return socket


async def arrivals(socket: ClientConnection, until: int) -> list[tuple[int, float]]:
    """The number of the last fact of each message, with when it came; to that of the instance's end."""
    found: list[tuple[int, float]] = []
    while not found or found[-1][0] < until:
        message = json.loads(await socket.recv())
        found.append((message["seq"], time.time()))
    return found


async def start_apart(scope: Scope, flow: Flow, count: int) -> list[Instance]:
    """So many instances, started one after the other within the time that a step of theirs takes."""
    began, started = time.monotonic(), []
    for number in range(count):
        await asyncio.sleep(max(0.0, began + PAUSE_SECONDS * number / count - time.monotonic()))
        started += await asyncio.to_thread(start_instances, scope, flow, [StartRequest()])
    return started


async def watch_busy(
    viewers: Viewers, scope: Scope, flow: Flow, count: int, *, each: int, apart: bool = False
) -> dict[str, float]:
    """So many instances, each with so many viewers."""
    if apart:
        started = await start_apart(scope, flow, count)
    else:
        started = await asyncio.to_thread(start_instances, scope, flow, [StartRequest() for _ in range(count)])
    instances = started * each
    sockets = await asyncio.gather(*[viewers.open(instance.pk) for instance in instances])
    all_watch_since = time.time()
    last = await asyncio.to_thread(facts_at_end, flow)
    seen = await asyncio.gather(*[arrivals(socket, last) for socket in sockets])
    moments = await asyncio.to_thread(moments_of, [instance.pk for instance in instances])
    late = [
        (at - moments[instance.pk, number]) * 1000
        for instance, found in zip(instances, seen, strict=True)
        for number, at in found
        if moments[instance.pk, number] > all_watch_since
    ]
    for socket in sockets:
        await socket.close()
    return {"p50": statistics.median(late), "p95": statistics.quantiles(late, n=100)[94], "messages": len(late)}


def facts_at_end(flow: Flow) -> int:
    """How many facts an instance of the flow has when it is complete: as many as one that was run before."""
    done = Instance.objects.filter(flow=flow, status="complete").order_by("pk").first()
    assert done is not None
    return done.fact_count


def moments_of(ids: list[int]) -> dict[tuple[int, int], float]:
    rows = Fact.objects.filter(instance__in=ids).values_list("instance_id", "number", "at")
    return {(instance_id, number): at.timestamp() for instance_id, number, at in rows}


async def watch_many(viewers: Viewers, scope: Scope, flow: Flow, count: int) -> dict[str, float]:
    """So many sockets at one instance that waits for an event, which comes."""
    (instance,) = await asyncio.to_thread(start_instances, scope, flow, [StartRequest()])
    await asyncio.sleep(0.5)
    sockets = await asyncio.gather(*[viewers.open(instance.pk) for _ in range(count)])
    before = await asyncio.to_thread(lambda: Instance.objects.get(pk=instance.pk).fact_count)
    told = [asyncio.create_task(arrivals(socket, before + 1)) for socket in sockets]
    began = time.time()
    await asyncio.to_thread(send_event, scope, instance, type="go")
    seen = await asyncio.gather(*told)
    last = max(found[-1][1] for found in seen) - began
    for socket in sockets:
        await socket.close()
    return {"last": last * 1000, "sockets": count}


async def measure(port: int, scope: Scope, session: str, flows: tuple[Flow, Flow], sizes: tuple[int, int]) -> Any:
    viewers = Viewers(port, session)
    busy, waiting = flows
    found = {
        "shared": await watch_busy(viewers, scope, busy, sizes[0] // 10, each=10),
        "own": await watch_busy(viewers, scope, busy, sizes[0], each=1),
        "apart": await watch_busy(viewers, scope, busy, sizes[0], each=1, apart=True),
    }
    found["many"] = await watch_many(viewers, scope, waiting, sizes[1])
    return found


def run_one(scope: Scope, flow: Flow) -> None:
    """So that it is known with how many facts an instance ends."""
    (instance,) = start_instances(scope, flow, [StartRequest()])
    deadline = time.monotonic() + 60
    while Instance.objects.get(pk=instance.pk).status != "complete":
        assert time.monotonic() < deadline
        time.sleep(0.2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--viewers", type=int, default=100)
    parser.add_argument("--sockets", type=int, default=1000)
    arguments = parser.parse_args()
    call_command("migrate", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    scope = make_scope()
    user = User.objects.create_user(email="viewer@example.com", password=None)
    Membership.objects.create(user=user, organization=scope.organization, role=Role.VIEWER)
    delays = [
        {"key": f"rest_{n}", "name": f"Rest {n}", "kind": "delay", "settings": {"for": PAUSE}} for n in range(STEPS)
    ]
    wait = {"key": "wait", "name": "Wait", "kind": "wait_event", "settings": {"event_type": "go"}}
    flows = publish(scope, "busy", delays), publish(scope, "waiting", [wait])
    with running_workers(1), live_server() as port:
        run_one(scope, flows[0])
        sizes = arguments.viewers, arguments.sockets
        found = asyncio.run(measure(port, scope, session_of(user), flows, sizes))
    print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
