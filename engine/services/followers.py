"""Who follows instances: told of every change in the transaction that makes it.

A follower registers under the name of an extension (`Flow.extensions`) and is told of instances of flows that carry it;
or with a question that flows answer, and is then told of all such instances at once. All others cost nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from django.db import transaction

from designer.graph.model import Flow
from engine.services.case import Case

Follower = Callable[[Case], None]
Question = Callable[[Flow], bool]
FollowerOfMany = Callable[[Sequence[Case]], list[int]]
"""Answers the instances that it has changed."""
_followers: Final[dict[str, Follower]] = {}
_of_many: Final[dict[Question, FollowerOfMany]] = {}


def follow_flows_with(extension: str, follower: Follower) -> None:
    """Have `follower` called with each case that has been written, as long as its transaction is open."""
    _followers[extension] = follower


def follow_flows_that(question: Question, follower: FollowerOfMany) -> None:
    """Have `follower` called with the cases of a batch whose flows answer with yes, before the others are told."""
    _of_many[question] = follower


def is_followed(case: Case) -> bool:
    """Whether anybody would be told of a case: then it is written and told in one transaction."""
    return is_flow_followed(case.plan.flow)


def is_flow_followed(flow: Flow) -> bool:
    """Whether anybody would be told of its instances."""
    return any(name in _followers for name in flow.extensions) or any(asks(flow) for asks in _of_many)


def tell_followers(cases: Sequence[Case]) -> list[int]:
    """Tell whoever follows the flows of these cases; answers the instances that may have been changed again by that."""
    told = []
    for asks, follower_of_many in _of_many.items():
        if wanted := [case for case in cases if asks(case.plan.flow)]:
            with transaction.atomic():
                told += follower_of_many(wanted)
    for case in cases:
        for name in case.plan.flow.extensions:
            follower = _followers.get(name)
            if follower is not None:
                with transaction.atomic():
                    follower(case)
                told.append(case.row.id)
    return told
