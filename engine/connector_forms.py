"""The form of a connector."""

from __future__ import annotations

from typing import Any

from django import forms

from engine.ledger.models import Connector


class ConnectorForm(forms.ModelForm[Connector]):
    """How transfers leave the house. The secret is never sent back to the browser."""

    url = forms.URLField(
        label="Address",
        max_length=500,
        required=False,
        assume_scheme="https",
        help_text="For a service: transfers are posted here, each with its id as idempotency key.",
    )
    new_secret = forms.CharField(
        label="Secret",
        required=False,
        max_length=2000,
        widget=forms.PasswordInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text="For a service: the bearer token. It is stored sealed and never shown again.",
    )
    forget_secret = forms.BooleanField(label="Forget the secret", required=False)

    class Meta:
        model = Connector
        fields = ["name", "type", "is_active"]
        labels = {"type": "How", "is_active": "Active"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault("url", self.instance.url)
        self.order_fields(["name", "type", "url", "new_secret", "forget_secret", "is_active"])
        if not self.instance.secret:
            del self.fields["forget_secret"]
        else:
            self.fields["new_secret"].help_text = "There is one. Leave this empty to keep it."

    def clean(self) -> dict[str, Any]:
        """A service has an address."""
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if data.get("type") == Connector.Type.HTTP and not data.get("url") and "url" not in self.errors:
            self.add_error("url", "A service needs an address.")
        return data

    def validate_unique(self) -> None:
        """The service says when a name is taken."""

    def values(self) -> dict[str, Any]:
        """What the services take."""
        return {name: self.cleaned_data[name] for name in ("name", "type", "url", "is_active")}

    def secret(self) -> str | None:
        """The new secret; empty to forget the old one, None to keep it."""
        if self.cleaned_data.get("new_secret"):
            return str(self.cleaned_data["new_secret"])
        return "" if self.cleaned_data.get("forget_secret") else None
