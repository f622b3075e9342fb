"""Installations that serve at once: forked from a process that has imported everything already.

`python -m tests.integration.engine.nursery` reads a JSON array per line, a log file and the words of a management
command, and answers with the process id of what runs it. Nothing but the imports is shared: no thread has been started
and no connection opened when a process is forked.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from contextlib import suppress
from importlib import import_module

IMPORTED = ("config.asgi", "engine.management.commands.serve", "engine.runners.embedded", "uvicorn.lifespan.off")


def main() -> None:
    """Fork a process for each line, until there are no more."""
    import django

    django.setup()
    from django.db import connection

    for name in IMPORTED:
        import_module(name)
    assert threading.active_count() == 1
    assert connection.connection is None
    signal.signal(signal.SIGCHLD, bury)
    for line in sys.stdin:
        log, *words = json.loads(line)
        pid = os.fork()
        if not pid:
            run_command(log, words)
        print(pid, flush=True)


def bury(*_: object) -> None:
    """Take leave of those that have ended: nobody else waits for them."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def run_command(log: str, words: list[str]) -> None:
    """In the child: what `manage.py` does after its imports."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for number in (1, 2):
        os.dup2(file, number)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(["manage.py", *words])
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)


if __name__ == "__main__":
    main()
