"""Members of an organization, and the page on which a new one chooses a password."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.views import PasswordResetConfirmView
from django.db.models import Prefetch
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse, reverse_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts import invitations
from accounts.errors import Refused
from accounts.forms.settings import MemberForm, RoleForm
from accounts.http import HtmxHttpRequest, sent
from accounts.models import MemberGroup, Membership, User
from accounts.roles import Role
from accounts.scope import Scope, scoped
from accounts.services import members


@scoped(Role.ADMINISTRATOR)
def member_list(request: HtmxHttpRequest, scope: Scope) -> HttpResponse:
    """All members."""
    return show_members(request, scope)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@scoped(Role.ADMINISTRATOR)
def member_new(request: HtmxHttpRequest, scope: Scope) -> HttpResponse:
    """Let somebody in. For a new account the answer holds the link with which they choose a password."""
    form = MemberForm(sent(request))
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            membership = members.add_member(scope, email=data["email"], name=data["name"], role=Role(data["role"]))
        except Refused as reason:
            form.add_error("email", str(reason))
        else:
            if not membership.user.has_usable_password():
                return show_welcome_link(request, scope, membership)
            place = request.build_absolute_uri(reverse("home"))
            is_told = invitations.invite(scope, membership, place, is_new=False)
            told = " A mail tells them." if is_told else ""
            messages.success(request, f"{membership.user} is a member now.{told}")
            return HttpResponseRedirect(scope.url("settings:members"))
    context = {"form": form, "roles": list(Role)}
    return render(request, "accounts/settings/member.html", context, status=422 if form.is_bound else 200)


@require_POST
@scoped(Role.ADMINISTRATOR)
def member_role(request: HtmxHttpRequest, scope: Scope, pk: int) -> HttpResponse:
    """Change a member's role."""
    membership = get_object_or_404(Membership.objects.within(scope).select_related("user"), pk=pk)
    form = RoleForm(request.POST)
    if not form.is_valid():
        return show_members(request, scope, refusal="There is no such role.")
    try:
        members.change_role(scope, membership, Role(form.cleaned_data["role"]))
    except Refused as reason:
        return show_members(request, scope, refusal=str(reason))
    messages.success(request, f"{membership.user} is {Role(membership.role).label.lower()} now.")
    return HttpResponseRedirect(scope.url("settings:members"))


@require_POST
@scoped(Role.ADMINISTRATOR)
def member_remove(request: HtmxHttpRequest, scope: Scope, pk: int) -> HttpResponse:
    """End a membership."""
    membership = get_object_or_404(Membership.objects.within(scope).select_related("user"), pk=pk)
    try:
        members.remove_member(scope, membership)
    except Refused as reason:
        return show_members(request, scope, refusal=str(reason))
    messages.success(request, f"{membership.user} is no longer a member.")
    return HttpResponseRedirect(reverse("home") if membership.user == scope.user else scope.url("settings:members"))


@require_POST
@never_cache
@scoped(Role.ADMINISTRATOR)
def member_welcome(request: HtmxHttpRequest, scope: Scope, pk: int) -> HttpResponse:
    """A fresh welcome link for a member who never chose a password; others' passwords are not ours to reset."""
    membership = get_object_or_404(Membership.objects.within(scope).select_related("user"), pk=pk)
    if membership.user.has_usable_password():
        return show_members(request, scope, refusal=f"{membership.user} has a password already.")
    return show_welcome_link(request, scope, membership)


def show_members(request: HtmxHttpRequest, scope: Scope, *, refusal: str = "") -> HttpResponse:
    """The list; 422 with the reason when a change was refused."""
    ours = Prefetch("user__member_groups", MemberGroup.objects.within(scope), to_attr="groups_here")
    context = {
        "memberships": Membership.objects.within(scope).select_related("user").prefetch_related(ours),
        "roles": list(Role),
        "refusal": refusal,
    }
    return render(request, "accounts/settings/members.html", context, status=422 if refusal else 200)


def show_welcome_link(request: HtmxHttpRequest, scope: Scope, membership: Membership) -> HttpResponse:
    """Mail the link, and the page with it: to hand over where no mail leaves here, or none comes."""
    user = membership.user
    link = request.build_absolute_uri(invitations.welcome_path(user))
    is_mailed = invitations.invite(scope, membership, link, is_new=True)
    context = {"membership": membership, "link": link, "is_mailed": is_mailed}
    return render(request, "accounts/settings/member_added.html", context)


class Welcome(PasswordResetConfirmView):
    """Choose the first password; the link works once and for three days."""

    template_name = "accounts/welcome.html"
    success_url = reverse_lazy("home")
    post_reset_login = True
    post_reset_login_backend = "django.contrib.auth.backends.ModelBackend"

    def get_user(self, uidb64: str) -> User | None:
        """The person the link is for; nobody once they have a password."""
        user: Any = super().get_user(uidb64)
        return user if isinstance(user, User) and not user.has_usable_password() else None


welcome = Welcome.as_view()
