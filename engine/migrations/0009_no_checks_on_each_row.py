"""The checks of the three tables that every step writes go, on PostgreSQL: it reads the text of each anew for each
statement that writes the table, and looks at every row. Only the engine writes these columns, as numbers that it counts
and as members of an enumeration. SQLite keeps the checks: there they cost next to nothing, and to drop one means to
copy the table.
"""

from __future__ import annotations

from typing import Final

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

STATUSES: Final = (
    "'queued','running','waiting','waiting_for_pause','paused','rolling_back','complete','errored','terminated'"
)
CHECKS: Final = {
    ("engine_instance", "instance_status_is_known"): f"status IN ({STATUSES})",
    ("engine_instance", "engine_instance_fact_count_check"): "fact_count >= 0",
    ("engine_step", "engine_step_iteration_check"): "iteration >= 0",
    ("engine_step", "engine_step_attempt_check"): "attempt >= 0",
    ("engine_step", "engine_step_lost_leases_check"): "lost_leases >= 0",
    ("engine_fact", "engine_fact_number_check"): "number >= 0",
    ("engine_fact", "engine_fact_iteration_check"): "iteration >= 0",
}


def drop_checks(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    if editor.connection.vendor == "postgresql":
        for table, name in CHECKS:
            editor.execute(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name}")


def check_again(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    if editor.connection.vendor == "postgresql":
        for (table, name), condition in CHECKS.items():
            editor.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} CHECK ({condition})")


class Migration(migrations.Migration):
    dependencies = [
        ("engine", "0008_room_for_moving_instances"),
    ]

    operations = [
        migrations.RunPython(drop_checks, check_again),
    ]
