"""An instance is written at each of its steps. With room on its page PostgreSQL puts the new row beside the old one and
leaves the indexes alone (a "heap-only" update); without, each step writes all of them anew. The table gets smaller by
it: what is superseded is cleared away page by page. Rows that are there already move in time.
"""

from __future__ import annotations

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

PERCENT_FILLED = 50


def leave_room(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    if editor.connection.vendor == "postgresql":
        editor.execute(f"ALTER TABLE engine_instance SET (fillfactor = {PERCENT_FILLED})")


def fill(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    if editor.connection.vendor == "postgresql":
        editor.execute("ALTER TABLE engine_instance RESET (fillfactor)")


class Migration(migrations.Migration):
    dependencies = [
        ("engine", "0007_saved_views"),
    ]

    operations = [
        migrations.RunPython(leave_room, fill),
    ]
