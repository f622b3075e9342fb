"""The form of a provider."""

from __future__ import annotations

from typing import Any

from django import forms

from engine.notifying.models import Channel, Provider


class ProviderForm(forms.Form):
    """Which channel, what carries it out, and where to."""

    name = forms.CharField(max_length=120, help_text="What people call it.")
    channel = forms.ChoiceField(choices=Channel.choices)
    type = forms.ChoiceField(label="How", choices=Provider.Type.choices, initial=Provider.Type.WEBHOOK)
    url = forms.URLField(
        label="Address",
        max_length=2000,
        required=False,
        assume_scheme="https",
        help_text="For a webhook: messages are posted here, signed.",
    )
    host = forms.CharField(max_length=200, required=False, help_text="For a mail server.")
    port = forms.IntegerField(min_value=1, max_value=65535, required=False, initial=587)
    user = forms.CharField(max_length=200, required=False)
    password = forms.CharField(
        max_length=500,
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="Kept encrypted; left empty, it stays as it is.",
    )
    tls = forms.BooleanField(label="STARTTLS", required=False, initial=True)
    sender = forms.CharField(label="From", max_length=300, required=False, help_text="For a mail server.")
    is_active = forms.BooleanField(label="Active", required=False, initial=True)
    is_primary = forms.BooleanField(label="First choice of its channel", required=False, initial=True)

    def clean(self) -> dict[str, Any]:
        """A webhook needs an address, a mail server a host, and mail goes by e-mail only."""
        data: dict[str, Any] = super().clean() or self.cleaned_data
        kind, channel = data.get("type"), data.get("channel")
        if kind == Provider.Type.WEBHOOK and not data.get("url"):
            self.add_error("url", "A webhook needs an address.")
        if kind == Provider.Type.SMTP and not data.get("host"):
            self.add_error("host", "A mail server needs a host.")
        if kind in (Provider.Type.SMTP, Provider.Type.MAIL) and channel != Channel.EMAIL:
            self.add_error("type", "Only e-mail goes through a mail server.")
        if channel == Channel.IN_APP and kind != Provider.Type.KEEP:
            self.add_error("type", "Inbox messages are kept here.")
        return data

    @property
    def values(self) -> dict[str, Any]:
        """The columns of the provider."""
        data = self.cleaned_data
        server = {"host": data["host"], "port": data["port"], "user": data["user"], "tls": data["tls"]}
        is_smtp = data["type"] == Provider.Type.SMTP
        return {
            "name": data["name"],
            "channel": data["channel"],
            "type": data["type"],
            "url": data["url"] if data["type"] == Provider.Type.WEBHOOK else "",
            "settings": {**server, "from": data["sender"]} if is_smtp else {},
            "is_active": data["is_active"],
            "is_primary": data["is_primary"],
        }


def initial_of(provider: Provider) -> dict[str, Any]:
    """What the form of an existing provider shows."""
    own = provider.settings
    return {
        **{name: getattr(provider, name) for name in ("name", "channel", "type", "url", "is_active", "is_primary")},
        **{name: own.get(name) for name in ("host", "port", "user", "tls") if name in own},
        "sender": own.get("from", ""),
    }
