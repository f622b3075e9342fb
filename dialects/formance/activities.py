"""What a stage did in detail: the activities of the ledger, and for tasks of other kinds the task itself as one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from designer.graph.model import Json
from dialects.formance.translate import Stage
from dialects.formance.wire import without_nulls
from engine.ledger.models import Activity
from engine.models import Step

WITHOUT: Final = frozenset({"delay", "wait_event", "noop"})
OF_LEDGER: Final = frozenset({"transfer", "account_update"})
CANCELLED: Final = "cancelled"
ONE_OBJECT: Final = frozenset({"GetAccount", "GetPayment", "GetWallet", "DebitWallet"})
"""Activities whose output is one object below `data`."""


def activities_of(stage: Stage, step: Step, *, version: int) -> list[dict[str, Any]]:
    """The activities of a stage, oldest first. Delays, waits and junctions have none."""
    if step.kind in OF_LEDGER:
        rows = Activity.objects.filter(instance_id=step.instance_id, task=step.task, iteration=step.iteration)
        return [_of_ledger(row, step, version) for row in rows.order_by("number")]
    return [] if step.kind in WITHOUT else list(_of_step(step))


def with_wallet_ids(body: Mapping[str, Json], step: Step) -> dict[str, Json]:
    """The body of a send whose wallets all have an id, as both SDKs want it: of one addressed by its name the id that
    was found, empty where none was.
    """
    ways = {side: body.get(side) for side in ("source", "destination")}
    named = {
        side: way["wallet"]
        for side, way in ways.items()
        if isinstance(way, Mapping) and isinstance(way.get("wallet"), Mapping) and not way["wallet"].get("id")
    }
    if not named:
        return dict(body)
    rows = Activity.objects.filter(instance_id=step.instance_id, task=step.task, iteration=step.iteration)
    found = {
        row.input.get("name"): row.output[0]["id"]
        for row in rows.filter(name="ListWallets")
        if isinstance(row.output, list) and len(row.output) == 1
    }
    ids = {side: {"wallet": {**wallet, "id": found.get(wallet.get("name"), "")}} for side, wallet in named.items()}
    return {**body, **ids}


def _of_ledger(row: Activity, step: Step, version: int) -> dict[str, Any]:
    is_cancelled = row.ended_at is None and step.status == CANCELLED
    ended_at = step.ended_at if is_cancelled else row.ended_at
    is_pending = ended_at is None and step.status == "retrying"
    output = _output(row, version) if row.ended_at is not None and not row.error else None
    return without_nulls(
        {
            "name": row.name,
            "input": {row.name: row.input},
            "output": None if output is None else {row.name: output},
            "startedAt": row.started_at,
            "terminated": ended_at is not None,
            "terminatedAt": ended_at,
            "error": CANCELLED if is_cancelled else row.error or None,
            "attempt": row.attempts,
            "lastFailure": row.last_failure or None if is_pending else None,
            "nextExecution": step.wakes_at if is_pending else None,
        }
    )


def _output(row: Activity, version: int) -> Json:
    if row.name == "ListWallets":
        found = row.output or []
        return {"cursor": {"pageSize": 15, "hasMore": False, "data": found}}
    if row.output is None:
        return None
    if row.name == "CreateTransaction":
        return {"data": row.output} if version == 1 else {"data": [_with_txid(row.output)]}
    return {"data": row.output} if row.name in ONE_OBJECT else row.output


def _with_txid(made: Mapping[str, Json]) -> dict[str, Json]:
    """Version 2 calls the number of a transaction `txid`, and does not say whether it was reverted."""
    rest = {key: value for key, value in made.items() if key not in ("id", "reverted")}
    return {"txid": made["id"], **rest}


def _of_step(step: Step) -> Iterator[dict[str, Any]]:
    name = "".join(word.capitalize() for word in step.kind.split("_"))
    is_over = step.status in ("completed", "failed", CANCELLED, "skipped")
    error = step.error.get("message") if isinstance(step.error, Mapping) else None
    last = step.attempts[-1] if step.attempts else None
    failure = last.get("error") if isinstance(last, Mapping) and step.status == "retrying" else None
    is_shown = isinstance(step.output, Mapping) and not step.is_sensitive
    yield without_nulls(
        {
            "name": name,
            "input": {name: step.input if isinstance(step.input, Mapping) else {}},
            "output": {name: step.output} if is_shown else None,
            "startedAt": step.started_at or step.ended_at,
            "terminated": is_over,
            "terminatedAt": step.ended_at if is_over else None,
            "error": str(error) if error and step.status == "failed" else None,
            "attempt": max(1, step.attempt),
            "lastFailure": str(failure.get("message", "")) if isinstance(failure, Mapping) else None,
            "nextExecution": step.wakes_at if step.status == "retrying" else None,
        }
    )
