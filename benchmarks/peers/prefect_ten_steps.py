"""Prefect's side: flows of ten tasks against a Prefect server on the same PostgreSQL; each result is persisted.

The server is a process of its own; the flows run in threads of this one, as Prefect runs a flow that is called.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from contestant import STEPS, Task, compete, in_threads


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Prefect:
    """A server, and flows called in threads of this process."""

    def __init__(self, task: Task) -> None:
        port = free_port()
        folder = tempfile.mkdtemp(prefix="prefect-")
        api = f"http://127.0.0.1:{port}/api"
        os.environ |= {
            "PREFECT_HOME": folder,
            "PREFECT_API_URL": api,
            "PREFECT_API_DATABASE_CONNECTION_URL": task.url.replace("postgresql://", "postgresql+asyncpg://", 1),
            "PREFECT_LOGGING_LEVEL": "CRITICAL",
            "PREFECT_LOGGING_TO_API_ENABLED": "false",
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "PREFECT_RESULTS_PERSIST_BY_DEFAULT": "true",
            "DO_NOT_TRACK": "1",
        }
        program = Path(sys.executable).parent / "prefect"
        command = [program, "server", "start", "--host", "127.0.0.1", "--port", str(port), "--log-level", "CRITICAL"]
        self.server = subprocess.Popen(command, stdout=sys.stderr)
        self._await(f"{api}/health")
        import prefect

        @prefect.task
        def noop(number: int) -> dict[str, int]:
            return {"number": number}

        @prefect.flow
        def ten_steps() -> int:
            for number in range(STEPS):
                noop(number)
            return STEPS

        self.flow, self.done = ten_steps, 0

    def _await(self, url: str) -> None:
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            try:
                with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - our own server
                    if answer.status == 200:
                        return
            except OSError:
                time.sleep(0.5)
        raise TimeoutError("the Prefect server does not answer")

    def run(self, workflows: int, in_flight: int) -> None:
        def one() -> None:
            assert self.flow() == STEPS
            self.done += 1

        in_threads(one, workflows, in_flight)

    def count(self) -> int:
        return self.done

    def close(self) -> None:
        self.server.terminate()
        self.server.wait(30)


if __name__ == "__main__":
    compete(Prefect, ("prefect",), {})
