from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db.models import Count, Min
from django.utils import timezone

from engine.models import InboundEvent, Instance, Step, Timer


class Command(BaseCommand):
    """Look at the engine from the command line."""

    help = "engine status: what is running, waiting and overdue."

    def add_arguments(self, parser: CommandParser) -> None:
        """Only `status` so far."""
        parser.add_argument("what", choices=["status"])

    def handle(self, *_: Any, **__: Any) -> None:
        """Print counts; whatever is overdue by more than seconds says that no worker runs."""
        now = timezone.now()
        self.stdout.write("Instances")
        for row in Instance.objects.values("status").annotate(count=Count("pk")).order_by("status"):
            self.stdout.write(f"  {row['status']:<18} {row['count']:>8}")
        claimable = Step.objects.filter(claimable_at__lte=now).aggregate(count=Count("pk"), oldest=Min("claimable_at"))
        running = Step.objects.filter(status="running").count()
        timers = Timer.objects.filter(due_at__lte=now, is_suspended=False)
        overdue = timers.aggregate(count=Count("pk"), oldest=Min("due_at"))
        unmatched = InboundEvent.objects.filter(matched_at=None).count()
        self.stdout.write("Work")
        self._line("attempts under way", running)
        self._line("steps to claim", claimable["count"], claimable["oldest"])
        self._line("timers overdue", overdue["count"], overdue["oldest"])
        self._line("timers open", Timer.objects.count())
        self._line("events to match", unmatched)

    def _line(self, label: str, count: int, oldest: Any = None) -> None:
        age = f"   oldest {(timezone.now() - oldest).total_seconds():.1f} s ago" if oldest is not None else ""
        self.stdout.write(f"  {label:<18} {count:>8}{age}")
