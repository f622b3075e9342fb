"""Processes of several containers count into one folder."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

COUNT = """
import platform, sys
platform.node = lambda: sys.argv[1]  # what a container of that name would say; its process has a number of its own
import os
os.getpid = lambda: 1
from engine.telemetry import metrics
metrics.turn_on()
metrics.meters().leases_lost.inc(int(sys.argv[2]))
"""
READ = """
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
registry = CollectorRegistry()
MultiProcessCollector(registry)
print(generate_latest(registry).decode())
"""


def run(folder: Path, program: str, *arguments: str) -> str:
    """What a new process says that counts into a folder."""
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(folder)}
    command = [sys.executable, "-c", program, *arguments]
    return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout


def test_processes_of_one_number_on_two_hosts_keep_their_own_counts(tmp_path: Path) -> None:
    run(tmp_path, COUNT, "web_1", "3")
    run(tmp_path, COUNT, "worker_1", "4")
    assert sorted(file.name for file in tmp_path.glob("counter*")) == ["counter_web-1-1.db", "counter_worker-1-1.db"]
    assert "quadrille_leases_expired_total 7.0" in run(tmp_path, READ)
