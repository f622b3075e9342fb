"""How our costs grow, on the database that the environment names: one line of JSON.

    {"chain": {"10": s, "1000": s}, "fan_out": {"100": s, "1000": s}, "sweep": {"1000": s, "10000": s, "100000": s},
     "memory": {"1000": bytes, "10000": bytes, "100000": bytes}}

Seconds per step of a chain of so many tasks (eight instances at once), per branch of a fan-out into so many branches
and their join (one instance), per sweep over so many waiting instances, and what this process holds in memory then.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import time
from itertools import pairwise
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.core.management import call_command  # noqa: E402
from django.utils import timezone  # noqa: E402

from accounts.scope import Scope  # noqa: E402
from benchmarks.ours.flow import make_scope  # noqa: E402
from benchmarks.ours.ten_steps import run  # noqa: E402
from benchmarks.ours.working import running_here  # noqa: E402
from designer.models import Flow  # noqa: E402
from designer.services.importing import import_flow  # noqa: E402
from designer.services.publishing import publish_flow  # noqa: E402
from engine.models import Instance, Timer  # noqa: E402
from engine.services.instances import StartRequest, start_instances  # noqa: E402
from engine.services.timers import fire_due_timers  # noqa: E402
from engine.storage import storage  # noqa: E402

SWEEPS = 200
ROUNDS = 3


def publish(scope: Scope, key: str, tasks: list[dict[str, Any]], edges: list[tuple[str, str]]) -> Flow:
    document = {"format": 1, "key": key, "name": key, "tasks": tasks}
    flow = import_flow(scope, document | {"edges": [{"from": a, "to": b} for a, b in edges]}, replace=False)
    publish_flow(scope, flow)
    return flow


def python_task(key: str) -> dict[str, Any]:
    inputs = {"function": "echo", "arguments": {"number": 1}}
    return {"key": key, "name": key, "kind": "automation", "settings": {"action": "python", "inputs": inputs}}


def chain(scope: Scope, length: int) -> Flow:
    keys = [f"step_{number}" for number in range(length)]
    return publish(scope, f"chain-{length}", [python_task(key) for key in keys], list(pairwise(keys)))


def fan_out(scope: Scope, branches: int) -> Flow:
    keys = [f"branch_{number}" for number in range(branches)]
    ends = [{"key": key, "name": key, "kind": "noop"} for key in ("split", "join")]
    edges = [("split", key) for key in keys] + [(key, "join") for key in keys]
    return publish(scope, f"fan-{branches}", [*ends, *map(python_task, keys)], edges)


def wait(scope: Scope) -> Flow:
    delay = {"key": "wait", "name": "wait", "kind": "delay", "settings": {"for": "30 days"}}
    return publish(scope, "wait", [delay], [])


def seconds_to_run(scope: Scope, flow: Flow, instances: int, in_flight: int) -> float:
    """The least of some rounds: what else the machine does only ever adds."""
    found = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        run(scope, flow, instances, in_flight)
        found.append(time.perf_counter() - began)
    return min(found)


def seconds_of_a_sweep() -> float:
    """What a worker that has nothing to do does: look for due timers and claimable steps, and for the next moment."""
    found = []
    for _ in range(SWEEPS):
        now = timezone.now()
        began = time.perf_counter()
        assert fire_due_timers(now, 100) == 0
        assert not storage().has_claimable(now)
        storage().next_moment(now)
        found.append(time.perf_counter() - began)
    return statistics.median(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--waiting", type=int, default=100_000)
    arguments = parser.parse_args()
    call_command("migrate", verbosity=0)
    scope = make_scope()
    answer: dict[str, dict[str, float]] = {"chain": {}, "fan_out": {}, "sweep": {}, "memory": {}}
    with running_here():
        run(scope, chain(scope, 20), 64, 8)
        for length, instances in ((10, 400), (1000, 8)):
            flow = chain(scope, length)
            answer["chain"][str(length)] = seconds_to_run(scope, flow, instances, 8) / (length * instances)
        for branches, instances in ((100, 20), (1000, 2)):
            flow = fan_out(scope, branches)
            answer["fan_out"][str(branches)] = seconds_to_run(scope, flow, instances, 1) / (branches * instances)
    flow, waiting = wait(scope), 0
    for wanted in (1000, 10_000, arguments.waiting):
        while waiting < wanted:
            start_instances(scope, flow, [StartRequest() for _ in range(1000)])
            waiting += 1000
        answer["sweep"][str(wanted)] = seconds_of_a_sweep()
        answer["memory"][str(wanted)] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    assert Timer.objects.count() == waiting == Instance.objects.filter(flow=flow, status="waiting").count()
    print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
