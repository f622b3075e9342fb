"""What members and groups are called, by the addresses and short names that flows and tasks name them by."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Final

from accounts.models import MemberGroup, Membership
from accounts.scope import Scope

KEPT_FOR: Final = 30.0
"""Seconds for which a name is believed: pages that are watched show the same few again with every change."""
MOST_KEPT: Final = 10_000
_kept: dict[tuple[int, str], tuple[float, str]] = {}
"""What somebody is called and until when that is believed, by organization and address or slug."""


def called(scope: Scope, addresses: Iterable[str]) -> dict[str, str]:
    """The names of members and groups, by address or slug in lower case; of a stranger the same again."""
    wanted = {each.lower() for each in addresses}
    place, now = scope.organization.pk, time.monotonic()
    believed = {name: kept for name in wanted if (kept := _kept.get((place, name))) is not None and kept[0] > now}
    found = _look_up(scope, wanted - believed.keys())
    if len(_kept) + len(found) > MOST_KEPT:
        _kept.clear()
    _kept.update({(place, name): (now + KEPT_FOR, said) for name, said in found.items()})
    return {name: said for name, (_, said) in believed.items()} | found


def forget_people() -> None:
    """Look everybody up anew."""
    _kept.clear()


def _look_up(scope: Scope, wanted: set[str]) -> dict[str, str]:
    if not wanted:
        return {}
    members = Membership.objects.within(scope).filter(user__email__in=wanted).select_related("user")
    groups = MemberGroup.objects.within(scope).filter(slug__in=wanted).values_list("slug", "name")
    return (
        {name: name for name in wanted} | {each.user.email: each.user.display_name for each in members} | dict(groups)
    )
