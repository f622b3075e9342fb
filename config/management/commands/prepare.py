from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand

from config.static import collect_if_changed


class Command(BaseCommand):
    """Bring the database and the static files up to date; takes a second when they are."""

    help = "Migrate the database and collect the static files where needed."

    def handle(self, *_: Any, **__: Any) -> None:
        """Run once before serving."""
        self.stdout.write("Migrating the database …")
        self.stdout.flush()
        call_command("migrate", interactive=False, verbosity=0)
        if not settings.DEVELOPMENT:
            self.stdout.write("Collecting the static files …")
            self.stdout.flush()
            collect_if_changed()
        self.stdout.write("Ready.")
