"""What the shell around every page needs to know (a template context processor)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import NoReverseMatch

from accounts.models import Environment, User
from accounts.roles import Role
from accounts.scope import LAST_PLACE, Scope, scope_of_member

# key, label, icon, URL name, lowest role that sees it. A section whose room has no such page yet is left out.
SECTIONS = [
    ("flows", "Flows", "flow", "designer:flows", Role.VIEWER),
    ("instances", "Instances", "play", "engine:instances", Role.VIEWER),
    ("inbox", "Inbox", "inbox", "engine:inbox", Role.ASSIGNEE),
    ("data", "Data", "layers", "engine:data", Role.VIEWER),
    ("settings", "Settings", "settings", "settings:home", Role.ADMINISTRATOR),
]


@dataclass(frozen=True, slots=True)
class Section:
    """One entry of the navigation."""

    key: str
    label: str
    icon: str
    url: str
    is_current: bool


class Shell:
    """Computed when the template asks, so that parts and APIs pay nothing."""

    def __init__(self, request: HttpRequest, scope: Scope) -> None:
        self.request = request
        self.scope = scope

    @property
    def sections(self) -> list[Section]:
        """The navigation as this role sees it."""
        return sections_for(self.scope, self.request.path)

    @property
    def places(self) -> Sequence[Environment]:
        """Every environment this person may go to, grouped by organization."""
        return places_of(self.scope.user) if self.scope.user else []


def sections_for(scope: Scope, path: str) -> list[Section]:
    """The sections that exist and that the role may see; the current one is marked by the path."""
    found = []
    for key, label, icon, name, role in SECTIONS:
        if not scope.allows(role):
            continue
        try:
            url = scope.url(name)
        except NoReverseMatch:
            continue
        found.append(Section(key, label, icon, url, path.startswith(url)))
    return found


def places_of(user: User) -> Sequence[Environment]:
    """Every environment of every organization the person belongs to, in menu order. One query."""
    mine = Environment.objects.filter(organization__memberships__user=user).select_related("organization")
    return list(mine.order_by("organization__name", "organization_id", "position", "pk"))


def stay_in_last_place(request: HttpRequest) -> None:
    """Show the navigation of where the person works on a page that belongs to no environment; none to a stranger."""
    user = getattr(request, "user", None)
    if not isinstance(user, User) or getattr(request, "console_scope", None) is not None:
        return
    last = request.session.get(LAST_PLACE)
    scope = scope_of_member(user, org=last[0], env=last[1]) if last else None
    if scope is None and (places := places_of(user)):
        scope = scope_of_member(user, org=places[0].organization.slug, env=places[0].slug)
    request.console_scope = scope  # type: ignore[attr-defined]


def shell(request: HttpRequest) -> dict[str, Any]:
    """`scope`: where the page is, or None outside of an environment; `shell`: navigation and places."""
    scope: Scope | None = getattr(request, "console_scope", None)
    return {"scope": scope, "shell": Shell(request, scope) if scope else None}
