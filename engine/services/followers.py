"""Who follows instances: told of every change in the transaction that makes it.

A follower registers under the name of an extension (`Flow.extensions`) and is told of instances of flows that carry it,
so that all others cost nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from django.db import transaction

from engine.services.case import Case

Follower = Callable[[Case], None]
_followers: Final[dict[str, Follower]] = {}


def follow_flows_with(extension: str, follower: Follower) -> None:
    """Have `follower` called with each case that has been written, as long as its transaction is open."""
    _followers[extension] = follower


def tell_followers(cases: Iterable[Case]) -> list[int]:
    """Tell whoever follows the flows of these cases; answers the instances that may have been changed again by that."""
    told = []
    for case in cases:
        for name in case.plan.flow.extensions:
            follower = _followers.get(name)
            if follower is not None:
                with transaction.atomic():
                    follower(case)
                told.append(case.row.id)
    return told
