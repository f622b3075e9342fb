"""What the shell tells a member: that somebody mentioned them (a template context processor)."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from accounts.scope import Scope
from designer.comments.models import Mention


class Mentions:
    """Counted when the template asks, so that parts and APIs pay nothing."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self._unread: int | None = None

    @property
    def unread(self) -> int:
        """How many the person has not looked at."""
        if self._unread is None:
            self._unread = Mention.objects.of(self.scope).unread().count()
        return self._unread

    @property
    def url(self) -> str:
        """Where they are listed."""
        return self.scope.url("designer:mentions")


def mentions(request: HttpRequest) -> dict[str, Any]:
    """`mentions`: of whoever is signed in, where they are; None outside of an environment."""
    scope: Scope | None = getattr(request, "console_scope", None)
    return {"mentions": Mentions(scope) if scope is not None and scope.user is not None else None}
