"""Failpoints say where, for whom, what, and at which time."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from django.db import OperationalError

from engine import failpoints
from engine.failpoints import BadFailpoints, FailpointReached, parse


def arm(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr(failpoints, "armed", parse(text))


def test_nothing_is_armed_by_default() -> None:
    assert failpoints.armed == {}


def test_the_environment_arms_them() -> None:
    command = "from engine import failpoints; failpoints.reach('before_effect', ['noop'])"
    environment = os.environ | {failpoints.VARIABLE: "before_effect:noop=kill"}
    done = subprocess.run([sys.executable, "-c", command], env=environment, check=False)
    assert done.returncode == -9


def test_one_acts_at_its_time_and_once(monkeypatch: pytest.MonkeyPatch) -> None:
    arm(monkeypatch, "after_effect=raise@2")
    failpoints.reach("after_effect")
    failpoints.reach("before_effect")
    with pytest.raises(FailpointReached):
        failpoints.reach("after_effect")
    failpoints.reach("after_effect")


def test_one_may_be_for_steps_of_a_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    arm(monkeypatch, "before_commit:delay=refuse")
    failpoints.reach("before_commit", {"automation"})
    failpoints.reach("before_commit")
    with pytest.raises(OperationalError):
        failpoints.reach("before_commit", {"automation", "delay"})


def test_wake_ups_are_lost_or_come_three_times(monkeypatch: pytest.MonkeyPatch) -> None:
    assert failpoints.deliveries() == 1
    arm(monkeypatch, "wake=drop")
    assert failpoints.deliveries() == 0
    arm(monkeypatch, "wake=thrice")
    assert failpoints.deliveries() == 3


@pytest.mark.parametrize("text", ["nowhere=kill", "before_effect", "before_effect=explode", "wake=kill", "wake=drop@x"])
def test_a_text_that_says_nothing_is_refused(text: str) -> None:
    with pytest.raises(BadFailpoints):
        parse(text)


def test_no_handler_of_exceptions_holds_up_a_failpoint() -> None:
    assert not issubclass(FailpointReached, Exception)
