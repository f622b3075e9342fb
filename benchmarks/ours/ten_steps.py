"""Our side of `ten_steps`. The environment names the database; `benchmarks.contestants` says how it talks.

It starts instances so that so many are in flight, and sees in the database when they are complete. Attempts are made by
the embedded runner's threads in this process, or (`--workers`) by worker processes beside it.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.metadata
import json
import os
import platform
import sqlite3
import sys
import time
from collections.abc import Iterator
from typing import Any, Final

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.db.models import Count, Q  # noqa: E402

from accounts.scope import Scope  # noqa: E402
from benchmarks.ours.flow import make_scope, publish_chain  # noqa: E402
from benchmarks.ours.working import running_here, running_workers  # noqa: E402
from designer.models import Flow  # noqa: E402
from engine.models import Instance  # noqa: E402
from engine.services.instances import StartRequest, start_instances  # noqa: E402

STEPS: Final = 10
LOOK_SECONDS: Final = 0.005
"""How long to sleep between two looks at the database."""
PATIENCE_SECONDS: Final = 60


def run(scope: Scope, flow: Flow, instances: int, in_flight: int) -> None:
    """Run so many instances. New ones are started together as soon as a quarter of those in flight is complete.

    Raises TimeoutError when none completes for a minute.
    """
    slice = max(1, in_flight // 4)
    started = running = 0
    seen_at = time.monotonic()
    while started < instances or running:
        count = min(in_flight - running, instances - started)
        if count >= slice or (count and count == instances - started):
            start_instances(scope, flow, [StartRequest(input={"number": started + n}) for n in range(count)])
            started += count
            running += count
        time.sleep(LOOK_SECONDS)
        before, running = running, count_unfinished(flow)
        if running < before:
            seen_at = time.monotonic()
        elif time.monotonic() - seen_at > PATIENCE_SECONDS:
            raise TimeoutError(f"{running} instances in flight, none of which completes")


def count_unfinished(flow: Flow) -> int:
    """How many instances have not ended. Past the ORM: looking is not what is measured."""
    sql = "SELECT count(*) FROM engine_instance WHERE flow_id = %s AND status IN ('queued', 'running', 'waiting')"
    with connection.cursor() as cursor:
        cursor.execute(sql, [flow.pk])
        return int(cursor.fetchone()[0])


def check(flow: Flow, instances: int, output: str = "number") -> None:
    """See that every instance is complete with exactly ten completed steps, each with its output, and no other step.

    `output`: a key that each output has.
    """
    whole = (
        Instance.objects.filter(flow=flow, status="complete")
        .annotate(
            all=Count("steps"),
            done=Count("steps", filter=Q(steps__status="completed", steps__output__has_key=output, steps__attempt=1)),
        )
        .filter(all=STEPS, done=STEPS)
        .count()
    )
    assert whole == instances == Instance.objects.count(), f"{whole} of {instances} instances are whole"


def read_settings() -> dict[str, Any]:
    """What the database says of its durability."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            wanted = {"journal_mode": "PRAGMA journal_mode", "synchronous": "PRAGMA synchronous"}
        else:
            wanted = {name: f"SHOW {name}" for name in ("synchronous_commit", "fsync", "full_page_writes")}
        found = {}
        for name, sql in wanted.items():
            cursor.execute(sql)
            found[name] = cursor.fetchone()[0]
    return found


def read_versions() -> dict[str, str]:
    """Of what the figure may depend on."""
    versions = {"python": platform.python_version(), "django": importlib.metadata.version("django")}
    if connection.vendor == "sqlite":
        return versions | {"sqlite": sqlite3.sqlite_version}
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        server = str(cursor.fetchone()[0])
    return versions | {"psycopg": importlib.metadata.version("psycopg"), "postgresql": server}


@contextlib.contextmanager
def workers(count: int) -> Iterator[None]:
    """Whoever makes the attempts."""
    with running_workers(count) if count else running_here():
        yield


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--instances", type=int, required=True)
    parser.add_argument("--in-flight", type=int, required=True)
    parser.add_argument("--warm-up", type=int, required=True)
    parser.add_argument("--workers", type=int, default=0, help="processes; 0: threads of this one")
    parser.add_argument("--url", default="", help="each step is an HTTP request to it")
    arguments = parser.parse_args()

    call_command("migrate", verbosity=0)
    scope = make_scope()
    flow = publish_chain(scope, steps=STEPS, url=arguments.url)
    with workers(arguments.workers):
        run(scope, flow, arguments.warm_up, arguments.in_flight)
        print("ready", flush=True)
        sys.stdin.readline()
        began = time.monotonic()
        run(scope, flow, arguments.instances, arguments.in_flight)
        ended = time.monotonic()
    check(flow, arguments.warm_up + arguments.instances, "body" if arguments.url else "number")
    answer = {
        "began": began,
        "ended": ended,
        "steps": arguments.instances * STEPS,
        "settings": read_settings(),
        "versions": read_versions(),
    }
    print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
