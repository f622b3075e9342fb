"""Every operation through the Python SDK on a flow that was drawn here."""

from __future__ import annotations

import cloudflare
import pytest

from tests.dialects.cloudflare.conftest import Account

ORDER = (
    [
        {"key": "price", "name": "price it", "kind": "automation",
         "settings": {"action": "python", "inputs": {"function": "echo", "arguments": {"total": "{{ input.total }}"}}}},
        {"key": "paid", "name": "paid", "kind": "wait_event", "settings": {"event_type": "paid", "timeout": "1 hour"}},
        {"key": "nap", "name": "cool down", "kind": "delay", "settings": {"for": "1 hour"}},
    ],
    [
        {"from": "trigger", "to": "price"}, {"from": "price", "to": "paid"}, {"from": "paid", "to": "nap"},
    ],
)  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def order(account: Account) -> None:
    """A flow that waits for an event, then sleeps."""
    account.draw("order", *ORDER, name="Order")


def test_a_drawn_flow_is_a_workflow(account: Account) -> None:
    found = account.client.workflows.get("order", account_id=account.id)
    assert (found.name, found.script_name, found.class_name) == ("order", "order", "Order")
    assert set(found.instances) == {
        "queued", "running", "paused", "errored", "terminated", "complete", "waitingForPause", "waiting", "rollingBack",
    }  # fmt: skip


def test_an_instance_runs_waits_takes_its_event_and_shows_its_log(account: Account) -> None:
    created = account.client.workflows.instances.create(
        "order", account_id=account.id, instance_id="order-1", params='{"total": 12}'
    )
    assert (created.id, created.status, created.trigger_source) == ("order-1", "queued", "api")
    found = account.wait("order", "order-1", "waiting")
    assert found.params == {"total": 12}
    assert [(step.type, step.name) for step in found.steps] == [("step", "price it-1"), ("waitForEvent", "paid-1")]
    assert found.steps[0].output == '{"total":12}'
    assert found.steps[0].attempts[0].success is True
    assert found.steps[1].finished is False
    sent = account.client.workflows.instances.events.create(
        "paid", account_id=account.id, workflow_name="order", instance_id="order-1", body={"by": "card"}
    )
    assert sent.instance_id == "order-1"
    found = account.get("order", "order-1")
    assert [step.name for step in found.steps] == ["price it-1", "paid-1", "cool down-1"]
    assert found.steps[1].output == '{"by":"card"}'
    step = account.client.workflows.instances.step(
        "order-1", account_id=account.id, workflow_name="order", name="paid-1", type="waitForEvent"
    )
    assert (step.status, step.output, step.event_type) == ("complete", {"by": "card"}, "paid")
    newest_first = account.get("order", "order-1", order="desc")
    assert [step.name for step in newest_first.steps] == ["cool down-1", "paid-1", "price it-1"]
    simple = account.get("order", "order-1", simple="true")
    assert (simple.steps, simple.step_count) == ([], 3)


def test_commands_pause_resume_restart_and_terminate(account: Account) -> None:
    id = account.create("order", params='{"total": 1}')
    account.wait("order", id, "waiting")
    edit = account.client.workflows.instances.status.edit
    where = {"account_id": account.id, "workflow_name": "order"}
    assert edit(id, **where, status="pause").status == "paused"
    assert edit(id, **where, status="pause").status == "paused"
    assert edit(id, **where, status="resume").status == "waiting"
    assert edit(id, **where, status="restart").status == "queued"
    account.wait("order", id, "waiting")
    edit(id, **where, status="restart", from_={"name": "price it", "count": 1, "type": "do"})
    account.wait("order", id, "waiting")
    assert edit(id, **where, status="terminate").status == "terminated"
    found = account.get("order", id)
    assert (found.success, found.error, found.steps[-1].type) == (False, None, "termination")
    with pytest.raises(cloudflare.BadRequestError) as refused:
        edit(id, **where, status="pause")
    assert refused.value.errors[0].code == 10309


def test_the_pager_of_instances_ends(account: Account) -> None:
    account.client.workflows.update("many", account_id=account.id, class_name="Nothing", script_name="not-there")
    bulk = account.client.workflows.instances.bulk(
        "many", account_id=account.id, body=[{"instance_id": f"one-{n}"} for n in range(7)] + [{"instance_id": "one-3"}]
    )
    assert [one.id for one in bulk] == [f"one-{n}" for n in range(7)]
    listed = account.client.workflows.instances.list("many", account_id=account.id, per_page=3, direction="asc")
    assert [one.id for one in listed] == [f"one-{n}" for n in range(7)]
    first = account.client.workflows.instances.list("many", account_id=account.id, per_page=3)
    cursor = first.result_info.cursor  # type: ignore[union-attr]
    rest = account.client.workflows.instances.list("many", account_id=account.id, per_page=3, cursor=cursor)
    assert [one.id for one in rest] == ["one-3", "one-2", "one-1", "one-0"]
    assert account.wait("many", "one-0", "complete").output is None
    assert {row.name for row in account.client.workflows.list(account_id=account.id, per_page=1)} >= {"many", "order"}


def test_a_page_that_wrangler_asks_for(account: Account) -> None:
    """`wrangler workflows instances list paged --page N --per-page 3`: N requests, each with the cursor of the one
    before; `page` itself is never sent.
    """
    account.bind("paged", "not-there", "Nothing")
    ids = [f"one-{n}" for n in range(7)]
    account.client.workflows.instances.bulk("paged", account_id=account.id, body=[{"instance_id": id} for id in ids])

    def page(number: int, **more: str) -> list[str]:
        query, rows = {"per_page": "3", **more}, []
        for at in range(1, number + 1):
            answer = account.http.get("/paged/instances", params=query).raise_for_status().json()
            rows = answer["result"]
            cursor = answer["result_info"].get("cursor")
            if cursor is None:
                return [row["id"] for row in rows] if at == number else []
            query["cursor"] = cursor
        return [row["id"] for row in rows]

    assert [page(number) for number in range(1, 5)] == [ids[:3:-1], ids[3:0:-1], ids[:1], []]
    for id in ids:
        account.wait("paged", id, "complete")
    assert (page(2, status="complete"), page(1, status="errored")) == (ids[3:0:-1], [])


def test_versions_are_made_by_each_put(account: Account) -> None:
    for _ in range(2):
        updated = account.client.workflows.update(
            "copied", account_id=account.id, class_name="Order", script_name="order", limits={"steps": 50},
            default_retention={"success_retention": "7 days"}, schedules=[{"cron": "0 6 * * 2-6"}],
        )  # fmt: skip
    versions = list(account.client.workflows.versions.list("copied", account_id=account.id, per_page=1))
    assert versions[0].id == updated.version_id
    assert len(versions) == 2
    version = account.client.workflows.versions.get(updated.version_id, account_id=account.id, workflow_name="copied")
    assert version.limits.steps == 50  # type: ignore[union-attr]
    assert version.default_retention.success_retention == 604_800_000  # type: ignore[union-attr]
    found = account.client.workflows.get("copied", account_id=account.id)
    assert found.schedules[0].cron == "0 6 * * 2-6"  # type: ignore[index]
    deleted = account.client.workflows.delete("copied", account_id=account.id)
    assert deleted.status == "ok"
    with pytest.raises(cloudflare.NotFoundError):
        account.client.workflows.get("copied", account_id=account.id)
