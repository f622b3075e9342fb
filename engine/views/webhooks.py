"""Settings: endpoints that are told what happens to instances."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.http import HtmxHttpRequest
from accounts.roles import Role
from accounts.scope import Scope, scoped
from engine.outbox.models import Delivery, Endpoint
from engine.services import webhook_endpoints
from engine.webhook_forms import EndpointForm

show_and_save = require_http_methods(["GET", "HEAD", "POST"])
LATEST = 30


@require_GET
@scoped(Role.ADMINISTRATOR)
def endpoints(request: HtmxHttpRequest, scope: Scope) -> HttpResponse:
    """All of the environment."""
    pending = Count("deliveries", filter=Q(deliveries__status=Delivery.Status.PENDING))
    failed = Count("deliveries", filter=Q(deliveries__status=Delivery.Status.FAILED))
    rows = Endpoint.objects.within(scope).annotate(pending=pending, failed=failed)
    return render(request, "engine/webhooks.html", {"endpoints": rows})


@show_and_save
@scoped(Role.ADMINISTRATOR)
def new(request: HtmxHttpRequest, scope: Scope) -> HttpResponse:
    """Add one; its secret is shown once."""
    form = EndpointForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        made, secret = webhook_endpoints.add_endpoint(scope, name=data["name"], url=data["url"], types=data["types"])
        return _secret(request, made, secret)
    return _form(request, form, None)


@show_and_save
@scoped(Role.ADMINISTRATOR)
def endpoint(request: HtmxHttpRequest, scope: Scope, pk: int) -> HttpResponse:
    """Change one, and see what it was told lately."""
    found = get_object_or_404(Endpoint.objects.within(scope), pk=pk)
    initial = {"name": found.name, "url": found.url, "types": found.types, "is_active": found.is_active}
    form = EndpointForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        webhook_endpoints.change_endpoint(
            scope, found, name=data["name"], url=data["url"], types=data["types"], is_active=data["is_active"]
        )
        messages.success(request, "Saved.")
        return HttpResponseRedirect(scope.url("engine:webhook", pk=found.pk))
    return _form(request, form, found)


@require_POST
@scoped(Role.ADMINISTRATOR)
def renew(request: HtmxHttpRequest, scope: Scope, pk: int) -> HttpResponse:
    """Another secret, shown once."""
    found = get_object_or_404(Endpoint.objects.within(scope), pk=pk)
    return _secret(request, found, webhook_endpoints.renew_secret(scope, found))


@require_POST
@scoped(Role.ADMINISTRATOR)
def remove(request: HtmxHttpRequest, scope: Scope, pk: int) -> HttpResponse:
    """Tell it nothing more."""
    found = get_object_or_404(Endpoint.objects.within(scope), pk=pk)
    webhook_endpoints.remove_endpoint(scope, found)
    messages.success(request, f"“{found.name}” is told nothing more.")
    return HttpResponseRedirect(scope.url("engine:webhooks"))


@require_POST
@scoped(Role.ADMINISTRATOR)
def again(request: HtmxHttpRequest, scope: Scope, pk: int) -> HttpResponse:
    """Try a delivery that was given up once more."""
    rows = Delivery.objects.filter(endpoint__in=Endpoint.objects.within(scope)).select_related("endpoint", "message")
    found = get_object_or_404(rows, pk=pk)
    if webhook_endpoints.deliver_again(scope, found):
        messages.success(request, "It is tried again.")
    return HttpResponseRedirect(scope.url("engine:webhook", pk=found.endpoint_id))


def _secret(request: HtmxHttpRequest, endpoint: Endpoint, secret: str) -> HttpResponse:
    return render(request, "engine/webhook_secret.html", {"endpoint": endpoint, "secret": secret})


def _form(request: HtmxHttpRequest, form: EndpointForm, endpoint: Endpoint | None) -> HttpResponse:
    deliveries = []
    if endpoint is not None:
        deliveries = list(endpoint.deliveries.select_related("message").order_by("-pk")[:LATEST])
    context = {"form": form, "endpoint": endpoint, "deliveries": deliveries}
    return render(request, "engine/webhook.html", context, status=422 if form.is_bound else 200)
