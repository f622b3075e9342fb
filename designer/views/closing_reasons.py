"""Settings: the organization's library of closing reasons."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import Count
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.http import HtmxHttpRequest
from accounts.roles import Role
from accounts.scope import Scope, scoped
from designer.forms import ClosingReasonForm, NewClosingReasonForm
from designer.models import ClosingReason
from designer.services.errors import ReasonInUse, TitleTaken
from designer.services.library import add_reason, change_reason, remove_reason

show_and_save = require_http_methods(["GET", "HEAD", "POST"])


@require_GET
@scoped(Role.ADMINISTRATOR)
def reasons(request: HtmxHttpRequest, scope: Scope) -> HttpResponse:
    """All reasons, with how many flows offer each."""
    return _list(request, scope)


@show_and_save
@scoped(Role.ADMINISTRATOR)
def new(request: HtmxHttpRequest, scope: Scope) -> HttpResponse:
    """Add a reason."""
    form = NewClosingReasonForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            add_reason(scope, title=data["title"], description=data["description"])
        except TitleTaken as taken:
            form.add_error("title", str(taken))
        else:
            messages.success(request, f"Flows can choose “{data['title']}” now.")
            return HttpResponseRedirect(scope.url("designer:closing_reasons"))
    return _form(request, form, None)


@show_and_save
@scoped(Role.ADMINISTRATOR)
def edit(request: HtmxHttpRequest, scope: Scope, pk: int) -> HttpResponse:
    """Change a reason."""
    reason = get_object_or_404(ClosingReason.objects.within(scope), pk=pk)
    # A copy, so that a refused title does not show up in the heading.
    stored = get_object_or_404(ClosingReason.objects.within(scope), pk=pk)
    form = ClosingReasonForm(request.POST if request.method == "POST" else None, instance=stored)
    if request.method == "POST" and form.is_valid():
        try:
            change_reason(scope, reason, **{name: form.cleaned_data[name] for name in form.Meta.fields})
        except TitleTaken as taken:
            form.add_error("title", str(taken))
        else:
            messages.success(request, "Saved.")
            return HttpResponseRedirect(scope.url("designer:closing_reasons"))
    return _form(request, form, reason)


@require_POST
@scoped(Role.ADMINISTRATOR)
def remove(request: HtmxHttpRequest, scope: Scope, pk: int) -> HttpResponse:
    """Delete a reason that no flow offers; 409 otherwise."""
    reason = get_object_or_404(ClosingReason.objects.within(scope), pk=pk)
    try:
        remove_reason(scope, reason)
    except ReasonInUse as in_use:
        return _list(request, scope, refusal=f"“{reason.title}”: {in_use}", status=409)
    messages.success(request, f"“{reason.title}” is deleted.")
    return HttpResponseRedirect(scope.url("designer:closing_reasons"))


def _list(request: HtmxHttpRequest, scope: Scope, *, refusal: str = "", status: int = 200) -> HttpResponse:
    found = ClosingReason.objects.within(scope).annotate(flow_count=Count("flows")).order_by("-is_active", "title")
    return render(request, "designer/closing_reasons.html", {"reasons": found, "refusal": refusal}, status=status)


def _form(request: HtmxHttpRequest, form: ClosingReasonForm, reason: ClosingReason | None) -> HttpResponse:
    status = 422 if form.is_bound else 200
    return render(request, "designer/closing_reason.html", {"form": form, "reason": reason}, status=status)
