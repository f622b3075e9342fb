"""`/` and moving between environments."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import NoReverseMatch, Resolver404, ResolverMatch, resolve, reverse
from django.views.decorators.http import require_POST

from accounts.context import places_of, sections_for
from accounts.models import Environment, User
from accounts.roles import Role
from accounts.scope import LAST_PLACE, Scope, remember_place, scope_of_member


@login_required
def home(request: HttpRequest) -> HttpResponse:
    """To where somebody begins in the environment last worked in, else in the first one there is.

    Where there is none, a superuser is led to founding an organization.
    """
    if not isinstance(request.user, User):
        raise Http404
    places = places_of(request.user)
    if not places and request.user.is_superuser:
        return HttpResponseRedirect(reverse("accounts:found"))
    if not places:
        return render(request, "accounts/nowhere.html")
    last = request.session.get(LAST_PLACE)
    here = next((p for p in places if [p.organization.slug, p.slug] == last), places[0])
    return HttpResponseRedirect(start_of(member_scope(request.user, here)))


@require_POST
@login_required
def switch(request: HttpRequest) -> HttpResponse:
    """Go to another environment, to the same section as `here`. One that is not theirs does not exist: 404."""
    if not isinstance(request.user, User):
        raise Http404
    wanted = request.POST.get("environment", "")
    found = [place for place in places_of(request.user) if str(place.pk) == wanted]
    if not found:
        raise Http404
    scope = member_scope(request.user, found[0])
    remember_place(request, scope)
    return HttpResponseRedirect(same_section(request.POST.get("here", ""), scope))


def member_scope(user: User, environment: Environment) -> Scope:
    """The scope of a member in one of their environments. 404 if the membership ended meanwhile."""
    scope = scope_of_member(user, org=environment.organization.slug, env=environment.slug)
    if scope is None:
        raise Http404
    return scope


def start_of(scope: Scope) -> str:
    """The address of the section in which somebody with this role works: of an assignee the inbox, else the first."""
    urls = {section.key: section.url for section in sections_for(scope, "")}
    begins = "inbox" if scope.role is Role.ASSIGNEE else ""
    return urls.get(begins) or next(iter(urls.values()), reverse("accounts:account"))


def same_section(path: str, scope: Scope) -> str:
    """The address in `scope` that corresponds to a path elsewhere.

    A list or settings page is the same page there. A page about one thing (a flow, an instance) does not exist there:
    its section does.
    """
    match = match_of(path)
    if match is None or match.kwargs.keys() != {"org", "env"}:
        return section_start(path, scope)
    try:
        return scope.url(match.view_name)
    except NoReverseMatch:
        return start_of(scope)


def match_of(path: str) -> ResolverMatch | None:
    """What a path of ours leads to; None for anything else."""
    try:
        return resolve(path.partition("?")[0])
    except Resolver404:
        return None


def section_start(path: str, scope: Scope) -> str:
    """The start of the section that a console path `/o/<org>/<env>/<section>/…` lies in."""
    words = path.split("/")
    key = words[4] if len(words) > 4 and words[1] == "o" else ""
    urls = {section.key: section.url for section in sections_for(scope, "")}
    return urls.get(key) or start_of(scope)
