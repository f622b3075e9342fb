"""What every scenario needs: instances to start, something to wait for, and the verdict on how they ended."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar

from django.db import Error, connection

from accounts.scope import Scope
from engine.models import Instance, Step
from engine.services.rounds import MOST_LOST_IN_COMPANY
from tests.chaos.ends import Calm, Order, end_of, new_scope, start
from tests.chaos.installation import LEASE_SECONDS, Installation
from tests.chaos.stalls import Stalls
from tests.integration.engine.conftest import assert_history_is_whole

Answer = TypeVar("Answer")
RECOVERY_SECONDS = 5
"""How long, after its lease, a step whose worker has gone may stay where it is. Only the time counts in which a process
that wants to run does (`Stalls`): a machine with more to do than processors stands still in between."""
LOOK_SECONDS = 0.1


class Stay(NamedTuple):
    """How long a step stayed where it was, and how long of that, beyond its lease, the machine did not stand still."""

    seconds: float
    late: float


@dataclass
class Verdict:
    """How a scenario went. Passes when nothing is wrong."""

    instances: int = 0
    lost: int = 0
    stuck: int = 0
    doubled: int = 0
    different: int = 0
    wrong: list[str] = field(default_factory=list)
    notes: dict[str, Any] = field(default_factory=dict)

    @property
    def has_survived(self) -> bool:
        return not (self.lost or self.stuck or self.doubled or self.different or self.wrong)


class Campaign:
    """One run of all scenarios on one installation. `size` scales what a scenario does: 1 for CI, more by hand."""

    def __init__(self, made: Installation, seed: int, size: int) -> None:
        self.made = made
        self.seed = seed
        self.size = size
        self._scopes = 0
        self._calm = Calm(made.folder / "calm")

    def new_scope(self) -> Scope:
        self._scopes += 1
        return patiently(lambda: new_scope(f"chaos-{self._scopes}-{time.monotonic_ns()}"))

    def prepare(self, orders: Sequence[Order]) -> Run:
        """Know how the orders are to end, before anything is started."""
        return Run(self.new_scope(), orders, self._calm.ends(orders))

    def close(self) -> None:
        """Nothing is prepared any more."""
        self._calm.close()


class Run:
    """Instances of a scenario: what is to come of them, and what has."""

    def __init__(self, scope: Scope, orders: Sequence[Order], ends: Sequence[Sequence[dict[str, Any]]]) -> None:
        self.scope = scope
        self.orders = list(orders)
        self.ends = ends
        self.started: dict[int, list[int]] = {}
        self.verdict = Verdict(instances=sum(order.count for order in orders))

    def start(self, number: int) -> None:
        """Start an order's instances."""
        found = start(self.scope, self.orders[number], prefix=f"{number}-")
        self.started[number] = [instance.pk for instance in found]

    def start_all(self) -> Run:
        for number in range(len(self.orders)):
            if number not in self.started:
                self.start(number)
        return self

    @property
    def ids(self) -> list[int]:
        return [pk for ids in self.started.values() for pk in ids]

    def unfinished(self) -> int:
        return patiently(lambda: Instance.objects.filter(pk__in=self.ids).unfinished().count())

    def finish(self, seconds: float = 120) -> None:
        """Wait until all have ended, or so long."""
        await_true(lambda: not self.unfinished(), seconds)

    def judge(self) -> Verdict:
        """See how each has ended."""
        verdict = self.verdict
        for number, order in enumerate(self.orders):
            ids = self.started.get(number, [])
            rows = {row.pk: row for row in Instance.objects.filter(pk__in=ids)}
            verdict.lost += order.count - len(rows)
            for place, pk in enumerate(ids):
                if pk in rows:
                    self._judge_one(rows[pk], self.ends[number][place])
        return verdict

    def _judge_one(self, instance: Instance, end: dict[str, Any]) -> None:
        verdict = self.verdict
        if not instance.is_final:
            verdict.stuck += 1
            return
        completed = Counter(instance.facts.filter(type="StepCompleted").values_list("task", "iteration"))
        try:
            assert_history_is_whole(instance)
        except AssertionError as broken:
            verdict.wrong.append(f"{instance.key}: history: {str(broken)[:300]}")
        if any(count > 1 for count in completed.values()):
            verdict.doubled += 1
        found = end_of(instance)
        if found != end:
            verdict.different += 1
            verdict.wrong += [f"{instance.flow.key}/{instance.key}: {line}" for line in _differences(end, found)]


