"""Novu's ids, slugs and control values, there and back."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from designer.graph.kinds import KINDS
from designer.graph.model import Flow, Task
from designer.graph.plan import compile_plan
from dialects.novu.translate import controls
from dialects.novu.translate.forms import STEP_TYPES
from dialects.novu.translate.graphs import chained, in_order, is_chain
from dialects.novu.translate.ids import IdOf, decode_id, encode_id, from_base62, id_or_identifier, slugify, to_base62

MOMENT = datetime(2026, 3, 4, tzinfo=UTC)


def test_the_contracts_own_example() -> None:
    assert to_base62("68a1f0c2b3d4e5f607182931") == "g75yPT8OsAn5RA4v"
    assert id_or_identifier("anything_wf_g75yPT8OsAn5RA4v") == "68a1f0c2b3d4e5f607182931"
    assert id_or_identifier("short") == "short"
    assert id_or_identifier("an-identifier-that-is-long-enough!") == "an-identifier-that-is-long-enough!"


@given(st.integers(1, 2**50), st.sampled_from(list(IdOf)))
def test_an_id_finds_its_row_also_out_of_a_slug(pk: int, what: IdOf) -> None:
    id = encode_id(what, pk, MOMENT)
    assert (len(id), decode_id(id, what)) == (24, pk)
    letters = to_base62(id)
    assert (len(letters), from_base62(letters), id_or_identifier(f"old-name_wf_{letters}")) == (16, id, id)


@pytest.mark.parametrize(
    ("text", "slug"),
    [
        ("OrderShipped Mail", "order-shipped-mail"),
        ("Größe  (XL)", "groe-xl"),
        ("HTTPServer", "http-server"),
        ("日本", ""),
    ],
)
def test_slugs(text: str, slug: str) -> None:
    assert slugify(text) == slug


def amounts(units: list[str]) -> Any:
    """Windows."""
    return st.fixed_dictionaries({"amount": st.integers(1, 90), "unit": st.sampled_from(units)})


anything = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 100) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=4,
)
NAMES = sorted(
    {
        "subject", "body", "amount", "unit", "type", "cron", "digestKey", "lookBackWindow", "threshold", "throttleKey",
        "dynamicKey", "method", "url", "headers", "skip", "redirect", "primaryAction", "data", "custom", "editorType",
        "from", "colour", "layoutId", "disableOutputSanitization", "continueOnFailure", "responseBodySchema",
    }
)  # fmt: skip


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)  # the machine may be busy
@given(st.sampled_from(STEP_TYPES), st.dictionaries(st.sampled_from(NAMES), anything, max_size=6))
def test_no_control_value_is_lost_and_no_task_is_wrong(type: str, values: dict[str, Any]) -> None:
    said, aside = controls.settings_of(type, values)
    kind = controls.KIND_OF[type]
    assert list(KINDS[kind].wrong_settings(Task("t", "", kind, settings=said))) == []
    back = controls.merged(type, said, aside)
    extra = {"editorType"} if type == "email" and "editorType" not in values else set()
    assert {key: value for key, value in back.items() if key not in extra} == values


@given(amounts(["seconds", "minutes", "hours", "days", "weeks", "months"]))
def test_windows_are_settings(values: dict[str, Any]) -> None:
    for type, name in (("digest", "window"), ("delay", "for")):
        settings, aside = controls.settings_of(type, values)
        assert (settings[name], aside) == (f"{values['amount']} {values['unit']}", {})


def test_what_the_editor_changed_is_read_back() -> None:
    settings, aside = controls.settings_of("digest", {"type": "regular", "amount": 30, "unit": "minutes"})
    assert controls.merged("digest", {"cron": "0 6 * * *"}, aside) == {"type": "timed", "cron": "0 6 * * *"}
    assert controls.merged("digest", {**settings, "window": "2 hours"}, aside)["unit"] == "hours"
    assert controls.merged("delay", {"for": "1 hour 30 minutes"}, {}) == {"amount": 90, "unit": "minutes"}


def test_a_list_of_steps_is_a_chain_in_which_channels_forgive() -> None:
    tasks = [Task(key, key, kind) for key, kind in (("a", "email"), ("b", "delay"), ("c", "sms"))]
    flow = chained(Flow("f", "F"), tasks, {})
    assert [edge.id for edge in flow.edges] == ["trigger~a~~success", "a~b~~success", "a~b~~error", "b~c~~success"]
    assert [task.key for task in in_order(flow)] == ["a", "b", "c"]
    assert is_chain(flow, {})
    compile_plan(flow)
