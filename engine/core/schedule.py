"""When something is due: moments in settings, due dates, the next match of a schedule."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from designer.graph.cron import BadCron
from designer.graph.cron import next_match as cron_match
from designer.graph.durations import BadDuration, parse_duration
from designer.graph.model import Flow, Json, Task, phase_of_ref
from designer.graph.paths import MISSING, resolve
from designer.graph.values import INSTANCE_START, TASK_PREFIX
from designer.graph.wording import moment_name

START: Final = "start"
"""The purpose of the timer of a step that is scheduled."""


class BadMoment(ValueError):
    """A setting names no moment. The text says why, for people."""


class ReferenceMissing(BadMoment):
    """A schedule counts from something that has not happened, or from a date that is not there."""


class MomentPassed(BadMoment):
    """A schedule names a moment that has passed already."""


def zone_of(name: str) -> tzinfo:
    """The time zone of an IANA name. Raises `BadMoment`."""
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError) as bad:
        raise BadMoment(f"{name[:60]!r} is no time zone.") from bad


def parse_moment(raw: Json, zone: tzinfo) -> datetime:
    """The moment that `raw` writes in ISO 8601, in UTC; one without an offset is read in `zone`.

    A number is seconds since 1970. Raises `BadMoment`.
    """
    try:
        if isinstance(raw, bool):
            raise ValueError
        if isinstance(raw, (int, float)):
            return datetime.fromtimestamp(raw, UTC)
        moment = datetime.fromisoformat(str(raw).strip().replace("Z", "+00:00"))
        return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError, OSError) as bad:
        raise BadMoment(f"{str(raw)[:60]!r} is no moment; write one such as 2030-05-01T09:00:00+02:00.") from bad


def moment_after(raw: Json, start: datetime, zone: tzinfo) -> datetime:
    """`start` plus the duration that `raw` writes, calendar units counted in `zone`. Raises `BadMoment`."""
    try:
        return parse_duration(raw).after(start, zone)
    except BadDuration as bad:
        raise BadMoment(str(bad)) from bad
    except (OverflowError, ValueError) as bad:
        raise BadMoment("That is further away than a calendar goes.") from bad


def moment_before(raw: Json, end: datetime, zone: tzinfo) -> datetime:
    """`end` less the duration that `raw` writes, calendar units counted in `zone`. Raises `BadMoment`."""
    try:
        return parse_duration(raw).before(end, zone)
    except BadDuration as bad:
        raise BadMoment(str(bad)) from bad
    except (OverflowError, ValueError) as bad:
        raise BadMoment("That is further away than a calendar goes.") from bad


def next_match(cron: str, after: datetime, zone: tzinfo) -> datetime:
    """The first moment after `after` that the schedule matches on the clocks of `zone`, in UTC. Raises `BadMoment`."""
    try:
        return cron_match(cron, after.astimezone(zone)).astimezone(UTC)
    except BadCron as bad:
        raise BadMoment(f"{cron[:60]!r} is no schedule that ever comes.") from bad


def due_at(
    due: Json, data: Mapping[str, Json], now: datetime, zone: tzinfo, *, flow: Flow | None = None
) -> datetime | None:
    """When a manual task is due: `{at}`, or `{for, from: start | task:KEY | phase:KEY}` (semantics: Due dates).

    It counts from the start of the instance, or from when the task, or the last task of the phase, was finished. None
    when nothing is set, or when what it counts from has not happened. `data` holds the steps of that phase, `flow` says
    which they are. Raises `BadMoment`.
    """
    if not isinstance(due, Mapping):
        return None
    if due.get("at") is not None:
        return parse_moment(due["at"], zone)
    if due.get("for") is None:
        return None
    start = _counted_from(str(due.get("from") or "start"), data, now, zone, flow)
    return None if start is None else moment_after(due["for"], start, zone)


def is_scheduled(task: Task) -> bool:
    """Whether a task has a schedule other than at once."""
    schedule = task.settings.get("schedule")
    return isinstance(schedule, Mapping) and schedule.get("mode") in ("delayed", "relative")


def starts_at(
    schedule: Mapping[str, Json], data: Mapping[str, Json], now: datetime, zone: tzinfo, *, flow: Flow | None = None
) -> datetime:
    """When a step with a schedule starts whose turn has come now; templates in `schedule` have been rendered.

    `delayed`: `duration` from now. `relative`: `duration` `before` or `after` the `reference`, which is `start`,
    `task:KEY`, `phase:KEY` or a date. Raises `BadMoment`; of it `ReferenceMissing` where there is nothing to count from
    and `MomentPassed` (semantics: an error on the step with its reason, never a silent run).
    """
    duration = schedule.get("duration")
    if schedule.get("mode") == "delayed":
        moment = moment_after(duration, now, zone)
    else:
        reference = _reference(schedule.get("reference"), data, now, zone, flow)
        is_before = schedule.get("direction") == "before"
        moment = moment_before(duration, reference, zone) if is_before else moment_after(duration, reference, zone)
    if moment < now:
        raise MomentPassed(f"It was to start at {moment:%Y-%m-%d %H:%M:%S} UTC, which has passed.")
    if is_too_far(moment, now):
        raise BadMoment(f"It was to start at {moment:%Y-%m-%d}, which is too far away.")
    return moment


def _reference(reference: Json, data: Mapping[str, Json], now: datetime, zone: tzinfo, flow: Flow | None) -> datetime:
    if reference is None or reference == "":
        raise ReferenceMissing("The date that its schedule counts from is not in the data.")
    text = str(reference)
    if text != INSTANCE_START and not text.startswith(TASK_PREFIX) and phase_of_ref(text) is None:
        return parse_moment(reference, zone)
    moment = _counted_from(text, data, now, zone, flow)
    if moment is None:
        raise ReferenceMissing(f"Its schedule counts from {moment_name(text, flow)}, which has not been finished.")
    return moment


def _counted_from(
    reference: str, data: Mapping[str, Json], now: datetime, zone: tzinfo, flow: Flow | None
) -> datetime | None:
    if reference == INSTANCE_START:
        started = resolve(("instance", "started_at"), data)
        return now if started is MISSING or started is None else parse_moment(started, zone)
    if reference.startswith(TASK_PREFIX):
        return _finished_at(reference.removeprefix(TASK_PREFIX), data, zone)
    phase = phase_of_ref(reference)
    if phase is None or flow is None:
        return None
    moments = [_finished_at(task.key, data, zone) for task in flow.tasks_in(phase)]
    known = [moment for moment in moments if moment is not None]
    return max(known) if known and len(known) == len(moments) else None


def _finished_at(task: str, data: Mapping[str, Json], zone: tzinfo) -> datetime | None:
    """When a step was completed or skipped; None if it was not."""
    step = resolve(("steps", task), data)
    if not isinstance(step, Mapping) or step.get("status") not in ("completed", "skipped"):
        return None
    return None if step.get("ended_at") is None else parse_moment(step["ended_at"], zone)


def is_too_far(moment: datetime, now: datetime) -> bool:
    """Whether a moment is more than a hundred years ahead: a mistake, not a plan."""
    return moment - now > timedelta(days=36_600)
