"""An installation as in production, whose every part can be killed: servers, Celery workers, beat, web."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from cryptography.fernet import Fernet

from tests.nursery import Nursery
from tests.prepared import cluster, migrated
from tests.servers import (
    await_answer,
    await_port,
    find_postgres,
    find_redis,
    free_port,
    make_cluster,
    temporary_folder,
    unprivileged_user,
)

ROOT = Path(__file__).resolve().parents[2]
LEASE_SECONDS = 3
START_SECONDS = 120
READY = b" ready."
FIELD_KEY = Fernet.generate_key().decode()


@dataclass
class Server:
    """A server on a port of its own that can be stopped in any way and started again."""

    command: list[object]
    log: Path
    port: int
    user: str | None = None
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as output:
            words = [str(word) for word in self.command]
            self.process = subprocess.Popen(words, user=self.user, cwd="/", stdout=output, stderr=subprocess.STDOUT)
        await_port(self.process, self.port, self.log)

    def stop(self, how: signal.Signals) -> None:
        if self.process is not None:
            self.process.send_signal(how)
            self.process.wait()
            self.process = None


@dataclass
class Program:
    """A process of ours with all its children, in a group of its own. `process`: where it is a child of this one."""

    name: str
    pid: int
    log: Path
    ready_words: bytes
    process: subprocess.Popen[bytes] | None = None

    @property
    def is_alive(self) -> bool:
        if self.process is not None:
            return self.process.poll() is None
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, 0)
            return True
        return False

    @property
    def is_ready(self) -> bool:
        return self.is_alive and self.ready_words in self.log.read_bytes()

    @property
    def children(self) -> list[int]:
        """Its child processes, by id; not those that have ended and of which it does not know yet."""
        path = Path(f"/proc/{self.pid}/task/{self.pid}/children")
        children = [int(word) for word in path.read_text().split()] if path.exists() else []
        return [child for child in children if not has_ended(child)]

    @property
    def last_words(self) -> str:
        """The end of what it has printed."""
        return self.log.read_text(errors="replace")[-4000:]

    def signal(self, how: signal.Signals) -> None:
        """To it and its children."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, how)

    def kill(self) -> None:
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGKILL)
        if self.process is not None:
            self.process.wait()

    def await_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not self.is_ready:
            if not self.is_alive or time.monotonic() > deadline:
                raise RuntimeError(f"{self.name} does not start:\n{self.last_words}")
            time.sleep(0.05)


