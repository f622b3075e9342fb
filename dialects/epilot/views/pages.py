"""Pages for people outside: `/journeys/<secret path>/` is a form, `/portal/<token>/` what a customer has to do.

The address is the secret. A journey that is not public also wants a member of the organization to be signed in.
"""

from __future__ import annotations

from typing import Any, Final

from django.core.cache import cache
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.http import HtmxHttpRequest
from accounts.models import Membership, User
from accounts.scope import to_sign_in
from designer.schema_form import SchemaForm
from dialects.epilot import journeys
from dialects.epilot.errors import Refusal
from engine.entities.journeys import find_journey
from engine.entities.links import entity_of, portal_path
from engine.entities.models import Entity, Journey
from engine.services.errors import InvalidInput, NotLegalNow

MOST_A_MINUTE: Final = 30
"""How often one address may send one form."""


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def journey(request: HtmxHttpRequest, secret_path: str) -> HttpResponse:
    """Show the form of a journey; POST sends it. 422 with the form where something does not fit."""
    found = find_journey(secret_path)
    if found is None:
        raise Http404
    if not found.is_public:
        if not isinstance(request.user, User):
            return to_sign_in(request)
        if not Membership.objects.filter(organization=found.environment.organization, user=request.user).exists():
            raise Http404
    response = _answer(request, found)
    response.headers["X-Robots-Tag"] = "noindex"
    return response


def _answer(request: HtmxHttpRequest, found: Journey) -> HttpResponse:
    if request.method != "POST":
        return _page(request, found, form=None if "sent" in request.GET else _form(found))
    form = _form(found, request.POST)
    if _sends_too_often(request, found.pk):
        return _page(request, found, form=form, refusal="That was sent too often. Try again in a minute.", status=429)
    if form.is_valid():
        try:
            journeys.submit(found, form.output(), task=request.GET.get("task", ""), customer=_customer(request, found))
        except InvalidInput as bad:
            form.add_problems(bad.problems)
        except (NotLegalNow, Refusal) as refused:
            return _page(request, found, form=form, refusal=str(refused), status=409)
        else:
            portal = request.GET.get("portal", "")
            return HttpResponseRedirect(f"{request.path}?sent" + (f"&portal={portal}" if entity_of(portal) else ""))
    return _page(request, found, form=form, status=422)


def _customer(request: HtmxHttpRequest, found: Journey) -> Entity | None:
    """Whose portal a journey was opened from; None for one of another environment, or none."""
    entity = entity_of(request.GET.get("portal", ""))
    return entity if entity is not None and entity.environment_id == found.environment_id else None


def _form(found: Journey, data: Any = None) -> SchemaForm:
    return SchemaForm(found.form or {"type": "object", "properties": {}}, data, timezone="UTC", auto_id="form-%s")


def _sends_too_often(request: HtmxHttpRequest, pk: int) -> bool:
    key = f"journey:{pk}:{request.META.get('REMOTE_ADDR', '')}"
    if cache.add(key, 1, timeout=60):
        return False
    try:
        return cache.incr(key) > MOST_A_MINUTE
    except ValueError:  # it has just run out
        return False


def _page(
    request: HtmxHttpRequest, found: Journey, *, form: SchemaForm | None = None, refusal: str = "", status: int = 200
) -> HttpResponse:
    customer = _customer(request, found)
    context = {"journey": found, "form": form, "refusal": refusal, "back": portal_path(customer) if customer else ""}
    return render(request, "epilot/journey.html", context, status=status)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def portal(request: HtmxHttpRequest, token: str) -> HttpResponse:
    """What there is to do for a customer; POST completes one of the tasks."""
    entity = entity_of(token)
    if entity is None:
        raise Http404
    refusal, status = "", 200
    if request.method == "POST":
        try:
            journeys.complete_for(entity, request.POST.get("execution", ""), request.POST.get("task", ""))
            return HttpResponseRedirect(request.path)
        except (NotLegalNow, Refusal):
            refusal, status = "This cannot be done any more. Here is what is open now.", 409
    flows, offers = journeys.portal_of(entity), journeys.offered_to(entity)
    context = {"entity": entity, "flows": flows, "offers": offers, "refusal": refusal}
    response = render(request, "epilot/portal.html", context, status=status)
    response.headers["X-Robots-Tag"] = "noindex"
    return response
