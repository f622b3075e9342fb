"""What cards name beside the flow, by the names that whoever draws it has put in."""

from __future__ import annotations

from dataclasses import replace

from designer.graph.delta import Delta, delta_between
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
    branching = "{% if input.late %}night{% endif %}"
    request = {"action": "http_request", "inputs": {"connection": branching}}
    settings = {"a": {"assigned_to": [branching]}, "b": {**request, "compensation": request}, "c": {"agent": branching}}
    assert mentions_in(draw("a -> b -> c", kinds={"a": "manual", "c": "ai_agent"}, settings=settings)) == set()


def test_the_connections_of_requests_are_named_also_of_what_takes_them_back() -> None:
    def request(name: str) -> dict[str, object]:
        return {"action": "http_request", "inputs": {"connection": name}}

    flow = draw("a", settings={"a": {**request("shop"), "compensation": request("bank")}})
    assert mentions_in(flow) == {("connection", "shop"), ("connection", "bank")}


def test_the_order_of_tasks_is_part_of_what_differs() -> None:
    before = drawn()
    turned = replace(before, tasks=dict(reversed([*before.tasks.items()])))
    assert delta_between(before, turned) == Delta(frozenset(), frozenset(), frozenset(), is_in_order=False)
    renamed = {**before.tasks, "ask": replace(before.tasks["ask"], name="Asked")}
    assert delta_between(before, replace(before, tasks=renamed)).is_in_order


def test_cards_whose_names_are_others_now_are_looked_at_again() -> None:
    before = replace(drawn(), called=NAMES)
    after = replace(before, called={**NAMES, ("flow", "billing"): "Invoices"})
    assert delta_between(before, after).tasks == {"call"}
    assert delta_between(before, replace(before)).tasks == frozenset()
