"""The form of a connection."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from django import forms

from accounts.connections.models import Connection

KEY = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9_-]{0,59}")


class ConnectionForm(forms.ModelForm[Connection]):
    """One connection. The secret is never sent back to the browser."""

    new_secret = forms.CharField(
        label="Secret",
        required=False,
        max_length=2000,
        widget=forms.PasswordInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text="The API key of the service. It is stored sealed and never shown again.",
    )
    forget_secret = forms.BooleanField(label="Forget the secret", required=False)

    class Meta:
        model = Connection
        fields = ["name", "key", "base_url", "model", "answer_format"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance._state.adding:
            self.fields["key"].required = False
            self.fields["key"].help_text = "What flows call it by. Made from the name when left empty."
        if not self.instance.secret:
            del self.fields["forget_secret"]
        else:
            self.fields["new_secret"].help_text = "There is one. Leave this empty to keep it."

    def clean_key(self) -> str:
        """What a flow can name."""
        key: str = self.cleaned_data["key"]
        if key and not KEY.fullmatch(key):
            raise forms.ValidationError("Use letters, digits, - and _, beginning with a letter, a digit or _.")
        return key

    def clean_base_url(self) -> str:
        """An address to which something can be added. Whether it may be called is checked at each call."""
        url: str = self.cleaned_data["base_url"].strip()
        if not _is_address(url):
            raise forms.ValidationError("Write an address such as https://api.example.com/v1, without ? and #.")
        return url.rstrip("/")

    def validate_unique(self) -> None:
        """The service says when a short name is taken, in its own words."""

    def values(self) -> dict[str, Any]:
        """What the services take."""
        return {name: self.cleaned_data[name] for name in self.Meta.fields}

    def secret(self) -> str | None:
        """The new secret; empty to forget the old one, None to keep it."""
        if self.cleaned_data.get("new_secret"):
            return str(self.cleaned_data["new_secret"])
        return "" if self.cleaned_data.get("forget_secret") else None


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        has_host = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and has_host and not (parts.query or parts.fragment or parts.username)
