"""The forms of a connection: one for each type."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar, Final
from urllib.parse import urlsplit

from django import forms

from accounts.connections.models import Connection

KEY = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9_-]{0,59}")


class ConnectionForm(forms.ModelForm[Connection]):
    """What every connection has. The secret is never sent back to the browser."""

    type: ClassVar[Connection.Type]
    new_secret = forms.CharField(
        label="Secret",
        required=False,
        max_length=4000,
        widget=forms.PasswordInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text="It is stored sealed and never shown again.",
    )
    forget_secret = forms.BooleanField(label="Forget the secret", required=False)

    class Meta:
        model = Connection
        fields = ["name", "key", "base_url"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance._state.adding:
            self.fields["name"].widget.attrs["autofocus"] = True
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

    def clean_new_secret(self) -> str:
        """What a header can hold."""
        secret: str = self.cleaned_data["new_secret"].strip()
        if not secret.isprintable():
            raise forms.ValidationError("A secret has no line breaks: was something else copied with it?")
        return secret

    def validate_unique(self) -> None:
        """The service says when a short name is taken, in its own words."""

    def values(self) -> dict[str, Any]:
        """What the services take."""
        return {"type": self.type, **{name: self.cleaned_data[name] for name in self.Meta.fields}}

    def secret(self) -> str | None:
        """The new secret; empty to forget the old one, None to keep it."""
        if self.cleaned_data.get("new_secret"):
            return str(self.cleaned_data["new_secret"])
        return "" if self.cleaned_data.get("forget_secret") else None


class AgentForm(ConnectionForm):
    """An agent behind an OpenAI-compatible address."""

    type = Connection.Type.AGENT

    class Meta(ConnectionForm.Meta):
        fields = [*ConnectionForm.Meta.fields, "model", "answer_format"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["model"].required = True
        self.fields[
            "base_url"
        ].help_text = "Where the API begins, such as https://api.example.com/v1. /chat/completions is added."


class HttpForm(ConnectionForm):
    """Anything else that speaks HTTP, and how it is shown the secret."""

    type = Connection.Type.HTTP

    class Meta(ConnectionForm.Meta):
        fields = [*ConnectionForm.Meta.fields, "auth", "user_name", "header_name", "query_name"]
        fields += ["token_url", "token_scope"]

    def clean_header_name(self) -> str:
        """What can be the name of a header."""
        name: str = self.cleaned_data["header_name"].strip()
        if name and (not HEADER.fullmatch(name) or name.lower() in NOT_OURS):
            raise forms.ValidationError("Write the name of a header, such as X-API-Key.")
        return name

    def clean_query_name(self) -> str:
        """What can be the name of a parameter of an address."""
        name: str = self.cleaned_data["query_name"].strip()
        if name and not PARAMETER.fullmatch(name):
            raise forms.ValidationError("Write the name of a parameter, such as api_key.")
        return name

    def clean_token_url(self) -> str:
        """An address as it stands. Whether it may be called is checked at each call."""
        url: str = self.cleaned_data["token_url"].strip()
        if url and not _is_address(url):
            raise forms.ValidationError("Write an address such as https://login.example.com/oauth/token.")
        return url

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, (_, missing) in BELONGS.items():
            self.fields[name].required = bool(missing)
            self.fields[name].error_messages["required"] = missing
        self.fields["new_secret"].required = self.instance._state.adding
        self.fields["new_secret"].error_messages["required"] = "Without its secret the service lets nobody in."

    def clean(self) -> dict[str, Any]:
        """What the authentication needs, and nothing that it does not."""
        found: dict[str, Any] = super().clean() or self.cleaned_data
        auth = found.get("auth")
        for name, (ways, _) in BELONGS.items():
            if auth not in ways:
                found[name] = ""
                self.errors.pop(name, None)
        if auth == Connection.Auth.NONE:
            self.errors.pop("new_secret", None)
        secret = found.get("new_secret", "")
        if secret and not secret.isascii() and auth in (Connection.Auth.BEARER, Connection.Auth.HEADER):
            self.add_error("new_secret", "A header holds letters, digits and signs of ASCII only.")
        return found


HEADER: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
PARAMETER: Final = re.compile(r"[A-Za-z0-9_.~$:-]{1,100}")
NOT_OURS: Final = frozenset({"host", "content-length", "transfer-encoding", "connection", "content-type"})
"""Headers that the request itself writes."""
_AUTH: Final = Connection.Auth
BELONGS: Final = {
    "user_name": ((_AUTH.BASIC, _AUTH.OAUTH2), "Say who asks."),
    "header_name": ((_AUTH.HEADER,), "Say which header, such as X-API-Key."),
    "query_name": ((_AUTH.QUERY,), "Say which parameter, such as api_key."),
    "token_url": ((_AUTH.OAUTH2,), "Say where a token is had."),
    "token_scope": ((_AUTH.OAUTH2,), ""),
}
"""By field: for which authentication it is, and what is said where that needs it and it is missing."""
FORMS: Final[Mapping[str, type[ConnectionForm]]] = {form.type: form for form in (HttpForm, AgentForm)}


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        has_host = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and has_host and not (parts.query or parts.fragment or parts.username)
