"""Numbers and nulls in bodies for Cloudflare's API: JSON knows no integers, and null is a value."""

from __future__ import annotations

from typing import Any

import pytest

from dialects.cloudflare.bodies import read_create, read_status, read_update
from dialects.cloudflare.errors import CloudflareError

BOUND = {"class_name": "A", "script_name": "a"}


def restart(count: Any) -> dict[str, Any]:
    return {"status": "restart", "from": {"name": "nap", "count": count}}


def test_whole_numbers_may_be_written_as_floats() -> None:
    from_step = read_status(restart(2.0)).from_step
    assert from_step is not None
    assert repr(from_step.count) == "2"
    assert repr(read_update({**BOUND, "limits": {"steps": 500.0}}).limits["steps"]) == "500"


@pytest.mark.parametrize("number", [1.5, 0, -1, 0.0, True, "1", None, 1e300])
def test_what_is_no_whole_number_in_range_is_refused(number: Any) -> None:
    if number != 1e300:  # no loop goes round so often, but the step may be asked for
        with pytest.raises(CloudflareError):
            read_status(restart(number))
    if number is not None:  # as if it were not there
        with pytest.raises(CloudflareError):
            read_update({**BOUND, "limits": {"steps": number}})


@pytest.mark.parametrize(("given", "read"), [({}, {}), ({"params": None}, {}), ({"params": "null"}, None)])
def test_null_params_are_something_else_than_none(given: dict[str, Any], read: Any) -> None:
    assert read_create(given).params == read
