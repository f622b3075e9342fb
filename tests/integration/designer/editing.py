"""The doors of the editor of the flow `drawn`, and what is posted to them."""

from __future__ import annotations

from typing import Any

from django.test import Client

BASE = "/o/acme/development/flows/drawn/edit/"
ADD = {"edit": "add_task", "task": {"key": "c", "name": "C", "kind": "noop", "at": [80, 400]}}


def post(client: Client, door: str, body: Any) -> tuple[int, dict[str, Any]]:
    """The status and the answer."""
    response = client.post(BASE + door, body, content_type="application/json", headers={"accept": "application/json"})
    return response.status_code, response.json()


def ids(answer: dict[str, Any]) -> set[str]:
    """Of the parts that are shown anew."""
    return {part["id"] for part in answer["parts"]}
