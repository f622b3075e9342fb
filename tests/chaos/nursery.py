"""Celery workers that are there at once: forked from a process that has imported everything already.

`python -m tests.chaos.nursery` reads a JSON array per line, a log file and the words of a worker, and answers with the
process id of that worker, which leads a group of its own.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from importlib import import_module


def main() -> None:
    """Fork a worker for each line, until there are no more."""
    import django

    django.setup()
    from config.celery import app

    app.finalize()
    app.loader.import_default_modules()
    for name in ("celery.apps.worker", "celery.concurrency.prefork", "celery.worker.consumer", "tests.chaos.functions"):
        import_module(name)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for them
    for line in sys.stdin:
        log, *words = json.loads(line)
        pid = os.fork()
        if not pid:
            become_worker(log, words)
        print(pid, flush=True)


def become_worker(log: str, words: list[str]) -> None:
    """In the child: what `celery -A config worker …` does after its imports."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for number in (1, 2):
        os.dup2(file, number)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    from config.celery import app

    try:
        app.worker_main(words)
    finally:
        os._exit(0)


if __name__ == "__main__":
    main()
