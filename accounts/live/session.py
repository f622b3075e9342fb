"""Who a session belongs to, asked afresh: a socket stays open long after its cookie was checked."""

from __future__ import annotations

from importlib import import_module

from django.conf import settings
from django.contrib.auth import get_user
from django.http import HttpRequest

from accounts.models import User


def signed_in_user(session_key: str) -> User | None:
    """The active user of a stored session, or None once they signed out, changed the password, or were deactivated."""
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(session_key)
    user = get_user(request)
    return user if isinstance(user, User) and user.is_active else None
