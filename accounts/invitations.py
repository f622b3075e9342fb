"""The mail that tells somebody that they are a member, with the link that lets them in."""

from __future__ import annotations

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string

from accounts.mails import send_beside
from accounts.models import Membership
from accounts.scope import Scope


def invite(scope: Scope, membership: Membership, link: str, *, is_new: bool) -> bool:
    """Mail `link` to a member; `is_new`: it leads to where they choose a password. False where no mail leaves here."""
    if not settings.EMAIL_HOST:
        return False
    context = {"scope": scope, "membership": membership, "link": link, "is_new": is_new}
    subject = " ".join(render_to_string("accounts/invitation_subject.txt", context).split())
    message = EmailMessage(
        subject, render_to_string("accounts/invitation_mail.txt", context), to=[membership.user.email]
    )
    send_beside(message.send)
    return True
