"""Which branches of a decision are met in sample data: evaluated by the very code that decides (`graph.conditions`)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from accounts.json_text import json_str
from designer.graph.conditions import OPERATOR_WORDS, evaluate
from designer.graph.kinds.decision import sentence
from designer.graph.model import NONE_MET, Json, Statement, Task
from designer.graph.paths import MISSING, DataPath, resolve
from designer.graph.references import statement_references
from designer.graph.trials import Case
from designer.graph.wording import mapping

MOST_COLUMNS: Final = 6
LONGEST_SHOWN: Final = 60


@dataclass(frozen=True, slots=True)
class Cell:
    """What one statement or branch comes to in one sample."""

    is_met: bool
    saw: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A statement (`is_branch` false) or a whole branch, in each sample."""

    label: str
    is_branch: bool
    cells: tuple[Cell, ...]
    join: str = ""


@dataclass(frozen=True, slots=True)
class TruthTable:
    """`columns`: the names of the samples; `taken`: for each the branches that are taken, in words."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    taken: tuple[str, ...]


def truth_table(task: Task, samples: Sequence[tuple[str, Json]]) -> TruthTable:
    """The table of a decision for named samples of an instance's data. Nothing is changed."""
    parallel = task.settings.get("parallel", True) is not False
    data = [mapping(sample) for _, sample in samples]
    # All conditions are looked at, also those behind the first that is met; which are taken is another question.
    found = [evaluate(task.conditions, each) for each in data]
    taken = [evaluate(task.conditions, each, parallel=parallel).branches for each in data]
    return TruthTable(
        columns=tuple(name for name, _ in samples),
        rows=tuple(_rows(task, [each.records for each in found])),
        taken=tuple(_words(task, branches) for branches in taken),
    )


def _rows(task: Task, records: Sequence[Sequence[Mapping[str, Json]]]) -> Iterable[Row]:
    for number, condition in enumerate(task.conditions):
        branch = [Cell(bool(each[number]["is_met"])) for each in records]
        join = "" if len(condition.statements) < 2 else "and" if condition.match.value == "all" else "or"
        yield Row(condition.name or condition.key, True, tuple(branch), join)
        for place, statement in enumerate(condition.statements):
            seen = [each[number]["statements"][place] for each in records]
            yield Row(_sentence(statement), False, tuple(_cell(record) for record in seen))


def _cell(record: Mapping[str, Any]) -> Cell:
    return Cell(bool(record["is_met"]), _shown(record.get("saw")), str(record.get("note", "")))


def _shown(value: Json) -> str:
    text = value if isinstance(value, str) else json_str(value)
    return text if len(text) <= LONGEST_SHOWN else text[:LONGEST_SHOWN] + "…"


def _sentence(statement: Statement) -> str:
    if not statement.source:
        return f"nothing {OPERATOR_WORDS.get(statement.operator, statement.operator)} …"
    return sentence(statement)


def _words(task: Task, branches: Sequence[str]) -> str:
    names = {condition.key: condition.name or condition.key for condition in task.conditions} | {NONE_MET: "otherwise"}
    return ", ".join(names[branch] for branch in branches)


# -- samples ----------------------------------------------------------------------------------------------------------


def sample_data(task: Task, *, input: Json, answers: Mapping[str, Json]) -> dict[str, Json]:
    """Data to evaluate with: the sample input, the outputs typed in for tasks, and a null for whatever else is read."""
    data: dict[str, Json] = {"input": {} if input is None else input}
    steps = {key: {"status": "completed", "output": output} for key, output in _outputs(answers)}
    if steps:
        data["steps"] = steps
    for condition in task.conditions:
        for statement in condition.statements:
            for _, path in statement_references(statement):
                _put(data, path)
    return data


def _outputs(answers: Mapping[str, Json]) -> Iterable[tuple[str, Json]]:
    for key, answer in answers.items():
        last = answer[-1] if isinstance(answer, list) and answer else answer
        if isinstance(last, Mapping):
            if "output" in last:
                yield key, last["output"]
            elif "response" in last:
                yield key, last["response"]


def _put(data: dict[str, Json], path: DataPath) -> None:
    """A null at a path where nothing is; what is in the way stays."""
    if resolve(path, data) is not MISSING:
        return
    here: Json = data
    for number, step in enumerate(path):
        if not isinstance(here, dict) or not isinstance(step, str):
            return
        is_last = number == len(path) - 1
        here = here.setdefault(step, None if is_last or not isinstance(path[number + 1], str) else {})


def samples_of(task: Task, data: Json, cases: Iterable[Case]) -> list[tuple[str, Json]]:
    """The columns of the table: the sample as typed, then the flow's cases."""
    found: list[tuple[str, Json]] = [("Sample", data)]
    for case in list(cases)[: MOST_COLUMNS - 1]:
        found.append((case.name, sample_data(task, input=case.input, answers=case.answers)))
    return found
