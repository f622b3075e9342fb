"""The trigger rows of a flow: made from the published document, kept from one publish to the next where they match."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts.audit import record
from accounts.scope import Scope
from accounts.sealing import seal
from designer import models
from designer.graph.model import Flow, Json
from designer.services.schedules import next_firing

FAR_AWAY = 10_000
ADDRESSED = frozenset({models.TriggerType.WEBHOOK, models.TriggerType.FORM})


def write_triggers(row: models.Flow, flow: Flow, *, now: datetime | None = None) -> None:
    """Make the trigger rows those of a published flow.

    A row that stays (same type and settings; else the next of the same type) keeps its id, its secret address, its
    signing secret and its switch, so that nobody outside has to be told anything new.
    """
    moment = now or timezone.now()
    stored = list(models.Trigger.objects.filter(flow=row).order_by("position"))
    kept = _matched(flow.triggers, stored)
    models.Trigger.objects.filter(flow=row).exclude(pk__in=[each.pk for each in kept if each]).delete()
    # Out of the way of the new positions: they are unique while rows are written one by one.
    models.Trigger.objects.filter(flow=row).update(position=F("position") + FAR_AWAY)
    for position, (wanted, found) in enumerate(zip(flow.triggers, kept, strict=True)):
        trigger = found or models.Trigger(flow=row, environment=row.environment)
        _fill(trigger, wanted, position, flow, moment)
        trigger.save()


def set_next_firings(row: models.Flow, flow: Flow, *, now: datetime | None = None) -> None:
    """Let schedules go on from now: what was missed while the flow was disabled is not made up for."""
    moment = now or timezone.now()
    for trigger in models.Trigger.objects.filter(flow=row, type=models.TriggerType.CRON):
        trigger.next_at = _next_at(trigger.settings, flow, moment)
        trigger.save(update_fields=["next_at"])


def _matched(wanted: Sequence[Mapping[str, Json]], stored: Sequence[models.Trigger]) -> list[models.Trigger | None]:
    left = list(stored)
    found: list[models.Trigger | None] = [None] * len(wanted)
    for exactly in (True, False):
        for number, trigger in enumerate(wanted):
            if found[number] is None:
                match = next((row for row in left if _is_same(row, trigger, exactly=exactly)), None)
                if match is not None:
                    found[number] = match
                    left.remove(match)
    return found


def _is_same(row: models.Trigger, trigger: Mapping[str, Json], *, exactly: bool) -> bool:
    return row.type == trigger.get("type") and (not exactly or row.settings == _settings(trigger))


def _settings(trigger: Mapping[str, Json]) -> dict[str, Any]:
    return {name: value for name, value in trigger.items() if name != "type"}


def _fill(trigger: models.Trigger, wanted: Mapping[str, Json], position: int, flow: Flow, moment: datetime) -> None:
    settings = _settings(wanted)
    is_same_schedule = trigger.next_at is not None and trigger.settings == settings
    trigger.type = str(wanted.get("type", ""))
    trigger.settings = settings
    trigger.position = position
    trigger.event_type = str(settings.get("event", "")) if trigger.type == models.TriggerType.EVENT else ""
    if trigger.type in ADDRESSED:
        trigger.secret_path = trigger.secret_path or secrets.token_urlsafe(24)
    if trigger.type == models.TriggerType.WEBHOOK:
        is_signed = bool(settings.get("signed"))
        trigger.secret = (trigger.secret or seal(new_signing_secret())) if is_signed else ""
    if trigger.type == models.TriggerType.CRON:
        # An unchanged schedule keeps its next moment: publishing must not skip a firing that is just due.
        trigger.next_at = trigger.next_at if is_same_schedule else _next_at(settings, flow, moment)
    else:
        trigger.next_at = None


def new_signing_secret() -> str:
    """A signing secret as Standard Webhooks has it: `whsec_` and 24 random bytes in base64."""
    return f"whsec_{base64.b64encode(secrets.token_bytes(24)).decode()}"


def _next_at(settings: Mapping[str, Json], flow: Flow, moment: datetime) -> datetime | None:
    zone = str(settings.get("timezone") or flow.timezone)
    return next_firing(str(settings.get("cron", "")), timezone=zone, after=moment)


@transaction.atomic
def set_active(scope: Scope, trigger: models.Trigger, *, active: bool) -> None:
    """Let one trigger start instances, or not. A schedule goes on from now."""
    if trigger.is_active == active:
        return
    trigger.is_active = active
    if active and trigger.type == models.TriggerType.CRON:
        cron = str(trigger.settings.get("cron", ""))
        trigger.next_at = next_firing(cron, timezone=zone_of(trigger), after=timezone.now())
    trigger.save(update_fields=["is_active", "next_at"])
    record(scope, "trigger.enabled" if active else "trigger.disabled", trigger.flow, after={"trigger": str(trigger)})


def zone_of(trigger: models.Trigger) -> str:
    """The time zone of a schedule: its own, else that of the flow as it was published."""
    live = trigger.flow.live_version
    document = orjson.loads(live.document) if live is not None else {}
    return str(trigger.settings.get("timezone") or document.get("timezone") or "UTC")


@transaction.atomic
def renew_address(scope: Scope, trigger: models.Trigger) -> None:
    """Another secret address; with it another signing secret, where calls are signed."""
    trigger.secret_path = secrets.token_urlsafe(24)
    trigger.secret = seal(new_signing_secret()) if trigger.secret else ""
    trigger.save(update_fields=["secret_path", "secret"])
    record(scope, "trigger.address_renewed", trigger.flow, after={"trigger": str(trigger)})
