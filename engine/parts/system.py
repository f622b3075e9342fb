"""The page about the installation itself: what it stands on, what waits, who is at work."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import django
from celery import current_app
from django.conf import settings
from django.db import DatabaseError, connection
from django.utils import timezone

from engine.display.spans import span_words
from engine.machines.models import Process
from engine.machines.presence import SILENT
from engine.services import standing, vitals

TOO_OLD: Final = timedelta(seconds=30)
"""Work that has waited so long, though it could be done, says that workers are missing."""


@dataclass(frozen=True, slots=True)
class Pillar:
    """Something that the installation stands on. `answers` None: it is not used here."""

    name: str
    what: str
    answers: bool | None
    milliseconds: float | None = None


@dataclass(frozen=True, slots=True)
class Figure:
    """A number with what it is of. `is_bad`: somebody should look after it."""

    label: str
    value: str
    note: str = ""
    is_bad: bool = False


@dataclass(frozen=True, slots=True)
class Worker:
    """A process, with how it is: `at work`, or `silent` for too long."""

    process: Process
    is_silent: bool


@dataclass(frozen=True, slots=True)
class System:
    """All of it, at a moment. Where the database does not answer there is nothing but the pillars."""

    at: datetime
    pillars: Sequence[Pillar]
    work: Sequence[Figure]
    instances: Sequence[Figure]
    since_start: Sequence[Figure]
    workers: Sequence[Worker]
    versions: Sequence[Figure]

    @property
    def at_work(self) -> int:
        """How many processes have told of themselves lately."""
        return sum(not worker.is_silent for worker in self.workers)


def look() -> System:
    """Look now. Never raises for what is away."""
    now = timezone.now()
    pillars = [
        _asked("Database", _database(), standing.database_answers),
        _asked("Migrations", "every table of this release", standing.is_migrated),
        _asked("Live updates", _backend(settings.CHANNEL_LAYERS["default"]["BACKEND"]), standing.layer_answers),
        _asked("Cache", _backend(settings.CACHES["default"]["BACKEND"]), standing.cache_answers),
        _asked("Broker of wake-ups", _broker(), standing.broker_answers),
    ]
    try:
        seen = vitals.look(now)
        workers = [Worker(process, now - process.seen_at > SILENT) for process in Process.objects.all()]
    except DatabaseError:
        return System(now, pillars, [], [], [], [], _versions())
    by_status = [Figure(status, f"{count:,}") for status, count in sorted(seen.instances.items())]
    return System(now, pillars, _work(seen), by_status, _since_start(workers, now), workers, _versions())


def _asked(name: str, what: str, ask: Callable[[], bool | None]) -> Pillar:
    began = time.perf_counter()
    answers = ask()
    took = (time.perf_counter() - began) * 1000
    return Pillar(name, what, answers, took if answers else None)


def _database() -> str:
    try:
        connection.ensure_connection()
        if connection.vendor == "postgresql":
            major, minor = divmod(connection.pg_version, 10_000)  # type: ignore[attr-defined]
            return f"PostgreSQL {major}.{minor}"
    except DatabaseError:
        return connection.display_name
    from sqlite3 import sqlite_version

    return f"SQLite {sqlite_version}"


def _backend(path: str) -> str:
    return "in memory" if "memory" in path.lower() else "Redis" if "redis" in path.lower() else "in the database"


def _broker() -> str:
    if not settings.PRODUCTION:
        return "none: one process does it all"
    return {"amqp": "RabbitMQ", "pyamqp": "RabbitMQ"}.get(str(current_app.conf.broker_url).partition(":")[0], "Redis")


def _work(seen: vitals.Vitals) -> list[Figure]:
    backlogs = (
        ("Steps to claim", seen.claimable),
        ("Timers overdue", seen.timers),
        ("Events to match", seen.events),
    )
    figures = [Figure("Attempts under way", f"{seen.running:,}")]
    for label, backlog in backlogs:
        note = f"oldest {backlog.oldest_seconds:,.1f} s" if backlog.count else ""
        is_bad = backlog.oldest_seconds > TOO_OLD.total_seconds()
        figures.append(Figure(label, f"{backlog.count:,}{_more(backlog)}", note, is_bad))
    return figures


def _more(backlog: vitals.Backlog) -> str:
    return "+" if backlog.count >= vitals.MOST_COUNTED else ""


def _since_start(workers: Sequence[Worker], now: datetime) -> list[Figure]:
    processes = [worker.process for worker in workers]
    sweeps = [process.swept_at for process in processes if process.swept_at is not None]
    latest = max((worker.process.late_seconds for worker in workers if not worker.is_silent), default=0.0)
    swept = f"{span_words(now - max(sweeps))} ago" if sweeps else "never"
    is_old = not sweeps or now - max(sweeps) > TOO_OLD
    return [
        Figure("Last look for what is due", swept, "timers, calls, queued instances", is_old),
        Figure(
            "Latest timer in five minutes", f"{latest:,.2f} s", "after its moment", latest > TOO_OLD.total_seconds()
        ),
        Figure("Timers fired", f"{sum(process.fired for process in processes):,}"),
        Figure("Leases run out", f"{sum(process.taken_over for process in processes):,}", "attempts taken over"),
        Figure("Late results refused", f"{sum(process.refused for process in processes):,}"),
    ]


def _versions() -> list[Figure]:
    return [
        Figure("Quadrille", settings.RELEASE),
        Figure("Python", platform.python_version()),
        Figure("Django", django.get_version()),
        Figure("Lease", f"{settings.LEASE_SECONDS} s"),
    ]
