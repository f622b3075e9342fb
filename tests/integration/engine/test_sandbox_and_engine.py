"""A try goes the way that the engine goes; and answers are made of what real instances got."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from designer.graph.model import Flow, Task
from designer.services.versions import plan_of
from engine.core.ports import Completed, Failed
from engine.models import Instance
from engine.parts.marks import marks_of
from engine.sandbox.cases import case_from, run_cases
from engine.sandbox.recorded import recording_of
from engine.sandbox.running import try_flow
from engine.services.human_tasks import complete_step
from engine.services.states import read_state
from engine.services.timers import fire_due_timers
from tests.integration.engine.conftest import Engine
from tests.strategies import flows

pytestmark = pytest.mark.django_db
EFFECT_FREE = frozenset({"automation", "decision", "delay", "noop"})
numbers = count(1)


def effect_free(task: Task) -> Task:
    """The task, or a noop in the place of one that waits for somebody."""
    if task.kind in EFFECT_FREE and task.settings.get("start") != "manual":
        return task
    if task.kind == "decision":
        return replace(task, settings={name: value for name, value in task.settings.items() if name != "start"})
    kept = {name: value for name, value in task.settings.items() if name == "requirements"}
    return replace(task, kind="noop", settings=kept)


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(flow=flows(most_blocks=10), value=st.booleans())
def test_a_try_comes_to_what_the_engine_comes_to(engine: Engine, flow: Flow, value: bool) -> None:
    graph = replace(flow.with_task(*map(effect_free, flow.tasks.values())), key=f"tried-{next(numbers)}")
    input = dict.fromkeys(("yes", "no", "again", "a", "b", "c"), value)
    trial = try_flow(graph, input, now=engine.now, most=100_000, seconds=60)
    instance = engine.start(graph, input)
    engine.work()
    while not Instance.objects.filter(pk=instance.pk, status__in=("complete", "errored")).exists():
        assert engine.later(hours=1)
    instance.refresh_from_db()
    marks = marks_of(plan_of(instance.version_id), read_state(instance.state))
    assert trial.statuses == marks.tasks
    assert (trial.status, trial.output) == (instance.status, instance.output)
    assert len(trial.path) == instance.steps.exclude(status__in=("skipped", "cancelled")).count() or any(
        word in ("skipped", "cancelled") for word in marks.tasks.values()
    )


HTTP: dict[str, Any] = {
    "action": "http_request",
    "inputs": {"method": "GET", "url": "http://127.0.0.1:9/"},
    "retries": {"limit": 3, "delay": "1 second", "backoff": "constant"},
}


def test_answers_are_made_of_what_an_instance_got(engine: Engine) -> None:
    flow = engine.publish("trigger -> pay -> ask -> end", settings={"pay": HTTP}, kinds={"ask": "manual"})
    instance = engine.start(flow, {"id": 7})
    (attempt,) = engine.claim()
    engine.settle(attempt, result=Failed(error={"name": "Down", "message": "It is down.", "retryable": True}))
    engine.now += timedelta(seconds=2)
    fire_due_timers(engine.now)
    (attempt,) = engine.claim()
    engine.settle(attempt, result=Completed(output={"status": 200}))
    recording = recording_of(instance, {"pay": "http_request", "end": "set_values"})
    assert recording.input == {"id": 7}
    down = {"error": {"message": "It is down.", "name": "Down", "retryable": True}}
    assert recording.answers == {"pay": [down, {"output": {"status": 200}}]}


def test_a_recorded_instance_makes_a_case_that_passes(engine: Engine) -> None:
    flow = engine.publish("trigger -> ask -> end", kinds={"ask": "manual"})
    instance = engine.start(flow, {"id": 7})
    complete_step(engine.scope, instance.steps.get(task="ask"), output={"ok": True}, now=engine.now)
    instance.refresh_from_db()
    assert instance.status == "complete"
    recording = recording_of(instance, {"end": "set_values"})
    assert recording.answers == {"ask": {"output": {"ok": True}}}
    graph = plan_of(instance.version_id).flow
    trial = try_flow(graph, recording.input, recording.answers)
    assert trial.output == instance.output
    assert run_cases(graph, [case_from("as it was", recording.input, recording.answers, trial)]).passed
