"""Every fact of the history has human words, and no data can break them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.facts import FactType
from engine.core.state import StepStatus
from engine.parts.marks import phase_progress
from engine.wording import error_message, error_words, fact_words

UGLY = [None, True, 0, -1, 3.5, 10**30, "", "x", "2026-13-01", [], [None], ["a", 1], {}, {"a": None}, [{"source": []}],
        {"name": 3}, [{"statements": [{"source": 1}]}], [{"statements": 3}], {"statements": {}}]  # fmt: skip
KEYS = ["actor", "by", "reason", "number", "error", "at", "to", "branches", "conditions", "due_at", "purpose", "phase",
        "requires", "steps", "for", "wakes_at", "rounds", "shifted_seconds", "reasons", "type", "from"]  # fmt: skip


@pytest.mark.parametrize("type", list(FactType))
def test_every_fact_type_has_words_of_its_own(type: FactType) -> None:
    words = fact_words(type, {})
    assert words.what != type.value
    assert words.what[0].isupper()


@given(st.sampled_from(list(FactType)), st.dictionaries(st.sampled_from(KEYS), st.sampled_from(UGLY), max_size=4))
def test_no_data_breaks_the_words(type: FactType, data: dict[str, Any]) -> None:
    assert isinstance(fact_words(type, data).detail, str)


def test_an_unknown_fact_is_shown_as_it_is() -> None:
    words = fact_words("SomethingNew", {"x": 1})
    assert (words.what, words.detail) == ("SomethingNew", "x 1")


def test_a_step_that_a_failure_kept_from_running_is_not_called_failed() -> None:
    error = {"name": "FailedBefore", "message": "Charge failed: no money", "task": "charge"}
    words = fact_words("StepFailed", {"error": error})
    assert (words.what, words.detail, words.tone) == ("Step not reached", "Charge failed: no money", "skipped")
    own = fact_words("StepFailed", {"error": {"name": "Error", "message": "no money"}})
    assert (own.what, own.tone) == ("Step failed", "errored")


def test_who_and_why_are_said() -> None:
    words = fact_words("InstanceTerminated", {"actor": "Operator", "reason": "duplicate"})
    assert words.detail == "by Operator · “duplicate”"


def test_moments_in_the_history_say_their_zone() -> None:
    assert fact_words("DueDateSet", {"due_at": "2030-05-01T11:00:00+02:00"}).detail == "2030-05-01 09:00:00 UTC"


def test_a_decision_says_its_branch_and_what_it_saw() -> None:
    data = {
        "branches": ["large"],
        "conditions": [{"key": "large", "is_met": True, "statements": [{"source": "input.total", "value": 1249}]}],
    }
    words = fact_words("DecisionTaken", data, name_of={"large": "Over 1000"}.get)  # type: ignore[arg-type]  # known keys
    assert words.detail == "Over 1000 · saw input.total = 1249"


def test_lists_say_what_an_error_says_and_its_name_only_where_that_is_all() -> None:
    assert error_message({"name": "NobodyToNotify", "message": "Name a subscriber."}) == "Name a subscriber."
    assert [error_message(error) for error in ({"name": "TimedOut"}, "text", None)] == ["TimedOut", "text", ""]


@pytest.mark.parametrize(
    ("error", "words"),
    [
        ({"name": "HttpError", "message": "503 from payments"}, "HttpError: 503 from payments"),
        ({"name": "Error", "message": "no"}, "no"),
        ({"message": "no"}, "no"),
        ({"name": "TimedOut"}, "TimedOut"),
        (None, ""),
        ("text", "text"),
    ],
)
def test_errors_read_in_one_line(error: Any, words: str) -> None:
    assert error_words(error) == words


@pytest.mark.parametrize(
    ("statuses", "words"),
    [
        ([StepStatus.IDLE, StepStatus.IDLE], "open"),
        ([StepStatus.WAITING, StepStatus.IDLE], "0 of 2 done"),
        ([StepStatus.COMPLETED, StepStatus.IDLE], "1 of 2 done"),
        ([StepStatus.COMPLETED, StepStatus.FAILED], "1 of 2 done"),
        ([StepStatus.COMPLETED, StepStatus.SKIPPED], "completed"),
    ],
)
def test_how_far_a_phase_is_follows_from_its_tasks(statuses: list[StepStatus], words: str) -> None:
    assert phase_progress(statuses) == words
