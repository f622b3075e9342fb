"""How the flow file carries the sample input and the cases."""

from __future__ import annotations

import pytest
from jsonschema import Draft202012Validator

from designer.graph.codec import FlowFileInvalid, canonical_json, decode_flow, encode_flow, graph_hash
from designer.graph.model import Json
from designer.graph.schema import flow_file_schema
from designer.graph.trials import Trials

CASES: list[dict[str, Json]] = [
    {
        "name": "Large order",
        "input": {"total": 2000},
        "answers": {"charge": [{"response": {"status": 503}}, {"output": {"ok": True}}], "approve": {"branch": "yes"}},
        "expect": {"status": "complete", "path": ["charge", "approve"], "output": {"ok": True}},
    },
    {"name": "Nothing given"},
]


def document(**more: Json) -> dict[str, Json]:
    return {
        "format": 1,
        "key": "order",
        "name": "Order",
        "tasks": [{"key": "charge", "name": "Charge", "kind": "noop"}],
        "edges": [{"from": "trigger", "to": "charge"}],
        **more,
    }


def test_a_flow_file_with_cases_comes_out_as_it_went_in() -> None:
    given = document(sample_input={"total": 5}, cases=CASES, cases_must_pass=True)
    assert encode_flow(decode_flow(given)) == given
    assert not list(Draft202012Validator(flow_file_schema()).iter_errors(given))


def test_a_file_that_says_nothing_is_told_apart_from_one_without_cases() -> None:
    assert decode_flow(document()).trials is None
    assert decode_flow(document(cases=[])).trials == Trials()


def test_cases_change_neither_what_is_stored_of_a_graph_nor_its_hash() -> None:
    plain, tried = decode_flow(document()), decode_flow(document(cases=CASES))
    assert canonical_json(plain) == canonical_json(tried)
    assert graph_hash(plain) == graph_hash(tried)


@pytest.mark.parametrize(
    ("cases", "path"),
    [
        ({}, "cases"),
        ([3], "cases[0]"),
        ([{"name": ""}], "cases[0].name"),
        ([{"name": "a"}, {"name": "a"}], "cases[1].name"),
        ([{"name": "a", "outcome": 1}], "cases[0].outcome"),
        ([{"name": "a", "answers": []}], None),
        ([{"name": "a", "answers": {"charge": {}}}], "cases[0].answers.charge"),
        ([{"name": "a", "answers": {"charge": []}}], "cases[0].answers.charge"),
        ([{"name": "a", "answers": {"charge": [{"output": 1, "skip": True}]}}], "cases[0].answers.charge[0]"),
        ([{"name": "a", "answers": {"charge": {"skip": 1}}}], "cases[0].answers.charge.skip"),
        ([{"name": "a", "answers": {"charge": {"branch": 1}}}], "cases[0].answers.charge.branch"),
        ([{"name": "a", "answers": {"charge": {"error": {}}}}], "cases[0].answers.charge.error"),
        ([{"name": "a", "answers": {"charge": {"response": {"status": 7}}}}], "cases[0].answers.charge.response"),
        ([{"name": "a", "expect": {"status": "fine"}}], "cases[0].expect.status"),
        ([{"name": "a", "expect": {"path": "charge"}}], "cases[0].expect.path"),
        ([{"name": "a", "expect": {"way": []}}], "cases[0].expect.way"),
    ],
)
def test_a_case_that_is_none_is_refused_with_its_path(cases: Json, path: str | None) -> None:
    if path is None:
        assert decode_flow(document(cases=cases)).trials is not None
        return
    with pytest.raises(FlowFileInvalid) as refused:
        decode_flow(document(cases=cases))
    assert [problem.path for problem in refused.value.problems] == [path]
