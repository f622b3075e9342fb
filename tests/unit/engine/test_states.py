"""The texts of markings are remembered, but never without end."""

from __future__ import annotations

import json

import pytest

from designer.graph.model import Flow, Task
from designer.graph.plan import Plan, compile_plan
from engine.core.state import new_state, state_from_json
from engine.services import states


@pytest.fixture
def plan() -> Plan:
    keys = [f"t{number}" for number in range(20)]
    return compile_plan(Flow(key="flow", name="Flow", tasks={key: Task(key, "noop", key) for key in keys}))


def test_a_text_reads_back_as_the_state_it_was_written_from(plan: Plan) -> None:
    state = new_state(plan)
    state.attempts = {3: 2, 4: 1}
    state.iterations = {3: 7}
    state.forgiven = {3: 1}
    state.tally = {5: [1, 0, 0]}
    state.errors = {3: {"name": "Broken", "message": "It broke.", "size": 2**70}}
    text = states.write_state(state)
    assert state_from_json(json.loads(text)) == state
    assert states.read_state(text) is state


def test_many_states_with_one_text_do_not_pile_up(plan: Plan) -> None:
    kept = [new_state(plan) for _ in range(states.MOST_REMEMBERED + 10)]
    assert len({states.write_state(state) for state in kept}) == 1
    assert len(states._texts) <= states.MOST_REMEMBERED


def test_long_texts_are_bounded_together(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(states, "MOST_CHARACTERS", 1_000)
    for number in range(200):
        state = new_state(plan)
        state.attempts = {3: number}
        states.write_state(state)
        assert sum(map(len, states._known)) <= 1_000


def test_instances_of_a_version_begin_with_one_state(plan: Plan) -> None:
    assert states.first_state(plan) is states.first_state(plan) == new_state(plan)
