"""Groups of members, for assigning human tasks."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.db import transaction

from accounts.audit import record
from accounts.models import MemberGroup, User
from accounts.scope import Scope
from accounts.slugs import free_slug


@transaction.atomic
def add_group(scope: Scope, *, name: str, slug: str, members: Collection[User]) -> MemberGroup:
    """A new group."""
    taken = MemberGroup.objects.within(scope).values_list("slug", flat=True)
    group = MemberGroup.objects.create(organization=scope.organization, name=name, slug=slug or free_slug(name, taken))
    group.members.set(members)
    record(scope, "group.added", group, after=described(group))
    return group


@transaction.atomic
def change_group(scope: Scope, group: MemberGroup, *, name: str, slug: str, members: Collection[User]) -> None:
    """Another name or other members."""
    stored = MemberGroup.objects.within(scope).get(pk=group.pk)
    before = described(stored)
    stored.name, stored.slug = name, slug
    stored.save(update_fields=["name", "slug"])
    stored.members.set(members)
    record(scope, "group.changed", stored, before, described(stored))


@transaction.atomic
def remove_group(scope: Scope, group: MemberGroup) -> None:
    """Remove a group; its members stay members of the organization."""
    record(scope, "group.removed", group, before=described(group))
    group.delete()


def described(group: MemberGroup) -> dict[str, Any]:
    """A group as the audit log keeps it."""
    members = list(group.members.order_by("email").values_list("email", flat=True))
    return {"name": group.name, "slug": group.slug, "members": members}
