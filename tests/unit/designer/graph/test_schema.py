"""The published JSON Schema says what the codec takes."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest

from designer.graph.codec import load_text
from designer.graph.schema import flow_file_schema
from tests.unit.designer.graph.test_codec import ORDER_FULFILMENT, document

VALIDATOR = jsonschema.Draft202012Validator(flow_file_schema())


def test_it_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(flow_file_schema())


def test_it_takes_the_order_fulfilment_file() -> None:
    VALIDATOR.validate(load_text(ORDER_FULFILMENT.read_bytes(), name="order-fulfilment.yaml"))


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"format": 2}, ["format"]),
        ({"key": "a b"}, ["key"]),
        ({"tasks": [{"key": "a", "kind": "manuel"}]}, ["tasks", 0, "kind"]),
        ({"tasks": [{"key": "trigger", "kind": "noop"}]}, ["tasks", 0, "key"]),
        (
            {"tasks": [{"key": "a", "kind": "automation", "settings": {"retries": {"limit": -1}}}]},
            ["tasks", 0, "settings", "retries", "limit"],
        ),
        ({"tasks": [{"key": "a", "kind": "noop", "settings": {"x": 1}}]}, ["tasks", 0, "settings"]),
        (
            {
                "tasks": [
                    {
                        "key": "a",
                        "kind": "automation",
                        "settings": {"action": "http_request", "inputs": {"method": "FETCH"}},
                    }
                ]
            },
            ["tasks", 0, "settings", "inputs", "method"],
        ),
        ({"edges": [{"from": "a"}]}, ["edges", 0]),
        ({"edges": [{"from": "a", "to": "b", "on": "failure"}]}, ["edges", 0, "on"]),
        ({"triggers": [{"type": "cron", "crn": "x"}]}, ["triggers", 0]),
        ({"colour": "red"}, []),
    ],
)
def test_what_is_wrong_is_found_where_it_is(changes: dict[str, Any], path: list[str | int]) -> None:
    assert path in [list(error.absolute_path) for error in VALIDATOR.iter_errors(document(**changes))]
