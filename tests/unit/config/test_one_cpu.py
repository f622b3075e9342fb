"""A web process keeps to one CPU that no other one keeps to."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

PROGRAM = """
import json, os, sys, threading
from config.one_cpu import keep_to_one_cpu
may_look = threading.Event()
before, seen = threading.Thread(target=lambda: (may_look.wait(), seen.append(os.sched_getaffinity(0)))), []
before.start()
chosen = keep_to_one_cpu(sys.argv[1], last_first="last" in sys.argv)
may_look.set()
before.join()
after = threading.Thread(target=lambda: seen.append(os.sched_getaffinity(0)))
after.start()
after.join()
seen.append(os.sched_getaffinity(0))
print(json.dumps([chosen, [sorted(one) for one in seen]]), flush=True)
sys.stdin.read()
"""

AMONG = secrets.token_hex(8)
"""Whatever else keeps to a CPU meanwhile is nothing to these."""

pytestmark = pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="there is but one CPU")


@contextmanager
def process(*wishes: str) -> Iterator[tuple[int | None, list[list[int]]]]:
    """One that keeps to a CPU as long as this lasts: which, and where its threads may run (an earlier one, a later one,
    the first)."""
    command = [sys.executable, "-c", PROGRAM, AMONG, *wishes]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as one:
        assert one.stdin is not None
        assert one.stdout is not None
        chosen, seen = json.loads(one.stdout.readline())
        yield chosen, seen
        one.stdin.close()


def test_all_its_threads_keep_to_one_and_others_to_others() -> None:
    cpus = sorted(os.sched_getaffinity(0))
    with ExitStack() as running:
        found = [running.enter_context(process()) for _ in cpus]
        taken = [chosen for chosen, _ in found if chosen is not None]
        assert len(set(taken)) == len(taken) > 0
        assert all(seen == [[chosen]] * 3 for chosen, seen in found if chosen is not None)
        assert running.enter_context(process()) == (None, [cpus] * 3), "all are taken: it runs where it is put"


def test_who_asks_for_the_last_first_keeps_out_of_the_way_of_others() -> None:
    cpus = sorted(os.sched_getaffinity(0))
    with process("last") as (live, _), process() as (web, _):
        assert (live, web) == (cpus[-1], cpus[0])


def test_what_a_process_kept_to_is_free_once_it_is_gone() -> None:
    cpus = os.sched_getaffinity(0)
    for _ in range(len(cpus) + 1):
        with process() as (chosen, _):
            assert chosen in cpus
