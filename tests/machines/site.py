"""A whole installation as `docs/howto/production.md` has it, made of the processes of `deploy/Procfile`."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import httpx
import psycopg
from cryptography.fernet import Fernet

from tests.nursery import Nursery, is_running
from tests.prepared import copy_static, migrated
from tests.servers import Redis, await_port, free_port, mortal_redis, postgres_server

ROOT = Path(__file__).resolve().parent.parent.parent
PROGRAMS = Path(sys.executable).parent
PATIENCE_SECONDS = 120
STOP_SECONDS = 60
T = TypeVar("T")
METRICS_TOKEN = "a-token-for-the-tests-only"
KEPT = ("PATH", "HOME", "LANG", "TMPDIR", "CI")
BROKER = "QUADRILLE_TEST_BROKER"
"""Another broker than Redis for the whole ring: `amqp://…` of a RabbitMQ that runs already."""


def procfile() -> dict[str, str]:
    """The commands of `deploy/Procfile` by their names."""
    lines = (ROOT / "deploy" / "Procfile").read_text().splitlines()
    return {name: command.strip() for name, _, command in (line.partition(":") for line in lines if line.strip())}


def until(question: Callable[[], T], what: str, *, seconds: float = PATIENCE_SECONDS, pause: float = 0.1) -> T:
    """The first answer that is true. Fails when there is none in time."""
    deadline = time.monotonic() + seconds
    while not (answer := question()):
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what}"
        time.sleep(pause)
    return answer


@dataclass(slots=True)
class Process:
    """One started process: the leader of a group of its own, so that all of it can be ended."""

    name: str
    pid: int
    log: Path
    handle: subprocess.Popen[bytes] | None = None
    """Where it is a child of this process."""
    _has_ended: bool = False
    _was_killed: bool = False

    @property
    def is_running(self) -> bool:
        """Whether it has not ended. Once it has, its number may be somebody else's."""
        if not self._has_ended:
            self._has_ended = not is_running(self.pid) if self.handle is None else self.handle.poll() is not None
        return not self._has_ended

    def read_log(self) -> str:
        """What it printed so far."""
        return self.log.read_text(errors="replace")

    def ask_to_end(self) -> None:
        """SIGTERM to the leader, as systemd and containers do."""
        if self.is_running:
            os.kill(self.pid, signal.SIGTERM)

    def await_end(self, seconds: float = STOP_SECONDS) -> bool:
        """Wait for its end; answers whether it has come in time."""
        deadline = time.monotonic() + seconds
        while self.is_running and time.monotonic() < deadline:
            time.sleep(0.02)
        return not self.is_running

    def kill(self) -> None:
        """The machine dies: the whole group, by no signal that could be handled."""
        if self._was_killed:
            return
        self._was_killed = True
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        assert self.await_end(), f"{self.name} outlives SIGKILL"

    def end(self) -> None:
        """SIGTERM, and SIGKILL for what does not heed it."""
        self.ask_to_end()
        self.await_end()
        self.kill()


