"""Viewflow's side: a process of ten handles, each run and stored in a transaction of its own.

Each of `--workers` processes takes its share of the workflows; as many threads as are in flight run them.
"""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Iterator
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

import django
import psycopg
from contestant import STEPS, Task, compete, in_threads
from django.conf import settings

FLOWS = "viewflow_ten_steps.flows"


def configure(url: str) -> None:
    parts = urlsplit(url)
    database = {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path.lstrip("/"),
        "USER": parts.username,
        "HOST": parts.hostname,
        "PORT": parts.port,
        "CONN_MAX_AGE": None,
    }
    settings.configure(
        DATABASES={"default": database},
        INSTALLED_APPS=[
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "viewflow",
            "viewflow.workflow",
            "viewflow_ten_steps",
        ],
        USE_TZ=True,
    )
    django.setup()


def make_flow() -> Any:
    from viewflow import this
    from viewflow.workflow import flow

    def step(activation: Any, number: int) -> None:
        activation.task.data = {"number": number}

    nodes: dict[str, Any] = {"__module__": FLOWS}
    nodes["start"] = flow.StartHandle().Next(this.step_0)
    for number in range(STEPS):
        following = f"step_{number + 1}" if number + 1 < STEPS else "end"
        nodes[f"step_{number}"] = flow.Handle(step).Next(getattr(this, following))
    nodes["end"] = flow.End()
    # Stored tasks name their flow by application, module and class; this stands in for `viewflow_ten_steps/flows.py`.
    module: Any = sys.modules.setdefault(FLOWS, ModuleType(FLOWS))
    module.Chain = type("Chain", (flow.Flow,), nodes)
    return module.Chain


class Viewflow:
    """This process's share."""

    def __init__(self, task: Task) -> None:
        configure(task.url)
        from django.core.management import call_command

        with alone(task.url):
            call_command("migrate", verbosity=0)
        self.flow = make_flow()
        self.ids: set[int] = set()
        self.lock = threading.Lock()

    def run(self, workflows: int, in_flight: int) -> None:
        in_threads(self._run_one, workflows, in_flight)

    def _run_one(self) -> None:
        process = self.flow.start.run()
        for number in range(STEPS):
            task = process.task_set.get(flow_task=getattr(self.flow, f"step_{number}"))
            getattr(self.flow, f"step_{number}").run(task, number=number)
        with self.lock:
            self.ids.add(process.pk)

    def count(self) -> int:
        from django.db.models import Count, Q
        from viewflow.workflow.models import Process

        done = Q(task__status="DONE", task__data__has_key="number")
        whole = Process.objects.filter(pk__in=self.ids, status="DONE").annotate(n=Count("task", filter=done))
        return whole.filter(n=STEPS).count()

    def close(self) -> None:
        pass


@contextlib.contextmanager
def alone(url: str) -> Iterator[None]:
    """Two processes must not migrate at once."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(1)")
        yield


if __name__ == "__main__":
    compete(Viewflow, ("django-viewflow", "django", "psycopg"), {})
