"""What every peer's side does alike: arguments, warm-up, `ready`, the clock, and one line of JSON.

Runs in the peer's own environment, so it imports nothing but the standard library. `benchmarks.contestants` says how
the two sides talk.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import platform
import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

STEPS = 10


@dataclass(frozen=True)
class Task:
    """What a contestant is told: where, how many workflows, how many at once."""

    url: str
    redis_url: str
    workflows: int
    in_flight: int
    warm_up: int
    workers: int


class Contestant(Protocol):
    """One side. `run` returns when so many workflows have ended; `count` says how many have, with all their steps
    stored, since the database was made."""

    def run(self, workflows: int, in_flight: int) -> None: ...
    def count(self) -> int: ...
    def close(self) -> None: ...


def compete(make: Callable[[Task], Contestant], packages: tuple[str, ...], settings: Mapping[str, object]) -> None:
    """Take part. Raises AssertionError when a workflow is missing afterwards."""
    task = _read()
    contestant = make(task)
    try:
        contestant.run(task.warm_up, task.in_flight)
        print("ready", flush=True)
        sys.stdin.readline()
        began = time.monotonic()
        contestant.run(task.workflows, task.in_flight)
        ended = time.monotonic()
        found, wanted = contestant.count(), task.warm_up + task.workflows
        assert found == wanted, f"{found} of {wanted} workflows are whole"
    finally:
        contestant.close()
    versions = {"python": platform.python_version()} | {name: importlib.metadata.version(name) for name in packages}
    answer = {
        "began": began,
        "ended": ended,
        "steps": task.workflows * STEPS,
        "settings": dict(settings),
        "versions": versions,
    }
    print(json.dumps(answer), flush=True)


def in_threads(work: Callable[[], None], times: int, threads: int) -> None:
    """Do `work` so many times, in so many threads; raises what it raises."""
    left = iter(range(times))

    def some() -> None:
        while next(left, None) is not None:
            work()

    with ThreadPoolExecutor(threads) as pool:
        for ended in [pool.submit(some) for _ in range(threads)]:
            ended.result()


def keep_in_flight(start: Callable[[int], None], count: Callable[[], int], workflows: int, in_flight: int) -> None:
    """Start workflows that others run, so that so many are in flight; `count` says how many have ended since it was
    first asked. Raises TimeoutError when none ends for two minutes."""
    before, started, ended = count(), 0, 0
    moved = time.monotonic()
    while ended < workflows:
        room = min(in_flight - (started - ended), workflows - started)
        if room >= max(1, in_flight // 4) or (room and room == workflows - started):
            start(room)
            started += room
        time.sleep(0.005)
        now_ended = count() - before
        if now_ended > ended:
            moved = time.monotonic()
        elif time.monotonic() - moved > 120:
            raise TimeoutError(f"{started - ended} workflows in flight, none of which ends")
        ended = now_ended


def _read() -> Task:
    parser = argparse.ArgumentParser()
    parser.add_argument("--url", required=True)
    parser.add_argument("--redis-url", default="")
    parser.add_argument("--workflows", type=int, required=True)
    parser.add_argument("--in-flight", type=int, required=True)
    parser.add_argument("--warm-up", type=int, default=64)
    parser.add_argument("--workers", type=int, default=2)
    return Task(**vars(parser.parse_args()))
