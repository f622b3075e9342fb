"""`/forms/<secret path>/`: a page with the form of a trigger. Whoever sends it starts an instance.

The address is the secret. Where the form is for members, they also have to be signed in.
"""

from __future__ import annotations

import re
import secrets
from typing import Any, Final

from django.core.cache import cache
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.http import HtmxHttpRequest
from accounts.models import Membership, User
from accounts.scope import to_sign_in
from designer.models import Trigger
from designer.schema_form import SchemaForm
from designer.services.versions import flow_of
from engine.models import Occurrence
from engine.services.errors import InvalidInput, NotLegalNow
from engine.services.triggers import find_form, form_schema, receive_form

TOKEN: Final = re.compile(r"[\w-]{10,64}")
MOST_A_MINUTE: Final = 30
"""How often one address may send one form."""


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def trigger_form(request: HtmxHttpRequest, secret_path: str) -> HttpResponse:
    """Show the form; POST sends it. 422 with the form where something does not fit."""
    trigger = find_form(secret_path)
    if trigger is None:
        raise Http404
    if trigger.settings.get("audience", "members") != "anyone":
        if not isinstance(request.user, User):
            return to_sign_in(request)
        if not Membership.objects.filter(organization=trigger.environment.organization, user=request.user).exists():
            raise Http404
    response = _answer(request, trigger)
    response.headers["X-Robots-Tag"] = "noindex"
    return response


def _answer(request: HtmxHttpRequest, trigger: Trigger) -> HttpResponse:
    if not trigger.flow.is_enabled or trigger.flow.live_version is None:
        return _page(request, trigger, refusal="This form is closed for now.", status=409)
    if request.method != "POST":
        return _page(request, trigger, form=None if "sent" in request.GET else form_of(trigger))
    form = form_of(trigger, request.POST)
    if _sends_too_often(request, trigger):
        refusal = "That was sent too often. Try again in a minute."
        return _page(request, trigger, form=form, refusal=refusal, status=429)
    if form.is_valid():
        token = request.POST.get("token", "")
        by = request.user.display_name if isinstance(request.user, User) else ""
        try:
            done = receive_form(trigger, form.output(), token=token if TOKEN.fullmatch(token) else new_token(), by=by)
        except NotLegalNow as not_now:
            return _page(request, trigger, form=form, refusal=not_now.reason, status=409)
        except InvalidInput as bad:
            form.add_problems(bad.problems)
        else:
            if done.outcome == Occurrence.Outcome.REFUSED:
                refusal = "This could not be taken in. Whoever looks after the form can see why."
                return _page(request, trigger, form=form, refusal=refusal, status=409)
            return HttpResponseRedirect(f"{request.path}?sent")
    return _page(request, trigger, form=form, status=422)


def form_of(trigger: Trigger, data: Any = None) -> SchemaForm:
    """The form of a trigger, or of its flow's input."""
    live = trigger.flow.live_version
    zone = flow_of(live).timezone if live is not None else "UTC"
    return SchemaForm(form_schema(trigger), data, timezone=zone, auto_id="form-%s")


def new_token() -> str:
    """Names one page with a form."""
    return secrets.token_urlsafe(16)


def _sends_too_often(request: HtmxHttpRequest, trigger: Trigger) -> bool:
    key = f"form:{trigger.pk}:{request.META.get('REMOTE_ADDR', '')}"
    if cache.add(key, 1, timeout=60):
        return False
    try:
        return cache.incr(key) > MOST_A_MINUTE
    except ValueError:  # it has just run out
        return False


def _page(
    request: HtmxHttpRequest, trigger: Trigger, *, form: SchemaForm | None = None, refusal: str = "", status: int = 200
) -> HttpResponse:
    token = request.POST.get("token", "")
    context = {
        "trigger": trigger,
        "title": trigger.settings.get("title") or trigger.flow.name,
        "form": form,
        "refusal": refusal,
        "thanks": trigger.settings.get("thanks") or "Thank you. It has been sent.",
        "token": token if TOKEN.fullmatch(token) else new_token(),
    }
    return render(request, "engine/trigger_form.html", context, status=status)
