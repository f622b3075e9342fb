"""What holds for every edit of every flow."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from designer.graph.codec import canonical_json, decode_flow, encode_flow
from designer.graph.edits import EditRefused, edit_from_json, edit_to_json
from designer.graph.model import Flow
from tests.strategies import edits, flows

few = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


def is_same(one: Flow, other: Flow) -> bool:
    """Equal, and in the same order."""
    return one == other and list(one.tasks) == list(other.tasks) and list(one.phases) == list(other.phases)


@few
@given(st.data())
def test_an_edit_then_its_undo_is_the_identity_and_so_is_the_undo_of_the_undo(data: st.DataObject) -> None:
    flow = data.draw(flows())
    for _ in range(data.draw(st.integers(1, 6))):
        edit = data.draw(edits(flow))
        try:
            applied = edit.apply(flow)
        except EditRefused:
            continue
        undone = applied.undo.apply(applied.flow)
        assert is_same(undone.flow, flow)
        redone = undone.undo.apply(undone.flow)
        assert is_same(redone.flow, applied.flow)
        flow = applied.flow


@few
@given(st.data())
def test_any_sequence_of_allowed_edits_keeps_the_flow_whole(data: st.DataObject) -> None:
    flow = data.draw(flows())
    for _ in range(data.draw(st.integers(1, 10))):
        edit = data.draw(edits(flow))
        try:
            flow = edit.apply(flow).flow
        except EditRefused:
            continue
        assert is_same(decode_flow(encode_flow(flow)), flow)
        refs = [ref for edge in flow.edges for ref in (edge.source, edge.target)]
        refs += [r.node for node in (*flow.tasks.values(), *flow.phases.values()) for r in node.requirements]
        assert all(map(flow.has_node, refs))
        assert len(set(flow.edges)) == len(flow.edges)


@few
@given(st.data())
def test_edits_and_undos_survive_json(data: st.DataObject) -> None:
    flow = data.draw(flows())
    edit = data.draw(edits(flow))
    assert edit_from_json(edit_to_json(edit)) == edit
    try:
        applied = edit.apply(flow)
    except EditRefused:
        return
    undo = edit_from_json(edit_to_json(applied.undo))
    assert canonical_json(undo.apply(applied.flow).flow) == canonical_json(flow)
