"""What cards name beside the flow, by the names that whoever draws it has put in."""

from __future__ import annotations

from dataclasses import replace

from designer.graph.delta import delta_between
from designer.graph.kinds import kind_of
from designer.graph.mentions import mentions_in
from designer.graph.model import Flow
from tests.drawing import draw

NAMES = {("assigned_to", "night"): "The night shift", ("flow", "billing"): "Billing", ("agent", "helper"): "Help desk"}


def drawn() -> Flow:
    return draw(
        "ask -> call -> help",
        kinds={"ask": "manual", "call": "call", "help": "ai_agent"},
        settings={
            "ask": {"assigned_to": ["Night", "ada@example.com", "{{ input.who }}"]},
            "call": {"flow": "billing"},
            "help": {"agent": "helper"},
        },
    )


def summaries(flow: Flow) -> list[str]:
    return [kind_of(task).summary_in(flow, task) for task in flow.tasks.values()]


def test_cards_call_others_by_their_names() -> None:
    assert summaries(drawn()) == ["Night, ada +1", "runs billing", "asks helper"]
    assert summaries(replace(drawn(), called=NAMES)) == ["The night shift, ada +1", "runs Billing", "asks Help desk"]


def test_what_is_named_is_found_but_for_templates() -> None:
    assert mentions_in(drawn()) == {*NAMES, ("assigned_to", "ada@example.com")}


def test_cards_whose_names_are_others_now_are_looked_at_again() -> None:
    before = replace(drawn(), called=NAMES)
    after = replace(before, called={**NAMES, ("flow", "billing"): "Invoices"})
    assert delta_between(before, after).tasks == {"call"}
    assert delta_between(before, replace(before)).tasks == frozenset()
