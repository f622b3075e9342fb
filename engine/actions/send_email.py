"""Sends a mail through Django's mail backend (files in the data folder where there is no mail server)."""

from __future__ import annotations

import hashlib
import smtplib
from collections.abc import Iterable

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import BadHeaderError, EmailMultiAlternatives
from django.core.validators import validate_email

from designer.graph.model import Json
from engine.actions.action import ActionFailed, ActionOutcome, ActionRequest, RunnableAction

MOST_RECIPIENTS = 100


class SendEmail(RunnableAction):
    """Answers `{message_id}`: made from the idempotency key, so that a repeated attempt sends the same one."""

    key = "send_email"
    has_outside_effect = True

    def run(self, request: ActionRequest) -> ActionOutcome:
        """Send it."""
        mail = mail_of(request)
        try:
            mail.send()
        except BadHeaderError as bad:
            raise ActionFailed("WrongInputs", "Addresses and subject must be one line each.") from bad
        except ValueError as bad:
            raise ActionFailed("WrongInputs", f"The mail cannot be written: {str(bad)[:300]}") from bad
        except smtplib.SMTPRecipientsRefused as bad:
            raise ActionFailed("RecipientsRefused", f"The mail server refused: {', '.join(bad.recipients)}.") from bad
        except smtplib.SMTPResponseException as bad:
            said = bad.smtp_error.decode("utf-8", "replace") if isinstance(bad.smtp_error, bytes) else bad.smtp_error
            retry = 400 <= bad.smtp_code < 500
            raise ActionFailed(
                "MailRefused", f"The mail server said {bad.smtp_code} {said}", is_retryable=retry
            ) from bad
        except (smtplib.SMTPException, OSError) as bad:
            raise ActionFailed("MailServerUnreachable", str(bad)[:500], is_retryable=True) from bad
        return ActionOutcome(output={"message_id": str(mail.extra_headers["Message-ID"])})


def mail_of(request: ActionRequest) -> EmailMultiAlternatives:
    """The mail for rendered inputs. Raises `ActionFailed` for inputs that are none."""
    inputs = request.inputs
    recipients = list(dict.fromkeys(_addresses(inputs.get("to"))))
    if not recipients or len(recipients) > MOST_RECIPIENTS:
        raise ActionFailed("WrongInputs", f"to must name 1 to {MOST_RECIPIENTS} addresses.")
    for address in recipients:
        _check_address(address)
    sender = str(inputs.get("from") or settings.DEFAULT_FROM_EMAIL)
    digest = hashlib.sha256(request.idempotency_key.encode()).hexdigest()[:32]
    message_id = f"<{digest}@{sender.rpartition('@')[2].rstrip('>') or 'localhost'}>"
    mail = EmailMultiAlternatives(
        subject=" ".join(str(inputs.get("subject", "")).split()),
        body=str(inputs.get("body", "")),
        from_email=sender,
        to=recipients,
        headers={"Message-ID": message_id},
    )
    if inputs.get("html"):
        mail.attach_alternative(str(inputs["html"]), "text/html")
    return mail


def _addresses(value: Json) -> Iterable[str]:
    if isinstance(value, str):
        yield from (part.strip() for part in value.split(",") if part.strip())
    elif isinstance(value, (list, tuple)):
        for entry in value:
            yield from _addresses(entry)


def _check_address(address: str) -> None:
    plain = address[address.rfind("<") + 1 :].rstrip(">").strip() if "<" in address else address
    try:
        validate_email(plain)
    except ValidationError as bad:
        raise ActionFailed("WrongInputs", f"{address[:100]!r} is no address.") from bad


ACTION = SendEmail()
