"""What holds for every valid flow."""

from __future__ import annotations

import jsonschema
from hypothesis import HealthCheck, given, settings

from designer.graph.checks import check_flow
from designer.graph.codec import canonical_json, decode_flow, dump_yaml, encode_flow, graph_hash, load_text
from designer.graph.diff import diff_flows
from designer.graph.lowering import EdgeRole
from designer.graph.model import Flow
from designer.graph.plan import START, Plan, compile_plan
from designer.graph.schema import flow_file_schema
from tests.strategies import flows

few = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
SCHEMA = jsonschema.Draft202012Validator(flow_file_schema())


@few
@given(flows())
def test_a_valid_flow_has_no_errors_and_compiles(flow: Flow) -> None:
    assert [problem for problem in check_flow(flow) if problem.is_error] == []
    plan = compile_plan(flow)
    assert [node.key for node in plan.nodes if node.task is not None] == list(flow.tasks)


@few
@given(flows())
def test_the_round_trip_through_json_is_the_identity(flow: Flow) -> None:
    assert decode_flow(encode_flow(flow)) == flow
    again = decode_flow(load_text(canonical_json(flow)))
    assert again == flow
    assert graph_hash(again) == graph_hash(flow)


@few
@given(flows())
def test_the_round_trip_through_yaml_is_the_identity(flow: Flow) -> None:
    assert decode_flow(load_text(dump_yaml(flow), name="flow.yaml")) == flow


@few
@given(flows())
def test_the_published_schema_accepts_what_is_exported(flow: Flow) -> None:
    SCHEMA.validate(encode_flow(flow))


@few
@given(flows())
def test_a_flow_does_not_differ_from_itself(flow: Flow) -> None:
    assert diff_flows(flow, decode_flow(encode_flow(flow))).is_empty


@few
@given(flows())
def test_in_a_plan_every_edge_is_known_at_both_ends_and_no_forward_edge_goes_in_a_circle(flow: Flow) -> None:
    plan = compile_plan(flow)
    back = {loop.back_edge for loop in plan.loops}
    for edge in plan.edges:
        assert (edge.source == START) == (edge.index in plan.start_edges)
        assert edge.source == START or edge.index in plan.nodes[edge.source].outgoing
        assert (edge.index in plan.nodes[edge.target].incoming) == (edge.index not in back)
    assert _is_acyclic(plan, back)


@few
@given(flows())
def test_a_loop_is_entered_at_its_start_and_left_by_its_decision_or_by_error_edges(flow: Flow) -> None:
    plan = compile_plan(flow)
    for loop in plan.loops:
        body = set(loop.body)
        for edge in plan.edges:
            if edge.target in body and edge.source not in body:
                assert edge.target == loop.target
            if edge.source in body and edge.target not in body and edge.role is EdgeRole.NORMAL:
                assert edge.source == loop.decision


def _is_acyclic(plan: Plan, back: set[int]) -> bool:
    waiting = {node.index: len([n for n in node.incoming if plan.edges[n].source != START]) for node in plan.nodes}
    ready = [node for node, count in waiting.items() if count == 0]
    for node in ready:
        for number in plan.nodes[node].outgoing:
            if number not in back:
                target = plan.edges[number].target
                waiting[target] -= 1
                if waiting[target] == 0:
                    ready.append(target)
    return len(ready) == len(plan.nodes)
