"""Whole numbers of any length come back as they went in, wherever a step reads them from."""

from __future__ import annotations

from collections.abc import Callable

from engine.models import Step
from engine.services.events import send_event
from engine.services.human_tasks import complete_step
from tests.integration.engine.conftest import Engine, python

NUMBERS = [2**63, 2**64, -(2**63) - 1, 10**30 + 1, 10**399, 7]


def test_through_input_outputs_vars_events_and_attempts(engine: Engine, step_of: Callable[..., Step]) -> None:
    settings = {
        "keep": {"inputs": {"values": {"kept": "{{ input.numbers }}"}}},
        "called": {"event_type": "more"},
        "tried": python("echo", arguments={"value": "{{ vars.kept }}"}),
        "end": {"inputs": {"values": {
            "input": "{{ input.numbers }}", "vars": "{{ vars.kept }}", "form": "{{ steps.ask.output.numbers }}",
            "event": "{{ steps.called.output.numbers }}", "tried": "{{ steps.tried.output.value }}",
        }}},
    }  # fmt: skip
    instance = engine.start(
        "keep -> ask -> called -> tried -> end",
        kinds={"ask": "manual", "called": "wait_event"},
        settings=settings,
        input={"numbers": NUMBERS},
    )
    complete_step(engine.scope, step_of(instance, "ask"), output={"numbers": NUMBERS}, now=engine.now)
    send_event(engine.scope, instance, type="more", payload={"numbers": NUMBERS}, now=engine.now)
    engine.work()
    instance.refresh_from_db()
    assert instance.status == "complete"
    for name in ("input", "vars", "form", "event", "tried"):
        assert instance.output[name] == NUMBERS, name
        assert all(isinstance(number, int) for number in instance.output[name]), name
