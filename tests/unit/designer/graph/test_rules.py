"""What may be drawn, and what never."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from designer.graph.model import TRIGGER, Edge, Flow, On, phase_ref
from designer.graph.rules import Rule, may_connect, may_reconnect, may_use_task_key, refusals_from
from tests.drawing import draw
from tests.strategies import flows

FLOW = draw(
    "trigger -> a -> b -> d; d -again-> a; d -done-> c; c -> phase:p; x -> y",
    loops={"d": ("again", "done", 3)},
    phases={"p": "e f"},
)


def rule(*args: object, flow: Flow = FLOW) -> Rule | None:
    """Which rule refuses the edge."""
    refusal = may_connect(flow, *args)  # type: ignore[arg-type] - the table below has edges of all shapes
    assert refusal is None or refusal.reason.endswith(".")
    return refusal.rule if refusal else None


@pytest.mark.parametrize(
    ("edge", "expected"),
    [
        (("a", "c"), None),
        (("a", "c", None, On.ERROR), None),
        (("a", "b", None, On.ERROR), None),
        (("trigger", "phase:p"), None),
        (("phase:p", "y"), None),
        (("d", "y", "none_met"), None),
        (("d", "y"), None),
        (("a", "b"), Rule.DUPLICATE_EDGE),
        (("a", "a"), Rule.SELF_EDGE),
        (("phase:p", "phase:p"), Rule.SELF_EDGE),
        (("a", "trigger"), Rule.INTO_TRIGGER),
        (("trigger", "a", None, On.ERROR), Rule.TRIGGER_CANNOT_FAIL),
        (("trigger", "a", "again"), Rule.TRIGGER_CANNOT_FAIL),
        (("a", "nobody"), Rule.NO_SUCH_NODE),
        (("phase:q", "a"), Rule.NO_SUCH_NODE),
        (("a", "c", "yes"), Rule.NO_SUCH_BRANCH),
        (("d", "c", "maybe"), Rule.NO_SUCH_BRANCH),
        (("d", "c", "again", On.ERROR), Rule.NO_SUCH_BRANCH),
        (("d", "b", "again"), Rule.TWO_BACK_EDGES),
        (("e", "phase:p"), Rule.WITHIN_PHASE),
        (("phase:p", "e"), Rule.WITHIN_PHASE),
        (("c", "a"), Rule.CYCLE),
        (("d", "a", "done"), Rule.CYCLE),
        (("e", "c"), Rule.CYCLE),
        (("phase:p", "a"), Rule.CYCLE),
        (("c", "b", None, On.ERROR), Rule.CYCLE),
    ],
)
def test_an_edge_is_allowed_or_refused_for_its_reason(edge: tuple[object, ...], expected: Rule | None) -> None:
    assert rule(*edge) is expected


def test_a_cycle_through_a_requirement_is_refused() -> None:
    assert rule("b", "a", flow=draw("a; b", requires={"b": "a"})) is Rule.CYCLE


def test_the_way_out_of_a_cycle_is_told() -> None:
    refusal = may_connect(FLOW, "d", "b", "done")
    assert refusal is not None
    assert 'declare "done" as the loop branch' in refusal.reason


def test_an_edge_may_change_places_with_itself_aside() -> None:
    assert may_reconnect(FLOW, Edge("a", "b"), Edge("a", "b", None, On.ERROR)) is None
    assert may_reconnect(FLOW, Edge("d", "a", "again"), Edge("d", "b", "again")) is None
    gone = may_reconnect(FLOW, Edge("a", "y"), Edge("a", "c"))
    assert gone is not None
    assert gone.rule is Rule.NO_SUCH_EDGE


@pytest.mark.parametrize("key", ["", "-a", "a b", "ä", "x" * 65, "a\n", "trigger", "a"])
def test_a_task_key_must_be_a_key_and_free(key: str) -> None:
    assert may_use_task_key(FLOW, key) is not None


def test_a_free_key_may_be_used() -> None:
    assert may_use_task_key(FLOW, "p") is None


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_the_preview_refuses_exactly_what_the_rules_refuse(data: st.DataObject) -> None:
    flow = data.draw(flows())
    source = data.draw(st.sampled_from([TRIGGER, *flow.tasks, *map(phase_ref, flow.phases)]))
    task = flow.tasks.get(source)
    branch = data.draw(st.sampled_from([None, *(task.branches if task else ())]))
    refused = refusals_from(flow, source, branch)
    for target in (TRIGGER, *flow.tasks, *map(phase_ref, flow.phases)):
        assert (target in refused) == (may_connect(flow, source, target, branch) is not None)
