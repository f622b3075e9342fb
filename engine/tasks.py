"""Celery's doors: each takes nothing, calls services, and can run twice. The database says what there is to do."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from engine.runners import beats, celery
from engine.services.waking import wake as wake_workers


@shared_task(name=celery.WAKES[celery.ATTEMPTS])
def wake() -> None:
    """There may be attempts to make."""
    celery.work(for_attempts=True)


@shared_task(name=celery.WAKES[celery.ADVANCE])
def advance() -> None:
    """There may be timers, events to match, queued instances."""
    celery.work()


@shared_task(name="engine.sweep")
def sweep() -> None:
    """Every second: whatever a lost wake-up left."""
    beats.sweep(timezone.now())
    wake_workers()
