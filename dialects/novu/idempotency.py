"""Idempotency as Novu has it (contract 3.4): POST and PATCH, a key per organization, answers kept 24 hours.

The mark that a request is under way is committed before the work, so that a repeat meanwhile is told to come again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import timedelta
from typing import Final

import orjson
from django.db import IntegrityError, transaction
from django.utils.timezone import now
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.scope import Scope
from accounts.sealing import seal, unseal
from dialects.novu.errors import NovuError
from dialects.novu.models import Replay
from dialects.shared.rendering import to_json_bytes

METHODS: Final = ("POST", "PATCH")
LONGEST: Final = 255
KEPT: Final = timedelta(hours=24)
UNDER_WAY: Final = timedelta(minutes=5)
SWEEP_EVERY: Final = 100
SEALED: Final = "sealed:"
DOCS: Final = "/docs/idempotency"


def answer_once(request: Request, scope: Scope, act: Callable[[], Response], *, is_secret: bool = False) -> Response:
    """The answer of `act`, or the one that is kept for this key. `act` answers refusals too, it does not raise them.

    `is_secret`: the answer holds a secret, and is kept sealed.
    """
    key = request.headers.get("Idempotency-Key")
    if key is None or request.method not in METHODS:
        return act()
    if len(key) > LONGEST:
        message = f'idempotencyKey "{key}" has exceeded the maximum allowed length of {LONGEST} characters'
        raise NovuError(400, message)
    wanted = hashlib.sha256(request.body).hexdigest()
    mark, kept = _claim(scope, key, wanted)
    if mark is None:
        return kept
    try:
        answer = act()
    except BaseException:
        mark.delete()
        raise
    answer["Idempotency-Key"] = key
    if answer.status_code >= 500:
        mark.delete()
    else:
        body = to_json_bytes(answer.data).decode()
        mark.status, mark.body = answer.status_code, f"{SEALED}{seal(body)}" if is_secret else body
        mark.save(update_fields=["status", "body"])
    return answer


def _claim(scope: Scope, key: str, wanted: str) -> tuple[Replay | None, Response]:
    rows = Replay.objects.within(scope).filter(key=key)
    moment = now()
    rows.filter(created_at__lt=moment - KEPT).delete()
    rows.filter(status=None, created_at__lt=moment - UNDER_WAY).delete()
    try:
        with transaction.atomic():
            mark = Replay.objects.create(organization=scope.organization, key=key, body_hash=wanted)
        if mark.pk % SWEEP_EVERY == 0:
            forget_old_answers()
        return mark, Response()
    except IntegrityError:
        found = rows.first()
    if found is None or found.status is None:
        headers = {"Retry-After": "1", "Link": DOCS, "Idempotency-Key": key}
        message = f'Request with key "{key}" is currently being processed. Please retry after 1 second'
        raise NovuError(409, message, headers=headers, error="Conflict")
    if found.body_hash != wanted:
        headers = {"Link": DOCS, "Idempotency-Key": key}
        message = f'Request with key "{key}" is being reused for a different body'
        raise NovuError(422, message, headers=headers, error="Unprocessable Entity", errors={})
    text = unseal(found.body.removeprefix(SEALED)) if found.body.startswith(SEALED) else found.body
    body = orjson.loads(text) if text not in ("", "null") else None
    headers = {"Idempotency-Key": key, "Idempotency-Replay": "true"}
    return None, Response(body, status=found.status, headers=headers)


def forget_old_answers(limit: int = 1000) -> int:
    """Remove answers older than 24 hours; how many."""
    old = Replay.objects.filter(created_at__lt=now() - KEPT).values_list("pk", flat=True)[:limit]
    removed, _ = Replay.objects.filter(pk__in=list(old)).delete()
    return removed
