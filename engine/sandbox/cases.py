"""Running a flow's cases: what differs from what is expected, and what no case has gone along."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from accounts.json_text import json_str
from designer.graph.checks import check_flow
from designer.graph.model import TRIGGER, Edge, Flow, Json
from designer.graph.plan import FlowNotRunnable
from designer.graph.trials import Case
from designer.graph.wording import branch_name
from engine.sandbox.running import MOST_SECONDS, try_flow
from engine.sandbox.trial import Trial

LONGEST_VALUE: Final = 300
"""Characters of a value in the words of a difference."""
MOST_SECONDS_FOR_ALL: Final = 30.0


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that is not as a case expects it. `what`: `status`, `path`, `output`; `run` when it came to no end."""

    what: str
    words: str
    expected: Json = None
    actual: Json = None

    def to_json(self) -> dict[str, Json]:
        """As the API has it."""
        return {"what": self.what, "words": self.words, "expected": self.expected, "actual": self.actual}


@dataclass(frozen=True, slots=True)
class CaseResult:
    """One case that was run. `trial` is None where the flow cannot be run at all."""

    case: Case
    differences: tuple[Difference, ...]
    trial: Trial | None = None
    seconds: float = 0.0

    @property
    def passed(self) -> bool:
        """Whether all went as expected."""
        return not self.differences


@dataclass(frozen=True, slots=True)
class Branch:
    """A drawn edge that cases may go along or not."""

    edge: Edge
    is_taken: bool
    words: str


@dataclass(frozen=True, slots=True)
class Coverage:
    """Which edges of the drawing any case went along."""

    branches: tuple[Branch, ...] = ()

    @property
    def missed(self) -> tuple[Branch, ...]:
        """Those that none did."""
        return tuple(branch for branch in self.branches if not branch.is_taken)

    @property
    def taken_count(self) -> int:
        """How many were taken."""
        return len(self.branches) - len(self.missed)

    @property
    def percent(self) -> int:
        """Rounded down, so that 100 means all."""
        return 100 * self.taken_count // len(self.branches) if self.branches else 100

    def to_json(self) -> dict[str, Json]:
        """As the API has it."""
        return {
            "edges": len(self.branches),
            "taken": self.taken_count,
            "percent": self.percent,
            "missed": [{"edge": branch.edge.id, "words": branch.words} for branch in self.missed],
        }


@dataclass(frozen=True, slots=True)
class CaseReport:
    """All cases of a flow, run."""

    results: tuple[CaseResult, ...] = ()
    coverage: Coverage = field(default_factory=Coverage)

    @property
    def failed(self) -> tuple[CaseResult, ...]:
        """Those that did not pass."""
        return tuple(result for result in self.results if not result.passed)

    @property
    def passed(self) -> bool:
        """Whether all did."""
        return not self.failed

    def to_json(self) -> dict[str, Json]:
        """As the API has it."""
        return {
            "passed": self.passed,
            "cases": [
                {
                    "name": result.case.name,
                    "passed": result.passed,
                    "differences": [difference.to_json() for difference in result.differences],
                    "status": None if result.trial is None else result.trial.status,
                    "path": [] if result.trial is None else list(result.trial.path),
                }
                for result in self.results
            ],
            "coverage": self.coverage.to_json(),
        }


def run_cases(flow: Flow, cases: Iterable[Case]) -> CaseReport:
    """Run all cases of a flow. Never raises: a flow that cannot be run fails each of them with its problems."""
    until, problem = time.monotonic() + MOST_SECONDS_FOR_ALL, why_not(flow)
    if problem:
        results = tuple(CaseResult(case, (Difference("run", problem),)) for case in cases)
    else:
        results = tuple(_run_case(flow, case, until) for case in cases)
    return CaseReport(results, coverage_of(flow, [result.trial for result in results if result.trial is not None]))


def _run_case(flow: Flow, case: Case, until: float) -> CaseResult:
    begun = time.monotonic()
    seconds = max(0.0, min(MOST_SECONDS, until - begun))
    try:
        trial = try_flow(flow, case.input, case.answers, seconds=seconds)
    except FlowNotRunnable as bad:
        return CaseResult(case, (Difference("run", f"The flow cannot be run: {bad.reason}"),))
    return CaseResult(case, tuple(differences(flow, case.expect, trial)), trial, time.monotonic() - begun)


