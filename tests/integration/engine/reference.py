"""A small engine in memory, for the model test: instances of two lanes of steps each, and what must become of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from designer.graph.model import Flow
from engine.services.rounds import LEASE, MOST_LOST_IN_COMPANY, MOST_LOST_LEASES
from tests.drawing import draw
from tests.integration.engine.conftest import python

DELAY = timedelta(hours=1)
TIMEOUT = timedelta(hours=10)
RETRY_DELAY = timedelta(seconds=10)
RETRIES = 2
VERSIONS: Sequence[Mapping[str, Sequence[str]]] = (
    {"a": ("work", "wait", "delay", "work"), "b": ("work", "wait", "work")},
    {"a": ("work", "work"), "b": ("delay", "wait")},
    {"a": ("wait", "wait", "work"), "b": ("work", "delay", "work", "delay")},
)
"""The kinds of the steps of each lane."""


def flow_of(version: int) -> Flow:
    """The lanes of a version beside each other, and the step at which they meet."""
    kinds, settings, lines = {"end": "noop"}, {}, []
    for lane, steps in VERSIONS[version].items():
        names = [f"{lane}{number}" for number in range(len(steps))]
        lines.append(" -> ".join([*names, "end"]))
        for name, kind in zip(names, steps, strict=True):
            if kind == "work":
                retries = {"limit": RETRIES, "delay": "10 seconds", "backoff": "constant"}
                settings[name] = python(retries=retries)
            elif kind == "delay":
                kinds[name], settings[name] = "delay", {"for": "1 hour"}
            else:
                kinds[name], settings[name] = "wait_event", {"event_type": f"go-{lane}", "timeout": "10 hours"}
    return draw("\n".join(lines), kinds=kinds, settings=settings, key="model")


@dataclass
class Lane:
    """Where a lane stands: at which step, in which status; `done` behind the last one."""

    name: str
    kinds: Sequence[str]
    place: int = 0
    status: str = "ready"
    attempt: int = 0
    token: int | None = None
    claimable_at: datetime | None = None
    lost: int = 0
    due_at: datetime | None = None

    @property
    def task(self) -> str:
        return f"{self.name}{self.place}"

    @property
    def kind(self) -> str:
        return self.kinds[self.place]


@dataclass
class Reference:
    """One instance."""

    version: int
    lanes: list[Lane] = field(default_factory=list)
    status: str = "running"
    paused_at: datetime | None = None
    events: list[str] = field(default_factory=list)
    ended: dict[str, str] = field(default_factory=dict)
    """The status of each step that has ended."""

    # -- what is done to it -------------------------------------------------------------------------------------------

    def start(self, now: datetime) -> Reference:
        self.lanes = [Lane(name, kinds) for name, kinds in VERSIONS[self.version].items()]
        for lane in self.lanes:
            self._enter(lane, now)
        self._settle()
        return self

    def send(self, type: str, now: datetime) -> None:
        self.events.append(type)
        if not self.is_held:
            self._offer(now)
        self._settle()

    def pause(self, now: datetime) -> None:
        self.paused_at = now
        self.status = "waiting_for_pause"
        for lane in self.lanes:
            if lane.status == "ready":
                lane.claimable_at = None
        self._settle()

    def resume(self, now: datetime) -> None:
        pause = now - self.paused_at if self.status == "paused" and self.paused_at else timedelta()
        self.paused_at = None
        self.status = "running"
        for lane in self.lanes:
            if lane.due_at is not None:
                lane.due_at += pause
        for lane in self.lanes:
            if lane.status == "ready":
                self._let_go_on(lane, now)
        self._offer(now)
        self._settle()

    def cancel(self) -> None:
        self._end("terminated")

    def claim(self, task: str, token: int, now: datetime) -> None:
        """A worker has got this step."""
        lane = self.lane(task)
        if lane.status == "running":
            lane.lost += 1
        else:
            lane.attempt += 1
        lane.status, lane.token, lane.claimable_at = "running", token, now + LEASE

    def is_given_up(self, task: str) -> bool:
        """Whether the next claim of the step fails it: its workers went away too often."""
        lane = self.lane(task)
        return lane.status == "running" and lane.lost >= MOST_LOST_LEASES

    def accepts(self, task: str, token: int) -> bool:
        """Whether a result under this token counts."""
        return any(lane.status == "running" and (lane.task, lane.token) == (task, token) for lane in self.lanes)

    def succeed(self, task: str, now: datetime) -> None:
        self._go_on(self.lane(task), now)
        self._settle()

    def fail(self, task: str, now: datetime, *, retryable: bool) -> None:
        lane = self.lane(task)
        lane.token = lane.claimable_at = None
        if retryable and lane.attempt <= RETRIES:
            lane.status, lane.due_at = "retrying", now + RETRY_DELAY
        else:
            self._fail(lane)
        self._settle()

    def fire(self, task: str, now: datetime) -> None:
        """The timer of this step."""
        lane = self.lane(task)
        lane.due_at = None
        if lane.status == "retrying":
            lane.status = "ready"
            self._let_go_on(lane, now)
        elif lane.kind == "delay":
            self._go_on(lane, now)
        else:
            self._fail(lane)
        self._settle()

    # -- what there is to see -----------------------------------------------------------------------------------------

    @property
    def is_held(self) -> bool:
        return self.status in ("paused", "waiting_for_pause")

    @property
    def is_final(self) -> bool:
        return self.status in ("complete", "errored", "terminated")

    def lane(self, task: str) -> Lane:
        return next(lane for lane in self.lanes if lane.name == task[0])

    def steps(self) -> dict[str, str]:
        """The status of every step that has begun."""
        found = dict(self.ended)
        for lane in self.lanes:
            if lane.status != "done" and not self.is_final:
                found[lane.task] = lane.status
        return found

    def timers(self) -> dict[str, datetime]:
        """When each open timer is due."""
        return {lane.task: lane.due_at for lane in self.lanes if lane.due_at is not None}

    def claimable(self, now: datetime, *, in_company: bool) -> Iterator[str]:
        """Steps that a worker may get; `in_company`: with others."""
        for lane in self.lanes:
            if lane.claimable_at is not None and lane.claimable_at <= now:
                waits_long = lane.claimable_at <= now - timedelta(minutes=2)
                if not in_company or lane.lost < MOST_LOST_IN_COMPANY or waits_long:
                    yield lane.task

    # -- inside -------------------------------------------------------------------------------------------------------

    def _go_on(self, lane: Lane, now: datetime) -> None:
        self.ended[lane.task] = "completed"
        lane.place += 1
        if lane.place == len(lane.kinds):
            lane.status, lane.token, lane.claimable_at, lane.due_at = "done", None, None, None
        else:
            self._enter(lane, now)

    def _enter(self, lane: Lane, now: datetime) -> None:
        lane.status, lane.attempt, lane.token, lane.lost = "ready", 0, None, 0
        lane.claimable_at = lane.due_at = None
        if not self.is_held:
            self._let_go_on(lane, now)

    def _let_go_on(self, lane: Lane, now: datetime) -> None:
        if self.is_held:
            lane.claimable_at = None
        elif lane.kind == "work":
            lane.claimable_at = now
        else:
            lane.status = "waiting"
            lane.due_at = now + (DELAY if lane.kind == "delay" else TIMEOUT)
            if lane.kind == "wait":
                self._offer(now)

    def _offer(self, now: datetime) -> None:
        for lane in self.lanes:
            type = f"go-{lane.name}"
            if lane.status == "waiting" and lane.kind == "wait" and type in self.events:
                self.events.remove(type)
                self._go_on(lane, now)

    def _fail(self, lane: Lane) -> None:
        """A step fails, and with it all that can only come after it."""
        self.ended |= {f"{lane.name}{place}": "failed" for place in range(lane.place, len(lane.kinds))}
        self.ended["end"] = "failed"
        lane.status, lane.token, lane.claimable_at, lane.due_at = "done", None, None, None
        self._end("errored")

    def _end(self, status: str) -> None:
        for lane in self.lanes:
            if lane.status != "done":
                self.ended[lane.task] = "cancelled"
            lane.status, lane.token, lane.claimable_at, lane.due_at = "done", None, None, None
        self.status = status

    def _settle(self) -> None:
        """What the whole comes to."""
        if self.is_final:
            return
        statuses = {lane.status for lane in self.lanes}
        if statuses == {"done"} and not self.is_held:
            self.ended["end"] = "completed"
            self.status = "complete"
            return
        if self.is_held:
            self.status = "waiting_for_pause" if "running" in statuses else "paused"
        else:
            self.status = "running" if statuses & {"running", "ready"} else "waiting"


def due_in_order(found: Iterable[tuple[Any, Reference]], now: datetime) -> list[tuple[datetime, Any, str]]:
    """Timers that are due, of instances that are not paused: `(due_at, instance, task)`."""
    return sorted(
        (due_at, key, task)
        for key, reference in found
        if not reference.is_held
        for task, due_at in reference.timers().items()
        if due_at <= now
    )
