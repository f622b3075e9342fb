"""Whom one can mention, and how they are called."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from accounts.models import Membership, Organization, User

MOST_PEOPLE = 500


@dataclass(frozen=True, slots=True)
class Mentionable:
    """A member, and what follows the @: the name, or the address where two have the same name or none."""

    user: User
    handle: str


def mentionable(organization: Organization) -> list[Mentionable]:
    """The members of an organization, by name."""
    members = Membership.objects.filter(organization=organization, user__is_active=True).select_related("user")
    users = [membership.user for membership in members.order_by("user__name", "user__email")[:MOST_PEOPLE]]
    counts = Counter(user.display_name.casefold() for user in users)
    return [Mentionable(u, u.display_name if counts[u.display_name.casefold()] == 1 else u.email) for u in users]


def mentioned(text: str, people: list[Mentionable]) -> Iterator[Mentionable]:
    """Who is named in a text, each once. Of two names that fit, the longer one counts."""
    handles = {person.handle.casefold(): person for person in people}
    handles |= {person.user.email.casefold(): person for person in people}
    if not handles:
        return
    longest_first = sorted(handles, key=len, reverse=True)
    pattern = re.compile(r"(?<![\w@])@(" + "|".join(map(re.escape, longest_first)) + r")(?!\w)", re.IGNORECASE)
    seen: set[int] = set()
    for found in pattern.finditer(text):
        person = handles[found[1].casefold()]
        if person.user.pk not in seen:
            seen.add(person.user.pk)
            yield Mentionable(person.user, found[1])


def in_pieces(text: str, handles: list[str]) -> list[tuple[str, bool]]:
    """A text, parted at the mentions in it: each piece, and whether it is one."""
    if not handles:
        return [(text, False)]
    longest_first = sorted(handles, key=len, reverse=True)
    pattern = re.compile(r"((?<![\w@])@(?:" + "|".join(map(re.escape, longest_first)) + r")(?!\w))", re.IGNORECASE)
    return [(piece, number % 2 == 1) for number, piece in enumerate(pattern.split(text)) if piece]
