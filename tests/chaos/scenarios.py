"""What happens to the installation. A scenario returns once everything it started has ended, or has had its time."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any

import httpx
import psycopg
import redis
from django.db import connection
from django.db.models import Max

from engine import failpoints
from engine.models import Instance, Step, Timer
from engine.runners.attempt_loop import AttemptLoop
from tests.chaos.campaign import Campaign, Run, Verdict, Watch, await_true, patiently
from tests.chaos.ends import Order
from tests.chaos.installation import LEASE_SECONDS, Program, restart_postgres, restart_redis
from tests.chaos.proxy import lossy_proxy
from tests.servers import free_port

Scenario = Callable[[Campaign], Verdict]


def random_orders(
    campaign: Campaign, instances: int, *, flows: int = 5, blocks: int = 12, delays: tuple[float, float] = (0.2, 1.0)
) -> list[Order]:
    """So many instances of a few random flows."""
    each = max(1, instances // flows)
    return [Order(campaign.seed + number, each, blocks, delays) for number in range(flows)]


def in_waves(run: Run, number: int, of: int) -> None:
    """Start so much of a run's orders that there is always something under way: before the n-th fault of so many."""
    due = number * len(run.orders) // of + 1
    for order in range(min(due, len(run.orders))):
        if order not in run.started:
            run.start(order)


# -- processes --------------------------------------------------------------------------------------------------------


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
        with suppress(ProcessLookupError):
            os.kill(chance.choice(worker.children), signal.SIGKILL)
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


# -- servers ----------------------------------------------------------------------------------------------------------


def server_restarts(campaign: Campaign) -> Verdict:
    """PostgreSQL stopped at once and started again, Redis killed with all it knows; in turn."""
    made, chance, watch, times = campaign.made, random.Random(campaign.seed), Watch(), 5 * campaign.size
    run = campaign.prepare(random_orders(campaign, 150 * campaign.size, delays=(0.1, 0.4)))
    made.work_with(2)
    for number in range(times):
        in_waves(run, number, times)
        time.sleep(chance.uniform(0.3, 1.0))
        held = watch.catch()
        restart_postgres(made, chance.uniform(0, 1))
        connection.close()  # our own is broken, as everybody's
        watch.follow(held)
        time.sleep(1.5)
        restart_redis(made, chance.uniform(0, 1))
    run.start_all().finish(180)
    watch.end(run.verdict)
    run.verdict.notes |= {"restarts of PostgreSQL": times, "of Redis": times}
    return run.judge()


def redis_flushed(campaign: Campaign) -> Verdict:
    """Redis forgets everything again and again, then is away for as long as work lasts."""
    made = campaign.made
    run = campaign.prepare(random_orders(campaign, 60 * campaign.size))
    made.work_with(2)
    for number in range(10):
        in_waves(run, number, 10)
        redis.Redis(port=made.redis.port).flushall()
        time.sleep(0.2)
    made.redis.stop(signal.SIGKILL)
    time.sleep(4)
    made.redis.start()
    run.start_all().finish()
    return run.judge()


def lost_replies(campaign: Campaign) -> Verdict:
    """The connection breaks after a request was carried out: the worker cannot know whether it was."""
    made = campaign.made
    run = campaign.prepare(random_orders(campaign, 100 * campaign.size))
    with lossy_proxy(made.postgres.port, campaign.seed) as proxy:
        made.work_with(2, DATABASE_URL=made.database_url_at(proxy.port))
        proxy.chance = 0.02
        for number in range(6 * campaign.size):
            in_waves(run, number, 6 * campaign.size)
            time.sleep(1.5)
        proxy.chance = 0.0
        run.start_all().finish()
        run.verdict.notes["replies lost"] = proxy.lost
        if proxy.lost < 10:
            run.verdict.wrong.append("hardly any reply was lost: the scenario has become too easy")
    return run.judge()


DISK_FULL = """
    CREATE FUNCTION disk_is_full() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full';
    END $$"""


WRITES = "BEFORE INSERT OR UPDATE OR DELETE"


