from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from config.upgrading import risks_of


class Command(BaseCommand):
    """Look at the migrations that are yet to be applied."""

    help = "Say whether processes of the release before may go on while the migrations of this one are applied."

    def handle(self, *_: Any, **__: Any) -> None:
        """Name what is risky; fails when anything is."""
        executor = MigrationExecutor(connection)
        plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
        if not executor.loader.applied_migrations:
            self.stdout.write("The database is new: there is no release before.")
            return
        risks = [risk for migration, _ in plan for risk in risks_of(migration)]
        if risks:
            lines = "".join(f"\n  - {risk}" for risk in risks)
            raise CommandError(f"Stop the processes of the release before, or look closely at:{lines}")
        self.stdout.write(f"{len(plan)} migrations to apply; all of them only add.")
