"""How a schedule of this dialect starts an instance: with an id made of the schedule and the moment, and no params."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from django.utils.dateparse import parse_datetime

from designer.models import Trigger
from designer.services.schedules import next_firing
from designer.services.versions import flow_of
from dialects.cloudflare.translate import carried
from engine.services.errors import NotLegalNow
from engine.services.instances import StartRequest

CATCH_UP: Final = timedelta(minutes=1)
"""A firing that was missed is made up for only so long."""


def prepare_scheduled(trigger: Trigger, request: StartRequest, now: datetime) -> StartRequest:
    """Name the instance `{cron}-{epoch milliseconds}`. Other triggers, and schedules drawn here, stay as they are.

    Raises `NotLegalNow` for a firing that was missed for more than a minute.
    """
    if trigger.type != "cron" or trigger.flow.live_version is None:
        return request
    cron = str(trigger.settings.get("cron", ""))
    written = carried(flow_of(trigger.flow.live_version)).get("schedules", {}).get(cron)
    due_at = parse_datetime(str((request.trigger or {}).get("payload", {}).get("scheduled_at", "")))
    if written is None or due_at is None:
        return request
    if now - due_at > CATCH_UP:
        later = next_firing(cron, after=now - CATCH_UP)
        if later is None or later > now:
            raise NotLegalNow(f"The firing of {due_at:%Y-%m-%d %H:%M} was missed by more than a minute.")
        due_at = later
    milliseconds = int(due_at.timestamp() * 1000)
    schedule = {"cron": written, "scheduledTime": milliseconds}
    return replace(
        request,
        input={},
        key=f"{written}-{milliseconds}"[:200],
        is_key_ours=True,
        trigger={**(request.trigger or {}), "schedule": schedule},
    )
