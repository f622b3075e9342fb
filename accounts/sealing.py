"""Secrets at rest: sealed before they are stored, opened when they are used."""

from __future__ import annotations

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings


class SecretUnreadable(Exception):
    """None of the present field keys opens this secret; the person has to set it again."""


def seal(text: str) -> str:
    """`text` so that only this installation's field keys open it. The newest key is used."""
    return _fernet().encrypt(text.encode()).decode()


def unseal(sealed: str) -> str:
    """The text that was sealed, with whichever of the field keys. Raises `SecretUnreadable`."""
    try:
        return _fernet().decrypt(sealed.encode()).decode()
    except InvalidToken:
        raise SecretUnreadable("This secret was stored under a key that is gone. Set it again.") from None


def _fernet() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in settings.FIELD_KEYS])
