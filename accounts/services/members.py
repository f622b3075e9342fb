"""Members of an organization: adding, changing the role, removing. There is always an administrator left."""

from __future__ import annotations

from django.db import transaction

from accounts.audit import record
from accounts.errors import AlreadyMember, LastAdministrator
from accounts.models import MemberGroup, Membership, User
from accounts.roles import Role
from accounts.scope import Scope


@transaction.atomic
def add_member(scope: Scope, *, email: str, name: str, role: Role) -> Membership:
    """Let somebody in. Who has no account yet gets one without a password; `welcome` pages let them choose it.

    An existing account keeps its name. Raises AlreadyMember.
    """
    address = email.strip().lower()
    user = User.objects.filter(email=address).first() or User.objects.create_user(address, name=name)
    membership, is_new = Membership.objects.get_or_create(
        organization=scope.organization, user=user, defaults={"role": role}
    )
    if not is_new:
        raise AlreadyMember(address)
    record(scope, "member.added", membership, after={"email": address, "role": role.value})
    return membership


@transaction.atomic
def change_role(scope: Scope, membership: Membership, role: Role) -> None:
    """Give a member another role. Raises LastAdministrator."""
    refuse_to_lose_the_last_administrator(scope, membership, becomes=role)
    before = membership.role
    membership.role = role
    membership.save(update_fields=["role"])
    record(scope, "member.role_changed", membership, {"role": before}, {"role": role.value})


@transaction.atomic
def remove_member(scope: Scope, membership: Membership) -> None:
    """End a membership; the account stays, also in other organizations. Raises LastAdministrator."""
    refuse_to_lose_the_last_administrator(scope, membership, becomes=None)
    record(scope, "member.removed", membership, before={"email": membership.user.email, "role": membership.role})
    for group in MemberGroup.objects.within(scope).filter(members=membership.user):
        group.members.remove(membership.user)
    membership.delete()


def refuse_to_lose_the_last_administrator(scope: Scope, membership: Membership, *, becomes: Role | None) -> None:
    """Raise LastAdministrator if nobody would be left. Locks the administrators, so two cannot demote each other."""
    if membership.role != Role.ADMINISTRATOR or becomes is Role.ADMINISTRATOR:
        return
    administrators = Membership.objects.within(scope).filter(role=Role.ADMINISTRATOR).select_for_update(of=("self",))
    if not [other for other in administrators.order_by("pk") if other.pk != membership.pk]:
        raise LastAdministrator
