from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.models import Environment
from accounts.roles import ApiScope
from accounts.scope import system_scope
from accounts.services.keys import issue_key


class Command(BaseCommand):
    """Issue an API key from the command line."""

    help = "Issue an API key and print it once: it cannot be shown again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Where the key belongs and what it may do."""
        parser.add_argument("--organization", required=True, help="short name")
        parser.add_argument("--environment", required=True, help="short name")
        parser.add_argument("--name", required=True, help="what will use the key")
        parser.add_argument("--scopes", nargs="+", choices=ApiScope.values, default=list(ApiScope.values))
        parser.add_argument("--days", type=int, help="valid for so many days; without it until revoked")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the key alone on standard output, so that scripts can take it."""
        environment = (
            Environment.objects.select_related("organization")
            .filter(organization__slug=options["organization"], slug=options["environment"])
            .first()
        )
        if environment is None:
            raise CommandError(f"There is no environment {options['organization']}/{options['environment']}.")
        if not options["name"].strip() or len(options["name"]) > 120:
            raise CommandError("The name must have 1 to 120 characters.")
        days = options["days"]
        if days is not None and not 0 < days <= 36500:
            raise CommandError("--days must be between 1 and 36500.")
        expires_at = timezone.now() + timedelta(days=days) if days else None
        plain = issue_key(
            system_scope(environment), name=options["name"].strip(), scopes=options["scopes"], expires_at=expires_at
        )[1]
        self.stdout.write(plain)
