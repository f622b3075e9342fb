"""Starting instances, one or many."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.scope import Scope
from designer.graph.model import Json
from designer.models import Flow, Version
from designer.services.versions import plan_of
from engine.core.facts import FactType
from engine.entities.store import note_uses
from engine.models import Instance, Step
from engine.services.actors import actor_of
from engine.services.advancing import Change, change_locked
from engine.services.case import Case
from engine.services.crowding import least, room_for_new
from engine.services.errors import InvalidInput, KeyTaken, NotLegalNow
from engine.services.executing import storing_problem
from engine.services.fitting import fitting
from engine.services.queueing import room_to_start
from engine.services.queueing import start_queued_instances as start_queued_instances
from engine.services.together import Together
from engine.storage import storage
from engine.storage.contract import InstanceRow, StepKey, StepPatch

KEY_PATTERN: Final = r"^[A-Za-z0-9_][A-Za-z0-9_.:@~-]{0,199}\Z"
_KEY: Final = re.compile(KEY_PATTERN)
_KEY_LETTERS: Final = "23456789abcdefghjkmnpqrstuvwxyz"
_KEY_LENGTH: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class StartRequest:
    """One instance to start. `version`: a number, a row, or None for the live one. `trigger`: `{type, by?, event?,
    payload?, caller?}`; templates see its payload as `event`, and with `caller` that step is told how the instance
    ends. `is_key_ours`: the key was made here and may have any characters.
    """

    input: Json = None
    key: str | None = None
    version: int | Version | None = None
    context: Mapping[str, Json] | None = None
    trigger: Mapping[str, Json] | None = None
    is_key_ours: bool = False


def start_instance(
    scope: Scope,
    flow: Flow,
    *,
    input: Json = None,
    key: str | None = None,
    version: int | Version | None = None,
    context: Mapping[str, Json] | None = None,
    trigger: Mapping[str, Json] | None = None,
    now: datetime | None = None,
) -> Instance:
    """Start one instance; it has run as far as it can without outside effects when this returns.

    Raises `NotLegalNow` (flow disabled or never published), `InvalidInput`, `KeyTaken`.
    """
    request = StartRequest(input=input, key=key, version=version, context=context, trigger=trigger)
    return start_instances(scope, flow, [request], now=now)[0]


def start_instances(
    scope: Scope, flow: Flow, requests: Sequence[StartRequest], *, now: datetime | None = None
) -> list[Instance]:
    """Start several in one transaction, all or none; answers them in the order of the requests.

    Those beyond the flow's limit of running instances stay queued, in order. Raises as `start_instance`; problems of
    request n have paths that begin with `instances.n` when there are several.
    """
    wish = check_start(scope, flow, requests, now=now)
    if len(requests) == 1:
        return _start_together(wish)
    with transaction.atomic():
        (rows,) = start_checked([wish])
    return rows


@dataclass(frozen=True, slots=True)
class CheckedStart:
    """Instances of one flow that may be started, as far as can be seen without a lock. `versions`: their ids."""

    scope: Scope
    flow: Flow
    requests: Sequence[StartRequest]
    versions: Sequence[int]
    now: datetime


def check_start(
    scope: Scope, flow: Flow, requests: Sequence[StartRequest], *, now: datetime | None = None
) -> CheckedStart:
    """What `start_checked` takes. Raises as `start_instances`."""
    moment = now or timezone.now()
    if not flow.is_enabled:
        raise NotLegalNow("The flow is disabled: nothing starts it.")
    versions = _versions(flow, requests)
    _check(requests)
    _check_inputs(requests, versions)
    _refuse_taken_keys(flow, requests)
    return CheckedStart(scope, flow, requests, versions, moment)


def start_checked(wishes: Sequence[CheckedStart]) -> list[list[Instance]]:
    """Start what several ask for of one flow, in the caller's transaction; all or none. Raises `KeyTaken`, and
    IntegrityError where two ask for the same key.
    """
    flow = wishes[0].flow
    requests = [request for wish in wishes for request in wish.requests]
    room = least(room_to_start(flow), room_for_new(flow.environment_id, len(requests)))
    starts: list[_Start] = []
    for wish in wishes:
        for version, request in zip(wish.versions, wish.requests, strict=True):
            is_queued = room is not None and len(starts) >= room
            row = _new_row(wish.scope, wish.flow, version, request, wish.now, is_queued=is_queued)
            starts.append(_Start(row, actor_of(wish.scope)))
    for start, id in zip(starts, storage().draw_instance_ids(len(starts)), strict=True):
        start.row.pk = id
    _write(flow, requests, starts, max(wish.now for wish in wishes))
    note_uses((start.row.environment_id, start.row.pk, start.row.context) for start in starts if start.row.context)
    for start in starts:
        start.bring_up_to_date()
    rows = iter(start.row for start in starts)
    return [[next(rows) for _ in wish.requests] for wish in wishes]


def is_of_same_flow(chosen: Sequence[CheckedStart], wish: CheckedStart) -> bool:
    """Whether a start may share the transaction of others: nobody holds the places of two flows."""
    return chosen[0].flow.pk == wish.flow.pk


_start_together: Final = Together(start_checked, fits=is_of_same_flow)


def _write(flow: Flow, requests: Sequence[StartRequest], starts: Sequence[_Start], now: datetime) -> None:
    try:
        with transaction.atomic(savepoint=any(request.key is not None for request in requests)):
            rows = [_as_locked(start.row) for start in starts]
            outcomes = change_locked(rows, [Change(start.row.pk, start) for start in starts], now=now)
    except IntegrityError:
        # Someone else has taken a key since we looked.
        _refuse_taken_keys(flow, requests)
        raise
    for refusal in (outcome.refusal for outcome in outcomes if outcome.refusal is not None):
        raise refusal


_FIELDS: Final = [field for field in Instance._meta.concrete_fields if not field.primary_key]


class _Start:
    """Tells a new case that it is queued, and started unless it has to wait for its turn."""

    def __init__(self, row: Instance, actor: Json) -> None:
        self.row = row
        self.actor = actor
        self.case: Case | None = None

    def __call__(self, case: Case) -> None:
        row = self.row
        self.case = case
        case.is_new = True
        case.columns |= {field.attname: getattr(row, field.attname) for field in _FIELDS}
        case.loaded.instance = {
            "input": row.input,
            "context": row.context,
            "vars": {},
            "trigger": row.trigger,
            "created_at": row.created_at,
            "started_at": None,
        }
        caller = row.trigger.get("caller")
        told = {"actor": self.actor} | ({} if caller is None else {"caller": caller})
        facts = [case.fact(FactType.INSTANCE_QUEUED, **told)]
        if row.status != "queued":
            facts.append(case.fact(FactType.INSTANCE_STARTED))
        case.tell(*facts)

    def bring_up_to_date(self) -> None:
        """Give the row what was written, instead of reading it again: that would cost as much as all the rest."""
        flow = self.row.flow
        if "live_version" in flow._state.fields_cache and flow.live_version_id == self.row.version_id:
            self.row.version = flow.live_version  # type: ignore[assignment]  # it has just been started
        steps: Mapping[StepKey, StepPatch] = {}
        if self.case:
            vars(self.row).update(self.case.columns)  # as a row that is read gets them; none of them is a relation
            steps = self.case.steps
        self.row._state.adding, self.row._state.db = False, flow._state.db
        self.row.find_begun = partial(_begun, steps)


def _begun(steps: Mapping[StepKey, StepPatch], row: Instance) -> Step | None:
    """Its only step. Of several the order is not known; a call goes on as soon as the start is committed."""
    if len(steps) != 1:
        return None
    ((key, patch),) = steps.items()
    if patch.kind == "call":
        return None
    return Step(
        instance=row,
        task=key.task,
        iteration=key.iteration,
        environment_id=patch.environment_id,
        kind=patch.kind,
        **patch.columns,
    )


def _versions(flow: Flow, requests: Sequence[StartRequest]) -> list[int]:
    """The version of each request, by its id."""
    numbers = {request.version for request in requests if isinstance(request.version, int)}
    known = dict(Version.objects.filter(flow=flow, number__in=numbers).values_list("number", "pk")) if numbers else {}
    found: list[int] = []
    problems: list[tuple[str, str]] = []
    for place, request in enumerate(requests):
        if isinstance(request.version, Version):
            found.append(request.version.pk)
        elif request.version is not None:
            if request.version not in known:
                problems.append((_path(requests, place, "version"), f"there is no version {request.version}"))
            found.append(known.get(request.version, 0))
        elif flow.live_version_id is None:
            raise NotLegalNow("The flow has not been published yet.")
        else:
            found.append(flow.live_version_id)
    if problems:
        raise InvalidInput(problems)
    return found


def _check(requests: Sequence[StartRequest]) -> None:
    problems: list[tuple[str, str]] = []
    seen: set[str] = set()
    for place, request in enumerate(requests):
        for name in ("input", "context", "trigger"):
            problem = storing_problem(getattr(request, name))
            if problem is not None:
                problems.append((_path(requests, place, name), problem))
        if request.key is None:
            continue
        if not request.is_key_ours and not _KEY.match(request.key):
            message = "must begin with a letter, a digit or _, and hold at most 200 letters, digits and . _ : @ ~ -"
            problems.append((_path(requests, place, "id"), message))
        if request.key in seen:
            problems.append((_path(requests, place, "id"), "is given twice"))
        seen.add(request.key)
    if problems:
        raise InvalidInput(problems)


def _check_inputs(requests: Sequence[StartRequest], versions: Sequence[int]) -> None:
    """Does each input fit what its version declares? The input is checked as it is; nothing is filled in."""
    problems: list[tuple[str, str]] = []
    for place, (request, version) in enumerate(zip(requests, versions, strict=True)):
        schema = plan_of(version).flow.input_schema
        if not schema:
            continue
        try:
            fitting(schema, request.input)
        except InvalidInput as bad:
            root = _path(requests, place, "input")
            problems += [(f"{root}.{path}" if path else root, message) for path, message in bad.problems]
    if problems:
        raise InvalidInput(problems)


def _path(requests: Sequence[StartRequest], place: int, name: str) -> str:
    return name if len(requests) == 1 else f"instances.{place}.{name}"


def _refuse_taken_keys(flow: Flow, requests: Sequence[StartRequest]) -> None:
    keys = [request.key for request in requests if request.key is not None]
    taken = Instance.objects.filter(flow=flow, key__in=keys).values_list("key", flat=True).first() if keys else None
    if taken is not None:
        raise KeyTaken(taken)


def _new_row(
    scope: Scope, flow: Flow, version_id: int, request: StartRequest, now: datetime, *, is_queued: bool
) -> Instance:
    by_whom: dict[str, Any] = {"type": "api" if scope.api_key else "manual", "by": scope.actor_name}
    return Instance(
        environment_id=flow.environment_id,
        flow=flow,
        version_id=version_id,
        key=request.key or new_key(),
        status="queued" if is_queued else "running",
        input=request.input,
        context=dict(request.context or {}),
        trigger=dict(request.trigger) if request.trigger is not None else by_whom,
        started_by=scope.user,
        created_at=now,
    )


def new_key() -> str:
    """An id for an instance whose caller chose none: 12 letters and digits that are not mistaken for each other."""
    number = secrets.randbits(64)
    letters = []
    for _ in range(_KEY_LENGTH):
        number, place = divmod(number, len(_KEY_LETTERS))
        letters.append(_KEY_LETTERS[place])
    return "".join(letters)


def _as_locked(row: Instance) -> InstanceRow:
    return InstanceRow(row.pk, row.environment_id, row.flow_id, row.version_id, row.key, row.status, "", 0)
