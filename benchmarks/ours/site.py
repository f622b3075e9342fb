"""An installation to load: the web server of `deploy/Procfile` in one process, on the database of the environment."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx

from tests.servers import free_port

PROGRAMS = Path(sys.executable).parent
PATIENCE_SECONDS = 60
THREADS = 8
LIKE_THE_UNITS = {"WEB_KEEPS_TO_ONE_CPU": "1"}  # of deploy/systemd


@contextlib.contextmanager
def web_server() -> Iterator[int]:
    """The port of one web process (granian, as in production); gone afterwards."""
    port = free_port()
    command = [PROGRAMS / "granian", "--interface", "wsgi", "--no-ws", "--host", "127.0.0.1", "--port", str(port)]
    command += [
        "--workers",
        "1",
        "--blocking-threads",
        str(THREADS),
        "--log-level",
        "warning",
        "config.wsgi:application",
    ]
    with _running(command, port, "/healthz"):
        yield port


@contextlib.contextmanager
def live_server() -> Iterator[int]:
    """The port of one process for live updates (uvicorn, as in production); gone afterwards."""
    port = free_port()
    command = [PROGRAMS / "uvicorn", "config.asgi:application", "--host", "127.0.0.1", "--port", str(port)]
    command += ["--ws", "websockets-sansio", "--lifespan", "off", "--no-access-log", "--log-level", "warning"]
    with _running(command, port, "/healthz"):
        yield port


@contextlib.contextmanager
def _running(command: list[str | Path], port: int, path: str) -> Iterator[None]:
    process = subprocess.Popen(
        [str(word) for word in command],
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr,
        env={**os.environ, **LIKE_THE_UNITS},
    )
    try:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not _answers(f"http://127.0.0.1:{port}{path}"):
            if time.monotonic() > deadline or process.poll() is not None:
                raise RuntimeError(f"{command[0]} does not answer")
            time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait(PATIENCE_SECONDS)


def _answers(url: str) -> bool:
    with contextlib.suppress(httpx.HTTPError):
        return httpx.get(url, timeout=5).status_code < 500
    return False
