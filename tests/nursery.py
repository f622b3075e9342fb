"""Processes that are there at once: forked from one that has imported everything already, which is most of a start.

    nursery = Nursery("command", environment)
    pid = nursery.fork(log, "serve", "--port", "8000")
    print(nursery.run("api_key", "--name", "tests"))
    print(nursery.run("-m", "tests.chaos.ends", given="[]"))

Nothing but the imports is shared: no thread has been started and no connection opened when a process is forked. Each
leads a group of its own.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from runpy import run_module
from typing import Any, NoReturn

ROOT = Path(__file__).resolve().parents[1]
IMPORTED = {
    "command": ("config.asgi", "engine.management.commands.serve", "engine.runners.embedded", "uvicorn.lifespan.off"),
    "worker": ("celery.apps.worker", "celery.concurrency.prefork", "celery.worker.consumer", "tests.chaos.functions"),
}
"""What a kind of process needs beyond `django.setup()`, and beyond the migrations."""


class Nursery:
    """The process that forks, seen from the tests. It is started when the first child is wanted.

    `kind`: `command` for management commands and modules, `worker` for Celery's workers, and for what follows the word
    `manage.py`. `environment`: of all children.
    """

    def __init__(self, kind: str, environment: Mapping[str, str]) -> None:
        self._command = [sys.executable, "-m", "tests.nursery", kind]
        self._environment = environment
        self._process: subprocess.Popen[str] | None = None

    def fork(self, log: Path, *words: str) -> int:
        """Start a process with these words on its command line, which prints to `log`. Answers its id."""
        log.write_bytes(b"")
        return self._ask({"out": str(log), "words": words})

    def run(self, *words: str, given: str = "") -> str:
        """As `fork`, with something to read, and wait for its end. Answers what it printed; RuntimeError with all of
        that when it fails.
        """
        with tempfile.TemporaryDirectory(prefix="quadrille-run-") as folder:
            into, out, errors = Path(folder) / "in", Path(folder) / "out", Path(folder) / "errors"
            into.write_text(given)
            code = self._ask({"in": str(into), "out": str(out), "errors": str(errors), "words": words})
            printed = out.read_text()
            if code:
                raise RuntimeError(f"{' '.join(words)} failed:\n{printed}{errors.read_text()}")
            return printed

    def _ask(self, wish: Mapping[str, Any]) -> int:
        if self._process is None:
            self._process = subprocess.Popen(
                self._command,
                cwd=ROOT,
                env=self._environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(wish) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def close(self) -> None:
        """Nobody is to be forked any more. Who has been goes on."""
        if self._process is not None:
            self._process.communicate()
            self._process = None


def is_running(pid: int) -> bool:
    """Whether a process that was forked is still there."""
    with suppress(ProcessLookupError):
        os.kill(pid, 0)
        return True
    return False


def kill(pid: int) -> None:
    """kill -9 of a process that was forked; return once it has gone."""
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    while is_running(pid):
        time.sleep(0.005)


def await_words(pid: int, log: Path, words: bytes, *, seconds: float = 180) -> None:
    """Return once a process that was forked has printed this. Fails when it ends before, or takes so long."""
    deadline = time.monotonic() + seconds
    while words not in log.read_bytes():
        assert is_running(pid), log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.01)


# -- in the process itself --------------------------------------------------------------------------------------------


def main(kind: str) -> None:
    """Fork a process for each line until there are no more, and print its id; or its exit code, if `errors` are asked
    for beside what it prints.
    """
    import django

    django.setup()
    from django.db import connection

    if kind == "command":
        from django.db.migrations.loader import MigrationLoader

        MigrationLoader(None)  # each life of a server asks whether there is something to migrate
    if kind == "worker":
        from config.celery import app

        app.finalize()
        app.loader.import_default_modules()
    for name in IMPORTED[kind]:
        import_module(name)
    assert threading.active_count() == 1
    assert connection.connection is None
    for line in sys.stdin:
        wish = json.loads(line)
        is_awaited = "errors" in wish
        signal.signal(signal.SIGCHLD, signal.SIG_DFL if is_awaited else _bury)
        pid = os.fork()
        if not pid:
            _become(RUN[kind], wish["words"], wish.get("in", os.devnull), wish["out"], wish.get("errors", ""))
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) if is_awaited else pid, flush=True)
        signal.signal(signal.SIGCHLD, _bury)
        _bury()


def _bury(*_: object) -> None:
    """Take leave of those that have ended: nobody else waits for them."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _become(run: Callable[[list[str]], object], words: list[str], given: str, out: str, errors: str) -> NoReturn:
    """In the child: what the program does after its imports."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    os.dup2(os.open(given, os.O_RDONLY), 0)
    os.dup2(os.open(out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 1)
    os.dup2(os.open(errors, os.O_WRONLY | os.O_CREAT) if errors else 1, 2)
    code = 1
    try:
        run(words)
        code = 0
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _run_command(words: list[str]) -> None:
    """What follows `manage.py` on the command line; or `-m` and a module, as for Python itself."""
    if words[0] == "-m":
        sys.argv = words[1:]
        run_module(words[1], run_name="__main__")
        return
    from django.core.management import execute_from_command_line

    execute_from_command_line(["manage.py", *words])


def _run_worker(words: list[str]) -> None:
    """What follows `celery` on the command line, with or without the application; or `manage.py` and a command."""
    if words[0] == "manage.py":
        _run_command(words[1:])
        return
    from config.celery import app

    app.worker_main(words[2:] if words[0] == "-A" else words)


RUN: Mapping[str, Callable[[list[str]], object]] = {"command": _run_command, "worker": _run_worker}


if __name__ == "__main__":
    main(sys.argv[1])
