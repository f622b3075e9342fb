"""The library of closing reasons of an organization: flows choose from it, by title."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import IntegrityError, transaction

from accounts.audit import record
from accounts.scope import Scope
from designer.models import ClosingReason, Flow
from designer.services.errors import ReasonInUse, TitleTaken


def add_reason(scope: Scope, *, title: str, description: str = "") -> ClosingReason:
    """A new reason that flows may choose. Raises `TitleTaken`."""
    try:
        with transaction.atomic():
            reason = ClosingReason.objects.create(organization=scope.organization, title=title, description=description)
            record(scope, "closing_reason.added", reason, after={"title": title})
    except IntegrityError:
        raise TitleTaken(title) from None
    return reason


def change_reason(scope: Scope, reason: ClosingReason, *, title: str, description: str, is_active: bool) -> None:
    """Change a reason. Flows that name it keep the title they were published with. Raises `TitleTaken`."""
    before = {"title": reason.title, "offered": reason.is_active}
    reason.title, reason.description, reason.is_active = title, description, is_active
    try:
        with transaction.atomic():
            reason.save(update_fields=["title", "description", "is_active"])
            record(scope, "closing_reason.changed", reason, before, {"title": title, "offered": is_active})
    except IntegrityError:
        raise TitleTaken(title) from None


@transaction.atomic
def remove_reason(scope: Scope, reason: ClosingReason) -> None:
    """Delete a reason that no flow offers. Raises `ReasonInUse`."""
    flows = reason.flows.count()
    if flows:
        raise ReasonInUse(flows)
    record(scope, "closing_reason.removed", reason, before={"title": reason.title})
    reason.delete()


def link_reasons(scope: Scope, row: Flow, titles: Sequence[str]) -> None:
    """Make the reasons a flow was published with exactly these. Titles the library lacks are added to it."""
    stored = {reason.title: reason for reason in ClosingReason.objects.within(scope).filter(title__in=titles)}
    for title in dict.fromkeys(titles):
        if title not in stored:
            stored[title] = add_reason(scope, title=title)
    row.chosen_closing_reasons.set(stored.values())
