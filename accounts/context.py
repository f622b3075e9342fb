"""What the shell around every page needs to know (a template context processor)."""

from typing import Any

from django.http import HttpRequest


def shell(request: HttpRequest) -> dict[str, Any]:
    """`scope`: where the page is, or None outside of an environment."""
    return {"scope": getattr(request, "console_scope", None)}
