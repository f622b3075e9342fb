"""The form of a webhook endpoint."""

from __future__ import annotations

from django import forms

from engine.outbox.telling import TYPES


class EndpointForm(forms.Form):
    """Where to, and what."""

    name = forms.CharField(max_length=120, help_text="What listens there.")
    url = forms.URLField(
        label="Address", max_length=1000, assume_scheme="https", help_text="Messages are posted here, signed."
    )
    types = forms.MultipleChoiceField(
        label="Messages",
        choices=[(type, type) for type in TYPES],
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="None chosen: all of them.",
    )
    is_active = forms.BooleanField(label="Active", required=False, initial=True)
