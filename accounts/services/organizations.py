"""Organizations: founding one, naming it."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from accounts.audit import record
from accounts.models import Environment, Membership, Organization, User
from accounts.roles import Role
from accounts.scope import Scope
from accounts.slugs import free_slug

STARTING_ENVIRONMENTS = ("Development", "Production")


@transaction.atomic
def found_organization(
    *, name: str, administrator: User, slug: str = "", environments: Sequence[str] = STARTING_ENVIRONMENTS
) -> Organization:
    """A new organization with its environments and first administrator."""
    taken = Organization.objects.values_list("slug", flat=True)
    organization = Organization.objects.create(name=name, slug=slug or free_slug(name, taken))
    Environment.objects.bulk_create(
        Environment(organization=organization, name=each, slug=free_slug(each, ()), position=position)
        for position, each in enumerate(environments)
    )
    Membership.objects.create(organization=organization, user=administrator, role=Role.ADMINISTRATOR)
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
