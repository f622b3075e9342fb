"""An instance goes on in another version: what it keeps, what is in the way."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, note, settings
from hypothesis import strategies as st

from designer.graph.edits.base import EditRefused
from designer.graph.model import Flow
from designer.graph.plan import FlowNotRunnable, compile_plan
from engine.core.commands import Execute
from engine.core.facts import Fact, FactRefused, FactType
from engine.core.migrating import Move, find_obstacles, migrate
from engine.core.state import InstanceStatus, StepStatus
from tests.drawing import draw
from tests.strategies import edits, flows
from tests.unit.engine.driving import Driven, check_state, drawing
from tests.unit.engine.test_properties import let_go_on, meddle, run_at_random

LOOP: dict[str, Any] = {"loops": {"d": ("again", "done", 3)}}


def move(driven: Driven, flow: Flow, mapping: dict[str, str] | None = None) -> Driven:
    """Carry an instance over to another flow."""
    way = Move(driven.plan, compile_plan(flow), mapping or {}, 2)
    before = driven.state.to_json()
    advanced = migrate(way, driven.state, Fact(FactType.INSTANCE_MIGRATED, driven.now), now=driven.now)
    assert driven.state.to_json() == before
    driven.flow, driven.plan, driven.state = flow, way.new, advanced.state
    driven.history.extend(advanced.facts)
    driven.commands = list(advanced.commands)
    check_state(driven.plan, driven.state)
    return driven


def obstacles(driven: Driven, flow: Flow, mapping: dict[str, str] | None = None) -> list[str]:
    way = Move(driven.plan, compile_plan(flow), mapping or {}, 2)
    found = [obstacle.reason for obstacle in find_obstacles(way, driven.state)]
    if found:
        with pytest.raises(FactRefused):
            migrate(way, driven.state, Fact(FactType.INSTANCE_MIGRATED, driven.now), now=driven.now)
    return found


def test_what_is_settled_and_open_is_kept_and_the_rest_runs_as_the_other_version_has_it() -> None:
    driven = Driven(draw("a -> b -> c")).start().complete("a")
    move(driven, draw("a -> b -> x -> c"))
    assert driven.statuses() == {"a": "completed", "b": "ready", "x": "idle", "c": "idle"}
    driven.complete("b", "x", "c")
    assert driven.state.status == "complete"


def test_a_new_task_before_what_has_begun_is_passed_over() -> None:
    driven = Driven(draw("a -> b -> c")).start().complete("a")
    move(driven, draw("a -> x -> b -> c"))
    assert driven.statuses() == {"a": "completed", "x": "skipped", "b": "ready", "c": "idle"}
    assert driven.commands == []
    driven.complete("b", "c")
    assert driven.ends == ["c"]


def test_a_new_task_after_what_is_done_runs_at_once() -> None:
    driven = Driven(draw("a -> b")).start().complete("a")
    move(driven, draw("a -> b; a -> x"))
    assert driven.commands == [Execute("x", 1, 1)]
    driven.complete("b", "x")
    assert driven.state.status == "complete"


def test_a_new_task_before_a_join_that_has_not_begun_runs() -> None:
    driven = Driven(draw("a -> j; b -> j")).start().complete("a")
    move(driven, draw("a -> x -> j; b -> j"))
    assert driven.statuses() == {"a": "completed", "x": "ready", "j": "idle", "b": "ready"}
    driven.complete("b", "x", "j")
    assert driven.state.status == "complete"


def test_a_join_that_waits_for_what_is_gone_decides_anew() -> None:
    driven = Driven(draw("a -> j; b -> c -> j")).start().complete("a", "b")
    assert obstacles(driven, draw("a -> j; b")) == ["c is not in version 2."]
    driven = Driven(draw("a -> j; b -> j; c -> j")).start().complete("a", "b", "c")
    move(driven, draw("a -> j; b -> j; c"))
    assert driven.status("j") == "ready"


def test_a_step_that_has_no_counterpart_is_in_the_way_whether_it_is_done_or_open() -> None:
    driven = Driven(draw("a -> b -> c")).start().complete("a")
    assert obstacles(driven, draw("x -> c")) == ["a is not in version 2.", "b is not in version 2."]
    assert obstacles(driven, draw("x -> y -> c"), {"a": "x", "b": "y"}) == []


def test_a_task_that_has_not_begun_or_that_no_way_led_to_is_not_in_the_way() -> None:
    driven = Driven(draw("d -yes-> a -> c; d -no-> b -> c")).start().decide("d", "yes")
    assert driven.status("b") == "skipped"
    move(driven, draw("d -yes-> a"))
    driven.complete("a")
    assert driven.state.status == "complete"


def test_a_mapping_names_tasks_anew() -> None:
    driven = Driven(draw("a -> b -> c")).start().complete("a")
    move(driven, draw("x -> y -> c"), {"a": "x", "b": "y"})
    assert driven.statuses() == {"x": "completed", "y": "ready", "c": "idle"}
    driven.complete("y", "c")
    assert driven.state.status == "complete"


def test_two_tasks_cannot_become_one() -> None:
    driven = Driven(draw("a; b")).start()
    assert obstacles(driven, draw("x"), {"a": "x", "b": "x"}) == ["b and a cannot both become x."]


def test_a_task_of_another_kind_is_in_the_way() -> None:
    driven = Driven(draw("a")).start()
    found = obstacles(driven, draw("a", kinds={"a": "manual"}))
    assert found == ["a is of the kind Automation, and a of version 2 of the kind Manual task."]


def test_what_is_in_the_way_is_told_by_names() -> None:
    def named(text: str, **names: str) -> Flow:
        flow = draw(text)
        return flow.with_task(*(replace(flow.tasks[key], name=name) for key, name in names.items()))

    driven = Driven(named("a; b", a="Ask", b="Book")).start()
    assert obstacles(driven, named("b; c", b="Book", c="Ask")) == [
        "Ask is not in version 2. What is called Ask there has another key: c."
    ]
    assert obstacles(driven, named("x", x="Everything"), {"a": "x", "b": "x"}) == [
        "Book and Ask cannot both become Everything."
    ]
    with pytest.raises(FactRefused, match="Ask is not on hold"):
        driven.tell(FactType.STEP_RELEASED, "a")


def test_a_branch_in_the_way_is_told_by_its_name() -> None:
    old = draw("d -yes-> a; d -no-> b")
    yes, no = old.tasks["d"].conditions
    old = old.with_task(replace(old.tasks["d"], conditions=(replace(yes, name="Over 1,000"), no)))
    driven = Driven(old).start().decide("d", "yes")
    assert obstacles(driven, draw("d -maybe-> a; d -no-> b")) == [
        "d went on by Over 1,000, which it cannot in version 2."
    ]


def test_an_attempt_under_way_is_in_the_way_of_a_new_name_only() -> None:
    driven = Driven(draw("a -> b")).start()
    driven.tell(FactType.ATTEMPT_STARTED, "a")
    (found,) = obstacles(driven, draw("x -> b"), {"a": "x"})
    assert found.startswith("a: an attempt is under way.")
    move(driven, draw("a -> c"))
    driven.complete("a", "c")
    assert driven.state.status == "complete"


def test_the_branch_that_was_taken_has_to_be_there() -> None:
    driven = Driven(draw("d -yes-> a; d -no-> b")).start().decide("d", "yes")
    assert obstacles(driven, draw("d -maybe-> a; d -no-> b")) == ["d went on by yes, which it cannot in version 2."]
    move(driven, draw("d -yes-> x -> y; d -yes-> a; d -no-> b"))
    assert driven.statuses() == {"d": "completed", "x": "ready", "y": "idle", "a": "ready", "b": "skipped"}


def test_a_caught_failure_has_to_be_caught_in_the_other_version_too() -> None:
    driven = Driven(draw("a -!-> mend; a -> b")).start().fail("a")
    (found,) = obstacles(driven, draw("a -> b; mend"))
    assert found.startswith("a failed and that was caught")
    move(driven, draw("a -!-> mend -> z; a -> b"))
    driven.complete("mend", "z")
    assert driven.state.status == "complete"


def test_a_loop_stays_in_its_round() -> None:
    flow = draw("trigger -> a -> d; d -again-> a; d -done-> e", **LOOP)
    driven = Driven(flow).start().complete("a").decide("d", "again").complete("a")
    move(driven, draw("trigger -> a -> x -> d; d -again-> a; d -done-> e", **LOOP))
    assert (driven.status("x"), driven.status("d")) == ("skipped", "ready")
    driven.decide("d", "again").complete("a", "x").decide("d", "again")
    assert driven.status("e") == "ready"
    assert driven.facts(FactType.LOOP_EXITED)[0].data == {"rounds": 3, "limit_reached": True}


def test_a_task_that_comes_into_a_loop_runs_from_the_next_round_on() -> None:
    flow = draw("trigger -> a -> d; d -again-> a; d -done-> e", **LOOP)
    driven = Driven(flow).start().complete("a")
    move(driven, draw("trigger -> a -> d; a -> x -> d; d -again-> a; d -done-> e", **LOOP))
    driven.decide("d", "again").complete("a", "x").decide("d", "done").complete("e")
    assert driven.state.status == "complete"


def test_a_decision_whose_loop_is_gone_goes_on() -> None:
    flow = draw("trigger -> a -> d; d -again-> a; d -done-> e", **LOOP)
    driven = Driven(flow).start().complete("a").decide("d", "again")
    move(driven, draw("a -> d; d -done-> e; d -again-> f"))
    driven.complete("a").decide("d", "again").complete("f")
    assert driven.state.status == "complete"


def test_a_requirement_that_is_gone_no_longer_blocks() -> None:
    driven = Driven(draw("a; b", requires={"b": "a"})).start()
    assert driven.status("b") == "blocked"
    move(driven, draw("a; b"))
    assert driven.status("b") == "ready"


def test_an_instance_that_has_not_started_starts_in_the_other_version() -> None:
    driven = move(Driven(draw("a -> b")), draw("x -> y"))
    assert driven.state.status == "queued"
    driven.start().complete("x", "y")
    assert driven.state.status == "complete"


def test_a_paused_instance_stays_paused() -> None:
    driven = Driven(draw("a -> b")).start().complete("a")
    driven.tell(FactType.INSTANCE_PAUSE_REQUESTED)
    move(driven, draw("a -> b; a -> x"))
    assert (driven.state.status, driven.commands) == ("paused", [])
    driven.tell(FactType.INSTANCE_RESUMED)
    assert driven.executes() == ["b", "x"]


def test_a_failed_instance_is_retried_on_a_version_that_mends_it() -> None:
    driven = Driven(draw("a -> b -> c")).start().complete("a").fail("b")
    move(driven, draw("a -> b -> c; b -!-> mend"))
    assert driven.state.status == "errored"
    driven.retry().fail("b").complete("mend")
    assert driven.state.status == "complete"


def test_a_failed_end_is_retried_where_more_follows_it_now() -> None:
    driven = Driven(draw("a -> b; c")).start().complete("a", "c").fail("b")
    move(driven, draw("a -> b -> c"))
    driven.retry()
    assert driven.statuses() == {"a": "completed", "b": "ready", "c": "completed"}


def test_a_rollback_under_way_is_in_the_way() -> None:
    compensation = {"action": "set_values", "inputs": {"values": {}}}
    driven = Driven(draw("a -> b", settings={"a": {"compensation": compensation}})).start().complete("a").fail("b")
    way = Move(driven.plan, driven.plan, {}, 2)
    with pytest.raises(FactRefused, match="rolling back"):
        migrate(way, driven.state, Fact(FactType.INSTANCE_MIGRATED, driven.now), now=driven.now)


quick = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@quick
@given(flow=flows(), data=st.data())
def test_moving_to_the_same_flow_changes_nothing(flow: Flow, data: st.DataObject) -> None:
    note(drawing(flow))
    driven = Driven(flow).start()
    meddle(data.draw, driven)
    before = driven.state.copy()
    note(str(driven.statuses()))
    move(driven, flow)
    after = driven.state
    assert (after.status, after.nodes) == (before.status, before.nodes)
    if before.status.is_final:  # what of the edges and joins had not settled does not matter any more
        return
    assert after.edges == before.edges
    assert (after.rounds, after.tally, after.ends, after.begun) == (
        before.rounds,
        before.tally,
        before.ends,
        before.begun,
    )
    assert driven.history[-1].type is FactType.INSTANCE_MIGRATED
    assert driven.commands == []


@quick
@given(flow=flows(), other=flows(), data=st.data())
def test_an_instance_that_moves_to_any_flow_ends(flow: Flow, other: Flow, data: st.DataObject) -> None:
    """Nothing in the way is all that is needed, however little the two have in common."""
    note(drawing(flow))
    note("to\n" + drawing(other))
    go_some_way_and_move(data.draw, Driven(flow).start(), other)


@quick
@given(flow=flows(), data=st.data())
def test_an_instance_that_moves_to_an_edited_flow_ends(flow: Flow, data: st.DataObject) -> None:
    other = flow
    for _ in range(data.draw(st.integers(1, 5))):
        with suppress(EditRefused):
            other = data.draw(edits(other)).apply(other).flow
    try:
        compile_plan(other)
    except FlowNotRunnable:
        assume(False)
    note(drawing(flow))
    note("to\n" + drawing(other))
    go_some_way_and_move(data.draw, Driven(flow).start(), other)


def go_some_way_and_move(draw: Any, driven: Driven, other: Flow) -> None:
    meddle(draw, driven)
    if driven.state.status.is_final and driven.state.status is not InstanceStatus.ERRORED:
        return
    note(str(driven.statuses()))
    try:
        move(driven, other)
    except FactRefused:
        return
    note(str(driven.statuses()))
    if driven.state.status is InstanceStatus.ERRORED:
        driven.retry()
    let_go_on(driven)
    run_at_random(draw, driven)
    assert driven.is_over
    assert StepStatus.READY not in driven.state.nodes
