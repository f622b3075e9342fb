"""Celery's doors: each takes nothing, calls services, and can run twice. The database says what there is to do."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from engine.runners import celery
from engine.services.calls import deliver_signals
from engine.services.instances import start_queued_instances
from engine.services.timers import fire_due_timers
from engine.services.triggers import fire_due_schedules, match_inbound_events
from engine.services.waking import wake as wake_workers


@shared_task(name=celery.WAKE)
def wake() -> None:
    """There may be attempts to make, or events to match."""
    while match_inbound_events(timezone.now()):
        pass
    celery.work()


@shared_task(name="engine.sweep")
def sweep() -> None:
    """Every second: timers, calls, schedules, queued instances, and whatever a lost wake-up left."""
    now = timezone.now()
    while fire_due_timers(now):
        pass
    while deliver_signals(now):
        pass
    fire_due_schedules(now)
    start_queued_instances(now)
    wake_workers()
