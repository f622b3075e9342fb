"""Flows that were drawn here, on this wire; and texts with placeholders."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

from hypothesis import assume, given
from hypothesis import strategies as st

from accounts.scope import Scope
from designer.graph.model import Join
from designer.models import Flow
from designer.services.drafting import create_flow, draft_of, replace_draft
from designer.services.publishing import publish_flow
from dialects.formance.placeholders import to_template
from dialects.formance.stages import PLACEHOLDER, replaced
from engine.core.templates import render_value
from engine.services.instances import start_instance
from tests.drawing import draw
from tests.integration.formance.conftest import Caller, balance


def test_a_drawn_flow_is_listed_and_run(call: Caller, scope: Scope) -> None:
    """Its stages are its tasks in topological order; those of kinds this API does not know keep their names."""
    graph = draw(
        "start -> pick; pick -large-> ask; pick -none_met-> pay; ask,pay -> last",
        kinds={"ask": "wait_event", "pay": "transfer", "last": "noop"},
        settings={
            "start": {"action": "set_values", "inputs": {"values": {"seen": True}}},
            "ask": {"event_type": "approved"},
            "pay": {
                "source": {"account": {"id": "world"}},
                "destination": {"account": {"id": "customers:{{ input.customer }}"}},
                "amount": {"amount": "{{ input.cents }}", "asset": "EUR/2"},
            },
            "last": {},
        },
        key="drawn",
    )
    last = replace(graph.tasks["last"], join=Join.ANY)
    row = create_flow(scope, key="drawn", name="Drawn", flow=graph.with_task(last))
    publish_flow(scope, row)
    (listed,) = call("GET", "/v2/workflows").json()["cursor"]["data"]
    kinds = [next(iter(stage)) for stage in listed["config"]["stages"]]
    assert kinds == ["automation", "decision", "wait_event", "send", "noop"]
    send = listed["config"]["stages"][3]["send"]
    assert send["amount"] == {"amount": "${cents}", "asset": "EUR/2"}
    assert send["destination"] == {"account": {"id": "customers:${customer}"}}
    variables = {"customer": "ada", "cents": "700"}
    run = call("POST", f"/workflows/{listed['id']}/instances?wait=true", variables).json()["data"]
    assert (run["terminated"], run.get("error")) == (True, None)
    assert balance(scope, "customers:ada") == 700
    found = call("GET", f"/instances/{run['id']}").json()["data"]
    assert [stage["stage"] for stage in found["status"]] == [0, 1, 3, 4]
    names = [entry["name"] for entry in call("GET", f"/instances/{run['id']}/history").json()["data"]]
    assert names == ["RunAutomation", "RunDecision", "RunSend", "RunNoop"]
    (activity,) = call("GET", f"/instances/{run['id']}/stages/0/history").json()["data"]
    assert (activity["name"], activity["terminated"], activity["attempt"]) == ("Automation", True, 1)
    own = start_instance(scope, row, input={"customer": "bob", "cents": 5}, key="order/7".replace("/", "-"))
    listed_ids = [one["id"] for one in call("GET", "/instances").json()["data"]]
    assert len(listed_ids) == 2
    assert all(UUID(id) for id in listed_ids)
    assert call("GET", f"/instances/{listed_ids[0]}").json()["data"]["terminated"]
    assert call("GET", f"/instances/{own.key}").status_code == 200


def test_a_workflow_that_was_redrawn_is_answered_as_it_is_now(
    call: Caller, create: Callable[..., str], scope: Scope
) -> None:
    id = create({"wait_event": {"event": "go-${who}"}}, {"noop": {"note": 1}}, name="Redraw me")
    row = Flow.objects.get(key="redraw-me")
    assert row.origin == "formance"
    first = draft_of(row)
    task = replace(first.tasks["noop-2"], kind="delay", settings={"for": "2 hours"})
    replace_draft(scope, row, first.with_task(task), revision=row.draft_revision)
    row.refresh_from_db()
    publish_flow(scope, row)
    stages = call("GET", f"/workflows/{id}").json()["data"]["config"]["stages"]
    assert stages == [{"wait_event": {"event": "go-${who}"}}, {"delay": {"duration": "2h0m0s"}}]


@given(st.text(max_size=40))
def test_a_text_with_placeholders_survives_the_way_there_and_back(text: str) -> None:
    variables = {found[2:-1]: f"<{found}>" for found in PLACEHOLDER.findall(text)}
    assume(not any("{" in name or "\n" in name or ('"' in name and "'" in name) for name in variables))
    rendered = render_value(to_template(text), {"input": variables})
    assert rendered == replaced(text, variables)
