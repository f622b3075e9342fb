"""A new password for somebody who forgot theirs: a link by mail, which works once."""

from __future__ import annotations

import hashlib
from typing import Any, Final

from axes.utils import reset
from django.conf import settings
from django.contrib.auth.views import PasswordResetConfirmView, PasswordResetView
from django.core.cache import cache
from django.http import HttpResponse
from django.urls import reverse_lazy
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from accounts.forms.sessions import ForgottenForm
from accounts.models import User

PAUSE_SECONDS: Final = 300
"""After a mail to an address, how long no other is sent to it."""


class Forgotten(PasswordResetView):
    """Asks for the address. What is answered does not tell whether there is such an account."""

    template_name = "accounts/forgotten.html"
    email_template_name = "accounts/forgotten_mail.txt"
    subject_template_name = "accounts/forgotten_subject.txt"
    form_class = ForgottenForm
    success_url = reverse_lazy("accounts:forgotten_sent")

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Whether mails leave this installation at all."""
        return super().get_context_data(sends_mail=bool(settings.EMAIL_HOST), **context)

    def form_valid(self, form: Any) -> HttpResponse:
        """Send the link, unless one was sent a moment ago."""
        address = hashlib.sha256(form.cleaned_data["email"].encode()).hexdigest()
        if cache.add(f"forgotten:{address}", 1, PAUSE_SECONDS):
            return super().form_valid(form)
        return HttpResponse(status=302, headers={"Location": str(self.success_url)})

    def form_invalid(self, form: Any) -> HttpResponse:
        """The form again, with what is wrong."""
        return self.render_to_response(self.get_context_data(form=form), status=422)


@method_decorator([never_cache, sensitive_post_parameters()], name="dispatch")
class NewPassword(PasswordResetConfirmView):
    """Choose another password. Other browsers are signed out by it, and wrong passwords before it are forgiven."""

    template_name = "accounts/new_password.html"
    success_url = reverse_lazy("home")
    post_reset_login = True
    post_reset_login_backend = "django.contrib.auth.backends.ModelBackend"

    def get_user(self, uidb64: str) -> User | None:
        """The person the link is for: somebody who may sign in, and had a password (see `members.Welcome`)."""
        user: Any = super().get_user(uidb64)
        is_one = isinstance(user, User) and user.is_active and user.has_usable_password()
        return user if is_one else None

    def form_valid(self, form: Any) -> HttpResponse:
        """Store it, and sign them in."""
        reset(username=form.user.email)
        return super().form_valid(form)

    def form_invalid(self, form: Any) -> HttpResponse:
        """The form again, with what is wrong."""
        return self.render_to_response(self.get_context_data(form=form), status=422)


forgotten = Forgotten.as_view()
new_password = NewPassword.as_view()
