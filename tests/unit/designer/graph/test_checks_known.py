"""What the checks remember changes nothing of what they find."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from designer.graph.checks import Problem, check_flow, subject
from designer.graph.edits import EditRefused
from designer.graph.model import Flow
from tests.drawing import draw
from tests.strategies import edits, flows


def check_anew(flow: Flow) -> tuple[Problem, ...]:
    """The problems of a flow that nothing is remembered of: its tasks are others that say the same."""
    remembered = tuple(subject._RECENT)
    subject._RECENT.clear()
    try:
        return check_flow(flow.with_task(*(replace(task) for task in flow.tasks.values())))
    finally:
        subject._RECENT.clear()
        subject._RECENT.extend(remembered)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(flow=flows(most_blocks=14), data=st.data())
def test_after_any_edits_the_problems_are_those_of_the_flow_looked_at_anew(flow: Flow, data: st.DataObject) -> None:
    assert check_flow(flow) == check_anew(flow)
    for _ in range(data.draw(st.integers(1, 8))):
        if data.draw(st.booleans()):
            flow = broken(flow, data)
        try:
            flow = data.draw(edits(flow)).apply(flow).flow
        except EditRefused:
            continue
        assert check_flow(flow) == check_anew(flow)


def broken(flow: Flow, data: st.DataObject) -> Flow:
    """The flow without an edge, with a reference to nothing, a wrong setting or another name."""
    if flow.edges and data.draw(st.booleans()):
        gone = data.draw(st.sampled_from(flow.edges))
        return flow.with_edges(tuple(edge for edge in flow.edges if edge != gone))
    if not flow.tasks:
        return flow
    task = data.draw(st.sampled_from(list(flow.tasks.values())))
    others = [f"{{{{ steps.{key}.output.total }}}}" for key in [*flow.tasks, "nobody"]]
    changed = data.draw(
        st.sampled_from(
            [{"description": data.draw(st.sampled_from(others))}, {"due": {"from": "task:nobody"}}, {"x": 1}]
        )
    )
    return flow.with_task(replace(task, name=f"{task.name}!", settings={**task.settings, **changed}))


def test_a_name_is_told_as_it_is_now() -> None:
    flow = draw("a -> b; c -> b").with_edges(draw("a -> b").edges + draw("b -> a").edges)
    before = check_flow(flow)
    after = check_flow(flow.with_task(replace(flow.tasks["a"], name="Another name")))
    assert before != after
    assert any("Another name" in problem.message for problem in after)
