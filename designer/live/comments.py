"""The live topic `comments:<flow pk>`: how many threads are open at each task. Sequence numbers count the changes."""

from __future__ import annotations

from accounts.live import Asked, Grant, Update
from accounts.models import User
from designer.comments.models import Discussion
from designer.comments.threads import open_counts
from designer.live.draft import DraftTopic


class CommentsTopic:
    """Who may see the draft may read what is said about it. The panel is each person's own: script asks for it."""

    interval_seconds = 0.2

    def authorize(self, user: User, id: int) -> Grant | None:
        """As the draft itself."""
        return DraftTopic().authorize(user, id)

    def render(self, asked: Asked) -> Update:
        """The counts as they are now."""
        changes = Discussion.objects.filter(flow_id=asked.id).values_list("changes", flat=True).first() or 0
        return Update(changes, data={"counts": dict(open_counts(asked.id))})
