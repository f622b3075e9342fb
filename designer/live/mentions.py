"""The live topic `mentions:<organization pk>`: how many mentions the viewer has not looked at, on every page's bell."""

from __future__ import annotations

import time

from django.template.loader import render_to_string

from accounts.live import Asked, Grant, Part, Update
from accounts.models import Membership, User
from designer.comments.models import Mention


class MentionsTopic:
    """Members watch the bells of their organization; each is sent their own number. Numbered by milliseconds."""

    interval_seconds = 1.0

    def authorize(self, user: User, id: int) -> Grant | None:
        """Any member."""
        is_member = Membership.objects.filter(organization=id, user=user).exists()
        return Grant(id, str(user.pk)) if is_member else None

    def render(self, asked: Asked) -> Update:
        """The number on the bell."""
        unread = Mention.objects.within_organization(asked.id).unread().filter(user=int(asked.audience)).count()
        context = {"organization": asked.id, "unread": unread}
        html = render_to_string("designer/comments/bell_count.html", context).strip()
        return Update(time.time_ns() // 1_000_000, (Part("bell-count", html),))
