"""Settings of an organization: its name, environments, groups, API keys and audit log. For administrators."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts.errors import Refused
from accounts.forms.settings import EnvironmentForm, GroupForm, KeyForm, OrganizationForm
from accounts.http import HtmxHttpRequest, render_part, sent
from accounts.models import ApiKey, AuditEntry, Environment, MemberGroup, Organization
from accounts.roles import Role
from accounts.scope import Scope, scoped
from accounts.services import environments, groups, keys, organizations

ENTRIES_PER_PAGE = 50

show_and_save = require_http_methods(["GET", "HEAD", "POST"])


@scoped(Role.ADMINISTRATOR)
def home(request: HtmxHttpRequest, scope: Scope) -> HttpResponse:
    """To the first settings page."""
    return HttpResponseRedirect(scope.url("settings:organization"))


@show_and_save
@scoped(Role.ADMINISTRATOR)
def organization(request: HtmxHttpRequest, scope: Scope) -> HttpResponse:
    """Name and short name."""
    # A copy, so that a refused name does not show up in the bar above.
    stored = Organization.objects.get(pk=scope.organization.pk)
    form = OrganizationForm(sent(request), instance=stored)
    if request.method == "POST" and form.is_valid():
        changed = organizations.rename_organization(scope, **form.cleaned_data)
        messages.success(request, "Saved.")
        return HttpResponseRedirect(
            Scope(changed, scope.environment, scope.actor, scope.role).url("settings:organization")
        )
    return page(request, "organization", {"form": form}, is_refused=form.is_bound)


@scoped(Role.ADMINISTRATOR)
def environment_list(request: HtmxHttpRequest, scope: Scope) -> HttpResponse:
    """All environments."""
    return page(request, "environments", {"environments": Environment.objects.within(scope)})


@show_and_save
@scoped(Role.ADMINISTRATOR)
def environment_new(request: HtmxHttpRequest, scope: Scope) -> HttpResponse:
    """Add an environment."""
    form = EnvironmentForm(sent(request), scope=scope)
    if request.method == "POST" and form.is_valid():
        added = environments.add_environment(scope, **form.cleaned_data)
        messages.success(request, f"The environment {added.name} is there.")
        return HttpResponseRedirect(scope.url("settings:environments"))
    return page(request, "environment", {"form": form, "environment": None}, is_refused=form.is_bound)


@show_and_save
@scoped(Role.ADMINISTRATOR)
def environment_edit(request: HtmxHttpRequest, scope: Scope, pk: int) -> HttpResponse:
    """Rename an environment."""
    environment = get_object_or_404(Environment.objects.within(scope), pk=pk)
    form = EnvironmentForm(sent(request), instance=environment, scope=scope)
    if request.method == "POST" and form.is_valid():
        environments.rename_environment(scope, environment, **form.cleaned_data)
        messages.success(request, "Saved.")
        here = Environment.objects.get(pk=scope.environment.pk)
        return HttpResponseRedirect(scope.in_environment(here).url("settings:environments"))
    return page(request, "environment", {"form": form, "environment": environment}, is_refused=form.is_bound)


@require_POST
@scoped(Role.ADMINISTRATOR)
def environment_remove(request: HtmxHttpRequest, scope: Scope, pk: int) -> HttpResponse:
    """Remove an empty environment."""
    environment = get_object_or_404(Environment.objects.within(scope), pk=pk)
    try:
        environments.remove_environment(scope, environment)
    except Refused as reason:
        context = {"environments": Environment.objects.within(scope), "refusal": f"{environment.name}: {reason}"}
        return page(request, "environments", context, is_refused=True)
    messages.success(request, f"The environment {environment.name} is gone.")
    left = scope.environment if environment.pk != scope.environment.pk else Environment.objects.within(scope)[0]
    return HttpResponseRedirect(scope.in_environment(left).url("settings:environments"))


@scoped(Role.ADMINISTRATOR)
def group_list(request: HtmxHttpRequest, scope: Scope) -> HttpResponse:
    """All groups with their members."""
    return page(request, "groups", {"groups": MemberGroup.objects.within(scope).prefetch_related("members")})


@show_and_save
@scoped(Role.ADMINISTRATOR)
def group_new(request: HtmxHttpRequest, scope: Scope) -> HttpResponse:
    """Add a group."""
    form = GroupForm(sent(request), scope=scope)
    if request.method == "POST" and form.is_valid():
        added = groups.add_group(scope, **form.cleaned_data)
        messages.success(request, f"The group {added.name} is there.")
        return HttpResponseRedirect(scope.url("settings:groups"))
    return page(request, "group", {"form": form, "group": None}, is_refused=form.is_bound)


@show_and_save
@scoped(Role.ADMINISTRATOR)
def group_edit(request: HtmxHttpRequest, scope: Scope, pk: int) -> HttpResponse:
    """Rename a group, choose its members."""
    group = get_object_or_404(MemberGroup.objects.within(scope), pk=pk)
    form = GroupForm(sent(request), instance=group, scope=scope)
    if request.method == "POST" and form.is_valid():
        groups.change_group(scope, group, **form.cleaned_data)
        messages.success(request, "Saved.")
        return HttpResponseRedirect(scope.url("settings:groups"))
    return page(request, "group", {"form": form, "group": group}, is_refused=form.is_bound)


@require_POST
@scoped(Role.ADMINISTRATOR)
def group_remove(request: HtmxHttpRequest, scope: Scope, pk: int) -> HttpResponse:
    """Remove a group."""
    group = get_object_or_404(MemberGroup.objects.within(scope), pk=pk)
    groups.remove_group(scope, group)
    messages.success(request, f"The group {group.name} is gone.")
    return HttpResponseRedirect(scope.url("settings:groups"))


@scoped(Role.ADMINISTRATOR)
def key_list(request: HtmxHttpRequest, scope: Scope) -> HttpResponse:
    """The keys of this environment, the usable ones first."""
    stored = ApiKey.objects.within(scope).select_related("created_by")
    return page(request, "keys", {"keys": sorted(stored, key=lambda key: key.state != "active")})


@show_and_save
@never_cache
@scoped(Role.ADMINISTRATOR)
def key_new(request: HtmxHttpRequest, scope: Scope) -> HttpResponse:
    """Issue a key. Its plain text is in the answer to this one request and nowhere else."""
    form = KeyForm(sent(request))
    if request.method == "POST" and form.is_valid():
        key, plain = keys.issue_key(
            scope, name=form.cleaned_data["name"], scopes=form.cleaned_data["scopes"], expires_at=form.expires_at()
        )
        return page(request, "key_issued", {"key": key, "plain": plain})
    return page(request, "key", {"form": form}, is_refused=form.is_bound)


@require_POST
@scoped(Role.ADMINISTRATOR)
def key_revoke(request: HtmxHttpRequest, scope: Scope, pk: int) -> HttpResponse:
    """Revoke a key."""
    key = get_object_or_404(ApiKey.objects.within(scope), pk=pk)
    if keys.revoke_key(scope, key):
        messages.success(request, f"The key {key.name} no longer works.")
    return HttpResponseRedirect(scope.url("settings:keys"))


@scoped(Role.ADMINISTRATOR)
def audit(request: HtmxHttpRequest, scope: Scope) -> HttpResponse:
    """Who changed what, the newest first; `q` searches actor, action and subject."""
    wanted = request.GET.get("q", "").strip()[:200]
    entries = search_entries(AuditEntry.objects.within(scope).select_related("environment"), wanted)
    context = {
        "page": Paginator(entries, ENTRIES_PER_PAGE).get_page(request.GET.get("page")),
        "wanted": wanted,
        "query": urlencode({"q": wanted}) if wanted else "",
    }
    return render_part(request, "accounts/settings/audit.html", part="entries", context=context)


def search_entries(entries: QuerySet[AuditEntry], wanted: str) -> QuerySet[AuditEntry]:
    """The entries in which every wanted word occurs."""
    for word in wanted.split():
        entries = entries.filter(
            Q(actor_name__icontains=word) | Q(action__icontains=word) | Q(subject_name__icontains=word)
        )
    return entries


def page(
    request: HtmxHttpRequest, name: str, context: Mapping[str, object], *, is_refused: bool = False
) -> HttpResponse:
    """One settings page; 422 when what was sent is shown again with what is wrong."""
    return render(request, f"accounts/settings/{name}.html", context, status=422 if is_refused else 200)
