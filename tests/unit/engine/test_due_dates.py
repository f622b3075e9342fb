"""Due dates that count from what happens while the task already waits."""

from __future__ import annotations

from datetime import timedelta

import pytest

from engine.core.commands import CountDue, SetTimer
from engine.core.facts import FactType
from tests.drawing import draw
from tests.unit.engine.driving import NOON, Driven


def waiting(start: str, duration: str = "1 day", **flow_fields: str) -> Driven:
    """`review` waits for a person and is due after `start`, which may be the tasks `x`, `y` or their phase `p`."""
    settings = {"review": {"due": {"for": duration, "from": start}}}
    flow = draw("x; y; review", kinds={"review": "manual"}, settings=settings, phases={"p": "x y"}, **flow_fields)
    driven = Driven(flow).start()
    driven.tell(FactType.STEP_WAITING, "review", **{"for": "person"})
    return driven


def due_dates(driven: Driven) -> list[str]:
    return [fact.data["due_at"] for fact in driven.facts(FactType.DUE_DATE_SET) if fact.task == "review"]


@pytest.mark.parametrize("how", ["completed", "skipped"])
def test_a_due_date_is_set_when_what_it_counts_from_is_finished(how: str) -> None:
    driven = waiting("task:x")
    driven.now += timedelta(hours=5)
    if how == "completed":
        driven.complete("x")
    else:
        driven.skip("x")
    due = NOON + timedelta(days=1, hours=5)
    assert due_dates(driven) == [due.isoformat()]
    assert SetTimer("due", "review", 1, due) in driven.commands


def test_a_due_date_after_a_phase_is_set_when_all_of_it_is_finished() -> None:
    driven = waiting("phase:p").complete("x")
    assert due_dates(driven) == []
    driven.complete("y")
    assert due_dates(driven) == [(NOON + timedelta(days=1)).isoformat()]


def test_days_are_counted_in_the_time_zone_of_the_flow() -> None:
    driven = waiting("task:x", "1 month", timezone="Europe/Berlin")
    driven.complete("x")
    assert due_dates(driven) == [(NOON.replace(month=4) - timedelta(hours=1)).isoformat()]


def test_nothing_is_due_after_what_failed_or_before_the_task_waits() -> None:
    driven = waiting("task:x")
    driven.tell(FactType.STEP_PUT_ON_HOLD, "review")
    driven.complete("y")
    assert due_dates(driven) == []
    other = draw(
        "x -> review", kinds={"review": "manual"}, settings={"review": {"due": {"for": "1 day", "from": "task:x"}}}
    )
    assert not Driven(other).start().complete("x").facts(FactType.DUE_DATE_SET)


def test_a_duration_that_cannot_be_read_sets_nothing() -> None:
    assert due_dates(waiting("task:x", "soon").complete("x")) == []


def test_a_duration_that_is_a_template_is_counted_by_who_has_the_data() -> None:
    driven = waiting("task:x", "{{ input.wait }}")
    assert CountDue("review", 1) not in driven.commands
    driven.complete("x")
    assert due_dates(driven) == []
    assert CountDue("review", 1) in driven.commands
