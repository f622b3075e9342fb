"""Organizations: founding one, naming it."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import IntegrityError, transaction

from accounts.audit import record
from accounts.errors import ShortNameTaken
from accounts.models import Environment, Membership, Organization, User
from accounts.roles import Role
from accounts.scope import Scope
from accounts.slugs import free_slug

STARTING_ENVIRONMENTS = ("Development", "Production")


@transaction.atomic
def found_organization(
    *, name: str, administrator: User, slug: str = "", environments: Sequence[str] = STARTING_ENVIRONMENTS
) -> Organization:
    """A new organization with its environments, in menu order, and first administrator. Raises ShortNameTaken."""
    slug = slug or free_slug(name, Organization.objects.values_list("slug", flat=True))
    try:
        with transaction.atomic():
            organization = Organization.objects.create(name=name, slug=slug)
    except IntegrityError as error:
        raise ShortNameTaken(slug) from error
    slugs: list[str] = []
    for position, each in enumerate(environments):
        slugs.append(free_slug(each, slugs))
        Environment.objects.create(organization=organization, name=each, slug=slugs[-1], position=position)
    Membership.objects.create(organization=organization, user=administrator, role=Role.ADMINISTRATOR)
    first = organization.environments.select_related("organization").get(position=0)
    scope = Scope(organization, first, administrator, Role.ADMINISTRATOR)
    record(scope, "organization.founded", organization, after={"name": name, "slug": slug, "environments": slugs})
    return organization


@transaction.atomic
def rename_organization(scope: Scope, *, name: str, slug: str) -> Organization:
    """Give the organization another name or another place in addresses."""
    organization = Organization.objects.select_for_update().get(pk=scope.organization.pk)
    before = {"name": organization.name, "slug": organization.slug}
    organization.name, organization.slug = name, slug
    organization.save(update_fields=["name", "slug"])
    record(scope, "organization.changed", organization, before, {"name": name, "slug": slug})
    return organization
