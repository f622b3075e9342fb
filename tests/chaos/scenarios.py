"""What happens to the installation. A scenario returns once everything it started has ended, or has had its time."""

from __future__ import annotations

from collections.abc import Callable

from tests.chaos.campaign import Campaign, Verdict
from tests.chaos.of_amounts import (
    endless_loops,
    many_branches,
    many_timers,
    poison,
    race,
    wake_ups_never,
    wake_ups_thrice,
)
from tests.chaos.of_processes import pool_child_kills, stopped_workers, web_kills, worker_kills
from tests.chaos.of_servers import full_disk, lost_replies, redis_flushed, server_restarts, too_many_connections

Scenario = Callable[[Campaign], Verdict]
SCENARIOS: dict[str, Scenario] = {
    scenario.__name__: scenario
    for scenario in (
        worker_kills,
        pool_child_kills,
        stopped_workers,
        web_kills,
        server_restarts,
        redis_flushed,
        lost_replies,
        full_disk,
        too_many_connections,
        wake_ups_never,
        wake_ups_thrice,
        race,
        many_timers,
        many_branches,
        endless_loops,
        poison,
    )
}
BY_HAND = frozenset({"redis_flushed"})
"""What CI leaves out: another scenario does most of it."""
