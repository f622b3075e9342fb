"""Starting instances on this wire: one, or a batch that leaves out ids that are taken."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django.utils import timezone

from accounts.scope import Scope
from designer.graph.model import Json
from designer.models import Flow
from dialects.cloudflare.binding import is_script_gone
from dialects.cloudflare.bodies import NULL_PARAMS, CreateInstance
from dialects.cloudflare.errors import CloudflareError, invalid
from dialects.cloudflare.keeping import keep
from engine.models import Instance
from engine.services.errors import KeyTaken
from engine.services.instances import StartRequest, start_instances

TRIES: Final = 5
WINDOW: Final = timedelta(seconds=1)


def create_instances(scope: Scope, row: Flow, wanted: Sequence[CreateInstance]) -> list[Instance]:
    """Start instances, all or none. Raises 400, 409 for an id that is taken, 429."""
    _refuse_when_gone(row)
    _refuse_too_many(scope, row, len(wanted))
    return _start(scope, row, wanted)


def create_batch(scope: Scope, row: Flow, wanted: Sequence[CreateInstance]) -> list[Instance]:
    """Start instances, leaving out those whose id is taken or comes twice. Raises 400, 429; then none was started."""
    _refuse_when_gone(row)
    _refuse_too_many(scope, row, len(wanted))
    for _ in range(TRIES):
        new = _without_taken(row, wanted)
        if not new:
            return []
        try:
            return _start(scope, row, new)
        except KeyTaken:
            continue  # somebody has taken one since we looked
    raise CloudflareError(429, 10312, "Rate limit exceeded", headers={"Retry-After": "1"})


@transaction.atomic
def _start(scope: Scope, row: Flow, wanted: Sequence[CreateInstance]) -> list[Instance]:
    started = start_instances(scope, row, [_request(scope, one) for one in wanted])
    keep(zip(started, wanted, strict=True))
    return started


def _without_taken(row: Flow, wanted: Sequence[CreateInstance]) -> list[CreateInstance]:
    ids = [one.instance_id for one in wanted if one.instance_id is not None]
    seen = set(Instance.objects.filter(flow=row, key__in=ids).values_list("key", flat=True))
    found = []
    for one in wanted:
        if one.instance_id is None or one.instance_id not in seen:
            found.append(one)
            seen.add(one.instance_id or "")
    return found


def _request(scope: Scope, wanted: CreateInstance) -> StartRequest:
    trigger: dict[str, Json] = {"type": "api", "by": scope.actor_name}
    if wanted.retention:
        trigger["retention"] = dict(wanted.retention)
    if wanted.params is None:
        trigger[NULL_PARAMS] = True
    return StartRequest(input=wanted.params, key=wanted.instance_id or str(uuid.uuid4()), trigger=trigger)


def _refuse_when_gone(row: Flow) -> None:
    if is_script_gone(row):
        raise invalid("the script of this workflow has been removed")


def _refuse_too_many(scope: Scope, row: Flow, count: int) -> None:
    """Raise 429 when more instances were created in the last second than an account, or a workflow, may create."""
    since: datetime = timezone.now() - WINDOW
    _refuse_when_crowded(scope)
    mine = Instance.objects.within(scope).filter(created_at__gt=since)
    if mine.count() + count <= settings.CLOUDFLARE_WORKFLOW_CREATE_RATE:
        return
    if mine.filter(flow=row).count() + count > max(count, settings.CLOUDFLARE_WORKFLOW_CREATE_RATE):
        raise CloudflareError(429, 10312, "Rate limit exceeded", headers={"Retry-After": "1"})
    if mine.count() + count > settings.CLOUDFLARE_ACCOUNT_CREATE_RATE:
        raise CloudflareError(429, 10312, "Rate limit exceeded", headers={"Retry-After": "1"})


def _refuse_when_crowded(scope: Scope) -> None:
    """Raise 429 when as many instances of the account are queued as may be. Looked at once a second at most."""
    key = f"cloudflare:queued:{scope.environment.pk}"
    is_full = cache.get(key)
    if is_full is None:
        queued = Instance.objects.within(scope).filter(status="queued").order_by()
        most = settings.CLOUDFLARE_ACCOUNT_QUEUED
        is_full = queued.values("pk")[most - 1 : most].exists()
        cache.set(key, is_full, timeout=1)
    if is_full:
        raise CloudflareError(429, 10312, "Rate limit exceeded", headers={"Retry-After": "60"})
