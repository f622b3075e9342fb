"""Counters and histograms of the engine, for Prometheus. Counted per batch, not per step, on the hot path."""

from __future__ import annotations

import os
import platform
from collections import Counter as Tally
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

from engine.core.facts import FactType
from engine.core.ports import Completed, Failed, Result

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

    from engine.services.case import Case

is_on = False
"""Whether anything is counted. To be asked before each call, so that what is off costs nothing."""

_HOST: Final = platform.node().replace("_", "-")
STEP_OUTCOMES: Final[Mapping[FactType, str]] = {
    FactType.STEP_COMPLETED: "completed",
    FactType.STEP_FAILED: "failed",
    FactType.STEP_SKIPPED: "skipped",
    FactType.STEP_CANCELLED: "cancelled",
}
INSTANCE_ENDS: Final[Mapping[FactType, str]] = {
    FactType.INSTANCE_COMPLETED: "complete",
    FactType.INSTANCE_FAILED: "errored",
    FactType.INSTANCE_TERMINATED: "terminated",
    FactType.INSTANCE_CLOSED: "terminated",
}
SHORT: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 600.0)
LATE: Final = (0.01, 0.05, 0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 3600.0)


class Meters:
    """All there are, in a registry of their own."""

    def __init__(self) -> None:
        from prometheus_client import CollectorRegistry, Counter, Histogram

        self.registry = registry = CollectorRegistry()
        self.facts = Counter("quadrille_facts", "Facts recorded.", ["type"], registry=registry)
        self.steps = Counter("quadrille_steps", "Steps that were settled.", ["outcome"], registry=registry)
        self.instances = Counter("quadrille_instances_ended", "Instances that ended.", ["status"], registry=registry)
        self.attempts = Counter("quadrille_attempts", "Attempts that ended.", ["result"], registry=registry)
        self.attempt_seconds = Histogram(
            "quadrille_attempt_seconds", "How long attempts in threads took.", buckets=SHORT, registry=registry
        )
        self.leases_lost = Counter(
            "quadrille_leases_expired", "Attempts taken over from a worker that went away.", registry=registry
        )
        self.late_results = Counter(
            "quadrille_results_refused", "Results that came when the lease was another's.", registry=registry
        )
        self.timer_seconds = Histogram(
            "quadrille_timer_lateness_seconds",
            "How long after its moment a timer fired.",
            buckets=LATE,
            registry=registry,
        )
        self.wakes = Counter("quadrille_wakes", "Wake-ups of workers.", ["way"], registry=registry)
        self.requests = Counter(
            "quadrille_http_requests", "Requests answered.", ["method", "view", "status"], registry=registry
        )
        self.request_seconds = Histogram(
            "quadrille_http_seconds", "How long answers took.", ["view"], buckets=SHORT[:12], registry=registry
        )


_meters: Meters | None = None


def turn_on() -> None:
    """Count from now on; where `PROMETHEUS_MULTIPROC_DIR` is set, together with all processes that have it."""
    global _meters, is_on
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        from prometheus_client import values

        values.ValueClass = values.MultiProcessValue(process_name)  # type: ignore[no-untyped-call]
    _meters, is_on = Meters(), True


def process_name() -> str:
    """A name that no other process has which shares the folder of counters: containers on one volume each have a
    process 1, and by the number alone they would write over one another's counts. No underscore: files' names are
    split there.
    """
    return f"{_HOST}-{os.getpid()}"


def turn_off() -> None:
    """Forget it all."""
    global _meters, is_on
    _meters, is_on = None, False


def meters() -> Meters:
    """The meters. Only while they are on."""
    assert _meters is not None, "metrics are off"  # noqa: S101
    return _meters


def registry() -> CollectorRegistry:
    """What this process has counted."""
    return meters().registry


# -- what happened ----------------------------------------------------------------------------------------------------


def count_facts(cases: Iterable[Case]) -> None:
    """What a batch has recorded. Call after the commit."""
    count_types(Tally([fact.type for case in cases for fact in case.facts]))


def count_types(counts: Mapping[FactType, int]) -> None:
    """How many facts of each type have been recorded. Call after the commit."""
    ours = meters()
    for type, count in counts.items():
        ours.facts.labels(type.value).inc(count)
        if type in STEP_OUTCOMES:
            ours.steps.labels(STEP_OUTCOMES[type]).inc(count)
        elif type in INSTANCE_ENDS:
            ours.instances.labels(INSTANCE_ENDS[type]).inc(count)


def count_attempts(results: Iterable[Result | None]) -> None:
    """How attempts ended; None: by their timeout."""
    for word, count in Tally([_word(result) for result in results]).items():
        meters().attempts.labels(word).inc(count)


def _word(result: Result | None) -> str:
    if result is None:
        return "timed_out"
    return "failed" if isinstance(result, Failed) else "completed" if isinstance(result, Completed) else "waiting"


def count_timers(due: Sequence[datetime], now: datetime) -> None:
    """Timers that fired now."""
    for at in due:
        meters().timer_seconds.observe(max(0.0, (now - at).total_seconds()))


def count_wake(way: str) -> None:
    """A wake-up: `message` or `notify` sent, `received`."""
    meters().wakes.labels(way).inc()
