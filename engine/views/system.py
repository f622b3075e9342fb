"""Settings: how the installation itself is. For those who run it: it is about all organizations."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from accounts.http import HtmxHttpRequest, render_part
from accounts.roles import Role
from accounts.scope import Scope, scoped
from engine.parts.system import look


@never_cache
@require_GET
@scoped(Role.ADMINISTRATOR)
def show_system(request: HtmxHttpRequest, scope: Scope) -> HttpResponse:
    """The page, and the part of it that it asks for again every few seconds."""
    if scope.user is None or not scope.user.is_superuser:
        raise PermissionDenied("Only whoever runs this installation sees how it is doing.")
    return render_part(request, "engine/system.html", part="now", context={"system": look()})
