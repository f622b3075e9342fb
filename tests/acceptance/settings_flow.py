"""The flow on which settings are tried, and what their stories look for."""

from __future__ import annotations

import re
from typing import Any, Final

from playwright.sync_api import Locator, Page

from tests.acceptance.board import Board

ORDER: Final = {
    "type": "object",
    "properties": {
        "order": {
            "type": "object",
            "properties": {"id": {"type": "string"}, "total": {"type": "number"}, "urgent": {"type": "boolean"}},
        }
    },
}


def flow_file(key: str) -> dict[str, Any]:
    """`fetch -> big -> ask, tell`: a request, a decision, a form, a mail."""
    statements = [{"source": "input.order.total", "operator": "greater_than", "values": ["1000"]}]
    rushed = [{"source": "input.order.urgent", "operator": "equals", "values": ["true"]}]
    return {
        "format": 1,
        "key": key,
        "name": key,
        "input_schema": ORDER,
        "sample_input": {"order": {"id": "A7", "total": 1200, "urgent": False}},
        "tasks": [
            {
                "key": "fetch",
                "name": "Fetch the order",
                "kind": "automation",
                "settings": {
                    "action": "http_request",
                    "inputs": {"method": "GET", "url": "https://shop.example.com/"},
                    "retries": {"limit": 2, "delay": "10 seconds"},
                },
                "at": [80, 120],
            },
            {
                "key": "big",
                "name": "Which way?",
                "kind": "decision",
                "settings": {
                    "conditions": [
                        {"key": "large", "name": "Large", "statements": statements},
                        {"key": "rushed", "name": "Rushed", "statements": rushed},
                    ]
                },
                "at": [380, 120],
            },
            {"key": "ask", "name": "Ask", "kind": "manual", "at": [680, 60]},
            {
                "key": "tell",
                "name": "Tell",
                "kind": "automation",
                "settings": {"action": "send_email", "inputs": {"to": "a@example.com", "subject": "Hi", "body": "Hi"}},
                "at": [680, 220],
            },
        ],
        "edges": [
            {"from": "trigger", "to": "fetch"},
            {"from": "fetch", "to": "big"},
            {"from": "big", "to": "ask", "branch": "large"},
            {"from": "big", "to": "tell", "branch": "rushed"},
        ],
    }


def stored(board: Board, ref: str) -> None:
    """Everything is stored, and the form shows it."""
    board.saved()
    board.shows(ref)


def item(page: Page, name: str) -> Locator:
    """What the picker calls exactly so."""
    called = page.locator(".suggest-name", has_text=re.compile(f"^{name}$"))
    return page.get_by_role("treeitem").filter(has=called)