def _differences(end: dict[str, Any], found: dict[str, Any]) -> Iterator[str]:
    for name, wanted in end.items():
        if found[name] != wanted:
            if isinstance(wanted, list):
                missing = [one for one in wanted if one not in found[name]]
                added = [one for one in found[name] if one not in wanted]
                yield f"{name}: missing {missing[:3]}, not expected {added[:3]}"
            else:
                yield f"{name}: {found[name]!r} instead of {wanted!r}"


class Held(NamedTuple):
    """A step that was under way when something went away under it: its lease then, and when that was."""

    token: int
    since: float


class Watch:
    """Sees how long steps stay where they were when something went away under them: in a thread, all the time."""

    def __init__(self) -> None:
        self._held: dict[int, Held] = {}
        self._changing = threading.Lock()
        self._stalls = Stalls()
        self._is_over = threading.Event()
        self._longest = Stay(0.0, 0.0)
        self.steps = 0
        self._thread = threading.Thread(target=self._look_on, daemon=True)
        self._thread.start()

    def catch(self, owners: Sequence[int] | None = None) -> dict[int, int]:
        """The steps under way: of workers by their process ids, or all. Those that have lost so many workers that they
        are made alone wait for a worker that has nothing else to do: nothing is promised about them.
        """
        steps = Step.objects.filter(status="running", lost_leases__lt=MOST_LOST_IN_COMPANY - 1)
        rows = patiently(lambda: list(steps.values_list("pk", "lease_token", "lease_owner")))
        return {pk: token for pk, token, owner in rows if owners is None or int(owner.split(":")[1]) in owners}

    def follow(self, held: dict[int, int]) -> int:
        """From now on watch these. Answers how many they are."""
        now = time.monotonic()
        with self._changing:
            self._held |= {pk: Held(token, now) for pk, token in held.items()}
        self.steps += len(held)
        return len(held)

    def _look_on(self) -> None:
        while not self._is_over.wait(LOOK_SECONDS):
            with self._changing:
                held = dict(self._held)
            if held:
                self._look(held)
        connection.close()

    def _look(self, held: dict[int, Held]) -> None:
        """Note who has got away since."""
        running = Step.objects.filter(pk__in=held, status="running")
        tokens = patiently(lambda: dict(running.values_list("pk", "lease_token")))
        now = time.monotonic()
        gone = {pk: one for pk, one in held.items() if tokens.get(pk) != one.token}
        stays = [
            Stay(now - since, self._beyond_the_lease(since, now)) for since in {one.since for one in gone.values()}
        ]
        self._longest = max([self._longest, *stays], key=lambda stay: (stay.late, stay.seconds))
        with self._changing:
            self._held = {pk: one for pk, one in self._held.items() if gone.get(pk) != one}

    def _beyond_the_lease(self, since: float, now: float) -> float:
        lease_end = since + LEASE_SECONDS
        return self._stalls.running_seconds(lease_end, now) if now > lease_end else 0.0

    def end(self, verdict: Verdict) -> None:
        """Look on until all have got away, and say how long it took at most."""
        has_ended = await_true(lambda: not self._held, 60)
        self._is_over.set()
        self._thread.join()
        self._stalls.end()
        longest = self._longest
        verdict.notes |= {
            "steps caught in the midst": self.steps,
            "taken up again within": f"{longest.seconds:.1f} s ({longest.late:.1f} s of running after the lease)",
        }
        if not has_ended:
            verdict.wrong.append(f"{len(self._held)} steps were never taken up again")
        if longest.late > RECOVERY_SECONDS:
            verdict.wrong.append(
                f"taken up again {longest.late:.1f} s after the lease; {RECOVERY_SECONDS} are promised"
            )


def patiently(ask: Callable[[], Answer], seconds: float = 60) -> Answer:
    """An answer of a database that may be away just now."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return ask()
        except Error:
            connection.close()
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def await_true(claim: Callable[[], bool], seconds: float) -> bool:
    """Wait until something is so; answers whether it came to that in time."""
    deadline = time.monotonic() + seconds
    while not claim():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True
