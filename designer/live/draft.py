"""The live topic `draft:<flow pk>`: every open editor of a draft follows every edit. Sequence numbers are revisions."""

from __future__ import annotations

from accounts.live import Asked, Grant, Update
from accounts.models import Membership, User
from designer import models
from designer.editor_answers import live_data


class DraftTopic:
    """Members of the flow's organization may watch; script gets the changes as `data` and puts them in place itself."""

    interval_seconds = 0.1

    def authorize(self, user: User, id: int) -> Grant | None:
        """Any member of the organization: viewers see the editor too."""
        organization_id = (
            models.Flow.objects.filter(pk=id).values_list("environment__organization_id", flat=True).first()
        )
        if organization_id is None:
            return None
        is_member = Membership.objects.filter(organization_id=organization_id, user=user).exists()
        return Grant(organization_id) if is_member else None

    def render(self, asked: Asked) -> Update:
        """The edits since the viewer's revision."""
        rows = models.Flow.objects.select_related("environment__organization", "live_version")
        row = rows.filter(pk=asked.id).first()
        if row is None or row.draft_revision <= asked.after:
            return Update(asked.after)
        return Update(row.draft_revision, data=live_data(row, asked.after))
