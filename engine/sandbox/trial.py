"""What a try came to, as values: for the canvas, for cases, for the API."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from designer.graph.model import Json
from engine.sandbox.question import Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One thing that happened, in the try's own time. `tasks`, `edges` and `phases` hold the marks that changed by it.

    `outcome`: `waiting completed decided skipped failed retrying cancelled rolled_back rollback_failed`.
    """

    number: int
    at: datetime
    task: str
    name: str
    kind: str
    iteration: int
    attempt: int
    outcome: str
    words: str
    source: Source = Source.RUN
    input: Json = None
    sent: Json = None
    output: Json = None
    error: Json = None
    branches: tuple[str, ...] = ()
    conditions: tuple[Mapping[str, Json], ...] = ()
    tasks: Mapping[str, str] = field(default_factory=dict)
    edges: Mapping[str, str] = field(default_factory=dict)
    phases: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Json]:
        """As the API and the canvas have it."""
        return {
            "number": self.number,
            "at": self.at.isoformat(),
            "task": self.task,
            "name": self.name,
            "kind": self.kind,
            "iteration": self.iteration,
            "attempt": self.attempt,
            "outcome": self.outcome,
            "words": self.words,
            "answered": self.source.value,
            "input": self.input,
            "sent": self.sent,
            "output": self.output,
            "error": self.error,
            "branches": list(self.branches),
            "conditions": [dict(record) for record in self.conditions],
            "marks": {"tasks": dict(self.tasks), "edges": dict(self.edges), "phases": dict(self.phases)},
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A whole try. `status` as of an instance; `waiting` or `running` when it came to no end, then `stopped` says why.

    `path`: keys of the tasks that began, in that order, once per round. `edges_taken`: ids of drawn edges.
    """

    status: str
    started_at: datetime
    ended_at: datetime
    moments: tuple[Moment, ...]
    path: tuple[str, ...]
    output: Json = None
    error: Json = None
    stopped: str = ""
    is_output_hidden: bool = False
    edges_taken: frozenset[str] = frozenset()
    statuses: Mapping[str, str] = field(default_factory=dict)
    """Where each task stands at the end."""

    @property
    def has_ended(self) -> bool:
        """Whether it came to an end of its own."""
        return not self.stopped

    def to_json(self) -> dict[str, Json]:
        """As the API answers it."""
        return {
            "status": self.status,
            "stopped": self.stopped or None,
            "output": self.output,
            "error": self.error,
            "started_at": self.started_at.isoformat(),
            "ended_at": self.ended_at.isoformat(),
            "path": list(self.path),
            "edges_taken": sorted(self.edges_taken),
            "steps": [moment.to_json() for moment in self.moments],
        }
