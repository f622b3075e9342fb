"""Which migrations processes of the release before can bear."""

from __future__ import annotations

import pytest
from django.db import models
from django.db.migrations import Migration, operations
from django.db.migrations.operations.base import Operation
from django.db.models import Value

from config.upgrading import risks_of


def risks(*found: Operation) -> list[str]:
    migration = Migration("0009_next", "engine")
    migration.operations = list(found)
    return list(risks_of(migration))


def test_what_only_adds_is_borne() -> None:
    assert not risks(
        operations.CreateModel("Thing", [("id", models.BigAutoField(primary_key=True))]),
        operations.AddField("thing", "of_a_new_table", models.IntegerField()),
        operations.AddField("step", "may_be_empty", models.IntegerField(null=True)),
        operations.AddField("step", "has_a_default", models.IntegerField(db_default=Value(0))),
        operations.AddIndex("step", models.Index(fields=["status"], name="by_status")),
        operations.RemoveIndex("step", "steps_inbox"),
    )


@pytest.mark.parametrize(
    ("operation", "reason"),
    [
        (operations.RemoveField("step", "kind"), "still reads"),
        (operations.DeleteModel("Step"), "still uses"),
        (operations.RenameField("step", "kind", "sort"), "the old name only"),
        (operations.AddField("step", "colour", models.CharField(default="")), "leaves this column out"),
        (operations.AlterField("step", "kind", models.CharField(max_length=4)), "as it was"),
        (operations.RunPython(operations.RunPython.noop), "nobody can tell"),
    ],
)
def test_what_does_more_is_named(operation: Operation, reason: str) -> None:
    (risk,) = risks(operation)
    assert risk.startswith("engine.0009_next: ")
    assert reason in risk