def full_disk(campaign: Campaign) -> Verdict:
    """PostgreSQL refuses every write of facts, steps and timers, with the error it has for a full disk."""
    made = campaign.made
    run = campaign.prepare(random_orders(campaign, 60 * campaign.size))
    made.work_with(2)
    tables = ("engine_fact", "engine_step", "engine_timer")
    with psycopg.connect(made.database_url, autocommit=True) as server:
        server.execute(DISK_FULL)
        for number in range(campaign.size):
            in_waves(run, number, campaign.size)
            time.sleep(0.7)
            for table in tables:
                server.execute(f"CREATE TRIGGER full_disk {WRITES} ON {table} EXECUTE FUNCTION disk_is_full()")
            time.sleep(LEASE_SECONDS + 1)
            for table in tables:
                server.execute(f"DROP TRIGGER full_disk ON {table}")
        server.execute("DROP FUNCTION disk_is_full")
    run.start_all().finish()
    return run.judge()


def too_many_connections(campaign: Campaign) -> Verdict:
    """Every connection of the installation is cut, and others take all there are."""
    made = campaign.made
    run = campaign.prepare(random_orders(campaign, 60 * campaign.size))
    made.work_with(2)
    for number in range(2 * campaign.size):
        in_waves(run, number, 2 * campaign.size)
        time.sleep(0.7)
        with psycopg.connect(made.database_url, autocommit=True) as server:
            taken = take_all(made.database_url)
            server.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name <> 'taken'"
                " AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
            )
            deadline = time.monotonic() + LEASE_SECONDS + 1
            while time.monotonic() < deadline:
                taken += take_all(made.database_url)
                time.sleep(0.02)
            for one in taken:
                one.close()
        run.verdict.notes["connections taken"] = len(taken)
        connection.close()
    run.start_all().finish()
    return run.judge()


def take_all(url: str) -> list[psycopg.Connection[Any]]:
    """Connections, until there are no more."""
    taken = []
    with suppress(psycopg.OperationalError):
        while True:
            taken.append(psycopg.connect(url, application_name="taken"))
    return taken


# -- wake-ups ---------------------------------------------------------------------------------------------------------


@contextmanager
def deliver(how: str) -> Iterator[None]:
    """Have the wake-ups of this process delivered so."""
    failpoints.armed.update(failpoints.parse(f"wake={how}"))
    try:
        yield
    finally:
        failpoints.armed.clear()


def wake_ups(campaign: Campaign, how: str) -> Verdict:
    """Every wake-up is lost, or comes three times."""
    run = campaign.prepare(random_orders(campaign, 40 * campaign.size, flows=2))
    with deliver(how):
        campaign.made.work_with(2, QUADRILLE_FAILPOINTS=f"wake={how}")
        run.start_all().finish()
    return run.judge()


def wake_ups_never(campaign: Campaign) -> Verdict:
    """No wake-up ever arrives."""
    return wake_ups(campaign, "drop")


def wake_ups_thrice(campaign: Campaign) -> Verdict:
    """Every wake-up arrives three times."""
    return wake_ups(campaign, "thrice")


# -- much at once -----------------------------------------------------------------------------------------------------


def race(campaign: Campaign) -> Verdict:
    """50 workers on one instance."""
    campaign.made.stop_workers()
    campaign.made.effects.write_text("")  # of the scenarios before, where steps were made twice and rightly so
    run = campaign.prepare([Order(campaign.seed, 1, name="race")])
    loops = [AttemptLoop(capacity=4, threads=2, first_claim=1) for _ in range(50)]
    threads = [threading.Thread(target=loop.run, daemon=True) for loop in loops]
    for thread in threads:
        thread.start()
    run.start_all().finish()
    for loop in loops:
        loop.stop()
    for thread in threads:
        thread.join()
    owners = Counter(lines_of(campaign, run))
    run.verdict.notes |= {"workers": len(loops), "effects": sum(owners.values())}
    if any(count > 1 for count in owners.values()):
        run.verdict.wrong.append("a step was made twice although nobody had gone away")
    return run.judge()


def lines_of(campaign: Campaign, run: Run) -> list[str]:
    """What was done outside by the run's instances; their keys are taken to be the campaign's newest."""
    lines = campaign.made.effects.read_text().split()
    campaign.made.effects.write_text("")
    return lines


def many_timers(campaign: Campaign) -> Verdict:
    """10,000 timers come due while nothing runs."""
    made, count = campaign.made, 10_000
    made.stop_workers()
    made.stop_beat()
    run = campaign.prepare([Order(campaign.seed, 1, name="hour")])
    run.ends = [run.ends[0] * count]
    run.orders = [Order(campaign.seed, count, name="hour")]
    run.verdict.instances = count
    run.start_all()
    with connection.cursor() as cursor:
        # An hour and a minute pass.
        cursor.execute("UPDATE engine_timer SET due_at = due_at - interval '61 minutes'")
    made.work_with(2)
    began = time.monotonic()
    run.finish(240)
    run.verdict.notes |= {"all fired within": f"{time.monotonic() - began:.1f} s", "timers left": Timer.objects.count()}
    return judge_alike(run)