def has_ended(pid: int) -> bool:
    """Whether a process is gone, or is a zombie that only its parent has to ask for."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


class Installation:
    """Its servers run from the start; workers, beat and web as a scenario wants them."""

    def __init__(self, folder: Path, postgres_folder: Path) -> None:
        programs, redis, user = find_postgres(), find_redis(), unprivileged_user()
        if programs is None or redis is None:
            raise FileNotFoundError("the fault campaign needs the programs of PostgreSQL and redis-server")
        self.folder = folder
        self.effects = folder / "effects"
        self.effects.touch()
        data, port = postgres_folder / "data", free_port()
        make_cluster(programs, data, user)
        # What a killed server had confirmed has to be there afterwards; the machine itself does not fail here.
        options = {
            "port": port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": postgres_folder,
            "max_connections": 200,
            "fsync": "off",
        }
        words = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        self.postgres = Server([programs / "postgres", "-D", data, *words], postgres_folder / "log", port, user)
        port = free_port()
        words = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", str(folder)]
        self.redis = Server([redis, *words], folder / "redis.log", port)
        self.workers: list[Program] = []
        self.others: list[Program] = []
        self._count = 0
        self._nursery: Nursery | None = None

    @property
    def database_url(self) -> str:
        return self.database_url_at(self.postgres.port)

    def database_url_at(self, port: int) -> str:
        """Of the same database by way of another port."""
        return migrated(f"postgres://quadrille@127.0.0.1:{port}/postgres")

    def environment(self, **more: str) -> dict[str, str]:
        """Of every process of the installation."""
        unwanted = ("DJANGO_SETTINGS_MODULE", "BROKER_URL", "EMAIL_HOST", "QUADRILLE_DEVELOPMENT", "QUADRILLE_DEMO")
        kept = {name: value for name, value in os.environ.items() if name not in unwanted}
        return (
            kept
            | {
                "DJANGO_SETTINGS_MODULE": "config.settings",
                "QUADRILLE_MODE": "production",
                "QUADRILLE_DATA": str(self.folder),
                "SECRET_KEY": "the fault campaign signs nothing that anybody would want to forge 0123456789",
                "FIELD_KEYS": FIELD_KEY,
                "ALLOWED_HOSTS": "127.0.0.1",
                "SSL_REDIRECT": "0",
                "DATABASE_URL": self.database_url,
                "REDIS_URL": f"redis://127.0.0.1:{self.redis.port}/0",
                "QUADRILLE_LEASE_SECONDS": str(LEASE_SECONDS),
                "QUADRILLE_PYTHON_MODULES": "tests.chaos.functions",
                "CHAOS_EFFECTS": str(self.effects),
                "LOG_LEVEL": "INFO",
                "PYTHONWARNINGS": "ignore",
            }
            | more
        )

    # -- programs -----------------------------------------------------------------------------------------------------

    def launch(self, name: str, words: list[str], ready_words: bytes, environment: Mapping[str, str]) -> Program:
        self._count += 1
        log = self.folder / f"{name}-{self._count}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, *words],
                cwd=ROOT,
                env=self.environment(**environment),
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return Program(name, process.pid, log, ready_words, process)

    def start_worker(self, *, processes: int = 1, **environment: str) -> Program:
        """A Celery worker with so many pool children."""
        words = ["worker", "--concurrency", str(processes), "--loglevel", "INFO"]
        words += ["--without-gossip", "--without-mingle", "--without-heartbeat", "-n", f"w{self._count}@chaos"]
        if environment:
            worker = self.launch("worker", ["-m", "celery", "-A", "config", *words], READY, environment)
        else:
            worker = self._fork_worker(words)
        self.workers.append(worker)
        return worker

    def _fork_worker(self, words: list[str]) -> Program:
        """One with the environment of the installation: forked, which costs a fraction of a start."""
        if self._nursery is None:
            self._nursery = Nursery("worker", self.environment())
        self._count += 1
        log = self.folder / f"worker-{self._count}.log"
        return Program("worker", self._nursery.fork(log, *words), log, READY)

    def start_beat(self) -> None:
        self._count += 1
        schedule = self.folder / f"beat-{self._count}"
        words = ["-m", "celery", "-A", "config", "beat", "--schedule", str(schedule), "--pidfile", "", "-l", "INFO"]
        self.others.append(self.launch("beat", words, b"beat: Starting", {}))

    def start_web(self, port: int) -> Program:
        words = ["-m", "uvicorn", "config.asgi:application", "--port", str(port), "--lifespan", "off"]
        web = self.launch("web", words, b"Uvicorn running", {})
        self.others.append(web)
        return web

    def work_with(self, count: int, *, processes: int = 1, **environment: str) -> list[Program]:
        """Have exactly so many fresh workers, and beat; return once they are ready."""
        self.stop_workers()
        workers = [self.start_worker(processes=processes, **environment) for _ in range(count)]
        if not any(other.name == "beat" and other.is_alive for other in self.others):
            self.start_beat()
        for worker in workers:
            worker.await_ready()
        return workers

    def kill_worker(self, worker: Program) -> None:
        worker.kill()
        self.workers.remove(worker)

    def stop_workers(self) -> None:
        for worker in self.workers:
            worker.kill()
        self.workers.clear()

    def stop_beat(self) -> None:
        for other in self.others:
            if other.name == "beat":
                other.kill()
        self.others = [other for other in self.others if other.name != "beat"]

    def stop_nursery(self) -> None:
        if self._nursery is not None:
            self._nursery.close()

    def manage(self, *words: str) -> str:
        """Run a management command; answers what it printed."""
        command = [sys.executable, "manage.py", *words]
        done = subprocess.run(command, cwd=ROOT, env=self.environment(), capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"manage.py {' '.join(words)} failed:\n{done.stdout}{done.stderr}")
        return done.stdout

    def worker_logs(self) -> str:
        """What all workers have printed so far, those that are gone as well."""
        return "".join(path.read_text(errors="replace") for path in sorted(self.folder.glob("worker-*.log")))


@contextlib.contextmanager
def installation() -> Iterator[Installation]:
    """One whose database is empty but for its tables. Everything it started is gone afterwards."""
    with temporary_folder(None) as folder, temporary_folder(unprivileged_user()) as postgres_folder:
        made = Installation(folder, postgres_folder)
        try:
            made.postgres.start()
            await_answer(made.database_url)
            made.redis.start()
            if cluster() is None:
                made.manage("migrate", "--verbosity", "0")
            yield made
        finally:
            made.stop_workers()
            for other in made.others:
                other.kill()
            made.stop_nursery()
            made.redis.stop(signal.SIGKILL)
            made.postgres.stop(signal.SIGINT)


def restart_postgres(made: Installation, pause: float = 0.0) -> None:
    """Stop it at once, as if it had crashed, and start it again. It recovers from its log."""
    made.postgres.stop(signal.SIGQUIT)
    time.sleep(pause)
    made.postgres.start()
    await_answer(made.database_url)


def restart_redis(made: Installation, pause: float = 0.0) -> None:
    """Kill it; the one that comes after knows nothing of what was in it."""
    made.redis.stop(signal.SIGKILL)
    time.sleep(pause)
    made.redis.start()
