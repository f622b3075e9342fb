"""The condition builder: the branches of a decision, their statements, and what can be asked of a value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from designer.graph.attributes import options_in_words
from designer.graph.conditions import (
    OPERATOR_WORDS,
    OPERATORS_BY_TYPE,
    STATEMENT_TYPES,
    WITH_MANY_VALUES,
    WITHOUT_VALUES,
)
from designer.graph.data_tree import DataNode, source_choices, source_type
from designer.graph.fields import Choice, Field, FieldType
from designer.graph.model import Condition, Statement, Task
from designer.inspector.controls import text_of

VALUE: Final = Field(key="value", type=FieldType.TEXT, label="Value")


@dataclass(frozen=True, slots=True)
class StatementRow:
    """A statement of a condition as the builder shows it."""

    source: str
    type: str
    operator: str
    operators: tuple[Choice, ...]
    values_text: str
    takes_values: bool
    takes_many: bool
    known_type: str = ""
    """The words of the source's own type, where it is known; empty otherwise."""
    choices: tuple[str, ...] = ()
    """The values that the source is known to have one of, to choose from."""
    rules: str = ""
    """What else it says that cannot be chosen here, in words. It is kept while its source is."""


@dataclass(frozen=True, slots=True)
class BranchRow:
    """A condition as the builder shows it."""

    key: str
    name: str
    match: str
    statements: tuple[StatementRow, ...]
    target: str


def branch_rows(task: Task, tree: Sequence[DataNode], targets: Mapping[str, str]) -> Iterator[BranchRow]:
    """The branches in their order. `targets`: the names of where each leads, by its key."""
    for condition in task.conditions:
        yield _branch_row(condition, targets.get(condition.key, ""), tree)


def _branch_row(condition: Condition, target: str, tree: Sequence[DataNode]) -> BranchRow:
    rows = tuple(
        statement_row(one, source_type(tree, one.source), source_choices(tree, one.source))
        for one in condition.statements
    )
    return BranchRow(condition.key, condition.name or condition.key, condition.match.value, rows, target)


def statement_row(statement: Statement, known: str = "any", choices: tuple[str, ...] = ()) -> StatementRow:
    """A statement in the builder. `known`: the type of its source, `choices`: its values, where they are known."""
    many = takes_many(statement.operator, statement.type)
    texts = [text_of(VALUE, value) for value in statement.values]
    return StatementRow(
        source=statement.source,
        type=statement.type or "",
        operator=statement.operator,
        operators=operators_for(statement.type or known, chosen=statement.operator),
        known_type=STATEMENT_TYPES.get(known, ""),
        values_text="\n".join(texts) if many else next(iter(texts), ""),
        takes_values=statement.operator not in WITHOUT_VALUES,
        takes_many=many,
        choices=() if many or statement.operator in WITHOUT_VALUES else choices,
        rules=options_in_words(statement.options),
    )


def takes_many(operator: str, declared: str | None) -> bool:
    """Whether a statement may compare with several values."""
    return operator in WITH_MANY_VALUES or (declared == "list" and operator in ("equals", "not_equals"))


def operators_for(declared: str | None, *, chosen: str = "") -> tuple[Choice, ...]:
    """What can be asked of a value of this type, and in any case what is asked already."""
    known = OPERATORS_BY_TYPE.get(declared or "", tuple(OPERATOR_WORDS))
    shown = known if not chosen or chosen in known else (*known, chosen)
    return tuple(Choice(operator, OPERATOR_WORDS.get(operator, operator)) for operator in shown)
