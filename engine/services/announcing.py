"""Announce what a commit changed, to whoever looks at it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from accounts.live.publisher import publish_many


@dataclass(frozen=True, slots=True)
class Change:
    """One instance after a commit. `fact_count` is the number of its last fact."""

    instance_id: int
    environment_id: int
    organization_id: int
    fact_count: int


def publish(changes: Sequence[Change]) -> None:
    """Tell the pages that show these instances, their lists and inboxes. Call after the commit.

    Callable from any thread; never raises, never waits for the network, costs a few microseconds per change.
    """
    by_organization: dict[int, dict[str, int]] = {}
    for change in changes:
        topics = by_organization.setdefault(change.organization_id, {})
        topics[f"instance:{change.instance_id}"] = change.fact_count
    for organization_id, environment_id in {(change.organization_id, change.environment_id) for change in changes}:
        by_organization[organization_id] |= {
            f"instances:{environment_id}": 0,
            f"inbox:{environment_id}": 0,
            f"inbox_count:{environment_id}": 0,
        }
    for organization_id, topics in by_organization.items():
        publish_many(organization_id, topics)