@dataclass(slots=True)
class Site:
    """The installation: how to start a process of it, and how to look into it."""

    folder: Path
    environment: dict[str, str]
    redis: Redis
    port: int
    live_port: int
    processes: list[Process] = field(default_factory=list)
    _api: httpx.Client | None = None
    _nursery: Nursery | None = None

    @property
    def url(self) -> str:
        """Of pages and APIs."""
        return f"http://127.0.0.1:{self.port}"

    def manage(self, *words: str) -> str:
        """Run a management command; answers what it printed."""
        return self._forked_from().run("manage.py", *words)

    def start(self, name: str, *, root: Path = ROOT, **variables: str) -> Process:
        """Start a process of the Procfile by its name."""
        log = self.folder / f"{name}-{len(self.processes)}.log"
        with log.open("wb") as output:
            handle = subprocess.Popen(
                ["/bin/sh", "-c", procfile()[name]],
                cwd=root,
                env=self.environment | variables,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        process = Process(name, handle.pid, log, handle)
        self.processes.append(process)
        return process

    def fork_worker(self, **variables: str) -> Process:
        """A worker with the words of the Procfile's command, there at once: forked. `variables`: what stands in that
        command; the settings are those of the site.
        """
        log = self.folder / f"worker-{len(self.processes)}.log"
        program, *words = self._words("worker", variables)
        assert program == "celery"
        process = Process("worker", self._forked_from().fork(log, *words), log)
        self.processes.append(process)
        return process

    def _forked_from(self) -> Nursery:
        if self._nursery is None:
            self._nursery = Nursery("worker", self.environment | {"DJANGO_SETTINGS_MODULE": "config.settings"})
        return self._nursery

    def _words(self, name: str, variables: dict[str, str]) -> list[str]:
        """The words that the shell makes of a command of the Procfile."""
        command = procfile()[name].replace("exec ", "printf '%s\\n' ", 1)
        said = subprocess.run(
            ["/bin/sh", "-c", command], env=self.environment | variables, capture_output=True, text=True, check=True
        )
        return said.stdout.splitlines()

    def await_ready(self, worker: Process) -> None:
        """Return when a worker is at work."""
        until(lambda: not worker.is_running or " ready." in worker.read_log(), "a worker is ready")
        assert worker.is_running, worker.read_log()

    def start_web(self) -> None:
        """Start what answers requests, and return when it does."""
        for name, port in (("web", self.port), ("live", self.live_port)):
            process = self.start(name)
            await_port(process.handle, port, process.log)

    @property
    def api(self) -> httpx.Client:
        """A client of the native API with a key for the demo's environment `development`."""
        if self._api is None:
            words = ("--organization", "demo", "--environment", "development", "--name", "machines")
            headers = {"Authorization": f"Bearer {self.manage('api_key', *words).strip()}"}
            self._api = httpx.Client(base_url=f"{self.url}/api/v1", headers=headers, timeout=60)
        return self._api

    def ask(self, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Rows of the database."""
        with psycopg.connect(self.environment["DATABASE_URL"]) as connection:
            return connection.execute(sql, parameters).fetchall()

    def publish(self, flow: dict[str, Any]) -> str:
        """Make a flow over the API and publish it; answers its key."""
        made = self.api.post("/flows", json={"format": 1, **flow})
        assert made.status_code == 201, made.text
        published = self.api.post(f"/flows/{flow['key']}/publish", json={"note": "first"})
        assert published.is_success, published.text
        return str(flow["key"])

    def start_instances(self, flow: str, count: int, prefix: str = "i") -> list[str]:
        """Start instances over the API; answers their ids."""
        ids = [f"{prefix}-{number:04}" for number in range(count)]
        for first in range(0, count, 100):
            body = {"instances": [{"id": id, "input": {}} for id in ids[first : first + 100]]}
            answer = self.api.post(f"/flows/{flow}/instances/batch", json=body)
            assert answer.status_code == 201, answer.text
        return ids

    def statuses(self, flow: str) -> dict[str, int]:
        """How many instances of a flow have which status."""
        sql = """SELECT i.status, count(*) FROM engine_instance i JOIN designer_flow f ON f.id = i.flow_id
                 WHERE f.key = %s GROUP BY 1"""
        return dict(self.ask(sql, flow))

    def metrics(self) -> dict[str, float]:
        """The samples of `/metrics` by their names with labels."""
        answer = httpx.get(f"{self.url}/metrics", headers={"Authorization": f"Bearer {METRICS_TOKEN}"}, timeout=30)
        assert answer.status_code == 200, answer.text
        lines = [line for line in answer.text.splitlines() if not line.startswith("#")]
        return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}

    def close(self) -> None:
        """End everything that still runs."""
        if self._api is not None:
            self._api.close()
        for process in reversed(self.processes):
            if process.is_running:
                process.ask_to_end()
        for process in self.processes:
            process.end()
        if self._nursery is not None:
            self._nursery.close()


@contextlib.contextmanager
def site() -> Iterator[Site]:
    """An installation with the demo in it, its web server running, no worker yet; gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="quadrille-machines-"))
    with postgres_server() as database, mortal_redis() as redis:
        port, live_port = free_port(), free_port()
        environment = {name: os.environ[name] for name in KEPT if name in os.environ} | {
            "PATH": f"{PROGRAMS}:{os.environ.get('PATH', '/usr/bin')}",
            "QUADRILLE_MODE": "production",
            "QUADRILLE_DATA": str(folder),
            "QUADRILLE_DEMO": "1",
            "QUADRILLE_OUTBOUND_ALLOW": "127.0.0.0/8",
            "SECRET_KEY": secrets.token_urlsafe(64),
            "FIELD_KEYS": Fernet.generate_key().decode(),
            "DATABASE_URL": migrated(database),
            "REDIS_URL": redis.url,
            "ALLOWED_HOSTS": "127.0.0.1",
            "SSL_REDIRECT": "0",
            "METRICS_TOKEN": METRICS_TOKEN,
            "QUADRILLE_LEASE_SECONDS": "10",
            "PORT": str(port),
            "LIVE_PORT": str(live_port),
            "PYTHONUNBUFFERED": "1",
        }
        if BROKER in os.environ:
            environment["BROKER_URL"] = os.environ[BROKER]
        running = Site(folder, environment, redis, port, live_port)
        try:
            copy_static(folder)
            running.manage("prepare")
            running.manage("demo", "--url", running.url)
            running.start_web()
            yield running
        finally:
            running.close()
            shutil.rmtree(folder, ignore_errors=True)
