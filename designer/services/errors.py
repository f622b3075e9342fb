"""What this room refuses, and why: the text is written for the person who asked."""

from __future__ import annotations

from collections.abc import Sequence

from accounts.errors import Refused
from designer.graph.checks import Problem


class FlowHasProblems(Exception):
    """The graph cannot be published, or not even stored. `problems` holds each error; its `message` says the mend."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        first = self.problems[0].message
        more = f" (and {len(self.problems) - 1} more)" if len(self.problems) > 1 else ""
        super().__init__(f"{first}{more}")


class FlowInUse(Refused):
    """The flow has instances that are not finished, or finished ones that nobody agreed to delete with it."""

    def __init__(self, *, unfinished: int, finished: int) -> None:
        self.unfinished = unfinished
        self.finished = finished
        super().__init__(_words(unfinished, finished))


class ReasonInUse(Refused):
    """Flows still offer this closing reason."""

    def __init__(self, flows: int) -> None:
        verb = "flow offers" if flows == 1 else "flows offer"
        super().__init__(f"{flows} {verb} it. Take it out of the offer instead: then no new flow can choose it.")


class TitleTaken(Refused):
    """There is a closing reason of this title."""

    def __init__(self, title: str) -> None:
        super().__init__(f"There is already a reason “{title}”.")


def _words(unfinished: int, finished: int) -> str:
    if unfinished:
        noun = "instance has" if unfinished == 1 else "instances have"
        return f"{unfinished} {noun} not finished. Wait for them or terminate them; disable the flow to start no more."
    noun = "finished instance" if finished == 1 else "finished instances"
    return f"{finished} {noun} would be deleted with it. Confirm that, or disable the flow instead."
