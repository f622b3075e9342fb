"""What a task can refer to, with its type and how certain it is."""

from __future__ import annotations

from designer.graph.data_tree import Certainty, DataNode, Shapes, data_at, flat, source_choices, source_type
from designer.graph.model import Flow, Json
from designer.graph.shapes import merged, shape_of
from tests.drawing import draw

ORDER: Json = {
    "type": "object",
    "properties": {
        "order": {
            "type": "object",
            "properties": {
                "total": {"type": "number", "title": "Total"},
                "placed": {"type": "string", "format": "date-time"},
                "lines": {"type": "array", "items": {"type": "object", "properties": {"sku": {"type": "string"}}}},
            },
        }
    },
}
FLOW = draw(
    "fetch -> ask,sum -> end; fetch -!-> sorry",
    kinds={"ask": "manual"},
    settings={
        "fetch": {"action": "http_request", "inputs": {"method": "GET", "url": "https://a.example"}},
        "ask": {"form": {"type": "object", "properties": {"agreed": {"type": "boolean"}}}},
        "sum": {"inputs": {"values": {"total": 3, "who": "{{ input.order.customer }}"}}},
    },
    input_schema=ORDER,
)


def found(flow: Flow, subject: str, seen: Shapes | None = None) -> dict[str, DataNode]:
    tree = data_at(flow, subject, seen=seen or Shapes())
    return {str(node.to_json()["path"]): node for node in flat(tree)}


def test_the_input_is_as_its_schema_declares() -> None:
    nodes = found(FLOW, "fetch")
    assert nodes["input.order.total"].type == "number"
    assert nodes["input.order.total"].help == "Total"
    assert nodes["input.order.placed"].type == "datetime"
    assert nodes["input.order.lines"].type == "list"
    assert nodes["input.order.lines[0].sku"].type == "text"
    assert "steps" not in nodes
    assert "vars" not in nodes


def test_what_another_task_names_of_the_input_is_offered_too() -> None:
    assert found(FLOW, "fetch")["input.order.customer"].type == "any"


def test_outputs_of_what_ran_before_have_the_types_that_are_known() -> None:
    nodes = found(FLOW, "end")
    assert nodes["steps.fetch.output.status"].type == "number"
    assert nodes["steps.ask.output.agreed"].type == "boolean"
    assert nodes["vars.total"].type == "number"
    assert nodes["vars.total"].certainty is Certainty.CERTAIN
    assert not any(path.startswith(("steps.end", "steps.sorry")) for path in nodes)


def test_behind_an_error_edge_the_error_is_certain_and_the_output_is_not() -> None:
    nodes = found(FLOW, "sorry")
    assert nodes["steps.fetch.error.message"].certainty is Certainty.CERTAIN
    assert nodes["steps.fetch.output"].certainty is Certainty.POSSIBLE


def test_a_task_of_another_branch_may_have_run() -> None:
    nodes = found(draw("a -> d; d -yes-> b; d -no-> c; b,c -> e"), "e")
    assert nodes["steps.a.output"].certainty is Certainty.CERTAIN
    assert nodes["steps.b"].certainty is Certainty.POSSIBLE
    assert nodes["steps.b"].to_json()["maybe"] is True


def test_what_was_seen_of_the_last_runs_fills_in_what_is_not_declared() -> None:
    seen = Shapes(input=shape_of({"order": {"note": "x"}}), outputs={"fetch": shape_of({"body": {"id": 7}})})
    nodes = found(FLOW, "end", seen)
    assert nodes["input.order.note"].type == "text"
    assert nodes["steps.fetch.output.body.id"].type == "number"
    assert nodes["input.order.total"].type == "number"


def test_triggers_name_the_event_alone() -> None:
    assert {node.name for node in data_at(FLOW, "")} == {"event", "flow", "now"}


def test_a_source_has_the_type_of_what_it_leads_to() -> None:
    tree = data_at(FLOW, "end")
    assert source_type(tree, "input.order.lines[4].sku") == "text"
    assert source_type(tree, "{{ input.order.total }}") == "number"
    assert source_type(tree, "input.nothing") == "any"
    assert source_type(tree, "not a path") == "any"


def test_a_source_has_the_values_that_its_schema_lists() -> None:
    how = {"type": "object", "properties": {"how": {"enum": ["express", "slow", 3, ""]}}}
    tree = data_at(
        draw("ask -> end", kinds={"ask": "manual"}, settings={"ask": {"form": how}}, input_schema=how), "end"
    )
    assert source_choices(tree, "steps.ask.output.how") == ("express", "slow")
    assert source_choices(tree, "{{ input.how }}") == ("express", "slow")
    assert source_choices(data_at(FLOW, "end"), "steps.ask.output.agreed") == ("true", "false")
    for source in ("input", "input.nothing", "not a path", ""):
        assert source_choices(tree, source) == ()


def test_every_path_leads_back_to_its_node() -> None:
    tree = data_at(FLOW, "end")
    for node in flat(tree):
        assert source_type(tree, node.to_json()["path"]) == node.type


def test_a_shape_tells_names_and_types_and_no_value() -> None:
    shape = shape_of({"a": "secret", "b": [{"c": 1}], "d": None})
    assert shape["properties"]["b"]["items"]["properties"]["c"] == {"type": "number"}
    assert "secret" not in str(shape)


def test_a_closed_declaration_takes_nothing_in() -> None:
    closed = {"type": "object", "properties": {"a": {}}, "additionalProperties": False}
    assert merged(closed, shape_of({"b": 1})) == closed
