"""The texts of markings are remembered, but never without end."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from designer.graph.model import Flow, Task
from designer.graph.plan import Plan, compile_plan
from engine.core.added import AddedStep
from engine.core.state import KEYS, InstanceStatus, Rollback, new_state, state_from_json
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


def test_what_a_newer_release_keeps_in_a_marking_is_handed_on(plan: Plan) -> None:
    document = {**new_state(plan).to_json(), "later": {"3": [1, 2]}, "attempts": "0001"}
    state = state_from_json(json.loads(states.write_state(state_from_json(document)))).copy()
    state.attempts[4] = 1
    assert state.to_json() == {**document, "attempts": "00011"}


def test_every_key_of_a_marking_is_known(plan: Plan) -> None:
    state = replace(
        new_state(plan),
        **{name: {1: 1} for name in ("iterations", "attempts", "forgiven", "scheduled", "ahead")},
        tally={1: [1, 0, 0]},
        rounds=[1],
        ends=[1],
        paused_at=datetime(2030, 1, 1, tzinfo=UTC),
        error={"name": "Broken"},
        errors={1: {"name": "Broken"}},
        passed={1},
        begun={"phase"},
        finished={"phase": 1},
        is_called=True,
        warned={"max_steps"},
        added=[AddedStep(1, "do", "price", 1, 0, {})],
        started=[(1, 1)],
        undone=[(1, 1)],
        rollback=Rollback(InstanceStatus.ERRORED, ((1, 1),)),
    )
    assert set(state.to_json()) == KEYS
    assert state_from_json(state.to_json()).unknown == {}


def test_a_marking_of_another_format_is_refused(plan: Plan) -> None:
    with pytest.raises(ValueError, match="format 3"):
        state_from_json({**new_state(plan).to_json(), "v": 3})


def test_attempts_are_read_as_a_release_before_wrote_them(plan: Plan) -> None:
    document = {**new_state(plan).to_json(), "v": 1, "attempts": {"3": 1, "17": 12}}
    state = state_from_json(document)
    assert state.attempts == {3: 1, 17: 12}
    assert state_from_json(json.loads(states.write_state(state))) == state


@pytest.mark.parametrize("attempts", [{0: 1}, {19: 9}, {19: 10}, {0: 3, 7: 250}])
def test_any_number_of_attempts_reads_back(plan: Plan, attempts: dict[int, int]) -> None:
    state = new_state(plan)
    state.attempts = attempts
    assert state_from_json(json.loads(states.write_state(state))).attempts == attempts


def test_a_marking_takes_some_three_characters_a_task() -> None:
    keys = [f"t{number}" for number in range(1000)]
    state = new_state(compile_plan(Flow(key="flow", name="Flow", tasks={key: Task(key, "noop", key) for key in keys})))
    state.attempts = dict.fromkeys(range(1000), 1)
    assert len(states.write_state(state)) < 3_200
