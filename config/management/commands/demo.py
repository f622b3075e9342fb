from argparse import ArgumentParser
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError


class Command(BaseCommand):
    """Load the demo organization; what is there is left alone."""

    help = "Load the organization Demo: a member for each role, six flows, a few instances."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Where the demo will be served."""
        parser.add_argument(
            "--url", default=likely_address(), help="the address this server will have (default: %(default)s)"
        )
        parser.add_argument("--new-password", action="store_true", help="give every demo member a new password")

    def handle(self, *args: Any, **options: Any) -> None:
        """Load, then say how to sign in."""
        url = options["url"].rstrip("/")
        if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).netloc:
            raise CommandError("--url must look like http://127.0.0.1:8000")
        if not settings.PRODUCTION:
            call_command("migrate", interactive=False, verbosity=0)
        # Only now: its models need their tables to be there when the flows are loaded.
        from config.demo.loading import load_demo

        loaded = load_demo(url, new_password=options["new_password"])
        self.stdout.write(f"Quadrille will be at {url}")
        if loaded.password is None:
            self.stdout.write(f"Sign in as designer@demo.example; the password is in {settings.DEMO_NOTE}")
        else:
            self.stdout.write(f"Sign in as designer@demo.example with the password {loaded.password}")
            self.stdout.write(
                f"(also viewer@, assignee@, operator@, administrator@demo.example; kept in {settings.DEMO_NOTE})"
            )


def likely_address() -> str:
    """Where people find this server unless told: in production under the first name that it answers to."""
    if not settings.PRODUCTION:
        return "http://127.0.0.1:8000"
    origins = [origin for origin in settings.CSRF_TRUSTED_ORIGINS if "*" not in origin]
    hosts = [host for host in settings.ALLOWED_HOSTS if not host.startswith((".", "*"))]
    if origins:
        return str(origins[0])
    scheme = "https" if settings.SECURE_SSL_REDIRECT else "http"
    return f"{scheme}://{hosts[0]}" if hosts else "http://127.0.0.1:8000"
