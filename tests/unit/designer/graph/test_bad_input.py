"""Whatever a flow file holds: it is refused with paths, or read, checked, drawn and written again."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from designer.graph.checks import check_flow
from designer.graph.codec import FlowFileInvalid, decode_flow, encode_flow, load_text
from designer.graph.edits import edit_from_json, edit_to_json
from designer.graph.kinds import kind_of
from designer.graph.plan import FlowNotRunnable, compile_plan
from designer.graph.references import steps_read
from tests.strategies import edits, flows
from tests.unit.designer.graph.test_codec import ORDER_FULFILMENT
from tests.unit.designer.graph.test_loading import json_values

FILE = load_text(ORDER_FULFILMENT.read_bytes(), name=ORDER_FULFILMENT.name)
WORDS = ("", "trigger", "charge", "pay", "none_met", "{{ steps.charge.output }}", "{{", "1 day", "decision", "error")
anything = json_values | st.sampled_from(WORDS) | st.just(FILE)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a document."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, entry in inner for place in places(entry, (*path, key)))]


def spoiled(document: Any, data: st.DataObject) -> Any:
    """The document with some of its values replaced by anything."""
    document = deepcopy(document)
    for _ in range(data.draw(st.integers(1, 3))):
        found = places(document)
        place = found[data.draw(st.integers(0, len(found) - 1))]
        value = data.draw(anything)
        if not place:
            return value
        here = document
        for key in place[:-1]:
            here = here[key]
        here[place[-1]] = deepcopy(value)
    return document


many = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@many
@given(st.data())
def test_a_spoiled_file_is_refused_or_can_be_used(data: st.DataObject) -> None:
    try:
        flow = decode_flow(spoiled(FILE, data))
    except FlowFileInvalid as invalid:
        messages = [problem.message for problem in invalid.problems]
    else:
        messages = [problem.message for problem in check_flow(flow)]
        assert decode_flow(encode_flow(flow)) == flow
        assert all(isinstance(kind_of(task).summary(task), str) for task in flow.tasks.values())
        assert all(steps_read(task).keys is not None for task in flow.tasks.values())
        try:
            compile_plan(flow)
        except FlowNotRunnable as bad:
            messages.append(bad.reason)
    assert all(messages)


@many
@given(st.data())
def test_a_spoiled_edit_is_refused_or_is_an_edit(data: st.DataObject) -> None:
    document = edit_to_json(data.draw(edits(data.draw(flows(most_blocks=4)))))
    try:
        edit = edit_from_json(spoiled(document, data))
    except FlowFileInvalid:
        return
    assert edit_from_json(edit_to_json(edit)) == edit
