"""PostgreSQL's statement for instances of which nearly all is known is the one that the same rows make as a batch."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from engine.storage.alike import BegunStep, Member, Moment, Pattern, Slot, as_batch
from engine.storage.postgres import PostgresStorage

NOON = datetime(2026, 3, 2, 12, 0, 0, 250, tzinfo=UTC)
AWKWARD = {"text": "é \U0001f389 \"quoted\" 'quoted' \\ %s {},", "deep": [[{"n": None}]], "big": 2**70, "no": False}
ENDED = {
    "status": "completed",
    "ended_at": Slot.NOW,
    "claimable_at": None,
    "lease_owner": "",
    "lease_token": 0,
    "input": Slot.INPUT,
    "output": Slot.OUTPUT,
    "attempts": Slot.ATTEMPTS,
}


class Sent(PostgresStorage):
    """Keeps what it would send."""

    def execute_fenced(self, sql: str, *parameters: Any, is_locked: bool = False) -> None:
        self.sent = sql, parameters


def begun(task: str, iteration: int = 1, **more: Any) -> BegunStep:
    columns = {
        "status": "running",
        "ready_at": Slot.NOW,
        "claimable_at": Slot.LEASE_ENDS,
        "lease_owner": Slot.OWNER,
        "lease_token": Slot.TOKEN,
        "attempt": 1,
        **more,
    }
    return BegunStep(task, iteration, "automation", columns)


def pattern(task: str, *follow: BegunStep, fact_count: int = 4, facts: int = 3, **instance: Any) -> Pattern:
    known = [
        (fact_count + n + 1, f"type_{n}", task if n else "", n, {"to": AWKWARD, "n": n}, bool(n)) for n in range(facts)
    ]
    columns = {"state": f'{{"of":"{task}"}}', "fact_count": fact_count + facts, **instance}
    return Pattern(3, fact_count, columns, task, 1, "automation", ENDED, follow, known)


def claimed(task: str) -> Pattern:
    """A step that begins and ends nothing else: of its row only this much is written."""
    return replace(pattern(task), ended={"status": "running", "attempt": 1, "started_at": Slot.NOW})


A = pattern("a", begun("b"))
A_LATER = pattern("a", begun("b"), fact_count=40)
B = pattern("b", begun('c, "d"', iteration=2))
FORK = pattern("fork", begun("left"), begun("right", wakes_at=None))
ONE_FACT = pattern("single", begun("b"), facts=1)
NO_FACT = pattern("none", begun("b"), facts=0)
CLAIMED = claimed("a")
CLAIMED_ELSEWHERE = claimed("b")
LAST = pattern("last", status="complete", ended_at=Slot.NOW, output=Slot.OUTPUT)
BATCHES = {
    "one": [A],
    "one that is the last": [LAST],
    "one of one fact": [ONE_FACT],
    "one without facts": [NO_FACT],
    "a fork": [FORK],
    "several at the same point": [A, A, A],
    "several at their last": [LAST, LAST],
    "several forks": [FORK, FORK],
    "at different points": [A, B, A, A_LATER, B],
    "some at their last": [A, LAST, B, LAST, FORK],
    "claimed": [CLAIMED],
    "several claimed": [CLAIMED, CLAIMED],
    "claimed at different points": [CLAIMED, CLAIMED_ELSEWHERE, CLAIMED],
    "of one fact at different points": [ONE_FACT, A, ONE_FACT],
}


def own_value(how: str, number: int) -> Any:
    if how == "same":
        return {"n": AWKWARD}
    if how == "different":
        return {"n": number, "text": AWKWARD}
    return None if how == "empty" or number % 2 else number


@pytest.mark.parametrize("own", ["same", "different", "empty", "some empty"])
@pytest.mark.parametrize("name", BATCHES)
def test_it_is_the_statement_of_the_same_rows_as_a_batch(name: str, own: str) -> None:
    members = [
        Member(
            pattern,
            100 + number,
            7_000 + number,
            own_value(own, number),
            own_value(own, number + 1),
            [{"number": 1, "started_at": (NOON + timedelta(seconds=number)).isoformat(), "error": None}],
            [9_000 + 10 * number + n for n, _ in enumerate(pattern.begun)],
        )
        for number, pattern in enumerate(BATCHES[name])
    ]
    moment = Moment(NOON, NOON + timedelta(seconds=30), 'worker "one", two')
    known, spelt = Sent(), Sent()
    known.write_alike(members, moment)
    spelt.write(*as_batch(members, moment))
    assert known.sent[0] == spelt.sent[0]
    assert known.sent[1] == spelt.sent[1]
