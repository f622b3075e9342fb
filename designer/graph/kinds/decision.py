"""Chooses branches, by conditions or by a person; declares loops."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from designer.graph.conditions import OPERATOR_WORDS
from designer.graph.fields import Field, FieldType
from designer.graph.kinds.kind import Group, Kind
from designer.graph.kinds.shared import ON_FAILURE, REQUIREMENTS, SCHEDULE, START, schedule_problems
from designer.graph.model import Statement, Task
from designer.graph.suggestions import did_you_mean, listed, quoted
from designer.graph.values import Fault, ValueProblem
from designer.graph.wording import mapping, reference_name, with_dots


def summarize(task: Task) -> str:
    """`total over 1000`, or how many branches there are; `≤ 10 rounds` for a loop."""
    loop = task.loop
    rounds = f"≤ {loop.max_iterations} rounds" if loop else ""
    if task.settings.get("start") == "manual":
        return with_dots("a person decides", rounds)
    statements = [statement for condition in task.conditions for statement in condition.statements]
    if len(statements) == 1:
        return with_dots(sentence(statements[0]), rounds)
    return with_dots(f"{len(task.conditions)} branches" if len(task.conditions) > 1 else "", rounds)


def sentence(statement: Statement) -> str:
    """`total over 1000`: a statement in words, for cards and records. What it does not say yet is an ellipsis."""
    named = statement.source.strip("{} ")
    source = reference_name("{{ " + named + " }}") if named else "…"
    values = ", ".join(reference_name(str(value)) for value in statement.values)
    return f"{source} {OPERATOR_WORDS.get(statement.operator, statement.operator)} {values}".strip()


def more_problems(task: Task) -> Iterator[ValueProblem]:
    """What the fields of its schedule and its loop cannot tell."""
    yield from schedule_problems(task)
    yield from _loop_problems(task)


def _loop_problems(task: Task) -> Iterator[ValueProblem]:
    """The branches a loop names are branches of the decision, and not the same."""
    raw = mapping(task.settings.get("loop"))
    for key, label in (("branch", "Loop branch"), ("exit", "Exit branch")):
        name = raw.get(key)
        if isinstance(name, str) and name not in task.branches:
            hint = did_you_mean(name, task.branches) or f" It has {listed(task.branches, last='and')}."
            message = f"{label}: the decision has no branch {quoted(name)}.{hint}"
            yield ValueProblem(("loop", key), Fault.STRAY, message)
    if raw.get("branch") is not None and raw.get("branch") == raw.get("exit"):
        yield ValueProblem(("loop", "exit"), Fault.STRAY, "A loop must leave by another branch than it goes round by.")


KIND: Final = Kind(
    key="decision",
    label="Decision",
    description="Chooses the branches whose conditions are met, or asks a person. Can go back: a loop.",
    group=Group.PEOPLE,
    icon="decision",
    colour="choice",
    summary=summarize,
    more_problems=more_problems,
    fields=(
        Field(
            key="conditions",
            type=FieldType.CONDITIONS,
            label="Branches",
            help="Each branch has a condition. They are looked at in this order.",
        ),
        Field(
            key="parallel",
            type=FieldType.BOOLEAN,
            label="All that are met",
            help="Take every branch whose condition is met, side by side; otherwise only the first.",
            default=True,
        ),
        START,
        Field(
            key="loop",
            type=FieldType.GROUP,
            label="Loop",
            help="One branch leads back to an earlier task and goes round again.",
            group="Loop",
            fields=(
                Field(
                    key="branch",
                    type=FieldType.BRANCH,
                    label="Goes round by",
                    help="The branch that leads back to an earlier task.",
                    required=True,
                ),
                Field(
                    key="exit",
                    type=FieldType.BRANCH,
                    label="Leaves by",
                    help="The branch that goes on when it is done.",
                    required=True,
                ),
                Field(
                    key="max_iterations",
                    type=FieldType.NUMBER,
                    label="At most",
                    help="After so many rounds it leaves, whatever the conditions say.",
                    required=True,
                    is_whole=True,
                    minimum=1,
                    maximum=10_000,
                    example="10",
                ),
            ),
        ),
        SCHEDULE,
        ON_FAILURE,
        REQUIREMENTS,
    ),
)
