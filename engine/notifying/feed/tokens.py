"""Who asks: a subscriber with their hash, then a token that lasts an hour."""

from __future__ import annotations

from typing import Final

from django.core import signing

from accounts.models import Environment
from engine.notifying.models import Subscriber
from engine.notifying.secrets import is_hash_of

HOUR_SECONDS: Final = 3600
_SALT: Final = "quadrille.feed"


def open_session(org: str, env: str, subscriber_id: str, given_hash: str) -> tuple[Subscriber, str] | None:
    """The subscriber and a token for them; None where the place, the hash or the id is wrong. Made on first use."""
    environment = Environment.objects.filter(slug=env, organization__slug=org).first()
    if environment is None or not subscriber_id or len(subscriber_id) > 255:
        return None
    if not is_hash_of(environment, subscriber_id, given_hash):
        return None
    subscriber, _ = Subscriber.objects.get_or_create(environment=environment, subscriber_id=subscriber_id)
    return subscriber, token_for(subscriber)


def token_for(subscriber: Subscriber) -> str:
    """A token that opens this subscriber's inbox for an hour."""
    return signing.TimestampSigner(salt=_SALT).sign_object(subscriber.pk)


def subscriber_of(token: str) -> Subscriber | None:
    """Whom a token is for; None for one that is forged, too old, or of somebody who is gone."""
    try:
        pk = signing.TimestampSigner(salt=_SALT).unsign_object(token, max_age=HOUR_SECONDS)
    except signing.BadSignature:
        return None
    return Subscriber.objects.select_related("environment").filter(pk=pk).first() if isinstance(pk, int) else None
