"""Flows as people keep them: a published one with phases, a decision, a loop and triggers of every type."""

from __future__ import annotations

from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from django.test import Client

from accounts.roles import Role
from accounts.scope import Scope
from designer import models
from designer.services.drafting import create_flow
from designer.services.importing import import_flow
from designer.services.publishing import publish_flow
from tests.drawing import draw


def order_file(**changes: Any) -> dict[str, Any]:
    """A flow file with something of everything."""
    return {
        "format": 1,
        "key": "order",
        "name": "Order fulfilment",
        "tags": ["shop"],
        "phases": [{"key": "pay", "name": "Payment"}, {"key": "ship", "name": "Shipping", "frame": [0, 0, 400, 200]}],
        "tasks": [
            {
                "key": "charge",
                "name": "Charge the card",
                "kind": "automation",
                "phase": "pay",
                "settings": {"action": "set_values", "inputs": {"values": {"paid": True}}},
            },
            {
                "key": "big",
                "name": "Large order?",
                "kind": "decision",
                "phase": "pay",
                "settings": {
                    "parallel": False,
                    "conditions": [
                        {
                            "key": "large",
                            "name": "Over 1000",
                            "statements": [
                                {"source": "input.order.total", "operator": "greater_than", "values": ["1000"]}
                            ],
                        }
                    ],
                },
            },
            {
                "key": "approve",
                "name": "Approve",
                "kind": "manual",
                "phase": "ship",
                "at": [40, 60],
                "settings": {"assigned_to": ["ops@example.com"]},
            },
            {"key": "pack", "name": "Pack", "kind": "noop", "phase": "ship", "join": "any"},
        ],
        "edges": [
            {"from": "trigger", "to": "charge"},
            {"from": "charge", "to": "big"},
            {"from": "big", "to": "approve", "branch": "large"},
            {"from": "big", "to": "pack", "branch": "none_met"},
            {"from": "approve", "to": "pack"},
        ],
        "closing_reasons": ["Customer withdrew", "Out of stock"],
        "triggers": [
            {"type": "manual"},
            {"type": "cron", "cron": "0 6 * * 1-5", "timezone": "Europe/Berlin"},
            {"type": "event", "event": "payment.saved", "filter": "event.amount > 50"},
            {"type": "webhook", "signed": True},
        ],
        **changes,
    }


@pytest.fixture
def row(scope: Scope) -> models.Flow:
    """The flow `order`, a draft that can be published."""
    return import_flow(scope, order_file(), replace=False)


@pytest.fixture
def version(scope: Scope, row: models.Flow) -> models.Version:
    """Its version 1."""
    return publish_flow(scope, row, note="First")


@pytest.fixture
def drawn(scope: Scope) -> models.Flow:
    """`trigger -> a -> pick`, a decision with branches, in a phase: what the editor's doors are tried on."""
    flow = draw("trigger -> a -> pick; pick -yes-> b; pick -none_met-> d", phases={"work": "a"})
    return create_flow(scope, key="drawn", name="Drawn", flow=flow)


@pytest.fixture
def designer(client_as: Callable[[Role], Client]) -> Client:
    """A browser in which the designer is signed in."""
    return client_as(Role.DESIGNER)


@pytest.fixture
def at(scope: Scope) -> Callable[..., str]:
    """`at("versions", flow="order")`: an address in `development`."""

    def address(name: str, **kwargs: Any) -> str:
        return scope.url(f"designer:{name}", **kwargs)

    return address


def text_of(response: Any) -> str:
    """A page as text, without escapes."""
    return unescape(response.content.decode())
