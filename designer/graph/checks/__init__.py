"""What is wrong with a whole flow. Every problem names its culprit and how to mend it.

A flow without errors always compiles to a plan and runs to an end. In this room: one file per subject. Not in this
room: whether a single edit may happen (`designer.graph.rules`).
"""

from __future__ import annotations

from collections.abc import Collection

from designer.graph.checks.around import Around, check_around, names_what_is_around
from designer.graph.checks.calls import check_calls
from designer.graph.checks.decisions import check_decisions
from designer.graph.checks.problem import Problem, Severity, error
from designer.graph.checks.references import check_references
from designer.graph.checks.settings import check_settings
from designer.graph.checks.subject import Subject
from designer.graph.checks.ways import check_ways
from designer.graph.model import Flow
from designer.graph.plan import FlowNotRunnable, compile_plan


def check_flow(
    flow: Flow, *, flows: Collection[str] | None = None, around: Around | None = None
) -> tuple[Problem, ...]:
    """Everything that is wrong with `flow`: errors first, each part in the flow's order. Never raises.

    `flows`: the keys of the flows beside it, its own included; None when they are not known. `around`: the groups
    and connections there are, likewise.
    """
    subject = Subject(flow)
    problems = dict.fromkeys(
        (
            *subject.unless_clean(check_ways),
            *check_decisions(subject),
            *check_settings(subject),
            *check_references(subject),
            *check_calls(subject, flows),
            *check_around(subject, around),
        )
    )
    if not any(problem.is_error for problem in problems):
        problems |= dict.fromkeys(subject.unless_clean(_what_the_compiler_says))
    return tuple(sorted(problems, key=lambda problem: not problem.is_error))


def _what_the_compiler_says(subject: Subject) -> tuple[Problem, ...]:
    """What only the whole plan shows, such as a requirement in a loop on what comes after the loop."""
    try:
        compile_plan(subject.flow)
    except FlowNotRunnable as bad:
        return (error("not_runnable", bad.reason),)
    return ()


__all__ = ["Around", "Problem", "Severity", "check_flow", "names_what_is_around"]