def judge_alike(run: Run) -> Verdict:
    """The verdict on many instances of a small flow, with few statements; a hundred of them are looked at closely."""
    verdict, ids = run.verdict, run.ids
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT i.status, i.fact_count, count(*) FROM engine_instance i WHERE i.id = ANY(%s)
            GROUP BY i.status, i.fact_count""",
            [ids],
        )
        groups = cursor.fetchall()
        cursor.execute(
            """
            SELECT count(*) FROM (
                SELECT instance_id FROM engine_fact WHERE instance_id = ANY(%s)
                GROUP BY instance_id
                HAVING count(*) <> max(number) OR count(*) FILTER (WHERE type = 'StepCompleted') <> 2
                    OR count(*) FILTER (WHERE type = 'TimerFired') <> 1) wrong""",
            [ids],
        )
        (verdict.doubled,) = cursor.fetchone()
    verdict.lost = verdict.instances - sum(count for _, _, count in groups)
    verdict.stuck = sum(count for status, _, count in groups if status != "complete")
    if len(groups) > 1:
        verdict.wrong.append(f"they have not all ended alike: {groups}")
    run.started[0] = ids[:: len(ids) // 100]
    run.orders = [Order(run.orders[0].seed, len(run.started[0]), name=run.orders[0].name)]
    return run.judge()


def many_branches(campaign: Campaign) -> Verdict:
    """1,000 parallel branches of one instance, made by two workers, of which one is killed half-way."""
    made = campaign.made
    run = campaign.prepare([Order(campaign.seed, 1, name="wide")])
    first, _ = made.work_with(2)
    run.start_all()
    await_true(
        lambda: patiently(lambda: Step.objects.filter(instance__in=run.ids, status="completed").count()) > 300, 60
    )
    made.kill_worker(first)
    run.finish()
    return run.judge()


def endless_loops(campaign: Campaign) -> Verdict:
    """Loops without an end are stopped by the most steps their flow allows; others do not wait for them."""
    orders = [Order(campaign.seed, 10, name=f"endless-{what}") for what in ("work", "noop")]
    run = campaign.prepare([*orders, *random_orders(campaign, 20, flows=1)])
    campaign.made.work_with(2)
    run.start_all().finish()
    statuses = Counter(Instance.objects.filter(pk__in=run.started[0] + run.started[1]).values_list("status", flat=True))
    if set(statuses) != {"errored"}:
        run.verdict.wrong.append(f"endless loops are {dict(statuses)}")
    return run.judge()


def poison(campaign: Campaign) -> Verdict:
    """A step that kills its process each time: in the end it fails, and those beside it are unharmed."""
    made = campaign.made
    orders = [Order(campaign.seed, 10, name="neighbour"), *random_orders(campaign, 20, flows=1)]
    run = campaign.prepare(orders)
    deadly = Run(run.scope, [Order(campaign.seed, 1, name="deadly")], [[]])
    made.work_with(2, processes=2)
    deadly.start_all()
    run.start_all().finish(180)
    await_true(lambda: not deadly.unfinished(), 180)
    instance = Instance.objects.get(pk__in=deadly.ids)
    step = Step.objects.get(instance=instance, task="bite")
    run.verdict.instances += 1
    run.verdict.notes |= {
        "processes it killed": step.lost_leases,
        "ended as": f"{instance.status}, {(step.error or {}).get('name')}",
    }
    if (instance.status, (step.error or {}).get("name")) != ("errored", "WorkerLost"):
        run.verdict.wrong.append(f"the deadly step is {step.status}, its instance {instance.status}")
    return run.judge()


SCENARIOS: dict[str, Scenario] = {
    scenario.__name__: scenario
    for scenario in (
        worker_kills,
        pool_child_kills,
        stopped_workers,
        web_kills,
        server_restarts,
        redis_flushed,
        lost_replies,
        full_disk,
        too_many_connections,
        wake_ups_never,
        wake_ups_thrice,
        race,
        many_timers,
        many_branches,
        endless_loops,
        poison,
    )
}
BY_HAND = frozenset({"redis_flushed"})
"""What CI leaves out: another scenario does most of it."""
