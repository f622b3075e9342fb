from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.models import Environment
from dialects.cloudflare.translate import account_id_of


class Command(BaseCommand):
    """Tell the account id of an environment for Cloudflare's SDK."""

    help = "Print the account id under which Cloudflare's SDK finds an environment."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which environment."""
        parser.add_argument("--organization", required=True, help="short name")
        parser.add_argument("--environment", required=True, help="short name")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the id alone on standard output, so that scripts can take it."""
        organization, environment = options["organization"], options["environment"]
        if not Environment.objects.filter(organization__slug=organization, slug=environment).exists():
            raise CommandError(f"There is no environment {organization}/{environment}.")
        self.stdout.write(account_id_of(organization, environment))
