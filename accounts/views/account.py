"""One's own account: name, password, memberships."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.contrib.auth.forms import PasswordChangeForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts.context import stay_in_last_place
from accounts.forms.sessions import ProfileForm
from accounts.models import Membership, User


@login_required
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def account(request: HttpRequest) -> HttpResponse:
    """The page with both forms; `form` says which one was sent."""
    user = request.user
    if not isinstance(user, User):
        return redirect("accounts:sign_in")
    sent = request.POST.get("form") if request.method == "POST" else None
    # A copy, so that a refused name does not show up in the bar above.
    profile = ProfileForm(request.POST if sent == "profile" else None, instance=User.objects.get(pk=user.pk))
    password = PasswordChangeForm(user, request.POST if sent == "password" else None)
    password.fields["old_password"].widget.attrs.pop("autofocus", None)  # it is not what the page is for
    if sent == "profile" and profile.is_valid():
        profile.save()
        messages.success(request, "Saved.")
        return redirect("accounts:account")
    if sent == "password" and password.is_valid():
        update_session_auth_hash(request, password.save())
        messages.success(request, "Your password is changed. Other browsers are signed out.")
        return redirect("accounts:account")
    stay_in_last_place(request)
    memberships = Membership.objects.filter(user=user).select_related("organization")
    context = {"profile": profile, "password": password, "memberships": memberships}
    return render(request, "accounts/account.html", context, status=422 if sent else 200)
