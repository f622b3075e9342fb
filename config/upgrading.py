"""Whether a migration may be applied while processes of the release before still run: it may only add."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.migrations import Migration, operations
from django.db.migrations.operations.base import Operation
from django.db.models import NOT_PROVIDED, Field

TAKES_AWAY = {
    operations.RemoveField: "the release before still reads this column",
    operations.DeleteModel: "the release before still uses this table",
    operations.RenameField: "the release before knows the old name only",
    operations.RenameModel: "the release before knows the old name only",
    operations.AlterModelTable: "the release before knows the old name only",
}
TO_LOOK_AT = {
    operations.AlterField: "the release before writes and reads this column as it was",
    operations.AddConstraint: "the release before may write what this refuses",
    operations.AlterUniqueTogether: "the release before may write what this refuses",
    operations.RunPython: "nobody can tell what this does",
    operations.RunSQL: "nobody can tell what this does",
}


def risks_of(migration: Migration) -> Iterator[str]:
    """What in a migration the release before may not bear, a line each."""
    # A table that is made here is of no concern to anybody yet.
    made = {one.name.lower() for one in migration.operations if isinstance(one, operations.CreateModel)}
    for operation in migration.operations:
        if str(getattr(operation, "model_name", "")).lower() in made:
            continue
        reason = _risk_of(operation)
        if reason is not None:
            yield f"{migration.app_label}.{migration.name}: {operation.describe()}: {reason}"


def _risk_of(operation: Operation) -> str | None:
    if isinstance(operation, operations.AddField):
        return (
            None if _has_database_default(operation.field) else "the release before leaves this column out (db_default)"
        )
    for reasons in (TAKES_AWAY, TO_LOOK_AT):
        for kind, reason in reasons.items():
            if isinstance(operation, kind):
                return reason
    return None


def _has_database_default(field: Field[Any, Any]) -> bool:
    return field.null or field.many_to_many or field.db_default is not NOT_PROVIDED
