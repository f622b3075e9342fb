"""Moments that the data of an instance names."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, tzinfo

from designer.graph.model import Json
from engine.core.schedule import BadMoment, moment_after, parse_moment
from engine.notifying import contents


def moment_at(path: str, data: Mapping[str, Json], now: datetime, zone: tzinfo) -> datetime:
    """The moment at `path`: one in ISO 8601, or `{amount, unit}` from now. Raises `BadMoment`, also for the past."""
    value = contents.as_json(contents.value_at(path, data))
    if value is None:
        raise BadMoment(f"There is nothing at {path[:80]!r}.")
    if isinstance(value, Mapping):
        return moment_after(f"{value.get('amount')} {value.get('unit')}", now, zone)
    moment = parse_moment(value, zone)
    if moment < now:
        raise BadMoment(f"{moment:%Y-%m-%d %H:%M} has passed.")
    return moment
