from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_email
from django.db import transaction

from accounts.errors import Refused
from accounts.forms.settings import FoundingForm
from accounts.invitations import welcome_path
from accounts.models import User
from accounts.services.organizations import STARTING_ENVIRONMENTS, found_organization


class Command(BaseCommand):
    """Found an organization from the command line."""

    help = "Found an organization with its environments and its first administrator."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What it is called and who administers it."""
        parser.add_argument("name", help="such as Acme")
        parser.add_argument("--administrator", required=True, metavar="EMAIL", help="made if there is no such account")
        parser.add_argument("--short-name", default="", help="for addresses; made from the name when left out")
        parser.add_argument("--environments", nargs="+", metavar="NAME", default=list(STARTING_ENVIRONMENTS))

    def handle(self, *args: Any, **options: Any) -> None:
        """Say what was made; of somebody without a password print the link with which they choose one."""
        form = FoundingForm({"name": options["name"], "slug": options["short_name"]})
        for errors in form.errors.values():
            raise CommandError(" ".join(map(str, errors)))
        if not all(0 < len(each.strip()) <= 60 for each in options["environments"]):
            raise CommandError("The name of an environment has 1 to 60 characters.")
        try:
            with transaction.atomic():
                user = account_of(options["administrator"])
                organization = found_organization(
                    name=form.cleaned_data["name"],
                    slug=form.cleaned_data["slug"],
                    administrator=user,
                    environments=[each.strip() for each in options["environments"]],
                )
        except Refused as reason:
            raise CommandError(str(reason)) from reason
        places = ", ".join(f"{organization.slug}/{each.slug}" for each in organization.environments.all())
        self.stdout.write(f"{organization} is founded, with {places}. {user} is its administrator.")
        if not user.has_usable_password():
            self.stdout.write(f"They choose a password at {settings.PUBLIC_URL}{welcome_path(user)} within three days.")


def account_of(address: str) -> User:
    """The person with this address, without a password if new. Raises CommandError for what is no address."""
    try:
        validate_email(address.strip())
    except ValidationError as error:
        raise CommandError(f"{address} is not an email address.") from error
    found = User.objects.filter(email=address.strip().lower()).first()
    return found or User.objects.create_user(address)
