"""What happens to servers: PostgreSQL, Redis, and the ways to them."""

from __future__ import annotations

import random
import signal
import time
from contextlib import suppress
from typing import Any

import psycopg
import redis
from django.db import connection

from tests.chaos.campaign import Campaign, Verdict, Watch
from tests.chaos.installation import LEASE_SECONDS, restart_postgres, restart_redis
from tests.chaos.orders import in_waves, random_orders
from tests.chaos.proxy import lossy_proxy


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
