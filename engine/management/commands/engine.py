from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from engine.models import Timer
from engine.services import vitals


class Command(BaseCommand):
    """Look at the engine from the command line."""

    help = "engine status: what is running, waiting and overdue."

    def add_arguments(self, parser: CommandParser) -> None:
        """Only `status` so far."""
        parser.add_argument("what", choices=["status"])

    def handle(self, *_: Any, **__: Any) -> None:
        """Print counts; whatever is overdue by more than seconds says that no worker runs."""
        seen = vitals.look(timezone.now())
        self.stdout.write("Instances that have not ended")
        for status, count in sorted(seen.instances.items()):
            self.stdout.write(f"  {status:<18} {count:>8}")
        self.stdout.write("Work")
        self.stdout.write(f"  {'attempts under way':<18} {seen.running:>8}")
        self._line("steps to claim", seen.claimable)
        self._line("timers overdue", seen.timers)
        self._line("events to match", seen.events)
        self.stdout.write(f"  {'timers open':<18} {Timer.objects.count():>8}")

    def _line(self, label: str, backlog: vitals.Backlog) -> None:
        more = "+" if backlog.count >= vitals.MOST_COUNTED else ""
        age = f"   oldest {backlog.oldest_seconds:.1f} s ago" if backlog.count else ""
        self.stdout.write(f"  {label:<18} {backlog.count:>8}{more}{age}")
