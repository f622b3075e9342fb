"""Signing in, one's own account."""

from __future__ import annotations

from functools import partial
from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm, PasswordResetForm

from accounts.mails import send_beside
from accounts.models import User


class SignInForm(AuthenticationForm):
    """Email address and password."""

    error_messages = {
        "invalid_login": "This address and password do not belong together. Capital letters count in the password.",
        "inactive": "This account is switched off. Ask an administrator.",
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].label = "Email"
        self.fields["username"].widget = forms.EmailInput(
            attrs={"autocomplete": "username", "autofocus": True, "maxlength": 254}
        )

    def clean_username(self) -> str:
        """Addresses are compared in lower case."""
        address: str = self.cleaned_data["username"]
        return address.strip().lower()


class ForgottenForm(PasswordResetForm):
    """The address of somebody who forgot their password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].widget.attrs |= {"autocomplete": "username", "autofocus": True}

    def clean_email(self) -> str:
        """Addresses are kept in lower case."""
        address: str = self.cleaned_data["email"]
        return address.strip().lower()

    def send_mail(self, *args: Any, **kwargs: Any) -> None:
        """Send it beside the request: how long a mail server takes would tell that there is such an account."""
        send_beside(partial(super().send_mail, *args, **kwargs))


class ProfileForm(forms.ModelForm[User]):
    """What a person may change about themselves."""

    class Meta:
        model = User
        fields = ["name", "task_mails"]
        widgets = {"name": forms.TextInput(attrs={"autocomplete": "name"})}
        help_texts = {"name": "Shown to others in lists, history and assignments."}
