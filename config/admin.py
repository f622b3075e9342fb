"""Django's admin under our name: every table, for administrators of the installation."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import wraps
from types import TracebackType
from typing import Any, Final

from django.contrib.admin import AdminSite
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import FieldDoesNotExist, FieldError, PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from config.errors import refuse

logger = logging.getLogger(__name__)

View = Callable[..., HttpResponseBase]
UNREADABLE: Final = (
    ValueError,
    TypeError,
    ArithmeticError,
    LookupError,
    FieldError,
    FieldDoesNotExist,
    ValidationError,
)
OURS: Final = ("accounts", "designer", "engine", "dialects", "config")


class QuadrilleAdminSite(AdminSite):
    """The admin at `/admin/`. Signing in happens on our own page, so it is throttled in one place."""

    site_header = "Quadrille admin"
    site_title = "Quadrille admin"
    index_title = "Every table"
    site_url = "/"

    def admin_view(self, view: View, cacheable: bool = False) -> View:  # type: ignore[override]
        """As Django has it; what Django's own code cannot read of an address or a form is a 400, not our 500."""

        @wraps(view)
        def readable(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            try:
                return view(request, *args, **kwargs)
            except UNREADABLE as error:
                if error.__traceback__ is None or passes_ours(error.__traceback__.tb_next):
                    raise
                logger.warning("not read by the admin: %s %s", request.method, request.path, exc_info=True)
                return refuse(request, 400, "The admin cannot read this address or what was sent. Nothing was changed.")

        return super().admin_view(readable, cacheable)

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """To the sign-in page; someone signed in without admin access gets a 403 that says so."""
        if request.user.is_authenticated and not self.has_permission(request):
            raise PermissionDenied("Your account has no admin access. Ask an administrator of this installation.")
        return redirect_to_login(request.GET.get("next", request.get_full_path()))


def passes_ours(trace: TracebackType | None) -> bool:
    """Whether an error came by way of code of this project."""
    while trace is not None:
        if trace.tb_frame.f_globals.get("__name__", "").partition(".")[0] in OURS:
            return True
        trace = trace.tb_next
    return False
