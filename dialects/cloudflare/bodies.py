"""What requests carry, read and checked: every rule of the contract's table, with the vendor's error shape."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from django.conf import settings
from rest_framework.request import Request

from accounts.clean_json import BadJson, clean_json
from designer.graph.model import Json
from dialects.cloudflare.errors import CloudflareError, invalid, too_large
from dialects.cloudflare.translate import cron_from_wire
from engine.scripts.durations import milliseconds

NAME: Final = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9\-_]*")
RESERVED_ID: Final = re.compile(r"cf_[0-9a-f]{64}")
ADDRESSED_ID: Final = re.compile(r"[a-zA-Z0-9, */#_\-]{1,271}")
LONGEST_NAME: Final = 64
LONGEST_ID: Final = 100
LONGEST_EVENT_TYPE: Final = 100
LONGEST_TEXT: Final = 255
MAX_BYTES: Final = 1024 * 1024
MOST_IN_BATCH: Final = 100
MOST_STEPS: Final = 25_000
LARGEST_LIMIT: Final = 1_000_000_000
MOST_SCHEDULES: Final = 20
LOCATION_HINTS: Final = ("wnam", "weur", "enam", "eeur", "apac", "apac-ne", "apac-se", "oc", "sam", "afr", "me")
COMMANDS: Final = ("pause", "resume", "terminate", "restart")
STEP_TYPES: Final = {"do": "step", "sleep": "sleep", "waitForEvent": "waitForEvent"}


def read_body(request: Request, *, max_bytes: int | None = None, what: str = "") -> Any:
    """The JSON body; None for none. Raises 400, and 10306 for one over `max_bytes` where `what` names it."""
    raw = request.body
    if not raw.strip():
        return None
    if max_bytes is not None and len(raw) > max_bytes:
        raise too_large(what)
    return clean_json(raw, max_bytes=max_bytes or settings.MAX_REQUEST_BYTES)


def read_object(request: Request) -> Mapping[str, Any]:
    """The JSON object of the body; none is an empty one."""
    body = read_body(request)
    return {} if body is None else _object(body, "")


def _object(value: Any, pointer: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise invalid("must be an object", pointer)
    return value


# -- workflows --------------------------------------------------------------------------------------------------------

NULL_PARAMS: Final = "null_params"
"""In the trigger of an instance: its params are null, which is something else than none."""


@dataclass(frozen=True, slots=True)
class UpdateWorkflow:
    """The body of a PUT. Durations are in milliseconds; `schedules` None: keep what there is."""

    class_name: str
    script_name: str
    limits: Mapping[str, int] = field(default_factory=dict)
    concurrency: Mapping[str, int] = field(default_factory=dict)
    default_retention: Mapping[str, float] = field(default_factory=dict)
    schedules: tuple[str, ...] | None = None


def check_name(name: str) -> None:
    """Raise 10301 for a name that no workflow may have."""
    if len(name) > LONGEST_NAME or not NAME.fullmatch(name):
        raise CloudflareError(400, 10301, "Workflow has invalid name")


def read_update(body: Mapping[str, Any]) -> UpdateWorkflow:
    """The body of a PUT. Raises 400."""
    return UpdateWorkflow(
        class_name=_text(body, "class_name"),
        script_name=_text(body, "script_name"),
        limits=_counts(body, "limits", "steps", MOST_STEPS),
        concurrency=_counts(body, "concurrency", "limit", settings.MOST_RUNNING or LARGEST_LIMIT),
        default_retention=_retention(body, "default_retention"),
        schedules=_schedules(body.get("schedules")),
    )


def _text(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value.strip() or len(value) > LONGEST_TEXT:
        raise invalid(f"{name} must be a text of 1 to {LONGEST_TEXT} characters", f"/{name}")
    return value


def _counts(body: Mapping[str, Any], group: str, name: str, most: int) -> Mapping[str, int]:
    if body.get(group) is None:
        return {}
    value = _object(body[group], f"/{group}").get(name)
    if value is None:
        return {}
    if not _is_whole(value) or not 1 <= value <= most:
        raise invalid(f"{group}.{name} must be a whole number from 1 to {most:,}", f"/{group}/{name}")
    return {name: int(value)}


def _is_whole(value: Any) -> bool:
    """Whether it is a whole number, however it was written: JSON knows no integers, 500.0 is one."""
    return isinstance(value, int | float) and not isinstance(value, bool) and value == value // 1


def _retention(body: Mapping[str, Any], group: str) -> Mapping[str, float]:
    if body.get(group) is None:
        return {}
    found: dict[str, float] = {}
    given = _object(body[group], f"/{group}")
    for name in ("success_retention", "error_retention"):
        if given.get(name) is not None:
            try:
                found[name] = milliseconds(given[name])
            except ValueError as bad:
                raise invalid(f"{group}.{name} {bad}", f"/{group}/{name}") from bad
    return found


def _schedules(value: Any) -> tuple[str, ...] | None:
    if value is None:
        return None
    if not isinstance(value, list) or len(value) > MOST_SCHEDULES:
        raise invalid(f"schedules must be a list of at most {MOST_SCHEDULES}", "/schedules")
    found: list[str] = []
    for number, entry in enumerate(value):
        cron = _object(entry, f"/schedules/{number}").get("cron")
        if not isinstance(cron, str):
            raise invalid("cron must be a text", f"/schedules/{number}/cron")
        try:
            cron_from_wire(cron)
        except ValueError:
            pointer = f"/schedules/{number}/cron"
            raise CloudflareError(400, 10311, f"Invalid schedule: {cron[:100]}", pointer=pointer) from None
        found.append(" ".join(cron.split()))
    return tuple(dict.fromkeys(found))


# -- instances --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CreateInstance:
    """One instance to create."""

    instance_id: str | None = None
    params: Json = field(default_factory=dict)
    retention: Mapping[str, float] = field(default_factory=dict)


def read_create(body: Any, pointer: str = "") -> CreateInstance:
    """The body of a create. `{"id", "params"}` is understood as well. Raises 400."""
    if body is None:
        return CreateInstance()
    given = _object(body, pointer)
    id = given.get("instance_id", given.get("id"))
    if id is not None:
        check_new_id(id, f"{pointer}/instance_id")
    hint = given.get("location_hint")
    if hint is not None and hint not in LOCATION_HINTS:
        raise invalid(f"location_hint must be one of {', '.join(LOCATION_HINTS)}", f"{pointer}/location_hint")
    return CreateInstance(id, _params(given.get("params")), _retention(given, "instance_retention"))


def check_new_id(id: Any, pointer: str) -> None:
    """Raise 10302 for an id that no new instance may have."""
    if not isinstance(id, str) or len(id) > LONGEST_ID or not NAME.fullmatch(id) or RESERVED_ID.fullmatch(id):
        raise CloudflareError(400, 10302, "Workflow instance has invalid id", pointer=pointer)


def _params(value: Any) -> Json:
    """JSON text is read once; any other text stays a text."""
    if value is None:
        return {}
    size = len(value.encode()) if isinstance(value, str) else len(json.dumps(value, ensure_ascii=False).encode())
    if size > MAX_BYTES:
        raise too_large("params")
    if not isinstance(value, str):
        return value
    try:
        return clean_json(value, max_bytes=MAX_BYTES)
    except BadJson:
        return value


def read_batch(body: Any) -> Sequence[CreateInstance]:
    """The body of a bulk create: 1 to 100 objects. Raises 400 for the whole of it."""
    if not isinstance(body, list) or not 1 <= len(body) <= MOST_IN_BATCH:
        raise CloudflareError(400, 10305, f"Batch must contain between 1 and {MOST_IN_BATCH} instances")
    for number, entry in enumerate(body):
        if not isinstance(entry, Mapping):
            told = f"Batch must contain between 1 and {MOST_IN_BATCH} instances, each an object"
            raise CloudflareError(400, 10305, told, pointer=f"/{number}")
    return [read_create(entry, f"/{number}") for number, entry in enumerate(body)]


def read_ids(body: Any) -> Sequence[str]:
    """The body of a bulk delete: 1 to 100 ids. Raises 400."""
    ids = body.get("instances") if isinstance(body, Mapping) else None
    if not isinstance(ids, list) or not 1 <= len(ids) <= MOST_IN_BATCH or not all(isinstance(id, str) for id in ids):
        raise CloudflareError(400, 10305, f"Batch must contain between 1 and {MOST_IN_BATCH} instances")
    return ids


def check_event_type(type: str) -> None:
    """Raise 10303 for a type that no event may have."""
    if len(type) > LONGEST_EVENT_TYPE or not NAME.fullmatch(type):
        raise CloudflareError(400, 10303, "Provided event type is invalid")


@dataclass(frozen=True, slots=True)
class FromStep:
    """Where to restart from. `type` is that of a log entry."""

    name: str
    count: int
    type: str


@dataclass(frozen=True, slots=True)
class StatusEdit:
    """A command."""

    command: str
    rollback: bool = False
    from_step: FromStep | None = None


def read_status(body: Mapping[str, Any]) -> StatusEdit:
    """One of the four commands; `{"action": …}` is understood as well. Raises 400."""
    command = body.get("status", body.get("action"))
    if not isinstance(command, str) or command not in COMMANDS:
        raise invalid(f"status must be one of {', '.join(COMMANDS)}", "/status")
    rollback = body.get("rollback")
    if rollback is not None and not isinstance(rollback, bool):
        raise invalid("rollback must be true or false", "/rollback")
    if rollback and command != "terminate":
        raise invalid("rollback goes with terminate only", "/rollback")
    if body.get("from") is not None and command != "restart":
        raise invalid("from goes with restart only", "/from")
    return StatusEdit(command, bool(rollback), _from_step(body.get("from")))


def _from_step(value: Any) -> FromStep | None:
    if value is None:
        return None
    given = _object(value, "/from")
    name, count, type = given.get("name"), given.get("count", 1), given.get("type", "do")
    if not isinstance(name, str) or not name:
        raise invalid("from.name must be the name of a step", "/from/name")
    if not _is_whole(count) or count < 1:
        raise invalid("from.count must be a whole number of at least 1", "/from/count")
    if not isinstance(type, str) or type not in STEP_TYPES:
        raise invalid(f"from.type must be one of {', '.join(STEP_TYPES)}", "/from/type")
    return FromStep(name, int(count), STEP_TYPES[type])
