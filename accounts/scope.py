"""Whose data a request may see: an organization, one environment of it, who asks, and with which role."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django_htmx.http import HttpResponseClientRedirect

from accounts.http import HtmxHttpRequest
from accounts.keys import find_usable_key
from accounts.models import ApiKey, Environment, Membership, Organization, User
from accounts.roles import ApiScope, Role, role_for

LAST_PLACE = "last_place"  # session key: [organization slug, environment slug]

Arguments = ParamSpec("Arguments")


@dataclass(frozen=True, slots=True)
class Scope:
    """Where and as whom something is done. Every queryset starts with `.within(scope)`.

    `actor` is a user, an API key, or None for the engine itself. `api_scopes` is None unless the actor is a key.
    """

    organization: Organization
    environment: Environment
    actor: User | ApiKey | None
    role: Role
    api_scopes: frozenset[str] | None = None

    @property
    def user(self) -> User | None:
        """The person who acts; None for a key and for the engine."""
        return self.actor if isinstance(self.actor, User) else None

    @property
    def api_key(self) -> ApiKey | None:
        """The key that acts; None for a person and for the engine."""
        return self.actor if isinstance(self.actor, ApiKey) else None

    @property
    def actor_name(self) -> str:
        """How history and audit log call the actor."""
        if isinstance(self.actor, ApiKey):
            return f"API key {self.actor.name}"
        return self.actor.display_name if self.actor else "Quadrille"

    def allows(self, role: Role) -> bool:
        """Whether the actor's role is at least this one."""
        return self.role.allows(role)

    def require(self, role: Role) -> None:
        """Raise PermissionDenied, with a reason to show, unless the actor's role is at least this one."""
        if not self.allows(role):
            raise PermissionDenied(f"This needs the role {role.label.lower()}; yours is {self.role.label.lower()}.")

    def may(self, api_scope: ApiScope) -> bool:
        """Whether the actor may use this part of the API. People may what their role allows."""
        return self.api_scopes is None or api_scope.value in self.api_scopes

    def url(self, name: str, *args: Any, **kwargs: Any) -> str:
        """The address of a console page in this environment: `scope.url("designer:edit", flow="order")`."""
        if args:
            return reverse(name, args=[self.organization.slug, self.environment.slug, *args])
        return reverse(name, kwargs={"org": self.organization.slug, "env": self.environment.slug, **kwargs})

    def in_environment(self, environment: Environment) -> Scope:
        """The same actor in another environment of the same organization. Raises ValueError for a foreign one."""
        if environment.organization_id != self.organization.pk:
            raise ValueError("the environment belongs to another organization")
        return Scope(self.organization, environment, self.actor, self.role, self.api_scopes)


def system_scope(environment: Environment) -> Scope:
    """The scope of work that nobody asked for: timers, triggers, recovery."""
    return Scope(environment.organization, environment, None, Role.ADMINISTRATOR)


def authenticate_key(plain: str) -> Scope | None:
    """The scope of an API key given in plain text, or None when it opens nothing."""
    key = find_usable_key(plain)
    if key is None:
        return None
    environment, scopes = key.environment, frozenset(key.scopes)
    return Scope(environment.organization, environment, key, role_for(scopes), scopes)


def scope_of_member(user: User, *, org: str, env: str) -> Scope | None:
    """The scope of a person in an environment, or None where it does not exist or they do not belong."""
    environments = Environment.objects.select_related("organization")
    environment = environments.filter(slug=env, organization__slug=org).first()
    if environment is None:
        return None
    membership = Membership.objects.filter(organization=environment.organization, user=user).first()
    if membership is None:
        return None
    return Scope(environment.organization, environment, user, Role(membership.role))


def scoped(
    role: Role,
) -> Callable[
    [Callable[Concatenate[HtmxHttpRequest, Scope, Arguments], HttpResponseBase]], Callable[..., HttpResponseBase]
]:
    """Decorate a console view `view(request, scope, ...)` whose URL has `org` and `env`.

    Anonymous: to the sign-in page. Not a member, or no such place: 404. Role too low: 403 with the reason.
    """

    def decorate(
        view: Callable[Concatenate[HtmxHttpRequest, Scope, Arguments], HttpResponseBase],
    ) -> Callable[..., HttpResponseBase]:
        @wraps(view)
        def open_view(
            request: HtmxHttpRequest, org: str, env: str, *args: Arguments.args, **kwargs: Arguments.kwargs
        ) -> HttpResponseBase:
            if not isinstance(request.user, User):
                return to_sign_in(request)
            scope = scope_of_member(request.user, org=org, env=env)
            if scope is None:
                raise Http404
            request.console_scope = scope
            scope.require(role)
            remember_place(request, scope)
            return view(request, scope, *args, **kwargs)

        return open_view

    return decorate


def to_sign_in(request: HtmxHttpRequest) -> HttpResponse:
    """To the sign-in page and back afterwards; the whole window goes, also when htmx asked for a part."""
    if request.htmx:
        here = request.htmx.current_url_abs_path or "/"
        return HttpResponseClientRedirect(redirect_to_login(here, str(settings.LOGIN_URL)).url)
    return redirect_to_login(request.get_full_path(), str(settings.LOGIN_URL))


def remember_place(request: HttpRequest, scope: Scope) -> None:
    """Keep where the person is, for `/`. Writes the session only when it changed."""
    place = [scope.organization.slug, scope.environment.slug]
    if request.session.get(LAST_PLACE) != place:
        request.session[LAST_PLACE] = place
