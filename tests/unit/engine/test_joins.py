"""The table of joins, row by row: outcomes of two branches against the four joins (How an instance moves, 1)."""

from __future__ import annotations

from typing import Final

import pytest

from designer.graph.model import Join
from engine.core.joins import Verdict, decide_join, decide_phase_exit
from tests.drawing import draw
from tests.unit.engine.driving import Driven

OUTCOMES: Final = ("taken", "dead", "failed")

# What becomes of the joined task when first one branch, then the other, settles so. `-`: undecided after the first.
TABLE: Final = {
    "all": {
        ("taken", "taken"): "- ready",
        ("taken", "dead"): "- ready",
        ("taken", "failed"): "- failed",
        ("dead", "taken"): "- ready",
        ("dead", "dead"): "- skipped",
        ("dead", "failed"): "- failed",
        ("failed", "taken"): "failed",
        ("failed", "dead"): "failed",
        ("failed", "failed"): "failed",
    },
    "any": {
        ("taken", "taken"): "ready",
        ("taken", "dead"): "ready",
        ("taken", "failed"): "ready",
        ("dead", "taken"): "- ready",
        ("dead", "dead"): "- skipped",
        ("dead", "failed"): "- failed",
        ("failed", "taken"): "- ready",
        ("failed", "dead"): "- failed",
        ("failed", "failed"): "- failed",
    },
    "race": {
        ("taken", "taken"): "ready",
        ("taken", "dead"): "ready",
        ("taken", "failed"): "ready",
        ("dead", "taken"): "- ready",
        ("dead", "dead"): "- skipped",
        ("dead", "failed"): "- failed",
        ("failed", "taken"): "failed",
        ("failed", "dead"): "failed",
        ("failed", "failed"): "failed",
    },
    "all_settled": {
        ("taken", "taken"): "- ready",
        ("taken", "dead"): "- ready",
        ("taken", "failed"): "- ready",
        ("dead", "taken"): "- ready",
        ("dead", "dead"): "- skipped",
        ("dead", "failed"): "- ready",
        ("failed", "taken"): "- ready",
        ("failed", "dead"): "- ready",
        ("failed", "failed"): "- ready",
    },
}
CASES: Final = [(join, pair, wanted) for join, rows in TABLE.items() for pair, wanted in rows.items()]


def settle(driven: Driven, branch: str, outcome: str) -> None:
    """Make the edge of decision `d1` or `d2` into the join settle so."""
    if outcome == "failed":
        driven.fail(branch)
    else:
        driven.decide(branch, "yes" if outcome == "taken" else "none_met")


@pytest.mark.parametrize(("join", "pair", "wanted"), CASES)
def test_the_table_of_joins(join: str, pair: tuple[str, str], wanted: str) -> None:
    # `rest` tolerates everything, so that a failed join is seen and does not end the instance.
    drawn = f"trigger -> d1 -yes-> joined[{join},keep]; trigger -> d2 -yes-> joined;"
    driven = Driven(draw(f"{drawn} joined -> rest[all_settled]; trigger -> other -> rest")).start()
    settle(driven, "d1", pair[0])
    first, _, last = wanted.rpartition(" ")
    assert driven.status("joined") == ("idle" if first == "-" else last)
    settle(driven, "d2", pair[1])
    assert driven.status("joined") == last


@pytest.mark.parametrize(("join", "pair", "wanted"), CASES)
def test_the_verdicts_are_those_of_the_table(join: str, pair: tuple[str, str], wanted: str) -> None:
    names = {"ready": Verdict.START, "skipped": Verdict.SKIP, "failed": Verdict.FAIL}
    verdicts = [Verdict.UNDECIDED]
    for count in (1, 2):
        if verdicts[-1] is Verdict.UNDECIDED:
            counts = {outcome: pair[:count].count(outcome) for outcome in OUTCOMES}
            verdicts.append(decide_join(Join(join), expected=2, **counts))
    assert verdicts[-1] is names[wanted.rpartition(" ")[2]]
    assert len(verdicts) == (3 if wanted.startswith("-") else 2)


