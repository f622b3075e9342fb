"""`Idempotency-Key`: a repeated request is answered like the first, for 24 hours.

The key's row, the work and the stored answer are one transaction: after a crash either all of it is there or nothing,
and a refused request leaves its key free.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.scope import Scope
from dialects.shared.problems import Problem
from dialects.shared.rendering import to_json_bytes
from engine.models import IdempotencyKey

KEPT = timedelta(hours=24)
MAX_LENGTH = 200
SWEEP_EVERY = 100  # keys; each sweep removes ten times as many
REPLAYED = "Idempotency-Replayed"


def answer_once(request: Request, scope: Scope, act: Callable[[], Response]) -> Response:
    """The answer of `act`, or the stored one when this key has been used for the same request before.

    Raises Problem 422 when the key was used for another request. Without the header, `act` simply runs.
    """
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return act()
    check_key(key)
    wanted = hash_of(request)
    with transaction.atomic():
        row, stored = claim(scope, key, wanted)
        if stored is not None:
            return stored
        answer = act()
        row.status_code, row.response = answer.status_code, as_plain_json(answer.data)
        row.save(update_fields=["status_code", "response"])
        return answer


def check_key(key: str) -> None:
    """Raise Problem 400 for a key that is empty, too long or not printable ASCII."""
    if not 0 < len(key) <= MAX_LENGTH or not (key.isascii() and key.isprintable()):
        message = f"must have 1 to {MAX_LENGTH} printable ASCII characters"
        raise Problem(400, f"Idempotency-Key {message}.", errors=[("Idempotency-Key", message)])


def hash_of(request: Request) -> str:
    """SHA-256 of what makes two requests the same: method, path with query, body."""
    digest = hashlib.sha256(f"{request.method} {request.get_full_path()}\n".encode())
    digest.update(request.body)
    return digest.hexdigest()


def claim(scope: Scope, key: str, wanted: str) -> tuple[IdempotencyKey, Response | None]:
    """The key's row, ours to fill, or the answer it already holds.

    On PostgreSQL the insert waits for another transaction that is using the key; on SQLite there is only one writer.
    """
    rows = IdempotencyKey.objects.within(scope)
    rows.filter(key=key, created_at__lt=timezone.now() - KEPT).delete()
    try:
        with transaction.atomic():
            made = IdempotencyKey.objects.create(environment=scope.environment, key=key, request_hash=wanted)
        if made.pk % SWEEP_EVERY == 0:
            forget_old_keys()
        return made, None
    except IntegrityError:
        row = rows.get(key=key)
    if row.request_hash != wanted:
        raise Problem(
            422, "This Idempotency-Key was used for another request.", errors=[("Idempotency-Key", "is taken")]
        )
    if row.status_code is None:
        raise Problem(409, "The first request with this Idempotency-Key is still under way.")
    return row, Response(row.response, status=row.status_code, headers={REPLAYED: "true"})


def as_plain_json(data: Any) -> Any:
    """What the caller saw: moments as text."""
    return json.loads(to_json_bytes(data))


def remember(request: Request, scope: Scope, answer: Response) -> None:
    """Put a later answer (after waiting) in the place of the stored one."""
    key = request.headers.get("Idempotency-Key")
    if key is not None:
        rows = IdempotencyKey.objects.within(scope).filter(key=key, request_hash=hash_of(request))
        rows.update(status_code=answer.status_code, response=as_plain_json(answer.data))


def forget_old_keys(limit: int = 1000) -> int:
    """Remove keys older than 24 hours; answers how many."""
    old = IdempotencyKey.objects.filter(created_at__lt=timezone.now() - KEPT)
    removed, _ = IdempotencyKey.objects.filter(pk__in=list(old.values_list("pk", flat=True)[:limit])).delete()
    return removed
