"""Who is in the demo organization: a member for each role, and the groups that the flows assign tasks to."""

from __future__ import annotations

import secrets
from collections.abc import Iterable

from django.conf import settings

from accounts.models import Environment, MemberGroup, Membership, Organization, User
from accounts.roles import Role
from accounts.scope import Scope

SLUG = "demo"
DOMAIN = "demo.example"
ENVIRONMENTS = (("development", "Development"), ("production", "Production"))
GROUPS = {
    "onboarding": ("Onboarding", (Role.ASSIGNEE, Role.OPERATOR, Role.DESIGNER)),
    "finance": ("Finance", (Role.OPERATOR, Role.DESIGNER)),
    "operations": ("Operations", (Role.ASSIGNEE, Role.OPERATOR, Role.DESIGNER)),
    "on-call": ("On call", (Role.OPERATOR, Role.DESIGNER)),
}


def address_of(role: Role) -> str:
    """The demo member with this role."""
    return f"{role.value}@{DOMAIN}"


def make_organization() -> Organization:
    """The organization Demo with its environments; those that are there stay as they are."""
    organization, _ = Organization.objects.get_or_create(slug=SLUG, defaults={"name": "Demo"})
    for position, (slug, name) in enumerate(ENVIRONMENTS):
        Environment.objects.get_or_create(
            organization=organization, slug=slug, defaults={"name": name, "position": position}
        )
    return organization


def make_members(organization: Organization, *, new_password: bool = False) -> str | None:
    """A member for each role. Answers the password that those made now can sign in with; None when all were there.

    With `new_password` everyone gets a new one. In embedded mode the administrator may also open Django's admin.
    """
    password = secrets.token_urlsafe(9)
    changed = False
    for role in Role:
        user = User.objects.filter(email=address_of(role)).first()
        if user is None:
            user = User.objects.create_user(address_of(role), password, name=f"Demo {role.label.lower()}")
            changed = True
        elif new_password:
            user.set_password(password)
            user.save(update_fields=["password"])
            changed = True
        Membership.objects.get_or_create(organization=organization, user=user, defaults={"role": role})
    if not settings.PRODUCTION:
        User.objects.filter(email=address_of(Role.ADMINISTRATOR)).update(is_staff=True, is_superuser=True)
    return password if changed else None


def make_groups(organization: Organization) -> None:
    """The groups, with their members."""
    for slug, (name, roles) in GROUPS.items():
        group, is_new = MemberGroup.objects.get_or_create(organization=organization, slug=slug, defaults={"name": name})
        if is_new:
            group.members.set(members_with(roles))


def members_with(roles: Iterable[Role]) -> list[User]:
    """The demo members with these roles."""
    return list(User.objects.filter(email__in=[address_of(role) for role in roles]))


def designer_scope(organization: Organization) -> Scope:
    """The demo's designer at work in development: everything the demo makes is theirs."""
    environment = Environment.objects.get(organization=organization, slug=ENVIRONMENTS[0][0])
    user = User.objects.get(email=address_of(Role.DESIGNER))
    return Scope(organization, environment, user, Role.DESIGNER)