@pytest.mark.parametrize("join", list(Join))
def test_a_skipped_task_has_only_dead_edges(join: Join) -> None:
    driven = Driven(draw(f"d -yes-> joined[{join}]; d -no-> other; joined -> next; joined -!-> mend")).start()
    driven.decide("d", "no")
    assert driven.status("joined") == "skipped"
    assert driven.edge("joined", "next") == "dead"
    assert driven.edge("joined", "mend") == "dead"


@pytest.mark.parametrize("join", ["all", "any", "race"])
def test_a_task_that_fails_by_its_join_fails_its_outgoing_edges(join: str) -> None:
    driven = Driven(draw(f"a -> joined[{join}] -> rest[all_settled]; other -> rest")).start().fail("a")
    assert driven.status("joined") == "failed"
    assert driven.edge("joined", "rest") == "failed"


def test_all_fails_at_once_without_waiting_for_the_rest() -> None:
    driven = Driven(draw("a -> joined; b -> joined; joined -> rest[all_settled]; other -> rest")).start().fail("a")
    assert driven.status("joined") == "failed"
    assert driven.status("b") == "ready"


def test_all_settled_waits_for_every_edge() -> None:
    driven = Driven(draw("a -> joined[all_settled]; b -> joined")).start().fail("a")
    assert driven.status("joined") == "idle"
    driven.complete("b")
    assert driven.status("joined") == "ready"


@pytest.mark.parametrize("join", ["any", "race"])
def test_the_rest_is_cancelled_once_the_join_is_decided(join: str) -> None:
    driven = Driven(draw(f"a -> joined[{join}]; b -> c -> joined")).start().complete("a")
    assert driven.statuses() == {"a": "completed", "joined": "ready", "b": "cancelled", "c": "skipped"}


def test_a_race_that_fails_cancels_the_rest_too() -> None:
    driven = Driven(draw("a -> joined[race] -> rest[all_settled]; b -> joined; other -> rest")).start().fail("a")
    assert driven.status("b") == "cancelled"


def test_the_rest_goes_on_where_the_join_keeps_it() -> None:
    driven = Driven(draw("a -> joined[any,keep]; b -> joined")).start().complete("a")
    assert driven.status("b") == "ready"
    driven.complete("joined")
    assert not driven.is_over
    driven.complete("b")
    assert driven.state.status == "complete"
    assert driven.ran.count("joined") == 1


def test_only_steps_that_lead_nowhere_else_are_cancelled() -> None:
    driven = Driven(draw("a -> joined[any]; b -> joined; b -> elsewhere")).start().complete("a")
    assert driven.status("b") == "ready"


def test_a_step_that_something_else_requires_is_not_cancelled() -> None:
    driven = Driven(draw("a -> joined[any]; b -> joined; c", requires={"c": "b"})).start().complete("a")
    assert driven.status("b") == "ready"
    driven.complete("b")
    assert driven.status("c") == "ready"


def test_a_step_whose_success_ends_its_path_is_not_cancelled_by_its_error_handler() -> None:
    driven = Driven(draw("a -!-> mend[any]; b -!-> mend; a -> c")).start().fail("a")
    assert driven.status("mend") == "ready"
    assert driven.status("b") == "ready"


def test_the_tasks_of_a_phase_that_leads_only_there_are_cancelled() -> None:
    flow = draw("a -> joined[any]; p1 -> p2; phase:p -> joined", phases={"p": "p1 p2"})
    driven = Driven(flow).start().complete("a")
    assert driven.statuses() == {"a": "completed", "joined": "ready", "p1": "cancelled", "p2": "skipped"}


def test_the_end_of_a_phase_waits_for_all_and_hands_failures_on() -> None:
    assert decide_phase_exit(expected=3, taken=1, dead=0, failed=1) is Verdict.UNDECIDED
    assert decide_phase_exit(expected=3, taken=1, dead=2, failed=0) is Verdict.START
    assert decide_phase_exit(expected=3, taken=0, dead=3, failed=0) is Verdict.SKIP
    assert decide_phase_exit(expected=3, taken=2, dead=0, failed=1) is Verdict.FAIL
