"""Carrying a message out of the house: mail, or a signed webhook for texts, push, chat and tools.

A webhook is signed as Standard Webhooks has it (https://www.standardwebhooks.com): `webhook-id`, `webhook-timestamp`,
`webhook-signature`; the id is the same for all attempts, so that the other side can tell a repeated one.
"""

from __future__ import annotations

import hashlib
import smtplib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import BadHeaderError, EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.core.validators import validate_email
from django.utils.timezone import now
from standardwebhooks import Webhook

from accounts.json_text import json_bytes
from accounts.models import Environment, User
from accounts.outbound import OutboundError, OutboundRequest, send
from accounts.sealing import SecretUnreadable, unseal
from designer.graph.model import Json
from engine.notifying.html import plain_text
from engine.notifying.models import Channel, Message, Provider, Subscriber

RETRYABLE_STATUSES = frozenset({408, 425, 429})
SECONDS = 30.0


class DeliveryFailed(Exception):
    """The message was not taken. The text is fit to be shown."""

    def __init__(self, name: str, message: str, *, is_retryable: bool = False) -> None:
        super().__init__(message)
        self.name = name
        self.is_retryable = is_retryable


@dataclass(frozen=True, slots=True)
class Outlet:
    """What delivers a channel: a provider of the environment, or the built-in one."""

    name: str
    type: str
    provider: Provider | None = None


def outlet_of(environment_id: int, channel: str) -> Outlet | None:
    """What delivers a channel's messages now; None where all of its providers are switched off."""
    return chosen_outlet(channel, list(Provider.objects.filter(environment_id=environment_id, channel=channel)))


def chosen_outlet(channel: str, providers: Sequence[Provider]) -> Outlet | None:
    """As `outlet_of`, where the channel's providers are known."""
    if not providers:
        return _BUILT_IN.get(channel, _KEEP)
    active = [provider for provider in providers if provider.is_active]
    chosen = next((provider for provider in active if provider.is_primary), None)
    if chosen is None and channel not in (Channel.EMAIL, Channel.SMS):
        chosen = active[0] if active else None
    return None if chosen is None else Outlet(chosen.name, chosen.type, chosen)


_KEEP = Outlet("built-in", Provider.Type.KEEP)
_BUILT_IN: Mapping[str, Outlet] = {Channel.EMAIL: Outlet("mail", Provider.Type.MAIL)}


def mail_to_member(environment: Environment, user: User, *, id: str, subject: str, body: str) -> Message:
    """A mail of the console's own, `body` HTML, to `deliver`. Never stored: what it tells of is the record.

    `id` names it among all mails (`mention:7`): sent again, it is the same one to a webhook.
    """
    return Message(
        environment=environment,
        channel=Channel.EMAIL,
        subject=subject,
        body=body,
        address=user.email,
        idempotency_key=id,
        transaction_id=id.replace(":", "-"),
        subscriber=Subscriber(subscriber_id=user.email, first_name=user.display_name, email=user.email),
    )


def deliver(outlet: Outlet, message: Message) -> None:
    """Carry a message out. Raises `DeliveryFailed`."""
    if outlet.type == Provider.Type.WEBHOOK and outlet.provider is not None:
        _post(outlet.provider, message)
    elif message.channel == Channel.EMAIL and outlet.type in (Provider.Type.MAIL, Provider.Type.SMTP):
        _mail(outlet, message)


# -- webhooks ---------------------------------------------------------------------------------------------------------


def event_id(message: Message) -> str:
    """The id of a message's webhook, the same for all attempts."""
    return f"msg_{hashlib.sha256(message.idempotency_key.encode()).hexdigest()[:32]}"


def payload_of(message: Message) -> dict[str, Json]:
    """What a webhook is told."""
    subscriber = message.subscriber
    return {
        "type": f"message.{message.channel}",
        "id": event_id(message),
        "channel": message.channel,
        "transactionId": message.transaction_id,
        "subject": message.subject,
        "body": message.body,
        "to": message.address,
        "severity": message.severity,
        "content": message.content,
        "subscriber": {
            "subscriberId": subscriber.subscriber_id,
            "firstName": subscriber.first_name,
            "lastName": subscriber.last_name,
            "email": subscriber.email,
            "phone": subscriber.phone,
            "channels": subscriber.channels,
        },
    }


