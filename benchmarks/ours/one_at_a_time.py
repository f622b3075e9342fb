"""Instances of ten steps, one after another, in an installation that has nothing else to do.

Answers `milliseconds`: of each instance from before its start to when the database says that it is complete.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402

from accounts.scope import Scope  # noqa: E402
from benchmarks.ours.flow import make_scope, publish_chain  # noqa: E402
from benchmarks.ours.ten_steps import STEPS, check, read_settings, read_versions, workers  # noqa: E402
from designer.models import Flow  # noqa: E402
from engine.services.instances import StartRequest, start_instances  # noqa: E402

LOOK_SECONDS = 0.0005
REST_SECONDS = 0.03
"""Between two instances; so long that everybody has gone to sleep again."""
PATIENCE_SECONDS = 60


def seconds_of_one(scope: Scope, flow: Flow) -> float:
    """Start one instance and look until it is complete."""
    began = time.perf_counter()
    (instance,) = start_instances(scope, flow, [StartRequest()])
    while not is_complete(instance.pk):
        if time.perf_counter() - began > PATIENCE_SECONDS:
            raise TimeoutError("the instance does not complete")
        time.sleep(LOOK_SECONDS)
    return time.perf_counter() - began


def is_complete(pk: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT status FROM engine_instance WHERE id = %s", [pk])
        return bool(cursor.fetchone()[0] == "complete")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--instances", type=int, required=True)
    parser.add_argument("--workers", type=int, default=0)
    arguments = parser.parse_args()
    call_command("migrate", verbosity=0)
    scope = make_scope()
    flow = publish_chain(scope, steps=STEPS)
    found = []
    with workers(arguments.workers):
        for _ in range(16):
            seconds_of_one(scope, flow)
        print("ready", flush=True)
        sys.stdin.readline()
        began = time.monotonic()
        for _ in range(arguments.instances):
            time.sleep(REST_SECONDS)
            found.append(seconds_of_one(scope, flow) * 1000)
        ended = time.monotonic()
    check(flow, arguments.instances + 16)
    answer = {"began": began, "ended": ended, "steps": arguments.instances * STEPS, "milliseconds": found}
    print(json.dumps(answer | {"settings": read_settings(), "versions": read_versions()}), flush=True)


if __name__ == "__main__":
    main()
