"""Bodies are read strictly and each mistake is named with its path."""

from typing import Any

import pytest

from dialects.native.schemas import making, sent
from dialects.shared.bodies import check
from dialects.shared.problems import Problem


def mistakes(value: Any, schema: dict[str, Any]) -> dict[str, str]:
    """What `check` finds, by path."""
    with pytest.raises(Problem) as refused:
        check(value, schema)
    assert refused.value.status == 422
    return dict(refused.value.errors)


def test_a_missing_key_is_named() -> None:
    assert mistakes({}, sent.EVENT) == {"type": "is missing"}


def test_an_unknown_key_is_named() -> None:
    assert mistakes({"type": "x", "body": 1}, sent.EVENT) == {"body": "is not known here"}


def test_a_mistake_deep_inside_is_named_with_its_path() -> None:
    body = {"instances": [{"id": "good"}, {"id": "no good", "versoin": 2}]}
    found = mistakes(body, sent.START_BATCH)
    assert found["instances[1].versoin"] == "is not known here"
    assert found["instances[1].id"].startswith("must match")


@pytest.mark.parametrize("body", [None, [], "text", 3, True])
def test_a_body_of_another_type_is_refused(body: Any) -> None:
    assert mistakes(body, sent.START) == {"": "must be object"}


def test_a_large_wrong_value_is_not_repeated() -> None:
    assert all(len(message) < 300 for message in mistakes({"type": "x" * 100_000}, sent.EVENT).values())


def test_more_instances_than_a_batch_holds_are_refused() -> None:
    found = mistakes({"instances": [{}] * (making.MAX_BATCH + 1)}, sent.START_BATCH)
    assert found == {"instances": "must have at most 100"}
