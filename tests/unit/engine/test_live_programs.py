"""Programs that are kept between their turns: taken by one at a time, within a bound of memory."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.conf import LazySettings

from designer.graph.model import Task
from engine.core.added import DO
from engine.core.ports import ProgramHistory, ProgramStep
from engine.scripts.api import Event
from engine.scripts.live import BYTES_EACH, LivePrograms, Which, size_of
from engine.scripts.replay import Replay, start

NOTHING = ProgramHistory(Task("program", "Program", "program"))
STEP = ProgramStep("1~program", DO, "first", 1)


class Program:
    async def run(self, event: Event, step: Any) -> Any:
        first = await step.do("first", lambda: 1)
        return await step.do("second", lambda: first)


def which(instance: int) -> Which:
    return Which(instance, str(instance), "program", "Program", "abc", 100, "")


def begun(history: ProgramHistory = NOTHING, results: Any = None) -> Replay:
    replay = start(Program, Event({}, datetime(2030, 1, 1, tzinfo=UTC), "a", "b"), most_steps=100)
    replay.follow(history, results or {})
    return replay


def done(ended_at: str, output: Any = 1) -> Any:
    return {"1~program": {"status": "completed", "output": output, "error": None, "ended_at": ended_at}}


def test_a_program_belongs_to_one_at_a_time() -> None:
    programs, replay = LivePrograms(), begun()
    programs.give(which(1), replay)
    assert programs.take(which(2), NOTHING, {}) is None
    assert programs.take(which(1), NOTHING, {}) is replay
    assert programs.take(which(1), NOTHING, {}) is None
    assert programs.bytes == 0


def test_a_program_is_not_run_on_over_a_history_that_went_another_way() -> None:
    programs = LivePrograms()
    history = ProgramHistory(NOTHING.task, (STEP,), (0,))
    replay = begun(history, done("noon"))
    programs.give(which(1), replay)
    assert programs.take(which(1), history, done("one o'clock")) is None
    assert programs.take(which(1), ProgramHistory(NOTHING.task, (STEP,)), {}) is None
    assert programs.take(which(1), history, done("noon")) is replay


def test_no_more_is_kept_than_there_is_room_for(settings: LazySettings) -> None:
    settings.LIVE_PROGRAM_BYTES = 3 * size_of(begun())
    programs = LivePrograms()
    for instance in range(5):
        programs.give(which(instance), begun())
    assert [programs.take(which(n), NOTHING, {}) is not None for n in range(5)] == [False, False, True, True, True]
    history = ProgramHistory(NOTHING.task, (STEP,), (0,))
    programs.give(which(9), begun(history, done("noon", "x" * BYTES_EACH * 3)))
    assert programs.take(which(9), history, done("noon")) is None
    assert programs.bytes == 0
