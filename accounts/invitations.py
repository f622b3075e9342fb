"""The mail that tells somebody that they are a member, with the link that lets them in."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.tokens import default_token_generator
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from accounts.mails import send_beside
from accounts.models import Membership, User
from accounts.scope import Scope


def welcome_path(user: User) -> str:
    """Where somebody without a password chooses it: works once, for three days."""
    uid = urlsafe_base64_encode(force_bytes(user.pk))
    return reverse("accounts:welcome", args=[uid, default_token_generator.make_token(user)])


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
