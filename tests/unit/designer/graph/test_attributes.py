"""Statements about attributes: every operator, types, lists, several attributes, dates with offsets and words."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from designer.graph.attributes import holds, options_reason
from designer.graph.codec import decode_condition, encode_condition
from designer.graph.conditions import evaluate
from designer.graph.problems import FlowFileInvalid

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
ADULT = {"offset": {"amount": 18, "unit": "years"}, "relative": True}


def met(operator: str, value: Any, *values: Any, **options: Any) -> bool:
    return holds(operator, [value], values, {"rules": "attribute", **options}, NOW)


@pytest.mark.parametrize(
    ("operator", "value", "values", "options", "expected"),
    [
        ("equals", "Agreed", ["Agreed"], {}, True),
        ("equals", "Agreed", ["agreed"], {}, False),
        ("equals", "a", ["a", "b"], {}, True),
        ("equals", "b", ["a", "b"], {}, False),
        ("not_equals", None, ["a"], {}, True),
        ("any_of", "b", ["a", "b"], {}, True),
        ("none_of", "b", ["a", "b"], {}, False),
        ("contains", "Main Street", ["STREET"], {}, True),
        ("not_contains", "Main Street", ["lane"], {}, True),
        ("starts_with", "Main", ["ma"], {}, True),
        ("ends_with", "Main", ["AIN"], {}, True),
        ("equals", 2, ["2.0"], {"type": "number"}, True),
        ("greater_than", "10", ["9"], {"type": "number"}, True),
        ("less_than", 9, ["10"], {}, True),
        ("less_than_or_equals", 10, ["10"], {"type": "price"}, True),
        ("greater_than_or_equals", 9, ["10"], {"type": "number"}, False),
        ("greater_than", "text", ["10"], {"type": "number"}, False),
        ("equals", True, ["true"], {"type": "boolean"}, True),
        ("equals", ["a", "b"], ["a"], {}, True),
        ("not_equals", ["a", "b"], ["a"], {}, False),
        ("any_of", ["a", "b"], ["c", "b"], {}, True),
        ("none_of", ["a", "b"], ["c"], {}, True),
        ("is_empty", None, [], {}, True),
        ("is_empty", "", [], {}, True),
        ("is_empty", [], [], {}, True),
        ("is_empty", 0, [], {}, False),
        ("is_not_empty", "x", [], {}, True),
        ("equals", {"name": "Gas"}, ["Gas"], {"type": "product"}, True),
        ("equals", [{"email": "a@b.c", "_tags": []}], ["a@b.c"], {"type": "email"}, True),
        ("equals", [{"phone": "+49 1"}, {"phone": "+49 2"}], ["+49 2"], {"type": "phone"}, True),
        ("less_than", "2026-03-03", ["2026-03-04T01:00:00Z"], {"type": "date"}, True),
        ("equals", "2026-03-04T22:00:00Z", ["2026-03-04"], {"type": "datetime"}, True),
        ("equals", "2026-03-04", ["today"], {"type": "date", "relative": True}, True),
        ("less_than", "2026-03-03", ["yesterday"], {"type": "date", "relative": True}, False),
        ("greater_than", "2026-03-04T13:00:00Z", ["now"], {"type": "datetime", "relative": True}, True),
        ("less_than_or_equals", "2008-03-04", ["today"], ADULT, True),
        ("less_than_or_equals", "2008-03-05", ["today"], ADULT, False),
        ("less_than", "no date", ["today"], {"type": "date", "relative": True}, False),
        ("equals", "x", [], {}, False),
    ],
)
def test_a_value_is_compared(
    operator: str, value: Any, values: list[Any], options: dict[str, Any], expected: bool
) -> None:
    assert met(operator, value, *values, **options) is expected


def test_several_attributes_any_or_all() -> None:
    options = {"rules": "attribute"}
    assert holds("equals", ["a", "b"], ["b"], options, NOW)
    assert not holds("equals", ["a", "b"], ["b"], {**options, "match": "all"}, NOW)


def test_a_decision_reads_them_from_the_context() -> None:
    document = {
        "key": "yes",
        "statements": [
            {
                "source": "context.primary.signed",
                "operator": "less_than",
                "values": ["today"],
                "options": {"rules": "attribute", "type": "date", "relative": True},
            }
        ],
    }
    condition = decode_condition(document)
    assert encode_condition(condition) == document
    data = {"context": {"primary": {"signed": "2026-01-01"}}, "now": NOW.isoformat()}
    assert evaluate([condition], data).branches == ("yes",)


@pytest.mark.parametrize(
    ("operator", "path", "values", "is_met"),
    [
        ("equals", "people.mail.at", ["a@b.c"], True),
        ("any_of", "people.mail.at", ["x", "d@e.f"], True),
        ("equals", "people.mail.at", ["x"], False),
        ("equals", "people[0].name", ["Ada"], True),
        ("is_empty", "people.shoes", [], True),
        ("is_not_empty", "people.name", [], True),
        ("equals", "people.name.first", ["Ada"], False),
    ],
)
def test_a_part_of_a_list_is_looked_for_in_each_of_its_entries(
    operator: str, path: str, values: list[str], is_met: bool
) -> None:
    people = [{"name": "Ada", "mail": [{"at": "a@b.c"}]}, {"mail": [{"at": "d@e.f"}, {}]}]
    statement = {"source": path, "operator": operator, "values": values}
    asked = decode_condition({"key": "yes", "statements": [{**statement, "options": {"rules": "attribute"}}]})
    data = {"people": people, "now": NOW.isoformat()}
    assert (evaluate([asked], data).branches == ("yes",)) is is_met
    if values:  # other statements compare what lies at a path alone
        plain = decode_condition({"key": "yes", "statements": [statement]})
        assert (evaluate([plain], data).branches == ("yes",)) is (path == "people[0].name")


@pytest.mark.parametrize(
    "options",
    [
        {"rules": "other"},
        {"rules": "attribute", "odd": 1},
        {"rules": "attribute", "sources": [1]},
        {"rules": "attribute", "offset": {"amount": 1.5, "unit": "days"}},
        {"rules": "attribute", "offset": {"amount": 1, "unit": "hours"}},
    ],
)
def test_options_that_are_none_are_refused(options: dict[str, Any]) -> None:
    assert options_reason(options)
    with pytest.raises(FlowFileInvalid):
        decode_condition({"key": "a", "statements": [{"source": "x", "operator": "equals", "options": options}]})
