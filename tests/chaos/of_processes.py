"""What happens to processes: workers, web processes and children of a pool are killed or stopped."""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import httpx
from django.db.models import Max

from engine.models import Instance, Step
from tests.chaos.campaign import Campaign, Run, Verdict, Watch, await_true, patiently
from tests.chaos.ends import Order
from tests.chaos.installation import LEASE_SECONDS, Program
from tests.chaos.orders import in_waves, random_orders
from tests.servers import free_port


def worker_kills(campaign: Campaign) -> Verdict:
    """kill -9 of workers, two at a time; one or two others are left."""
    kills, chance, watch, made = 30 * campaign.size, random.Random(campaign.seed), Watch(), campaign.made
    run = campaign.prepare(random_orders(campaign, 200 * campaign.size, flows=10, blocks=20, delays=(0.2, 0.8)))
    made.work_with(4)
    caught = 0
    for number in range(0, kills, 2):
        in_waves(run, number, kills)
        await_true(lambda: sum(worker.is_ready for worker in made.workers) >= 3, 60)
        time.sleep(chance.uniform(0.0, 0.6))
        for victim in chance.sample([worker for worker in made.workers if worker.is_ready], 2):
            pids = [victim.pid, *victim.children]
            made.kill_worker(victim)
            caught += watch.follow(watch.catch(pids)) > 0
            made.start_worker()
    run.start_all().finish(180)
    watch.end(run.verdict)
    lost = Step.objects.filter(instance__in=run.ids).aggregate(most=Max("lost_leases"))["most"]
    run.verdict.notes |= {"kills": kills, "in the midst of an attempt": caught, "most workers lost by a step": lost}
    return run.judge()


def pool_child_kills(campaign: Campaign) -> Verdict:
    """kill -9 of the processes of a worker's pool; the worker stays and has to replace them."""
    kills, chance = 4 * campaign.size, random.Random(campaign.seed)
    run = campaign.prepare(random_orders(campaign, 60 * campaign.size))
    (worker,) = campaign.made.work_with(1, processes=2)
    for number in range(kills):
        in_waves(run, number, kills)
        await_true(lambda: len(worker.children) >= 2, 30)
        time.sleep(chance.uniform(0.2, 1.0))
        await_true(lambda: bool(worker.children), 30)  # while one of them comes or goes the kernel may leave out others
        children = worker.children
        if not children:
            run.verdict.wrong.append(f"no child of the pool is left; the worker said:\n{worker.last_words}")
            break
        with suppress(ProcessLookupError):
            os.kill(chance.choice(children), signal.SIGKILL)
    run.start_all().finish()
    run.verdict.notes["kills"] = kills
    if not worker.is_alive:
        run.verdict.wrong.append("the worker ended with a child of its pool")
    return run.judge()


def stopped_workers(campaign: Campaign) -> Verdict:
    """SIGSTOP for three leases, then on as if nothing had been: what the stopped one says then comes too late."""
    made, chance = campaign.made, random.Random(campaign.seed)
    times = 2 * campaign.size
    slow = [Order(campaign.seed, 30, name="slow") for _ in range(times)]
    run = campaign.prepare([*slow, *random_orders(campaign, 40, flows=2)])
    workers = made.work_with(2)
    stops = 0
    for number in range(times):
        run.start(number)
        victim = workers[number % 2]
        if not await_true(lambda victim=victim: bool(steps_of(victim)), 20):
            continue
        time.sleep(chance.uniform(0, 0.3))
        victim.signal(signal.SIGSTOP)
        time.sleep(3 * LEASE_SECONDS)
        victim.signal(signal.SIGCONT)
        stops += 1
    run.start_all().finish()
    refused = made.worker_logs().count("late results were refused")
    run.verdict.notes |= {"stops": stops, "batches of late results refused": refused}
    if not refused:
        run.verdict.wrong.append("no late result was refused: the scenario has become too easy")
    return run.judge()


def steps_of(worker: Program) -> list[int]:
    """The steps that a worker has under way."""
    pids = {worker.pid, *worker.children}
    rows = patiently(lambda: list(Step.objects.filter(status="running").values_list("pk", "lease_owner")))
    return [pk for pk, owner in rows if int(owner.split(":")[1]) in pids]


def web_kills(campaign: Campaign) -> Verdict:
    """kill -9 of the web process under requests. Clients repeat a request until it is answered."""
    made, kills, chance = campaign.made, 2 * campaign.size, random.Random(campaign.seed)
    order = random_orders(campaign, 50 * campaign.size, flows=1)[0]
    run = campaign.prepare([order])
    publish_only(run, order)
    made.work_with(1)
    port = free_port()
    key = made.manage(
        "api_key",
        *("--organization", run.scope.organization.slug),
        *("--environment", run.scope.environment.slug, "--name", "chaos"),
    ).strip()
    web = made.start_web(port)
    web.await_ready()
    drawn = order.flow()
    inputs = order.inputs(drawn)
    repeats: Counter[int] = Counter()

    # One for all: to make one costs more than to ask, and while the server is away everybody asks again and again.
    api = httpx.Client(
        base_url=f"http://127.0.0.1:{port}/api/v1", headers={"Authorization": f"Bearer {key}"}, timeout=30
    )

    def request(number: int) -> None:
        post_until_answered(
            api,
            f"/flows/0-{drawn.flow.key}/instances",
            {"id": str(number), "input": inputs[number]},
            {"Idempotency-Key": f"start-{number}"},
            lambda: repeats.update([number]),
        )
        for type in drawn.events:
            post_until_answered(
                api,
                f"/instances/{number}/events",
                {"type": type, "payload": {"type": type, "n": number}},
                {"Idempotency-Key": f"event-{number}-{type}"},
                lambda: repeats.update([number]),
            )

    with api, ThreadPoolExecutor(8) as pool:
        answers = [pool.submit(request, number) for number in range(order.count)]
        for number in range(kills):
            goal = order.count * (number + 1) // (kills + 1)
            await_true(lambda goal=goal: sum(answer.done() for answer in answers) >= goal, 60)
            time.sleep(chance.uniform(0, 0.1))
            web.kill()
            web = made.start_web(port)
            web.await_ready()
        for answer in answers:
            answer.result()
    web.kill()
    rows = Instance.objects.filter(flow__environment=run.scope.environment).order_by("pk")
    by_key = {int(row.key): row.pk for row in rows}
    run.started[0] = [by_key[number] for number in range(order.count) if number in by_key]
    if len(rows) != order.count:
        run.verdict.wrong.append(f"{len(rows)} instances for {order.count} requests")
    run.finish()
    run.verdict.notes |= {"kills": kills, "requests repeated": sum(repeats.values())}
    return run.judge()


def publish_only(run: Run, order: Order) -> None:
    """The order's flow, without instances."""
    from designer.services.drafting import create_flow
    from designer.services.publishing import publish_flow

    drawn = order.flow()
    row = create_flow(run.scope, key=f"0-{drawn.flow.key}", name=drawn.flow.name, flow=drawn.flow)
    publish_flow(run.scope, row)


def post_until_answered(
    api: httpx.Client, path: str, body: Any, headers: dict[str, str], when_repeated: Callable[[], None]
) -> None:
    """POST until there is a good answer; raises RuntimeError for a bad one."""
    while True:
        with suppress(httpx.TransportError):
            answer = api.post(path, json=body, headers=headers)
            if answer.is_success:
                return
            if answer.status_code not in (409, 502, 503):
                raise RuntimeError(f"{answer.status_code} {answer.text[:500]}")
        when_repeated()
        time.sleep(0.2)
