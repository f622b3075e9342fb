"""Processes tell that they are there, and what they have done."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from django.utils import timezone

from engine.machines.models import Process
from engine.machines.presence import REMEMBERED, Presence
from engine.runners.embedded import EmbeddedRunner
from engine.telemetry.tally import LATENESS, Tally
from tests.integration.engine.conftest import NOON

SECOND = timedelta(seconds=1)


def test_a_process_tells_of_itself_and_is_forgotten_when_it_ends(db: None) -> None:
    busy = [3]
    presence = Presence("here:7:a", serves="attempts", threads=64, busy=lambda: busy[0])
    presence(NOON)
    busy[0] = 5
    presence(NOON + SECOND)  # too soon to tell again
    assert Process.objects.get().busy == 3
    presence.tell(NOON + SECOND)
    process = Process.objects.get()
    assert (process.busy, process.threads, process.seen_at, process.serves) == (5, 64, NOON + SECOND, "attempts")
    assert (process.machine, process.number) == ("here", "7")
    presence.end()
    assert not Process.objects.exists()


def test_who_ended_without_a_word_is_forgotten_by_the_others(db: None) -> None:
    Presence("gone:1:a", serves="attempts").tell(NOON)
    here = Presence("here:1:a", serves="attempts")
    here.tell(NOON + REMEMBERED)
    assert Process.objects.count() == 2
    here.tell(NOON + REMEMBERED + SECOND)
    assert [process.machine for process in Process.objects.all()] == ["here"]


def test_the_latest_timer_of_the_last_minutes_is_remembered() -> None:
    tally = Tally()
    for number in range(1000):
        tally.note_timers([NOON + number * SECOND - 2 * SECOND], NOON + number * SECOND)
    tally.note_timers([NOON], NOON + 1000 * SECOND)
    assert (tally.fired, tally.latest(NOON + 1000 * SECOND)) == (1001, 1000.0)
    assert tally.latest(NOON + 1000 * SECOND + LATENESS) == 1000.0
    assert tally.latest(NOON + 1001 * SECOND + LATENESS) == 0.0
    assert len(tally._late) == 0


@pytest.mark.django_db(transaction=True)
def test_the_embedded_engine_is_there_while_it_runs() -> None:
    runner = EmbeddedRunner(threads=4)
    runner.start()
    deadline = time.monotonic() + 60
    while not Process.objects.exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process = Process.objects.get()
    assert (process.serves, process.threads) == ("everything", 4)
    assert abs((process.seen_at - timezone.now()).total_seconds()) < 60
    runner.stop()
    assert not Process.objects.exists()
