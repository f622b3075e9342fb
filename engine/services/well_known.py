"""Batches of attempts and of claims behind each of which the way is known (`passages`): written without a case for each
instance.

As under load nearly always. What is recorded is the same, by the same fence; only nobody thinks about it again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from django.db import transaction

from designer.graph.model import Json
from designer.graph.plan import Plan
from engine.core.ports import Completed, StepContext
from engine.outbox.wishes import is_wanted
from engine.services import passages, step_data
from engine.services.cohorts import Claim, Cohort, EndedAttempt
from engine.services.executing import is_input_hidden
from engine.services.followers import is_flow_followed
from engine.services.passages import Beginning, Track
from engine.services.rounds import LEASE, ClaimedAttempt, Worker, new_token
from engine.services.step_data import Loaded
from engine.services.watching import count_after_commit, is_traced
from engine.services.writing import announce_rows, reaching_failpoints
from engine.storage import storage
from engine.storage.alike import Member, Moment
from engine.storage.contract import InstanceRow, StepKey, StepPatch


class _Going(NamedTuple):
    """One instance that goes its known way. `tokens`: of the attempts that begin; `ended`: the one that it follows."""

    row: InstanceRow
    track: Track
    member: Member
    tokens: Sequence[int]
    ended: EndedAttempt | None = None


Rows = Mapping[int, InstanceRow]


def carry(cohorts: Sequence[Cohort], rows: Rows, worker: Worker, now: datetime) -> bool:
    """Write what comes of these, and begin what follows for `worker`. Answers whether it was done: not where the way
    of any is unknown, where somebody is told of what happens, or where the worker lacks room.

    Raises `Outdated` as `advancing.change_remembered`, and nothing has happened.
    """
    tracks = _tracks((cohort.key, rows[cohort.first.attempt.step.instance_id]) for cohort in cohorts)
    room = worker.room
    for cohort, track in zip(cohorts, tracks, strict=False):
        room -= len(track.begun) * (1 + len(cohort.others))
    if not tracks or room < 0:
        return False
    moment = now.isoformat()
    going: list[_Going] = []
    for cohort, track in zip(cohorts, tracks, strict=True):
        for one in (cohort.first, *cohort.others):
            tokens = [new_token() for _ in track.begun]
            row = rows[one.attempt.step.instance_id]
            going.append(_Going(row, track, _member(one, track, tokens, moment), tokens, one))
    _go(going, worker, now)
    worker.room = room
    return True


def carry_claims(claims: Sequence[Claim], rows: Rows, worker: Worker, now: datetime) -> bool:
    """As `carry`, for claimed steps of instances that the caller's transaction has locked. The room that they take is
    the caller's matter.
    """
    tracks = _tracks((claim.key, rows[claim.ask.step.instance_id]) for claim in claims)
    if not tracks:
        return False
    going: list[_Going] = []
    for claim, track in zip(claims, tracks, strict=True):
        token, id = claim.ask.token, claim.ask.step.instance_id
        going.append(_Going(rows[id], track, Member(track.pattern, id, token, None, None, None, ()), [token]))
    _go(going, worker, now, is_locked=True)
    return True


def _tracks(points: Iterable[tuple[passages.Key | None, InstanceRow]]) -> list[Track]:
    """The tracks from these points; none at all where one of them is not to be taken."""
    found: list[Track] = []
    if is_traced():
        return found
    for key, row in points:
        track = None if key is None else passages.track(key, row)
        if track is None or is_wanted(row.environment_id) or is_flow_followed(track.plan.flow):
            return []
        found.append(track)
    return found


def _member(one: EndedAttempt, track: Track, tokens: Sequence[int], moment: str) -> Member:
    result, attempt = one.result, one.attempt
    assert isinstance(result, Completed)  # noqa: S101 - or it would have no key
    entry = {"number": attempt.number, "started_at": one.started_at.isoformat(), "ended_at": moment, "error": None}
    return Member(track.pattern, attempt.step.instance_id, attempt.token, result.output, result.input, [entry], tokens)


def _go(going: Sequence[_Going], worker: Worker, now: datetime, *, is_locked: bool = False) -> None:
    claimed = _attempts(going, now)
    changed = [_row_after(one) for one in going]
    with reaching_failpoints(lambda: {kind for one in going for kind in one.track.pattern.kinds}):
        moment = Moment(now, now + LEASE, worker.name)
        storage().write_alike([one.member for one in going], moment, is_locked=is_locked)
        worker.claimed += claimed
        worker.rows.update((row.id, row) for row in changed)
    transaction.on_commit(lambda: announce_rows(changed))
    counts = Counter(one.track.pattern for one in going)
    count_after_commit((fact[1], count) for pattern, count in counts.items() for fact in pattern.facts)


def _row_after(one: _Going) -> InstanceRow:
    row, track = one.row, one.track
    return InstanceRow(
        row.id,
        row.environment_id,
        row.flow_id,
        row.version_id,
        row.key,
        track.status,
        track.state,
        track.fact_count,
    )


# -- the attempts that begin ------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Subject:
    """An instance whose data is asked for (`step_data.Subject`)."""

    row: InstanceRow
    plan: Plan
    now: datetime
    loaded: Loaded = field(default_factory=Loaded)
    steps: dict[StepKey, StepPatch] = field(default_factory=dict)
    var_changes: dict[str, Json] = field(default_factory=dict)


def _attempts(going: Sequence[_Going], now: datetime) -> list[ClaimedAttempt]:
    moment = now.isoformat()
    subjects = {
        one.row.id: _subject(one, now) for one in going if any(not next.needs.nothing for next in one.track.begun)
    }
    if subjects:
        step_data.load(
            (subjects[one.row.id], next.needs) for one in going if one.row.id in subjects for next in one.track.begun
        )
    return [
        ClaimedAttempt(
            StepKey(one.row.id, next.like.task.key, next.like.iteration),
            token,
            next.number,
            _context_of(next, one.row, subjects.get(one.row.id), now, moment),
        )
        for one in going
        for next, token in zip(one.track.begun, one.tokens, strict=True)
    ]


def _subject(one: _Going, now: datetime) -> _Subject:
    subject = _Subject(one.row, one.track.plan, now)
    if one.ended is not None:
        attempt, result, pattern = one.ended.attempt, one.ended.result, one.track.pattern
        assert isinstance(result, Completed)  # noqa: S101 - or it would have no key
        columns = {"status": pattern.ended["status"], "output": result.output, "ended_at": now}
        subject.steps[attempt.step] = StepPatch(one.row.environment_id, pattern.kind, columns)
        if attempt.number == 1 and not attempt.lost_leases:
            # Then all that can be asked of the step is in hand: it began when its attempt did.
            subject.loaded.know_running(attempt.step, attempt.context.now)
    return subject


def _context_of(next: Beginning, row: InstanceRow, subject: _Subject | None, now: datetime, moment: str) -> StepContext:
    """The same step of another instance, at another moment."""
    like = next.like
    if subject is None or next.needs.nothing:
        data = {**like.data, "instance": {**like.data["instance"], "id": row.key, "started_at": moment}, "now": moment}
    else:
        data = step_data.data_for(subject, next.needs)
    return StepContext(
        instance_id=row.id,
        instance_key=row.key,
        flow_key=like.flow_key,
        task=like.task,
        iteration=like.iteration,
        attempt=like.attempt,
        data=data,
        now=now,
        timezone=like.timezone,
        flow=like.flow,
        environment_id=like.environment_id,
        is_input_hidden=subject is not None and is_input_hidden(subject.loaded.instance),
        flow_id=like.flow_id,
    )
