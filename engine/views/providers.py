"""Settings: what carries messages out, channel by channel, and what an inbox on one's own page needs."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.http import HtmxHttpRequest
from accounts.roles import Role
from accounts.scope import Scope, scoped
from engine.notifying.delivering import outlet_of
from engine.notifying.models import Channel, Provider
from engine.notifying.secrets import feed_secret
from engine.provider_forms import ProviderForm, initial_of
from engine.services.providers import remove_provider, save_provider

show_and_save = require_http_methods(["GET", "HEAD", "POST"])


@require_GET
@scoped(Role.ADMINISTRATOR)
def providers(request: HtmxHttpRequest, scope: Scope) -> HttpResponse:
    """Every channel with what carries it out now, and all providers."""
    channels = [(channel.label, outlet_of(scope.environment.pk, channel)) for channel in Channel]
    context = {"channels": channels, "providers": Provider.objects.within(scope)}
    return render(request, "engine/providers.html", context)


@show_and_save
@scoped(Role.ADMINISTRATOR)
def new(request: HtmxHttpRequest, scope: Scope) -> HttpResponse:
    """Add one; a webhook's signing secret is shown once."""
    return _edit(request, scope, Provider(), ProviderForm(request.POST if request.method == "POST" else None))


@show_and_save
@scoped(Role.ADMINISTRATOR)
def provider(request: HtmxHttpRequest, scope: Scope, pk: int) -> HttpResponse:
    """Change one."""
    found = get_object_or_404(Provider.objects.within(scope), pk=pk)
    posted = request.POST if request.method == "POST" else None
    return _edit(request, scope, found, ProviderForm(posted, initial=initial_of(found)))


@require_POST
@scoped(Role.ADMINISTRATOR)
def remove(request: HtmxHttpRequest, scope: Scope, pk: int) -> HttpResponse:
    """Forget one."""
    found = get_object_or_404(Provider.objects.within(scope), pk=pk)
    remove_provider(scope, found)
    messages.success(request, f"“{found.name}” carries nothing any more.")
    return HttpResponseRedirect(scope.url("engine:providers"))


@require_POST
@scoped(Role.ADMINISTRATOR)
def secret(request: HtmxHttpRequest, scope: Scope) -> HttpResponse:
    """The secret under which a page's server proves who a subscriber is."""
    context = {"title": "Inbox secret", "secret": feed_secret(scope.environment), "is_feed": True}
    return render(request, "engine/provider_secret.html", context)


def _edit(request: HtmxHttpRequest, scope: Scope, found: Provider, form: ProviderForm) -> HttpResponse:
    if form.is_bound and form.is_valid():
        shown = save_provider(scope, found, form.values, password=form.cleaned_data["password"])
        if shown:
            context = {"title": found.name, "secret": shown, "is_feed": False}
            return render(request, "engine/provider_secret.html", context)
        messages.success(request, "Saved.")
        return HttpResponseRedirect(scope.url("engine:providers"))
    context = {"form": form, "provider": found if found.pk else None}
    return render(request, "engine/provider.html", context, status=422 if form.is_bound else 200)
