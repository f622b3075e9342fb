"""Everything that can be set says what it is, and what to write."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from designer.graph.actions import ACTIONS
from designer.graph.fields import Field, FieldType
from designer.graph.flow_fields import ENTITY_SYNC_FIELDS, LIMIT_FIELDS, RETENTION_FIELDS, TRIGGER_TYPES
from designer.graph.kinds import KINDS

CHOSEN = frozenset(
    {
        *(FieldType.BOOLEAN, FieldType.CHOICE, FieldType.BRANCH, FieldType.GROUP),
        *(FieldType.REQUIREMENTS, FieldType.CONDITIONS),
    }
)
"""What is chosen rather than written, and so needs no example."""


def every_field() -> Iterator[tuple[str, Field]]:
    for kind in KINDS.values():
        yield from _within(kind.key, kind.fields)
    for action in ACTIONS.values():
        yield from _within(action.key, action.inputs)
    for trigger in TRIGGER_TYPES.values():
        yield from _within(f"trigger {trigger.key}", trigger.fields)
    yield from _within("flow", (*LIMIT_FIELDS, *RETENTION_FIELDS, *ENTITY_SYNC_FIELDS))


def _within(where: str, fields: Sequence[Field]) -> Iterator[tuple[str, Field]]:
    for field in fields:
        yield f"{where}.{field.key}", field
        yield from _within(f"{where}.{field.key}", field.fields)


def test_every_setting_has_help() -> None:
    assert [where for where, field in every_field() if not field.help] == []


def test_everything_that_is_written_has_an_example() -> None:
    lacking = [
        where
        for where, field in every_field()
        if field.type not in CHOSEN
        and field.default is None
        and not (field.example or (field.of is not None and field.of.example))
    ]
    assert lacking == []
