"""Throwaway servers for tests: a PostgreSQL and a Redis of their own, on a free loopback port, gone afterwards.

Nothing of the machine's own servers is touched. As root, PostgreSQL runs as an unprivileged user: it refuses otherwise.
"""

from __future__ import annotations

import contextlib
import glob
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from socketserver import BaseServer

import psycopg

from tests.prepared import cluster, copy_owned

POSTGRES_FOLDERS = ("/usr/lib/postgresql/*/bin", "/usr/local/bin", "/usr/pgsql-*/bin", "/opt/homebrew/bin")
START_SECONDS = 60


def find_postgres() -> Path | None:
    """The folder with `initdb` and `postgres`, the newest version first; None where there is none."""
    on_path = shutil.which("initdb")
    folders = [Path(folder) for pattern in POSTGRES_FOLDERS for folder in sorted(glob.glob(pattern), reverse=True)]
    if on_path:
        folders.append(Path(on_path).resolve().parent)
    return next((f for f in folders if (f / "initdb").exists() and (f / "postgres").exists()), None)


def find_redis() -> Path | None:
    """The `redis-server` program; None where there is none."""
    found = shutil.which("redis-server")
    return Path(found) if found else None


def free_port() -> int:
    """A loopback port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def unprivileged_user() -> str | None:
    """Whom to run as: None for ourselves, a system user when we are root."""
    if os.getuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return next((name for name in ("postgres", "nobody") if name in names), None)


@contextlib.contextmanager
def postgres_server(*, is_durable: bool = False, preload: str = "", keep: Path | None = None) -> Iterator[str]:
    """A fresh PostgreSQL; yields the DATABASE_URL of an empty database. For tests, which outlive no crash, commits wait
    for no disk.

    `preload`: libraries of the server's own to load with it. `keep`: where its folder is to be left when it has ended.
    """
    programs = find_postgres()
    if programs is None:
        raise FileNotFoundError("no PostgreSQL server program on this machine")
    user = unprivileged_user()
    with temporary_folder(user) as folder:
        data, port = folder / "data", free_port()
        make_cluster(programs, data, user)
        options = {
            "port": port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": folder,
            "max_connections": 200,
            "shared_preload_libraries": preload,
            **({} if is_durable else {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}),
        }
        settings = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        url = f"postgres://quadrille@127.0.0.1:{port}/postgres"
        with running(user, [programs / "postgres", "-D", data, *settings], folder / "log", port):
            await_answer(url)
            yield url
        if keep:
            copy_owned(data, keep)


def make_cluster(programs: Path, data: Path, user: str | None) -> None:
    """The folder `data` of a new PostgreSQL server: a copy of one that is prepared, if there is one."""
    made = cluster()
    if made:
        copy_owned(made, data)
    else:
        words = ["-U", "quadrille", "--auth=trust", "-E", "UTF8", "--locale=C", "-N"]
        run(user, [programs / "initdb", "-D", data, *words])


@dataclass(slots=True)
class Redis:
    """A throwaway Redis that can die and come back, empty, at the same address."""

    program: Path
    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Its REDIS_URL."""
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start it, and return once it listens."""
        options = {"port": self.port, "bind": "127.0.0.1", "save": "", "appendonly": "no", "dir": self.folder}
        words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
        log = self.folder / "log"
        with log.open("ab") as output:
            self.process = subprocess.Popen([str(self.program), *words], cwd="/", stdout=output, stderr=output)
        await_port(self.process, self.port, log)

    def kill(self) -> None:
        """End it at once, with all it knows."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    @contextlib.contextmanager
    def stopped(self) -> Iterator[None]:
        """It takes connections and answers nobody, as if the network had gone; afterwards it goes on."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)


@contextlib.contextmanager
def redis_server() -> Iterator[str]:
    """A fresh Redis without persistence; yields its URL."""
    with mortal_redis() as server:
        yield server.url


@contextlib.contextmanager
def mortal_redis() -> Iterator[Redis]:
    """As `redis_server`; yields the server, which may be killed and started again."""
    program = find_redis()
    if program is None:
        raise FileNotFoundError("no redis-server program on this machine")
    with temporary_folder(None) as folder:
        server = Redis(program, folder, free_port())
        server.start()
        try:
            yield server
        finally:
            server.kill()


@contextlib.contextmanager
def temporary_folder(user: str | None) -> Iterator[Path]:
    """A folder that the user owns, removed afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="quadrille-server-"))
    try:
        if user:
            shutil.chown(folder, user)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def run(user: str | None, command: list[object]) -> None:
    """Run a program to its end. Raises RuntimeError with what it printed when it fails."""
    words = [str(word) for word in command]
    done = subprocess.run(words, user=user, cwd="/", capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{words[0]} failed:\n{done.stdout}{done.stderr}")


@contextlib.contextmanager
def running(user: str | None, command: list[object], log: Path, port: int) -> Iterator[None]:
    """A server process while it is needed, from the moment it listens."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            [str(word) for word in command], user=user, cwd="/", stdout=output, stderr=subprocess.STDOUT
        )
        try:
            await_port(process, port, log)
            yield
        finally:
            process.terminate()
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def await_answer(url: str) -> None:
    """Wait until a PostgreSQL that listens has started up. Raises `psycopg.OperationalError` when it does not."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            psycopg.connect(url).close()
            return
        except psycopg.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def await_port(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    """Wait until the server accepts connections. Raises RuntimeError with its log when it does not."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise RuntimeError(f"{process.args!r} does not listen on {port}:\n{log.read_text(errors='replace')}")


def serve_in_thread(server: BaseServer) -> None:
    """Serve until `shutdown` is called, which is heard at once: not after half a second, as it would be by itself."""
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
