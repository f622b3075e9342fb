"""When a join is decided, and how (semantics: How an instance moves, 1)."""

from __future__ import annotations

from enum import StrEnum

from designer.graph.model import Join


class Verdict(StrEnum):
    """What becomes of a node whose incoming edges settle."""

    UNDECIDED = "undecided"
    START = "start"
    SKIP = "skip"
    FAIL = "fail"


def decide_join(join: Join, *, expected: int, taken: int, dead: int, failed: int) -> Verdict:
    """The verdict over `expected` forward incoming edges, of which so many have settled in each way.

    Asked again after each edge that settles, so that for `race` the first edge that is not dead is the one that
    decides.
    """
    pending = expected - taken - dead - failed
    if dead == expected:
        return Verdict.SKIP
    match join:
        case Join.ALL if failed:
            return Verdict.FAIL
        case Join.ANY | Join.RACE if taken:
            return Verdict.START
        case Join.RACE if failed:
            return Verdict.FAIL
        case _ if pending:
            return Verdict.UNDECIDED
        case Join.ANY:
            return Verdict.FAIL
        case _:
            return Verdict.START


def decide_phase_exit(*, expected: int, taken: int, dead: int, failed: int) -> Verdict:
    """The verdict of the junction behind a phase: it waits for every task; a failure that nothing in the phase caught
    goes on, else it is taken if any task ran."""
    if taken + dead + failed < expected:
        return Verdict.UNDECIDED
    if failed:
        return Verdict.FAIL
    return Verdict.START if taken else Verdict.SKIP
