"""PostgreSQL's statement for instances of which nearly all is known beforehand (`alike`).

The very statement that the same rows make as a batch, but its values are not gathered row by row: what a pattern says
is written as text once, and goes into an array as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from engine.storage import json_text
from engine.storage.alike import SHARED, Columns, Member, Moment, Pattern, Slot
from engine.storage.postgres_text import (
    HELD,
    PLAIN,
    array_of,
    insert_text,
    plain_array_of,
    source_text,
    statement_text,
    text_of,
    update_text,
)
from engine.storage.shared import SqlStorage
from engine.storage.tables import (
    BIG,
    FACT_TYPES,
    INSTANCE_TYPES,
    INSTANCES,
    MOMENT,
    NEW_STEP,
    STEP_KEY,
    STEP_TYPES,
    STEPS,
)

Texts = list[str | None]
Cells = Sequence[Any]
"""Texts and slots."""
Signature = tuple[str, tuple[str, ...], tuple[str, ...], tuple[str, ...], tuple[str, ...]]
"""Of a part of the statement: what it is, its columns, those written of a step that is there, those that travel as one
value, those that travel as an array."""
FACT_COLUMNS: Final[Mapping[str, int | None]] = {
    "number": 0,
    "type": 1,
    "at": None,
    "task": 2,
    "iteration": 3,
    "data": 4,
    "is_derived": 5,
}
"""The columns of facts beside the instance, and where a pattern's facts have them; the moment is that of now."""


@dataclass(frozen=True, slots=True)
class _Written:
    """A pattern in texts. Slots stay slots."""

    instance: tuple[tuple[str, ...], Cells]
    ended: tuple[tuple[str, ...], Cells]
    begun: Sequence[tuple[tuple[tuple[str, ...], tuple[str, ...]], Cells]]
    """Of each: its columns, those that its patch has, and the cells."""
    facts: Sequence[tuple[str, str | None, bool]]
    """Of each column of the facts: its values as the inside of an array, the first of them, and whether all agree."""


def statement_for(members: Sequence[Member], moment: Moment, storage: SqlStorage) -> tuple[str, list[Any]]:
    """The statement and its parameters."""
    shared = {slot: text_of(MOMENT, moment.value(slot)) for slot in (Slot.NOW, Slot.LEASE_ENDS)}
    shared[Slot.OWNER] = moment.owner
    rows = [(member, _written(member.pattern)) for member in members]
    parts: list[_Part] = []
    for columns, group in _grouped((written.instance[0], (member, written)) for member, written in rows):
        part = _Part("instance", columns, shared)
        part.key({"id": [str(member.instance_id) for member, _ in group]})
        part.fill([member for member, _ in group], [written.instance[1] for _, written in group], INSTANCE_TYPES)
        part.hold([str(member.pattern.fact_count) for member, _ in group])
        parts.append(part)
    for columns, group in _grouped((written.ended[0], (member, written)) for member, written in rows):
        part = _Part("ended", columns, shared)
        part.key(
            {
                "instance_id": [str(member.instance_id) for member, _ in group],
                "task": [member.pattern.task for member, _ in group],
                "iteration": [str(member.pattern.iteration) for member, _ in group],
            }
        )
        part.fill([member for member, _ in group], [written.ended[1] for _, written in group], STEP_TYPES)
        part.hold([str(member.token) for member, _ in group])
        parts.append(part)
    fresh = (
        (named, (member, cells, token))
        for member, written in rows
        for (named, cells), token in zip(written.begun, member.new_tokens, strict=True)
    )
    for (columns, patched), new in _grouped(fresh):
        part = _Part("begun", columns, shared, patched)
        part.key({"instance_id": [str(member.instance_id) for member, _, _ in new]})
        part.fill([member for member, _, _ in new], [cells for _, cells, _ in new], STEP_TYPES, [t for _, _, t in new])
        parts.append(part)
    if facts := [row for row in rows if row[0].pattern.facts]:
        parts.append(_facts(facts, shared))
    sql = _text_of_all(tuple([part.signature() for part in parts]), storage)
    parameters = [value for part in parts for value in part.parameters()]
    return sql, parameters + [part.count for part in parts if part.is_held]


@lru_cache(maxsize=1024)
def _text_of_all(signatures: tuple[Signature, ...], storage: SqlStorage) -> str:
    """As `PostgresStorage.write` has it: the fenced parts come first, the others after them."""
    parts: list[str] = []
    fences: list[str] = []
    for what, columns, patched, values, spread in signatures:
        after = " + ".join(f"(SELECT count(*) FROM {name})" for name in fences) + " >= 0" if fences else ""
        if what == "facts":
            source = source_text(tuple(FACT_TYPES.items()), values, spread)
            parts.append(insert_text("engine_fact", tuple(FACT_TYPES), source, after, ""))
            continue
        if what == "begun":
            named = tuple((name, STEP_TYPES[name]) for name in ("instance_id", *columns))
            source = source_text(named, values, spread)
            conflict = storage.put_conflict(patched)
            parts.append(insert_text(STEPS, tuple(name for name, _ in named), source, after, conflict))
            continue
        is_step = what == "ended"
        types, key = (STEP_TYPES, STEP_KEY) if is_step else (INSTANCE_TYPES, ("id",))
        names = (*key, *columns)
        source = source_text((*((name, types[name]) for name in names), (HELD, BIG)), values, spread)
        table, fence = (STEPS, "lease_token") if is_step else (INSTANCES, "fact_count")
        sql = update_text(table, names, key, source, fence, after, storage.appended("x.attempts"))
        fences.append(f"w{len(parts)}")
        parts.append(sql)
    return statement_text(tuple(parts), tuple(fences))


