"""Django's admin under our name: every table, for administrators of the installation."""

from __future__ import annotations

from typing import Any

from django.contrib.admin import AdminSite
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse


class QuadrilleAdminSite(AdminSite):
    """The admin at `/admin/`. Signing in happens on our own page, so it is throttled in one place."""

    site_header = "Quadrille admin"
    site_title = "Quadrille admin"
    index_title = "Every table"
    site_url = "/"

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """To the sign-in page; someone signed in without admin access gets a 403 that says so."""
        if request.user.is_authenticated and not self.has_permission(request):
            raise PermissionDenied("Your account has no admin access. Ask an administrator of this installation.")
        return redirect_to_login(request.GET.get("next", request.get_full_path()))