def why_not(flow: Flow) -> str:
    """Why a flow cannot be tried, in words; empty when it can."""
    errors = [problem for problem in check_flow(flow) if problem.is_error]
    if not errors:
        return ""
    more = f" And {len(errors) - 1} more." if len(errors) > 1 else ""
    return f"The flow cannot be run: {errors[0].message}{more}"


def differences(flow: Flow, expect: Mapping[str, Json], trial: Trial) -> Iterator[Difference]:
    """What of a try of `flow` is not as expected. What is not named in `expect` is not looked at."""
    if trial.stopped:
        yield Difference("run", trial.stopped, actual=trial.status)
    if "status" in expect and expect["status"] != trial.status:
        why = trial.error.get("message") if isinstance(trial.error, Mapping) else ""
        words = f"It ended {trial.status}, not {expect['status']}." + (f" {why}" if why else "")
        yield Difference("status", words, expect["status"], trial.status)
    if "path" in expect and list(expect["path"]) != list(trial.path):
        yield Difference("path", _path_words(flow, expect["path"], trial.path), expect["path"], list(trial.path))
    if "output" in expect and expect["output"] != trial.output:
        words = f"The output is {shown(trial.output)}, not {shown(expect['output'])}."
        yield Difference("output", words, expect["output"], trial.output)


def _path_words(flow: Flow, expected: Sequence[str], actual: Sequence[str]) -> str:
    """Where two paths part, in names of tasks; in keys where two have the same name."""
    for number, (one, other) in enumerate(zip(expected, actual, strict=False), 1):
        if one != other:
            wanted, found = _expected(flow, one), _name(flow, other)
            return (
                f"Step {number} was {found}, not {wanted}."
                if wanted != found
                else f"Step {number} was {other}, not {one}."
            )
    shorter = min(len(expected), len(actual))
    rest = ", ".join(_expected(flow, key) for key in (*actual[shorter:], *expected[shorter:]))
    steps = f"{shorter} step{'' if shorter == 1 else 's'}"
    went_on = len(actual) > len(expected)
    return f"It went on with {rest} after {steps}." if went_on else f"It ended after {steps}, before {rest}."


def _expected(flow: Flow, key: str) -> str:
    """The name of a task that a case expects, though it may be there no more: then only its key is known."""
    return _name(flow, key) if key in flow.tasks else f"“{key}”, which has been deleted"


def shown(value: Json) -> str:
    """A value as compact JSON, cut."""
    text = json_str(value, default=str)
    return text if len(text) <= LONGEST_VALUE else text[:LONGEST_VALUE] + "…"


def coverage_of(flow: Flow, trials: Iterable[Trial]) -> Coverage:
    """Which drawn edges the tries went along."""
    taken = frozenset().union(*(trial.edges_taken for trial in trials))
    return Coverage(tuple(Branch(edge, edge.id in taken, _edge_words(flow, edge)) for edge in flow.edges))


def _edge_words(flow: Flow, edge: Edge) -> str:
    source = flow.tasks.get(edge.source)
    branch = branch_name(source, edge.branch) if source is not None and edge.branch else ""
    how = f" by {branch}" if branch else " on error" if edge.on == "error" else ""
    return f"{_name(flow, edge.source)} → {_name(flow, edge.target)}{how}"


def _name(flow: Flow, ref: str) -> str:
    if ref == TRIGGER:
        return "Start"
    phase = flow.phases.get(ref.removeprefix("phase:"))
    task = flow.tasks.get(ref)
    return task.name or ref if task is not None else phase.name if phase is not None else ref


def case_from(name: str, input: Json, answers: Mapping[str, Json], trial: Trial) -> Case:
    """The case that expects a try to go again as it did. What is shown nowhere is not expected."""
    expect: dict[str, Json] = {"status": trial.status, "path": list(trial.path)}
    if trial.status == "complete" and not trial.is_output_hidden:
        expect["output"] = trial.output
    return Case(name, input, dict(answers), expect)


def failing_cases(flow: Flow, cases: Iterable[Case]) -> list[str]:
    """A sentence for each case that fails: what the publish check says."""
    failed = run_cases(flow, cases).failed
    return [f"The case “{result.case.name}” fails: {result.differences[0].words}" for result in failed]
