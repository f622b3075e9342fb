"""What a script may say about a step, and the values it may pass on."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from engine.scripts import executors
from engine.scripts.api import Context, Request, Steps, fitting
from engine.scripts.config import BadConfig, check_event_type, check_name, resolve
from engine.scripts.durations import duration_text, milliseconds
from engine.scripts.loop import NeverRests, NotAStep, ReplayLoop
from engine.scripts.values import Unstorable, bytes_of, error_for, error_json, restored, stored
from engine.scripts.workers import NonRetryableError, StepError, WorkflowFatalError, WorkflowTimeoutError


def test_a_configuration_is_filled_in_key_by_key() -> None:
    shown = resolve(None, "a").shown
    assert shown == {
        "retries": {"limit": 5, "delay": 1000, "backoff": "exponential"},
        "timeout": "10 minutes",
    }
    assert resolve({"timeout": 5000}, "a").shown == {**shown, "timeout": 5000}
    given = resolve({"retries": {"limit": 1, "delay": "2 seconds", "backoff": "linear"}, "sensitive": "output"}, "a")
    assert given.shown["retries"] == {"limit": 1, "delay": "2 seconds", "backoff": "linear"}
    assert given.settings["retries"]["delay"] == "2 seconds"
    assert given.settings["sensitive"] == "output"
    assert resolve({"retries": {"limit": float("inf"), "delay": 0}}, "a").shown["retries"]["limit"] > 10**15


def test_a_computed_delay_is_shown_as_dynamic() -> None:
    config = resolve({"retries": {"limit": 1, "delay": lambda context: 5}}, "a")
    assert config.shown["retries"]["delay"] == "[dynamic]"
    assert config.delay is not None


@pytest.mark.parametrize(
    "config",
    [
        {"retry": {}},
        {"retries": {"limit": 1}},
        {"retries": {"delay": 1}},
        {"retries": {"limit": -1, "delay": 1}},
        {"retries": {"limit": 1.5, "delay": 1}},
        {"retries": {"limit": True, "delay": 1}},
        {"retries": {"limit": 1, "delay": -1}},
        {"retries": {"limit": 1, "delay": 1, "backoff": "quadratic"}},
        {"retries": {"limit": 1, "delay": 1, "jitter": True}},
        {"retries": 3},
        {"timeout": 0},
        {"timeout": "soon"},
        {"sensitive": "input"},
        "text",
    ],
)
def test_a_configuration_that_means_nothing_is_refused(config: Any) -> None:
    with pytest.raises(BadConfig):
        resolve(config, "a")


@pytest.mark.parametrize("name", ["", "x" * 257, "tab\there", "\0", 7, None])
def test_names_of_steps(name: Any) -> None:
    assert check_name("charge card, twice!") == "charge card, twice!"
    with pytest.raises(BadConfig):
        check_name(name)


@pytest.mark.parametrize("type", ["", "a.b", "x" * 101, "-a", None])
def test_types_of_events(type: Any) -> None:
    assert check_event_type("picked-up_1") == "picked-up_1"
    with pytest.raises(BadConfig):
        check_event_type(type)


@pytest.mark.parametrize(
    ("written", "ms"),
    [(5, 5), ("1 second", 1000), ("2 weeks", 1_209_600_000), ("1.5 hours", 5_400_000), (timedelta(days=1), 86_400_000)],
)
def test_durations(written: Any, ms: int) -> None:
    assert milliseconds(written) == ms


@pytest.mark.parametrize("written", [0, -1, "", "5", "x days", True, None, "200 years"])
def test_durations_that_are_none(written: Any) -> None:
    with pytest.raises(ValueError, match="must be"):
        milliseconds(written)


@pytest.mark.parametrize(
    ("ms", "text"), [(1, "1 milliseconds"), (1000, "1 second"), (86_400_000, "1 day"), (90_000, "90 seconds")]
)
def test_durations_as_flow_files_write_them(ms: int, text: str) -> None:
    assert duration_text(ms) == text


def test_values_are_json_or_bytes_of_at_most_a_mebibyte() -> None:
    assert stored({"a": (1, 2)}, "It") == {"a": [1, 2]}
    assert restored(stored(b"\x00\xff", "It")) == b"\x00\xff"
    assert bytes_of({"quadrille:bytes": "AA==", "more": 1}) is None
    with pytest.raises(Unstorable, match=r"Step a output is too large. Maximum allowed size is 1MiB."):
        stored("x" * (1 << 20), "Step a output")
    with pytest.raises(Unstorable, match="cannot be stored"):
        stored(object(), "It")
    value = {"a": [1]}
    restored(value)["a"].append(2)
    assert value == {"a": [1]}


@pytest.mark.parametrize(
    ("error", "again"),
    [
        (ValueError("x"), ValueError),
        (NonRetryableError("x"), NonRetryableError),
        (WorkflowTimeoutError("x"), WorkflowTimeoutError),
        (StepError("Odd", "x"), StepError),
        (UnicodeDecodeError("utf-8", b"", 0, 1, "x"), StepError),
    ],
)
def test_an_error_comes_back_as_what_it_was(error: Exception, again: type[Exception]) -> None:
    told = error_json(error)
    assert told["retryable"] is not isinstance(error, NonRetryableError)
    found = error_for(told)
    assert type(found) is again
    assert str(error) in str(found)


def test_an_attempt_that_took_too_long_is_a_timeout_in_the_program() -> None:
    found = error_for({"name": "Timeout", "message": "…"}, timeout_ms=5000)
    assert isinstance(found, WorkflowTimeoutError)
    assert str(found) == "Execution timed out after 5000ms"


def test_a_function_gets_as_many_arguments_as_it_takes() -> None:
    assert fitting(lambda: 0, (1, 2)) == ()
    assert fitting(lambda a: 0, (1, 2)) == (1,)
    assert fitting(lambda *a: 0, (1, 2)) == (1, 2)


def test_a_step_knows_its_attempt_its_name_and_its_configuration() -> None:
    context = Context(2, "a", 3, resolve(None, "a").shown)
    assert (context.attempt, context.step.name, context.step.count, context["attempt"]) == (2, "a", 3, 2)
    assert len(dict(context)) == len(context) == 3


def test_the_loop_of_programs_has_no_clock_and_comes_to_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.scripts.loop.MOST_CALLBACKS", 1_000)
    loop = ReplayLoop()  # type: ignore[abstract]
    with loop.running():
        for refused in (loop.time, loop.run_in_executor, loop.call_later):
            with pytest.raises(NotAStep):
                refused()

        async def for_ever() -> None:
            while True:
                await asyncio.sleep(0)

        loop.create_task(for_ever())
        with pytest.raises(NeverRests):
            loop.rest()
        loop.put_away()


def test_steps_beyond_the_limit_are_refused_and_sleeps_do_not_count() -> None:
    loop = ReplayLoop()  # type: ignore[abstract]
    with loop.running():
        steps = Steps(loop, most_steps=1)
        steps.do("one", lambda: 1)
        steps.sleep("nap", 5)
        with pytest.raises(WorkflowFatalError, match=r"The limit of 1 steps has been reached") as refused:
            steps.do("two", lambda: 2)
        assert steps.fatal is refused.value
        assert [request.count for request in steps.requests] == [1, 1]
        loop.put_away()


async def never(_: object) -> int:
    """Computes for ever."""
    await asyncio.Event().wait()
    return 0


@pytest.mark.parametrize(
    ("delay", "why"),
    [
        (never, "it took over 0.05 seconds"),
        (lambda about: time.sleep(0.06), "it took over 0.05 seconds"),
        (lambda about: -1, "must be at least 0"),
        (lambda about: about["nothing"], "nothing"),
    ],
)
def test_a_pause_that_cannot_be_computed_ends_the_step(
    delay: Callable[..., Any], why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(executors, "COMPUTING_SECONDS", 0.05)
    config = resolve({"retries": {"limit": 2, "delay": delay}}, "pay")
    loop = asyncio.new_event_loop()
    request = Request("do", "pay", 1, 0, loop.create_future(), config=config)
    loop.close()
    error = executors._failure(request, Context(1, "pay", 1, config.shown), ValueError("gateway busy")).error
    assert (error["name"], error["retryable"]) == ("NonRetryableDelayError", False)
    assert why in error["message"]
