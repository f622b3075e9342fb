"""Sending an event to the environment's bus by hand: whatever listens to it starts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from accounts.clean_json import BadJson, clean_json
from accounts.http import HtmxHttpRequest
from accounts.roles import Role
from accounts.scope import Scope, scoped
from engine.forms import offer
from engine.parts.event_types import types_that_start
from engine.services.errors import InvalidInput
from engine.services.executing import MAX_VALUE_BYTES
from engine.services.triggers import LONGEST_NAME, LONGEST_TYPE, receive_event


class EventForm(forms.Form):
    """An event: `{type, version?, app?, payload}`. `offered`: types that something listens for."""

    type = forms.CharField(max_length=LONGEST_TYPE, help_text="Triggers that listen to this type hear it.")
    version = forms.CharField(max_length=LONGEST_NAME, required=False)
    app = forms.CharField(label="Sender", max_length=LONGEST_NAME, required=False)
    payload = forms.CharField(
        initial="{}",
        required=False,
        widget=forms.Textarea(attrs={"rows": 10, "spellcheck": "false", "class": "mono"}),
        help_text="JSON.",
    )

    def __init__(self, *args: Any, offered: Sequence[str] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self.fields["type"], offered)

    def clean_payload(self) -> Any:
        """What it carries; nothing is null."""
        text: str = self.cleaned_data["payload"]
        try:
            return clean_json(text, max_bytes=MAX_VALUE_BYTES) if text.strip() else None
        except BadJson as bad:
            raise forms.ValidationError(str(bad)) from bad


@require_http_methods(["GET", "HEAD", "POST"])
@scoped(Role.OPERATOR)
def send_event(request: HtmxHttpRequest, scope: Scope) -> HttpResponse:
    """The form; POST sends it. 422 with the form where something does not fit."""
    given = {"type": request.GET.get("type", "")[:LONGEST_TYPE], "payload": "{}"}
    offered = types_that_start(scope)
    bound = request.POST if request.method == "POST" else None
    form = EventForm(bound, initial=given, offered=offered)
    if form.is_bound and form.is_valid():
        data = form.cleaned_data
        try:
            receive_event(scope, data["type"], data["payload"], version=data["version"], app=data["app"])
        except InvalidInput as bad:
            for name, problem in bad.problems:
                form.add_error(name if name in form.fields else None, problem)
        else:
            messages.success(request, f"“{data['type']}” is on its way.")
            return HttpResponseRedirect(request.get_full_path())
    return render(request, "engine/send_event.html", {"form": form}, status=422 if form.is_bound else 200)
