"""Mails to members who were mentioned in a comment and have not looked: over the environment's provider of e-mail."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Final

from django.utils.html import escape

from designer.comments.models import Mention
from engine.notifying.delivering import DeliveryFailed, deliver, mail_to_member, outlet_of
from engine.notifying.models import Channel, Message

log = logging.getLogger(__name__)
AT_ONCE: Final = 20
MOST_ATTEMPTS: Final = 5
RETRY_AFTER: Final = timedelta(minutes=2)


def mail_mentions(now: datetime) -> int:
    """Send what is due. Each is claimed by putting it off: should this process die, it is sent again later."""
    due = Mention.objects.filter(mail_after__lte=now).order_by("mail_after").values_list("pk", "mail_attempts")
    return sum(_mail(pk, attempts, now) for pk, attempts in due[:AT_ONCE])


def _mail(pk: int, attempts: int, now: datetime) -> int:
    later = now + RETRY_AFTER * 2**attempts if attempts + 1 < MOST_ATTEMPTS else None
    claim = Mention.objects.filter(pk=pk, mail_attempts=attempts, mail_after__lte=now, read_at=None)
    if not claim.update(mail_attempts=attempts + 1, mail_after=later):
        return 0
    mention = Mention.objects.select_related("user", "comment__thread__flow__environment").get(pk=pk)
    environment = mention.comment.thread.flow.environment
    outlet = outlet_of(environment.pk, Channel.EMAIL)
    try:
        if outlet is not None and mention.user.is_active:
            deliver(outlet, _message(mention))
    except DeliveryFailed as failed:
        log.warning("mention %s was not mailed: %s", pk, failed)
        if failed.is_retryable:
            return 1
    Mention.objects.filter(pk=pk).update(mail_after=None)
    return 1


def _message(mention: Mention) -> Message:
    comment = mention.comment
    flow = comment.thread.flow
    about = f"{comment.thread.task_name or comment.thread.task} in {flow.name}" if comment.thread.task else flow.name
    link = f'<p><a href="{escape(mention.link)}">Open it</a></p>' if mention.link else ""
    said = escape(comment.text).replace("\n", "<br>")
    return mail_to_member(
        flow.environment,
        mention.user,
        id=f"mention:{mention.pk}",
        subject=f"{comment.author_name} mentioned you on {about}",
        body=f"<p><b>{escape(comment.author_name)}</b> on {escape(about)}:</p><p>{said}</p>{link}",
    )
