"""A real Quadrille for stories: `manage.py serve` in a process and a data folder of its own, with the demo loaded."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.acceptance.slowness import SLOWNESS
from tests.nursery import Nursery, await_words, is_running, kill
from tests.prepared import copy_folder, static_folder
from tests.servers import free_port

ROOT = Path(__file__).resolve().parent.parent.parent
SESSION_COOKIE = "quadrille_session"
STOP_SECONDS = 20
UNWANTED = (
    "DJANGO_SETTINGS_MODULE",
    "DATABASE_URL",
    "REDIS_URL",
    "BROKER_URL",
    "EMAIL_HOST",
    "ALLOWED_HOSTS",
    "SECRET_KEY",
)

SESSIONS_AT_ONCE = 20
"""Made in one process, each takes two milliseconds; to send the form takes the server a third of a second."""
MAKE_SESSIONS = """
import json
from importlib import import_module
from django.conf import settings
from django.contrib.auth import login
from django.test import RequestFactory
from accounts.models import User
user = User.objects.get(email={email!r})
keys = []
for _ in range({count}):
    request = RequestFactory().get("/")
    request.session = import_module(settings.SESSION_ENGINE).SessionStore()
    login(request, user, settings.AUTHENTICATION_BACKENDS[-1])
    request.session.save()
    keys.append(request.session.session_key)
print(json.dumps(keys))
"""


@dataclass(slots=True)
class Quadrille:
    """One installation: its data folder, its port, and the process while it runs."""

    data: Path
    port: int
    _pid: int | None = None
    _nursery: Nursery | None = None
    _sessions: dict[str, list[str]] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """The address without a slash at its end."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        """What the process printed."""
        return self.data / "serve.log"

    @property
    def credentials(self) -> dict[str, Any]:
        """What `manage.py demo` noted: `{password, users: {role: address}}`."""
        noted: dict[str, Any] = json.loads((self.data / "demo-credentials.json").read_text())
        return noted

    def new_session(self, role: str) -> str:
        """What the cookie of a new session of that member of the demo holds. Nobody has had it before."""
        waiting = self._sessions.setdefault(role, [])
        if not waiting:
            code = MAKE_SESSIONS.format(email=self.credentials["users"][role], count=SESSIONS_AT_ONCE)
            waiting += json.loads(self.manage("shell", "-v", "0", "-c", code))
        return waiting.pop()

    def environment(self) -> dict[str, str]:
        """The process environment: ours, without what would point it at another database or mode."""
        kept = {name: value for name, value in os.environ.items() if name not in UNWANTED}
        return kept | {"QUADRILLE_MODE": "embedded", "QUADRILLE_DATA": str(self.data), "QUADRILLE_DEMO": "1"}

    def manage(self, *words: str) -> str:
        """Run a management command; answers what it printed. Raises RuntimeError with its output when it fails."""
        return self._forked_from().run(*words)

    def start(self) -> None:
        """Serve, and return once the port accepts connections. The process is forked, as each start costs two seconds
        of imports; `tests/integration/config/test_serving.py` starts the command itself.
        """
        program = ("-m", "tests.acceptance.slow_serve") if SLOWNESS.is_of_the_server else ()
        self._pid = self._forked_from().fork(self.log, *program, "serve", "--port", str(self.port))
        await_words(self._pid, self.log, b"Quadrille is at")

    def close(self) -> None:
        """End everything, as an operator would; kill what does not listen."""
        if self._pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGTERM)
            deadline = time.monotonic() + STOP_SECONDS
            while is_running(self._pid) and time.monotonic() < deadline:
                time.sleep(0.02)
            kill(self._pid)
            self._pid = None
        self.forget_nursery()

    def forget_nursery(self) -> None:
        """Fork from a new process from now on, which begins with what is there now."""
        if self._nursery is not None:
            self._nursery.close()
            self._nursery = None

    def _forked_from(self) -> Nursery:
        if self._nursery is None:
            self._nursery = Nursery("command", {**self.environment(), "DJANGO_SETTINGS_MODULE": "config.settings"})
        return self._nursery


@contextlib.contextmanager
def program(server: Quadrille, environment: str) -> Iterator[httpx.Client]:
    """A client of the native API with a key for one environment of the demo, patient enough to wait for an instance."""
    words = ("--organization", "demo", "--environment", environment, "--name", "stories")
    headers = {"Authorization": f"Bearer {server.manage('api_key', *words).strip()}"}
    with httpx.Client(base_url=f"{server.url}/api/v1", headers=headers, timeout=70) as client:
        yield client


@contextlib.contextmanager
def quadrille(*, demo: bool = True) -> Iterator[Quadrille]:
    """A running installation, gone afterwards. With `demo` it has what `make run` has."""
    folder = Path(tempfile.mkdtemp(prefix="quadrille-story-"))
    server = Quadrille(folder, free_port())
    try:
        copy_folder(folder)
        server.manage("prepare")
        if static_folder() is None:
            server.forget_nursery()  # it has looked for the static files before there were any
        if demo:
            server.manage("demo", "--url", server.url)
        server.start()
        yield server
    finally:
        server.close()
        shutil.rmtree(folder, ignore_errors=True)
