"""Proving to be a subscriber: a hash that only the environment's own server can make.

A page that shows an inbox is public; whoever knows a subscriber's id must not thereby read their messages. So the
page's server sends the hash along: HMAC-SHA256 of the subscriber's id under the environment's feed secret.
"""

from __future__ import annotations

import hashlib
import hmac

from django.conf import settings

from accounts.models import Environment


def feed_secret(environment: Environment) -> str:
    """The secret under which subscribers of an environment are hashed. Derived, so there is nothing to store."""
    purpose = f"quadrille.feed.{environment.pk}.{environment.created_at.timestamp()}"
    return hmac.new(settings.SECRET_KEY.encode(), purpose.encode(), hashlib.sha256).hexdigest()


def subscriber_hash(environment: Environment, subscriber_id: str) -> str:
    """The hash that proves to be this subscriber, in hexadecimal."""
    return hmac.new(feed_secret(environment).encode(), subscriber_id.encode(), hashlib.sha256).hexdigest()


def is_hash_of(environment: Environment, subscriber_id: str, given: str) -> bool:
    """Whether `given` proves it."""
    return hmac.compare_digest(subscriber_hash(environment, subscriber_id), given)
