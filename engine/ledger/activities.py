"""The activities of one step: each is done once, whatever becomes of the attempt around it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction

from designer.graph.model import Json
from engine.ledger.errors import KNOWN, LedgerRefused
from engine.ledger.models import Activity


@dataclass(slots=True)
class Activities:
    """Does the activities of a step in their order, and remembers those of earlier attempts.

    `moment` answers the present. `is_one_transaction`: the caller's transaction holds all of it; else each activity is
    noted by itself, before and after.
    """

    environment_id: int
    instance_id: int
    task: str
    iteration: int
    key: str
    """The step's idempotency key."""
    moment: Callable[[], datetime]
    count: int = 0
    known: dict[int, Activity] = field(default_factory=dict)

    def __post_init__(self) -> None:
        rows = Activity.objects.filter(instance_id=self.instance_id, task=self.task, iteration=self.iteration)
        self.known = {row.number: row for row in rows}

    def do(self, name: str, input: Mapping[str, Json], act: Callable[[str], Json]) -> Any:
        """Do the next activity, unless an earlier attempt has done it; answers its output.

        `act` gets the idempotency key. Raises `LedgerRefused`, also again for one that failed for good before.
        """
        number, self.count = self.count, self.count + 1
        row = self.known.get(number)
        if row is not None and row.ended_at is not None and row.name == name:
            if row.code:
                raise KNOWN.get(row.code, LedgerRefused)(row.error)
            return row.output
        row = self._begun(row, number, name, input)
        try:
            with transaction.atomic():
                output = act(f"{self.key}:{number}")
        except LedgerRefused as refused:
            self._refused(row, refused)
            raise
        row.output, row.ended_at, row.last_failure = output, self.moment(), ""
        row.save(update_fields=["output", "ended_at", "last_failure"])
        return output

    def _begun(self, row: Activity | None, number: int, name: str, input: Mapping[str, Json]) -> Activity:
        if row is not None:
            row.attempts += 1
            row.name, row.input = name, dict(input)
            row.save(update_fields=["attempts", "name", "input"])
            return row
        return Activity.objects.create(
            environment_id=self.environment_id,
            instance_id=self.instance_id,
            task=self.task,
            iteration=self.iteration,
            number=number,
            name=name,
            input=dict(input),
            started_at=self.moment(),
        )

    def _refused(self, row: Activity, refused: LedgerRefused) -> None:
        if refused.is_retryable:
            row.last_failure = str(refused)
        else:
            row.error, row.code, row.ended_at, row.last_failure = str(refused), refused.code, self.moment(), ""
        row.save(update_fields=["error", "code", "ended_at", "last_failure"])
