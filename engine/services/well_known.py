"""A batch of attempts behind each of which the way is known (`passages`): written without a case for each instance.

As under load nearly always. What is recorded is the same, by the same fence; only nobody thinks about it again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import transaction

from engine.core.ports import Completed, StepContext
from engine.outbox.wishes import is_wanted
from engine.services import passages
from engine.services.cohorts import Cohort, EndedAttempt
from engine.services.followers import is_flow_followed
from engine.services.passages import Track
from engine.services.rounds import LEASE, ClaimedAttempt, Worker, new_token
from engine.services.watching import count_after_commit, is_traced
from engine.services.writing import announce_rows, reaching_failpoints
from engine.storage import storage
from engine.storage.alike import Member, Moment
from engine.storage.contract import InstanceRow, StepKey


def carry(cohorts: Sequence[Cohort], rows: Mapping[int, InstanceRow], worker: Worker, now: datetime) -> bool:
    """Write what comes of these, and begin what follows for `worker`. Answers whether it was done: not where the way
    of any is unknown, where somebody is told of what happens, or where the worker lacks room.

    Raises `Outdated` as `advancing.change_remembered`, and nothing has happened.
    """
    if not cohorts or is_traced():
        return False
    found: list[tuple[Cohort, Track]] = []
    room = worker.room
    for cohort in cohorts:
        row = rows[cohort.first.attempt.step.instance_id]
        track = None if cohort.key is None else passages.track(cohort.key, row)
        if track is None or is_wanted(row.environment_id) or is_flow_followed(track.flow):
            return False
        found.append((cohort, track))
        room -= len(track.begun) * (1 + len(cohort.others))
    if room < 0:
        return False
    members: list[Member] = []
    claimed: list[ClaimedAttempt] = []
    changed: list[InstanceRow] = []
    moment = now.isoformat()
    for cohort, track in found:
        for one in (cohort.first, *cohort.others):
            row = rows[one.attempt.step.instance_id]
            tokens = [new_token() for _ in track.begun]
            members.append(_member(one, track, tokens, moment))
            claimed += [
                ClaimedAttempt(
                    StepKey(row.id, context.task.key, context.iteration),
                    token,
                    number,
                    _context_of(context, row, now, moment),
                )
                for (number, context), token in zip(track.begun, tokens, strict=True)
            ]
            changed.append(_row_after(row, track))
    with reaching_failpoints(lambda: {kind for _, track in found for kind in track.pattern.kinds}):
        storage().write_alike(members, Moment(now, now + LEASE, worker.name))
        worker.room = room
        worker.claimed += claimed
        worker.rows.update((row.id, row) for row in changed)
    transaction.on_commit(lambda: announce_rows(changed))
    count_after_commit((fact[1], 1 + len(cohort.others)) for cohort, track in found for fact in track.pattern.facts)
    return True


def _member(one: EndedAttempt, track: Track, tokens: Sequence[int], moment: str) -> Member:
    result, attempt = one.result, one.attempt
    assert isinstance(result, Completed)  # noqa: S101 - or it would have no key
    entry = {"number": attempt.number, "started_at": one.started_at.isoformat(), "ended_at": moment, "error": None}
    return Member(track.pattern, attempt.step.instance_id, attempt.token, result.output, result.input, [entry], tokens)


def _row_after(row: InstanceRow, track: Track) -> InstanceRow:
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


def _context_of(like: StepContext, row: InstanceRow, now: datetime, moment: str) -> StepContext:
    """The same step of another instance, at another moment; of neither anything is loaded (`cohorts`)."""
    instance = {**like.data["instance"], "id": row.key, "started_at": moment}
    return StepContext(
        instance_id=row.id,
        instance_key=row.key,
        flow_key=like.flow_key,
        task=like.task,
        iteration=like.iteration,
        attempt=like.attempt,
        data={**like.data, "instance": instance, "now": moment},
        now=now,
        timezone=like.timezone,
        flow=like.flow,
        environment_id=like.environment_id,
        flow_id=like.flow_id,
    )
