"""Which release this is."""

from typing import Final

from django.conf import settings

VERSION: Final[str] = settings.RELEASE
"""As in `pyproject.toml`; a test compares them."""