class _Part:
    """One part of the statement: which columns travel as one value, and which as an array each."""

    def __init__(
        self,
        what: str,
        columns: tuple[str, ...],
        shared: Mapping[Slot, str | None],
        patched: tuple[str, ...] = (),
    ) -> None:
        self.what = what
        self.patched = patched
        self.columns = columns
        self.shared = shared
        self.count = 0
        self.is_held = False
        self.values: dict[str, str | None] = {}
        self.spread: dict[str, str] = {}

    def fill(
        self,
        members: Sequence[Member],
        cells: Sequence[Cells],
        types: Mapping[str, str],
        tokens: Sequence[int] = (),
    ) -> None:
        """The columns beside the key. `cells`: those of each member's pattern."""
        self.count = len(members)
        first = cells[0]
        is_one = all(other is first for other in cells)
        for number, name in enumerate(self.columns):
            cell = first[number]
            if cell.__class__ is not Slot and (is_one or all(other[number] == cell for other in cells)):
                self.values[name] = cell
            elif cell in self.shared and (is_one or all(other[number] is cell for other in cells)):
                self.values[name] = self.shared[cell]
            else:
                column = zip(members, cells, strict=True)
                self._put(
                    name,
                    types[name],
                    [str(token) for token in tokens]
                    if cell is Slot.TOKEN
                    else [self._own(member, other[number]) for member, other in column],
                )

    def _own(self, member: Member, cell: Any) -> str | None:
        if not isinstance(cell, Slot):
            return None if cell is None else str(cell)
        if cell in SHARED:
            return self.shared[cell]
        value = member.own(cell)
        return None if value is None else json_text.write(value)

    def _put(self, name: str, type: str, texts: Texts) -> None:
        if len(texts) == 1 or texts.count(texts[0]) == len(texts):
            self.values[name] = texts[0]
        else:
            self.spread[name] = plain_array_of(texts) if type in PLAIN else array_of(texts)

    def hold(self, texts: Texts) -> None:
        """What the table has to hold still."""
        self.is_held = True
        self._put(HELD, BIG, texts)

    def key(self, columns: Mapping[str, Sequence[str]]) -> None:
        """What rows are found by: always arrays (`PostgresStorage.source`)."""
        for name, texts in columns.items():
            self.spread[name] = array_of(texts) if name == "task" else "{" + ",".join(texts) + "}"

    def signature(self) -> Signature:
        """All that the text of the part depends on."""
        return self.what, self.columns, self.patched, tuple(self.values), tuple(self.spread)

    def parameters(self) -> Iterable[Any]:
        """In the order of the text."""
        return (*self.values.values(), *self.spread.values())


def _facts(rows: Sequence[tuple[Member, _Written]], shared: Mapping[Slot, str | None]) -> _Part:
    part = _Part("facts", (), shared)
    ids = [",".join([str(member.instance_id)] * len(member.pattern.facts)) for member, _ in rows]
    part.spread["instance_id"] = "{" + ",".join(ids) + "}"
    first = rows[0][1].facts
    is_one = all(written.facts is first for _, written in rows)
    for name, number in FACT_COLUMNS.items():
        if number is None:
            part.values[name] = shared[Slot.NOW]
            continue
        _, value, agrees = first[number]
        if agrees and (is_one or all(written.facts[number][1:] == (value, True) for _, written in rows)):
            part.values[name] = value
        else:
            part.spread[name] = "{" + ",".join([written.facts[number][0] for _, written in rows]) + "}"
    return part


def _grouped(rows: Iterable[tuple[Any, Any]]) -> Iterable[tuple[Any, list[Any]]]:
    groups: dict[Any, list[Any]] = {}
    for columns, row in rows:
        groups.setdefault(columns, []).append(row)
    return groups.items()


def _written(pattern: Pattern) -> _Written:
    known = pattern.memo.get("postgresql")
    if known is None:
        known = pattern.memo["postgresql"] = _write(pattern)
    return known


def _write(pattern: Pattern) -> _Written:
    begun = []
    for step in pattern.begun:
        place = (step.task, step.iteration, pattern.environment_id, step.kind)
        first = dict(zip(("task", "iteration", "environment_id", "kind"), place, strict=True))
        defaults = {name: value for name, value in NEW_STEP.items() if name not in step.columns}
        columns, cells = _cells({**first, **step.columns, **defaults}, STEP_TYPES)
        begun.append(((columns, tuple(step.columns)), cells))
    facts = []
    for name, number in FACT_COLUMNS.items():
        if number is not None and pattern.facts:
            texts = [text_of(FACT_TYPES[name], fact[number]) for fact in pattern.facts]
            inside = plain_array_of(texts) if FACT_TYPES[name] in PLAIN else array_of(texts)
            facts.append((inside[1:-1], texts[0], texts.count(texts[0]) == len(texts)))
    return _Written(_cells(pattern.instance, INSTANCE_TYPES), _cells(pattern.ended, STEP_TYPES), begun, facts)


def _cells(columns: Columns, types: Mapping[str, str]) -> tuple[tuple[str, ...], Cells]:
    cells = [value if value.__class__ is Slot else text_of(types[name], value) for name, value in columns.items()]
    return tuple(columns), cells