def _post(provider: Provider, message: Message) -> None:
    body, sent_at = json_bytes(payload_of(message)), now()  # receivers refuse what was signed long ago
    signed = signed_headers(_secret(provider), event_id(message), sent_at, body)
    headers = {"Content-Type": "application/json", **signed}
    try:
        answer = send(
            OutboundRequest(method="POST", url=provider.url, headers=headers, body=body, timeout_seconds=SECONDS)
        )
    except OutboundError as bad:
        raise DeliveryFailed(type(bad).__name__, str(bad), is_retryable=bad.is_retryable) from bad
    if not 200 <= answer.status < 300:
        retry = answer.status >= 500 or answer.status in RETRYABLE_STATUSES
        raise DeliveryFailed("ProviderRefused", f"{provider.name} answered {answer.status}.", is_retryable=retry)


def signed_headers(secret: str, id: str, sent_at: datetime, body: bytes) -> dict[str, str]:
    """The three headers of Standard Webhooks; without a secret there is no signature."""
    headers = {"webhook-id": id, "webhook-timestamp": str(int(sent_at.timestamp()))}
    if secret:
        headers["webhook-signature"] = Webhook(secret).sign(msg_id=id, timestamp=sent_at, data=body.decode())
    return headers


def _secret(provider: Provider) -> str:
    try:
        return unseal(provider.secret) if provider.secret else ""
    except SecretUnreadable as bad:
        raise DeliveryFailed("SecretUnreadable", str(bad)) from bad


# -- mail -------------------------------------------------------------------------------------------------------------


def _mail(outlet: Outlet, message: Message) -> None:
    own: Mapping[str, Any] = outlet.provider.settings if outlet.provider is not None else {}
    content = message.content if isinstance(message.content, Mapping) else {}
    given = content.get("from") if not content.get("provider_defaults") else None
    sender = _sender(given) or str(own.get("from") or settings.DEFAULT_FROM_EMAIL)
    _check_address(message.address)
    mail = EmailMultiAlternatives(
        subject=" ".join(message.subject.split()),
        body=plain_text(message.body),
        from_email=sender,
        to=[message.address],
        reply_to=[str(content["reply_to"])] if content.get("reply_to") else None,
        headers={"Message-ID": _message_id(message, sender)},
        connection=_connection(outlet),
    )
    mail.attach_alternative(_with_preheader(message.body, str(content.get("preheader") or "")), "text/html")
    try:
        mail.send()
    except BadHeaderError as bad:
        raise DeliveryFailed("WrongAddress", "Addresses and subject must be one line each.") from bad
    except ValueError as bad:
        raise DeliveryFailed("WrongContent", f"The mail cannot be written: {str(bad)[:300]}") from bad
    except smtplib.SMTPRecipientsRefused as bad:
        raise DeliveryFailed("RecipientsRefused", f"The mail server refused {message.address}.") from bad
    except smtplib.SMTPResponseException as bad:
        said = bad.smtp_error.decode("utf-8", "replace") if isinstance(bad.smtp_error, bytes) else bad.smtp_error
        retry = 400 <= bad.smtp_code < 500
        raise DeliveryFailed("MailRefused", f"The mail server said {bad.smtp_code} {said}", is_retryable=retry) from bad
    except (smtplib.SMTPException, OSError) as bad:
        raise DeliveryFailed("MailServerUnreachable", str(bad)[:500], is_retryable=True) from bad


def _connection(outlet: Outlet) -> BaseEmailBackend | None:
    """The provider's own mail server; None for the installation's backend."""
    if outlet.type != Provider.Type.SMTP or outlet.provider is None:
        return None
    own = outlet.provider.settings
    connection: BaseEmailBackend = get_connection(
        "django.core.mail.backends.smtp.EmailBackend",
        host=str(own.get("host") or "localhost"),
        port=int(own.get("port") or 25),
        username=str(own.get("user") or ""),
        password=_secret(outlet.provider),
        use_tls=bool(own.get("tls")),
        use_ssl=bool(own.get("ssl")),
        timeout=int(SECONDS),
    )
    return connection


def _sender(given: Json) -> str:
    if not isinstance(given, Mapping) or not given.get("email"):
        return ""
    name = " ".join(str(given.get("name") or "").replace('"', "").split())
    return f'"{name}" <{given["email"]}>' if name else str(given["email"])


def _message_id(message: Message, sender: str) -> str:
    """Made from the idempotency key, so that a repeated attempt sends the same one."""
    digest = hashlib.sha256(message.idempotency_key.encode()).hexdigest()[:32]
    return f"<{digest}@{sender.rpartition('@')[2].rstrip('>') or 'localhost'}>"


def _with_preheader(html: str, preheader: str) -> str:
    return f'<div style="display:none">{preheader}</div>{html}' if preheader else html


def _check_address(address: str) -> None:
    try:
        validate_email(address)
    except ValidationError as bad:
        raise DeliveryFailed("WrongAddress", f"{address[:100]!r} is no address.") from bad
