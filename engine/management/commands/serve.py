import contextlib
import fcntl
import os
import signal
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import uvicorn
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from engine.runners.embedded import EmbeddedRunner

GRACE_SECONDS = 3


class Command(BaseCommand):
    """Everything in one process: pages, APIs, live updates and the engine. Ends cleanly on SIGTERM and SIGINT."""

    help = "Serve Quadrille: web server and engine in one process. --data FOLDER says where it keeps everything."

    def add_arguments(self, parser: CommandParser) -> None:
        """Where to listen. (`--data` is taken by `manage.py` itself, before the settings are read.)"""
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8000)

    def handle(self, *_: Any, host: str, port: int, **__: Any) -> None:
        """Prepare, listen, work, and stop when told to."""
        with only_process(), listening(host, port) as listener:
            call_command("prepare")
            self.serve(listener)

    def serve(self, listener: socket.socket) -> None:
        """Run the engine beside the web server, until that ends."""
        # A flow may call this very server: from here on its calls wait until they are answered.
        listener.listen(128)
        runner = EmbeddedRunner(is_alone=not settings.PRODUCTION)
        runner.start()
        host, port = listener.getsockname()[:2]
        shown = f"[{host}]" if ":" in host else host
        if not settings.EMAIL_HOST:
            self.stdout.write(f"Mails are kept in {settings.EMAIL_FILE_PATH} (EMAIL_HOST would send them)")
        self.stdout.write(f"Quadrille is at http://{shown}:{port}/ (Ctrl+C ends it)")
        self.stdout.flush()
        try:
            Server(server_config()).run(sockets=[listener])
        finally:
            runner.stop()


def server_config() -> uvicorn.Config:
    """The web server's settings."""
    return uvicorn.Config(
        "config.asgi:application",
        lifespan="off",
        log_config=None,
        access_log=False,
        ws="websockets-sansio",
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )


class Server(uvicorn.Server):
    """uvicorn, but a signal only ends the serving: the engine has to be stopped after it."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """SIGTERM and SIGINT ask the server to finish; a second one does not wait for open connections."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def ask_to_finish(number: int, frame: FrameType | None) -> None:
            self.handle_exit(number, frame)

        before = {number: signal.signal(number, ask_to_finish) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


@contextlib.contextmanager
def only_process() -> Iterator[None]:
    """Hold the data folder's lock in embedded mode: two engines must not take each other's attempts for lost ones.

    The system lets go of the lock when the process ends, however it ends. Raises CommandError when another holds it.
    """
    if settings.PRODUCTION:
        yield
        return
    path = Path(settings.DATA_DIR) / "serve.lock"
    with path.open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.seek(0)
            holder = lock.read(20).strip() or "?"
            raise CommandError(
                f"Another process ({holder}) serves the data folder {settings.DATA_DIR}. Stop it, or use --data."
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


@contextlib.contextmanager
def listening(host: str, port: int) -> Iterator[socket.socket]:
    """A listening socket. Raises CommandError when the address cannot be had."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        # Named, not 0: only so does asyncio switch off Nagle's algorithm, which holds a body back until the browser has
        # acknowledged the head of the answer, 40 ms later.
        listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except OSError as error:
        raise CommandError(f"Cannot listen on {host}:{port}: {error.strerror or error}.") from error
    with listener:
        listener.set_inheritable(True)
        yield listener
