"""Web servers, two workers and beat on PostgreSQL and Redis, started by the very commands of `deploy/Procfile`: by the
shell, but for workers of which nothing is wanted that the others have not, which are forked with the command's words.
"""

from __future__ import annotations

import json
import os
import signal
import time
from collections import Counter
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.sync.client import ClientConnection, connect

from config.demo.instances import INSTANCES
from tests.machines.conftest import Workers
from tests.machines.site import Process, Site, until
from tests.machines.slow_server import SlowServer

ENDED = {"complete", "errored", "terminated"}


@pytest.fixture(autouse=True)
def _fresh_gate(slow_server: SlowServer) -> Iterator[None]:
    slow_server.gate.clear()
    slow_server.calls.clear()
    yield
    slow_server.gate.set()


def call(url: str) -> dict[str, Any]:
    """The settings of an HTTP step."""
    retries = {"limit": 3, "delay": "1 second", "backoff": "constant"}
    return {"action": "http_request", "inputs": {"method": "POST", "url": url}, "retries": retries}


def chain(key: str, *steps: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    """A flow of steps in a line: `(kind, settings)` each."""
    tasks = [
        {"key": f"s{n}", "name": f"Step {n}", "kind": kind, "settings": values}
        for n, (kind, values) in enumerate(steps)
    ]
    edges = [{"from": f"s{n}", "to": f"s{n + 1}"} for n in range(len(steps) - 1)]
    return {"key": key, "name": key, "tasks": tasks, "edges": edges}


def all_ended(site: Site, flow: str, count: int) -> bool:
    found = site.statuses(flow)
    return sum(found.values()) == count and set(found) <= ENDED


def steps_by_status(site: Site, flow: str) -> dict[str, int]:
    sql = """SELECT s.status, count(*) FROM engine_step s JOIN engine_instance i ON i.id = s.instance_id
             JOIN designer_flow f ON f.id = i.flow_id WHERE f.key = %s GROUP BY 1"""
    return dict(site.ask(sql, flow))


def assert_recorded_once(site: Site, flow: str) -> None:
    """No step was completed twice, and no history has a gap."""
    facts = site.ask(
        """SELECT i.key, f.number, f.type, f.task, f.iteration FROM engine_fact f
        JOIN engine_instance i ON i.id = f.instance_id JOIN designer_flow w ON w.id = i.flow_id
        WHERE w.key = %s ORDER BY i.key, f.number""",
        flow,
    )
    completed = Counter((key, task, iteration) for key, _, type, task, iteration in facts if type == "StepCompleted")
    assert [step for step, count in completed.items() if count > 1] == []
    for key, of_instance in groupby(facts, key=lambda fact: fact[0]):
        numbers = [number for _, number, *_ in of_instance]
        assert numbers == list(range(1, len(numbers) + 1)), key


# -- the demo ---------------------------------------------------------------------------------------------------------


def test_the_demo_ends_as_it_should_on_two_workers(site: Site, workers: Workers) -> None:
    workers(2)
    sql = "SELECT i.key, i.status FROM engine_instance i JOIN designer_flow f ON f.id = i.flow_id WHERE f.key = %s"
    moderated = {"beach-at-noon": "complete", "weapon-cabinet": "complete", "statue-in-the-park": "waiting"}
    until(lambda: dict(site.ask(sql, "image-moderation")) == moderated, "pictures are moderated")
    until(lambda: dict(site.ask(sql, "order-fulfilment"))["order-1004"] == "complete", "a declined order ends")
    until(lambda: dict(site.ask(sql, "nightly-report")) == {"report-by-hand": "complete"}, "the report is made")
    until(lambda: dict(site.ask(sql, "customer-onboarding"))["blocked-trading"] == "errored", "a refusal fails")

    sent = site.api.post(
        "/instances/statue-in-the-park/events", json={"type": "moderated", "payload": {"verdict": "approve"}}
    )
    assert sent.status_code == 202
    moderated["statue-in-the-park"] = "complete"
    until(lambda: dict(site.ask(sql, "image-moderation")) == moderated, "an event moves a waiting instance")
    for flow in INSTANCES:
        assert_recorded_once(site, flow)


def counts_at_rest(site: Site) -> dict[str, float]:
    """What is counted once the demo, whose attempts count as well, has come to stand and all of it is told."""
    busy = "SELECT count(*) FROM engine_step WHERE status IN ('ready', 'running', 'retrying')"
    told: list[dict[str, float]] = [{}]

    def is_at_rest() -> bool:
        told.append(
            {name: value for name, value in site.metrics().items() if name.startswith("quadrille_attempts_total")}
        )
        return site.ask(busy) == [(0,)] and told[-2] == told[-1]

    until(is_at_rest, "the demo has come to stand", pause=1.0)
    return site.metrics()


def test_a_web_process_tells_what_all_processes_counted(site: Site, workers: Workers, slow_server: SlowServer) -> None:
    workers(2)
    flow = site.publish(chain("counted", ("automation", call(f"{slow_server.url}/")), ("delay", {"for": "1 second"})))
    before = counts_at_rest(site)
    site.start_instances(flow, 20)
    until(lambda: all_ended(site, flow, 20), "all end")

    def grown(name: str) -> float:
        return site.metrics().get(name, 0) - before.get(name, 0)

    # What workers have committed they count a moment later.
    until(lambda: grown('quadrille_instances_ended_total{status="complete"}') == 20, "the ends are counted")
    assert grown('quadrille_attempts_total{result="completed"}') == 20
    assert grown("quadrille_timer_lateness_seconds_count") == 20
    assert grown('quadrille_wakes_total{way="message"}') > 0
    assert grown('quadrille_wakes_total{way="received"}') > 0
    assert httpx.get(f"{site.url}/metrics").status_code == 403


def test_both_workers_do_some_of_the_work(site: Site, workers: Workers, slow_server: SlowServer) -> None:
    workers(2)
    flow = site.publish(chain("shared-work", ("automation", call(f"{slow_server.url}/gated"))))
    site.start_instances(flow, 100)
    until(lambda: slow_server.waiting == 100, "all calls are under way")
    owners = site.ask(
        "SELECT lease_owner, count(*) FROM engine_step WHERE status = 'running' GROUP BY 1 ORDER BY 2 DESC"
    )
    assert len(owners) == 2
    slow_server.gate.set()
    until(lambda: all_ended(site, flow, 100), "all end")


def test_slow_attempts_hold_up_nobody_else(site: Site, workers: Workers, slow_server: SlowServer) -> None:
    workers(1, ATTEMPT_THREADS="4")
    slow = site.publish(chain("all-busy", ("automation", call(f"{slow_server.url}/gated"))))
    site.start_instances(slow, 12)
    until(lambda: slow_server.waiting == 4, "every thread is busy")
    timers = site.publish(
        chain("just-time", ("delay", {"for": "1 second"}), ("noop", {}), ("delay", {"for": "1 second"}))
    )
    site.start_instances(timers, 5)
    until(lambda: all_ended(site, timers, 5), "time goes on")
    quick = site.publish(chain("quick", *[("automation", call(f"{slow_server.url}/"))] * 2))
    site.start_instances(quick, 5)
    until(lambda: all_ended(site, quick, 5), "another flow's calls are made")
    assert slow_server.waiting == 4
    assert site.statuses(slow) == {"running": 12}
    slow_server.gate.set()
    until(lambda: all_ended(site, slow, 12), "the slow ones end as well")


def test_a_worker_of_one_queue_leaves_the_other_alone(site: Site, workers: Workers, slow_server: SlowServer) -> None:
    (clock,) = workers(1, WORKER_QUEUES="advance")
    flow = site.publish(
        chain("two-queues", ("delay", {"for": "1 second"}), ("automation", call(f"{slow_server.url}/")))
    )
    site.start_instances(flow, 3)
    until(
        lambda: steps_by_status(site, flow).get("ready") == 3,
        "the delay passes, the calls wait for somebody who makes attempts",
    )
    workers(1, WORKER_QUEUES="attempts")
    until(lambda: all_ended(site, flow, 3), "the calls are made")
    assert clock.is_running


# -- live -------------------------------------------------------------------------------------------------------------


def socket_of(site: Site) -> ClientConnection:
    """A browser's socket: signed in through the pages (granian), live over uvicorn."""
    note = json.loads((site.folder / "demo-credentials.json").read_text())
    # The cookies are for TLS only, which a proxy would end: they are taken out by hand.
    with httpx.Client(base_url=site.url) as browser:
        page = browser.get("/accounts/sign-in/")
        token = page.headers["set-cookie"].split("quadrille_csrf=")[1].split(";")[0]
        form = {"username": note["users"]["operator"], "password": note["password"], "csrfmiddlewaretoken": token}
        answer = browser.post("/accounts/sign-in/", data=form, headers={"Cookie": f"quadrille_csrf={token}"})
        assert answer.status_code == 302, answer.text
        cookies = answer.headers.get_list("set-cookie")
    session = next(cookie for cookie in cookies if cookie.startswith("quadrille_session=")).split(";")[0]
    return connect(
        f"ws://127.0.0.1:{site.live_port}/live/", additional_headers={"Cookie": session}, origin=site.url, max_size=None
    )


def test_a_page_sees_what_a_worker_does(site: Site, workers: Workers, slow_server: SlowServer) -> None:
    workers(1)
    flow = site.publish(chain("watched", ("automation", call(f"{slow_server.url}/gated")), ("noop", {})))
    site.start_instances(flow, 1)
    until(lambda: slow_server.waiting == 1, "the call is under way")
    ((pk,),) = site.ask(
        "SELECT i.id FROM engine_instance i JOIN designer_flow f ON f.id = i.flow_id WHERE f.key = %s", flow
    )
    with socket_of(site) as socket:
        socket.send(json.dumps({"subscribe": f"instance:{pk}", "after": 0}))
        first = json.loads(socket.recv(timeout=60))
        assert first["topic"] == f"instance:{pk}"
        slow_server.gate.set()
        began = time.monotonic()
        until(lambda: all_ended(site, flow, 1), "it ends")
        last = max(number for (number,) in site.ask("SELECT number FROM engine_fact WHERE instance_id = %s", pk))
        assert last > first["seq"]
        while json.loads(socket.recv(timeout=60))["seq"] < last:
            pass
        # Sockets look again by themselves after 15 seconds: this came over Redis.
        assert time.monotonic() - began < 10


# -- faults -----------------------------------------------------------------------------------------------------------


def busy_flow(site: Site, slow_server: SlowServer, key: str) -> str:
    """Calls, a decision's worth of settling, a timer: a bit of everything."""
    one_call = ("automation", call(f"{slow_server.url}/"))
    return site.publish(chain(key, one_call, ("delay", {"for": "500 milliseconds"}), one_call, ("noop", {}), one_call))


def test_a_worker_is_killed_and_everything_ends(site: Site, workers: Workers, slow_server: SlowServer) -> None:
    first, second = workers(2)
    flow = busy_flow(site, slow_server, "one-dies")
    site.start_instances(flow, 150)
    until(lambda: site.statuses(flow).get("complete", 0) > 5, "work has begun")
    first.kill()
    killed = time.monotonic()
    until(lambda: all_ended(site, flow, 150), "the other worker takes over")
    assert site.statuses(flow) == {"complete": 150}
    assert time.monotonic() - killed < 90
    assert_recorded_once(site, flow)
    assert second.is_running


def test_a_worker_that_is_told_to_end_lets_calls_finish(site: Site, workers: Workers, slow_server: SlowServer) -> None:
    (worker,) = workers(1, WORKER_STOP_SECONDS="60")
    flow = site.publish(chain("finishes", ("automation", call(f"{slow_server.url}/gated"))))
    site.start_instances(flow, 8)
    until(lambda: slow_server.waiting == 8, "calls are under way")
    worker.ask_to_end()
    until(lambda: "shutdown" in worker.read_log().lower(), "it has heard")
    slow_server.gate.set()
    assert worker.await_end()
    assert site.statuses(flow) == {"complete": 8}
    assert set(slow_server.calls.values()) == {1}


def test_what_does_not_finish_is_handed_over_at_once(site: Site, workers: Workers, slow_server: SlowServer) -> None:
    # Its leases would hold up the others for an hour.
    (worker,) = workers(1, WORKER_STOP_SECONDS="1", ATTEMPT_THREADS="4", QUADRILLE_LEASE_SECONDS="3600")
    flow = site.publish(chain("handed-over", ("automation", call(f"{slow_server.url}/gated"))))
    site.start_instances(flow, 12)
    until(lambda: slow_server.waiting == 4, "every thread has a call")
    worker.ask_to_end()
    assert worker.await_end()
    slow_server.gate.set()
    workers(1)
    until(lambda: all_ended(site, flow, 12), "another worker makes them")
    assert site.statuses(flow) == {"complete": 12}
    assert_recorded_once(site, flow)


def test_a_killed_pool_process_is_replaced(site: Site, workers: Workers, slow_server: SlowServer) -> None:
    (worker,) = workers(1)
    flow = busy_flow(site, slow_server, "child-dies")
    site.start_instances(flow, 40)
    until(lambda: site.statuses(flow).get("complete", 0) > 2, "work has begun")
    os.kill(children_of(worker)[0], signal.SIGKILL)
    until(lambda: all_ended(site, flow, 40), "its successor goes on")
    assert site.statuses(flow) == {"complete": 40}
    assert_recorded_once(site, flow)


def children_of(worker: Process) -> list[int]:
    """The processes of a worker's pool."""
    return [int(pid) for pid in Path(f"/proc/{worker.pid}/task/{worker.pid}/children").read_text().split()]


def test_work_goes_on_while_redis_is_away(site: Site, workers: Workers, slow_server: SlowServer) -> None:
    pair = workers(2)
    flow = busy_flow(site, slow_server, "no-redis")
    site.start_instances(flow, 60, "before")
    site.redis.kill()
    try:
        site.start_instances(flow, 60, "without")
        until(lambda: all_ended(site, flow, 120), "instances end, those started meanwhile too")
        assert httpx.get(f"{site.url}/readyz").status_code == 503
    finally:
        site.redis.start()
    assert all(worker.is_running for worker in pair)
    site.start_instances(flow, 20, "after")
    until(lambda: all_ended(site, flow, 140), "and when it is back")
    assert site.statuses(flow) == {"complete": 140}
    assert_recorded_once(site, flow)
    until(lambda: httpx.get(f"{site.url}/readyz").status_code == 200, "ready again")


def test_nobody_waits_for_a_redis_that_answers_nobody(site: Site, workers: Workers, slow_server: SlowServer) -> None:
    workers(2)
    # What begins with a delay leaves a timer behind: a commit that wakes whoever keeps the time.
    flow = site.publish(
        chain("mute-redis", ("delay", {"for": "100 milliseconds"}), ("automation", call(slow_server.url)))
    )
    with site.redis.stopped():
        # Sent by whoever commits, a wake-up takes its connection's ten seconds.
        for number in range(8):
            answer = site.api.post(f"/flows/{flow}/instances", json={"id": f"mute-{number}", "input": {}}, timeout=8)
            assert answer.status_code == 201, answer.text
        until(lambda: all_ended(site, flow, 8), "instances end meanwhile")
    assert site.statuses(flow) == {"complete": 8}
    until(lambda: httpx.get(f"{site.url}/readyz").status_code == 200, "ready again")
