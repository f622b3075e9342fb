"""What the scenarios have the installation do meanwhile."""

from __future__ import annotations

from tests.chaos.campaign import Campaign, Run
from tests.chaos.ends import Order


def random_orders(
    campaign: Campaign, instances: int, *, flows: int = 5, blocks: int = 12, delays: tuple[float, float] = (0.2, 1.0)
) -> list[Order]:
    """So many instances of a few random flows."""
    each = max(1, instances // flows)
    return [Order(campaign.seed + number, each, blocks, delays) for number in range(flows)]


def in_waves(run: Run, number: int, of: int) -> None:
    """Start so much of a run's orders that there is always something under way: before the n-th fault of so many."""
    due = number * len(run.orders) // of + 1
    for order in range(min(due, len(run.orders))):
        if order not in run.started:
            run.start(order)
