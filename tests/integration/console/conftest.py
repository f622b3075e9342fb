"""A published flow that stops at a person, and instances of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import MemberGroup, User
from accounts.roles import Role
from accounts.scope import Scope
from designer import models
from designer.services.importing import import_flow
from designer.services.publishing import publish_flow
from engine.models import Instance, Step
from engine.services.instances import start_instance

Start = Callable[..., Instance]

FORM: dict[str, Any] = {
    "type": "object",
    "required": ["verdict", "note"],
    "additionalProperties": False,
    "properties": {
        "verdict": {"enum": ["accept", "refuse"], "title": "Verdict"},
        "note": {"type": "string", "minLength": 3, "maxLength": 500, "title": "Note for the customer"},
        "amount": {"type": "number", "minimum": 0},
    },
}


def order_file(**changes: Any) -> dict[str, Any]:
    """Values are set; then a person approves, or (input.fail) it fails; then an event is waited for."""
    return {
        "format": 1,
        "key": "order",
        "name": "Order <script>alert(1)</script>",
        "phases": [{"key": "pay", "name": "Payment"}, {"key": "ship", "name": "Shipping"}],
        "tasks": [
            {
                "key": "charge",
                "name": "Charge the card",
                "kind": "automation",
                "phase": "pay",
                "settings": {
                    "action": "set_values",
                    "inputs": {"values": {"card": "4111-1111"}},
                    "sensitive": "output",
                },
            },
            {
                "key": "big",
                "name": "Large order?",
                "kind": "decision",
                "settings": {
                    "parallel": False,
                    "conditions": [
                        {
                            "key": "broken",
                            "name": "Broken",
                            "statements": [{"source": "input.fail", "operator": "equals", "values": [True]}],
                        },
                        {
                            "key": "large",
                            "name": "Over 1000",
                            "statements": [{"source": "input.total", "operator": "greater_than", "values": [1000]}],
                        },
                    ],
                },
            },
            {
                "key": "approve",
                "name": "Approve",
                "kind": "manual",
                "phase": "ship",
                "description": "Check the customer, total {{ input.total }}, {{ steps.charge.output }}.",
                "settings": {
                    "assigned_to": ["operations"],
                    "form": FORM,
                    "due": {"for": "2 days", "from": "start"},
                },
            },
            {
                "key": "boom",
                "name": "Break",
                "kind": "automation",
                "settings": {"action": "raise_error", "inputs": {"message": "No <b>way</b>"}},
            },
            {"key": "pack", "name": "Pack", "kind": "noop", "phase": "ship", "join": "any"},
            {
                "key": "route",
                "name": "Which carrier?",
                "kind": "decision",
                "settings": {
                    "start": "manual",
                    "conditions": [
                        {"key": "fast", "name": "The fast one", "statements": []},
                        {"key": "cheap", "name": "The cheap one", "statements": []},
                    ],
                },
            },
            {
                "key": "wait",
                "name": "Carrier picked up",
                "kind": "wait_event",
                "settings": {"event_type": "picked-up", "timeout": "3 days"},
            },
            {"key": "walk", "name": "Walk", "kind": "noop"},
        ],
        "edges": [
            {"from": "trigger", "to": "charge"},
            {"from": "charge", "to": "big"},
            {"from": "big", "to": "boom", "branch": "broken"},
            {"from": "big", "to": "approve", "branch": "large"},
            {"from": "big", "to": "pack", "branch": "none_met"},
            {"from": "approve", "to": "pack"},
            {"from": "pack", "to": "route"},
            {"from": "route", "to": "wait", "branch": "fast"},
            {"from": "route", "to": "walk", "branch": "cheap"},
        ],
        **changes,
    }


@pytest.fixture
def flow(scope: Scope) -> models.Flow:
    """The flow `order` with its version 1."""
    row = import_flow(scope, order_file(), replace=False)
    publish_flow(scope, row, note="")
    return models.Flow.objects.get(pk=row.pk)


@pytest.fixture
def start(scope: Scope, flow: models.Flow) -> Start:
    """`start(total=2000)`: an instance that stops at Approve; `start(fail=True)`: a failed one; `start()`: at Which?"""

    def start_one(key: str | None = None, **input: Any) -> Instance:
        return start_instance(scope, flow, input=input, key=key)

    return start_one


@pytest.fixture
def waiting(start: Start) -> Instance:
    """An instance that stands at Approve."""
    return start("order-1", total=2000)


@pytest.fixture
def approval(waiting: Instance) -> Step:
    """Its open task."""
    return waiting.steps.get(task="approve")


@pytest.fixture
def operations(organization: Any, member: Callable[[Role], User]) -> MemberGroup:
    """The group `operations`, to which the assignee belongs."""
    group = MemberGroup.objects.create(organization=organization, name="Operations", slug="operations")
    group.members.add(member(Role.ASSIGNEE))
    return group
