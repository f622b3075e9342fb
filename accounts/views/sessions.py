"""Signing in and out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.contrib.auth.views import LoginView, LogoutView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from accounts.forms.sessions import SignInForm


class SignIn(LoginView):
    """The sign-in page. A wrong password is 422 with the form; five of them, see `locked_out`."""

    template_name = "accounts/sign_in.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True

    def form_invalid(self, form: Any) -> HttpResponse:
        """The form again, with what is wrong."""
        return self.render_to_response(self.get_context_data(form=form), status=422)


sign_in = SignIn.as_view()
sign_out = LogoutView.as_view()


def sign_in_name(request: HttpRequest, credentials: Mapping[str, Any] | None = None) -> str:
    """Whose failures are counted: the address in lower case, so that capitals give no further tries."""
    given = (credentials or {}).get("username") or request.POST.get("username", "")
    return str(given).strip().lower()[:254]


def locked_out(request: HttpRequest, original_response: HttpResponse | None, *_: Any) -> HttpResponse:
    """429 after too many wrong passwords for one address from one place."""
    minutes = round(settings.AXES_COOLOFF_TIME.total_seconds() / 60)
    return render(request, "accounts/locked_out.html", {"minutes": minutes}, status=429)
