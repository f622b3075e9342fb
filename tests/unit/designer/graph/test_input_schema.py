"""A flow declares its input: in the file, in the checks."""

from __future__ import annotations

import pytest

from designer.graph.checks import check_flow
from designer.graph.codec import FlowFileInvalid, decode_flow, encode_flow
from designer.graph.model import Json
from tests.drawing import draw

SCHEMA: Json = {"type": "object", "properties": {"order": {"type": "object", "properties": {"total": {}}}}}


def test_the_schema_travels_in_the_flow_file() -> None:
    flow = draw("a -> b", input_schema=SCHEMA)
    document = encode_flow(flow)
    assert document["input_schema"] == SCHEMA
    assert decode_flow(document) == flow


@pytest.mark.parametrize("schema", [[], "x", {"type": "no type"}, {"$ref": "https://elsewhere.example"}])
def test_what_is_no_schema_is_refused_with_its_path(schema: Json) -> None:
    with pytest.raises(FlowFileInvalid) as refused:
        decode_flow({**encode_flow(draw("a")), "input_schema": schema})
    assert refused.value.problems[0].path == "input_schema"


def test_a_name_that_the_input_does_not_declare_is_a_problem_where_it_is_read() -> None:
    reads = {"a": {"inputs": {"values": {"x": "{{ input.order.totl }}", "y": "{{ input.order.total }}"}}}}
    (problem,) = check_flow(draw("a", settings=reads, input_schema=SCHEMA))
    assert problem.code == "reference_undeclared"
    assert "total" in problem.message
    assert problem.node == "a"
    assert check_flow(draw("a", settings=reads)) == ()
