"""The first page of a new installation: whoever may do everything founds an organization."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from accounts.context import stay_in_last_place
from accounts.errors import Refused
from accounts.forms.settings import FoundingForm
from accounts.http import sent
from accounts.models import Membership, Organization, User
from accounts.scope import remember_place
from accounts.services.organizations import STARTING_ENVIRONMENTS, found_organization
from accounts.views.home import member_scope, start_of


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def found(request: HttpRequest) -> HttpResponse:
    """Name a new organization and become its first administrator. For superusers; 403 for everybody else."""
    user = request.user
    if not isinstance(user, User) or not user.is_superuser:
        raise PermissionDenied("Organizations are founded by superusers: ask whoever installed Quadrille.")
    form = FoundingForm(sent(request))
    if form.is_bound and form.is_valid():
        try:
            organization = found_organization(
                name=form.cleaned_data["name"], slug=form.cleaned_data["slug"], administrator=user
            )
        except Refused as reason:
            form.add_error("slug", str(reason))
        else:
            return enter(request, user, organization)
    stay_in_last_place(request)
    context = {
        "form": form,
        "environments": STARTING_ENVIRONMENTS,
        "is_first": not Organization.objects.exists(),
        "is_member": Membership.objects.filter(user=user).exists(),
    }
    return render(request, "accounts/found.html", context, status=422 if form.is_bound else 200)


def enter(request: HttpRequest, user: User, organization: Organization) -> HttpResponse:
    """To where its administrator begins."""
    scope = member_scope(user, organization.environments.select_related("organization")[0])
    remember_place(request, scope)
    messages.success(request, f"{organization} is founded. Let others in under Settings, Members.")
    return HttpResponseRedirect(start_of(scope))
