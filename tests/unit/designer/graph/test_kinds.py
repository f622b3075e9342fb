"""The catalogue of kinds and actions is sound, and its wording fits a card."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import designer.graph.actions
import designer.graph.kinds
from designer.graph.actions import ACTIONS
from designer.graph.fields import Field, FieldType
from designer.graph.flow_fields import ENTITY_SYNC_FIELDS, LIMIT_FIELDS, RETENTION_FIELDS, TRIGGER_TYPES
from designer.graph.kinds import KINDS, kind_of
from designer.graph.model import Condition, Join, On, Statement, Task
from designer.graph.values import value_problems
from tests.drawing import condition, draw


def all_fields() -> Iterator[Field]:
    """Every field that can be set anywhere, groups and their fields included."""
    todo: list[Field] = [*LIMIT_FIELDS, *RETENTION_FIELDS, *ENTITY_SYNC_FIELDS]
    todo += [field for kind in KINDS.values() for field in kind.fields]
    todo += [field for action in ACTIONS.values() for field in action.inputs]
    todo += [field for trigger in TRIGGER_TYPES.values() for field in trigger.fields]
    while todo:
        field = todo.pop()
        yield field
        todo += field.fields
        todo += [field.of] if field.of else []


def files_in(package: Any) -> set[str]:
    """The names of the modules of a package."""
    return {path.stem for path in Path(package.__file__).parent.glob("*.py")} - {"__init__"}


def test_every_kind_and_every_action_has_a_file_of_its_name() -> None:
    assert files_in(designer.graph.kinds) - {"kind", "shared"} == set(KINDS)
    assert files_in(designer.graph.actions) - {"action"} == set(ACTIONS)


def test_every_field_has_words_and_what_its_type_needs() -> None:
    for field in all_fields():
        assert field.label
        assert (field.type is FieldType.CHOICE) == bool(field.choices), field
        assert (field.type in (FieldType.LIST, FieldType.MAP)) == (field.of is not None), field
        assert (field.type is FieldType.GROUP) == bool(field.fields or field.variants), field
        for rule in field.one_of:
            assert set(rule.keys) <= {inner.key for inner in field.fields}


def test_examples_and_defaults_fit_their_fields() -> None:
    for field in all_fields():
        if field.default is not None:
            assert list(value_problems(field, field.default, ())) == [], field
        if field.example and field.type not in (FieldType.NUMBER, FieldType.LIST, FieldType.JSON, FieldType.MAP):
            example = json.loads(field.example) if field.type is FieldType.JSON_SCHEMA else field.example
            assert list(value_problems(field, example, ())) == [], field


def test_colours_are_those_of_the_tokens() -> None:
    colours = {"human", "machine", "choice", "time", "money", "notify", "plain"}
    assert {kind.colour for kind in KINDS.values()} <= colours


def test_icons_are_in_the_sprite() -> None:
    sprite = Path("templates/components/icons.html").read_text()
    for known in (*KINDS.values(), *ACTIONS.values(), *TRIGGER_TYPES.values()):
        assert f'id="icon-{known.icon}"' in sprite


def test_a_task_fresh_from_the_palette_holds_nothing_wrong() -> None:
    for kind in KINDS.values():
        task = Task("new", kind.label, kind.key, settings=kind.defaults)
        assert list(kind.wrong_settings(task)) == []
        assert isinstance(kind.summary(task), str)


REQUEST = {"action": "http_request", "inputs": {"method": "POST", "url": "https://shop.example.com/v1/payments?x=1"}}


@pytest.mark.parametrize(
    ("kind", "settings", "words"),
    [
        ("automation", REQUEST | {"retries": {"limit": 4}}, "POST v1/payments · 4×"),
        ("automation", {"action": "http_request", "inputs": {"method": "GET", "url": "{{ input.url }}"}}, "GET url"),
        (
            "automation",
            {"action": "http_request", "inputs": {"method": "GET", "url": "https://a.example"}},
            "GET a.example",
        ),
        ("automation", {"action": "send_email", "inputs": {"to": "{{ input.customer.email }}"}}, "to email"),
        ("automation", {"action": "set_values", "inputs": {"values": {"a": 1, "b": 2}}}, "sets a, b"),
        ("automation", {"action": "raise_error", "inputs": {"message": "No stock"}}, "No stock"),
        ("automation", {"action": "python", "inputs": {"function": "orders.price"}}, "orders.price"),
        ("automation", {}, "no action chosen"),
        ("automation", {"action": "send_email"}, "Send e-mail"),
        ("manual", {"assigned_to": ["ops@example.com"], "due": {"for": "2 days"}}, "ops · 2 d"),
        ("manual", {"due": {"for": "2 days", "from": "task:pay"}}, "anyone · 2 d after pay"),
        ("manual", {"assigned_to": ["a", "b", "c"]}, "a, b +1"),
        ("manual", {"due": {"at": "2026-01-31T09:00:00"}}, "anyone · due 2026-01-31T09:00"),
        ("delay", {"for": "3 days"}, "for 3 d"),
        ("delay", {"for": "P3DT12H"}, "for 3 d 12 h"),
        ("delay", {"until": "{{ input.day }}"}, "until day"),
        ("delay", {"cron": "0 6 * * 1-5"}, "at 0 6 * * 1-5"),
        ("delay", {}, ""),
        ("wait_event", {"event_type": "picked-up", "timeout": "3 days"}, "event picked-up · 3 d"),
        ("decision", {"start": "manual"}, "a person decides"),
        ("noop", {}, ""),
    ],
)
def test_a_card_says_in_one_line_what_a_task_does(kind: str, settings: dict[str, Any], words: str) -> None:
    assert KINDS[kind].summary(Task("t", "T", kind, settings=settings)) == words


def test_a_card_that_is_dated_by_another_task_or_phase_calls_it_by_its_name() -> None:
    due = {"due": {"for": "2 days", "from": "task:papers"}}
    schedule = {"schedule": {"mode": "relative", "duration": "1 hour", "reference": "phase:go"}}
    flow = draw(
        "trigger -> papers -> ask -> late",
        kinds={"ask": "manual"},
        settings={"ask": due, "late": schedule},
        phases={"go": "papers ask"},
    )
    flow = flow.with_task(replace(flow.tasks["papers"], name="Collect the papers"))
    flow = replace(flow, phases={"go": replace(flow.phases["go"], name="Preparation")})
    ask, late = flow.tasks["ask"], flow.tasks["late"]
    assert kind_of(ask).summary_in(flow, ask) == "anyone · 2 d after Collect the papers"
    assert kind_of(late).summary_in(flow, late).endswith(" · 1 h after Preparation")
    gone = replace(ask, settings={"due": {"for": "2 days", "from": "task:gone"}})
    assert kind_of(gone).summary_in(flow, gone) == "anyone · 2 d after gone"
    shown = replace(ask, settings={"due": {"for": "2 days", "from": "papers"}})
    assert kind_of(shown).summary_in(flow, shown) == "anyone · 2 d after papers"


def test_the_card_of_a_decision_tells_its_one_statement_or_counts_its_branches() -> None:
    over = Condition("large", statements=(Statement("input.order.total", "greater_than", ("1000",)),))
    task = Task("t", "T", "decision", conditions=(over,))
    assert kind_of(task).summary(task) == "total over 1000"
    begun = Condition("large", statements=(Statement("", "greater_than", ()),))
    assert kind_of(task).summary(replace(task, conditions=(begun,))) == "… over"
    loop = {"branch": "large", "exit": "none_met", "max_iterations": 10}
    task = replace(task, conditions=(over, condition("small")), settings={"loop": loop})
    assert kind_of(task).summary(task) == "2 branches · ≤ 10 rounds"


def test_the_card_of_a_junction_tells_an_unusual_join() -> None:
    task = Task("t", "T", "noop", join=Join.ANY)
    assert kind_of(task).summary(task) == "goes on with the first"


def test_a_decision_has_a_port_for_each_branch_and_every_kind_one_for_errors() -> None:
    decision = Task("t", "T", "decision", conditions=(Condition("yes", "Yes!"), Condition("no")))
    labels = [(port.on, port.branch, port.label) for port in kind_of(decision).ports(decision)]
    assert labels == [
        (On.SUCCESS, "yes", "Yes!"),
        (On.SUCCESS, "no", "no"),
        (On.SUCCESS, "none_met", "otherwise"),
        (On.ERROR, None, "error"),
    ]
    for kind in KINDS.values():
        assert kind.ports(Task("t", "T", kind.key))[-1].on is On.ERROR


def test_the_inputs_of_an_automation_are_those_of_its_action() -> None:
    inputs = next(field for field in KINDS["automation"].fields if field.key == "inputs")
    assert [field.key for field in inputs.beside({"action": "raise_error"}).fields] == ["message", "retryable"]
    assert inputs.beside({}).fields == ()


@pytest.mark.parametrize(
    ("settings", "keys"),
    [
        (REQUEST, ("status", "headers", "body")),
        ({"action": "set_values", "inputs": {"values": {"a": 1}}}, ("a",)),
        ({"action": "python"}, None),
        ({}, None),
    ],
)
def test_what_an_automation_puts_out_is_known_as_far_as_it_can_be(
    settings: dict[str, Any], keys: tuple[str, ...] | None
) -> None:
    assert KINDS["automation"].output_keys(Task("t", "T", "automation", settings=settings)) == keys


def test_a_closed_form_tells_what_a_person_will_put_out() -> None:
    form = {"type": "object", "properties": {"ok": {"type": "boolean"}}}
    assert KINDS["manual"].output_keys(Task("t", "T", "manual", settings={"form": form})) is None
    closed = {**form, "additionalProperties": False}
    assert KINDS["manual"].output_keys(Task("t", "T", "manual", settings={"form": closed})) == ("ok",)


@pytest.mark.parametrize(
    "form",
    [{"type": "objct"}, {"$ref": "https://example.com/schema.json"}, {"properties": {"a": {"$ref": "other.json"}}}, []],
)
def test_a_form_must_be_a_json_schema_of_its_own(form: Any) -> None:
    task = Task("t", "T", "manual", settings={"form": form})
    assert [problem.path for problem in KINDS["manual"].wrong_settings(task)] == [("form",)]


@pytest.mark.parametrize(
    ("schedule", "words"),
    [
        ({"mode": "immediate"}, "sets a"),
        ({"mode": "delayed", "duration": "2 days"}, "sets a · in 2 d"),
        ({"mode": "relative", "duration": "1 hour", "reference": "task:pay"}, "sets a · 1 h after pay"),
        (
            {"mode": "relative", "direction": "before", "duration": "3 days", "reference": "{{ input.due }}"},
            "sets a · 3 d before due",
        ),
    ],
)
def test_a_card_says_when_a_task_is_scheduled(schedule: dict[str, Any], words: str) -> None:
    settings = {"action": "set_values", "inputs": {"values": {"a": 1}}, "schedule": schedule}
    assert KINDS["automation"].summary(Task("t", "T", "automation", settings=settings)) == words
