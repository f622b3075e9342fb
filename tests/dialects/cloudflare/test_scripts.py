"""Flows as code through the Python SDK: the same log, commands and events as for drawn flows."""

from __future__ import annotations

import pytest

from tests.dialects.cloudflare.conftest import Account

SHOP = """
    import asyncio
    from workers import WorkflowEntrypoint, NonRetryableError


    class Order(WorkflowEntrypoint):
        async def run(self, event, step):
            @step.do("charge card", config={"retries": {"limit": 2, "delay": 100}})
            async def charge(ctx):
                if ctx.attempt == 1:
                    raise RuntimeError("gateway busy")
                return {"receipt": f"R-{event['payload']['orderId']}"}

            receipt = await charge()
            secret = await step.do("secret", lambda: "4711", {"sensitive": "output"})
            approval = await step.wait_for_event("approval", "approved", timeout="1 hour")
            letter = await step.do("letter", lambda: b"Dear customer")
            left, right = await asyncio.gather(step.do("pack", lambda: "left"), step.do("pack", lambda: "right"))
            await step.sleep("cool down", 1)
            return {
                "receipt": receipt["receipt"], "by": approval["payload"], "packed": [left, right],
                "secret": len(secret), "letter": letter.decode(),
            }


    class Failing(WorkflowEntrypoint):
        async def run(self, event, step):
            def fail():
                raise NonRetryableError("card refused")
            await step.do("charge", fail)


    class Saga(WorkflowEntrypoint):
        async def run(self, event, step):
            await step.do("book", lambda: "seat 1", rollback=lambda undone: None)
            if event["payload"].get("fail"):
                await step.do("pay", self.refuse, {"retries": {"limit": 0, "delay": 0}})
            await step.sleep("long", "1 hour")

        def refuse(self):
            raise ValueError("no money")


    class Sleeping(WorkflowEntrypoint):
        async def run(self, event, step):
            await step.do("first", lambda: 1)
            await step.sleep("long", "1 hour")
"""


@pytest.fixture(scope="module", autouse=True)
def shop(account: Account) -> None:
    """A script of three classes, each bound to a workflow."""
    account.deploy("shop_worker", SHOP)
    for workflow, class_name in (("shop", "Order"), ("failing", "Failing"), ("sleeping", "Sleeping"), ("saga", "Saga")):
        account.bind(workflow, "shop-worker", class_name)


def test_a_script_runs_with_retries_events_parallel_steps_and_sleeps(account: Account) -> None:
    id = account.create("shop", instance_id="order-7781", params='{"orderId": 7781}')
    found = account.wait("shop", id, "waiting", "errored")
    assert [(step.type, step.name) for step in found.steps] == [
        ("step", "charge card-1"), ("step", "secret-1"), ("waitForEvent", "approval-1"),
    ]  # fmt: skip
    charge, secret, _ = found.steps
    assert [attempt.success for attempt in charge.attempts] == [False, True]
    assert (charge.attempts[0].error.name, charge.attempts[0].error.message) == ("RuntimeError", "gateway busy")
    assert (charge.config.retries.limit, charge.config.retries.delay, charge.config.timeout) == (2, 100, "10 minutes")
    assert (secret.output, secret.config.sensitive) == ("[REDACTED]", "output")
    account.client.workflows.instances.events.create(
        "approved", account_id=account.id, workflow_name="shop", instance_id=id, body="ada"
    )
    found = account.wait("shop", id, "complete", "errored")
    assert found.output == {
        "receipt": "R-7781", "by": "ada", "packed": ["left", "right"], "secret": 4, "letter": "Dear customer",
    }  # fmt: skip
    assert [step.name for step in found.steps][3:] == ["letter-1", "pack-1", "pack-2", "cool down-1"]
    raw = account.client.workflows.instances.with_raw_response.step(
        id, account_id=account.id, workflow_name="shop", name="letter-1", type="step"
    )
    assert (raw.headers["content-type"], raw.read()) == ("application/octet-stream", b"Dear customer")


def test_an_uncaught_error_is_told_by_its_name(account: Account) -> None:
    found = account.wait("failing", account.create("failing"), "errored")
    assert (found.error.name, found.error.message, found.success) == ("NonRetryableError", "card refused", False)
    assert len(found.steps[0].attempts) == 1


def test_changed_code_is_refused_under_a_running_instance(account: Account) -> None:
    account.deploy("changing", SHOP)
    account.bind("changing", "changing", "Sleeping")
    id = account.create("changing")
    account.wait("changing", id, "waiting")
    account.deploy("changing", SHOP.replace('"first"', '"other"'))
    account.client.workflows.instances.status.edit(
        id, account_id=account.id, workflow_name="changing", status="restart", from_={"name": "long", "type": "sleep"}
    )
    found = account.wait("changing", id, "errored")
    assert found.error.name == "ScriptChanged"
    version = account.bind("changing", "changing", "Sleeping").version_id
    assert account.get("changing", account.create("changing")).version_id == version


def test_a_script_opens_in_the_editor_as_a_program(account: Account) -> None:
    flow = account.native.get("/flows/shop").json()
    assert [task["kind"] for task in flow["tasks"]] == ["program"]


def test_a_saga_is_rolled_back_when_it_fails_and_when_it_is_terminated(account: Account) -> None:
    found = account.wait("saga", account.create("saga", params='{"fail": true}'), "errored")
    assert (found.error.name, found.error.message) == ("ValueError", "no money")
    assert (found.rollback.outcome, found.rollback.error) == ("complete", None)
    assert [(step.type, step.name, step.success) for step in found.steps] == [
        ("step", "book-1", True), ("step", "pay-1", False), ("rollback", "book-1", True),
    ]  # fmt: skip
    id = account.create("saga")
    account.wait("saga", id, "waiting")
    account.client.workflows.instances.status.edit(
        id, account_id=account.id, workflow_name="saga", status="terminate", rollback=True
    )
    found = account.wait("saga", id, "terminated")
    assert found.rollback.outcome == "complete"
    assert [step.type for step in found.steps] == ["step", "sleep", "rollback", "termination"]


def test_a_script_is_there_for_its_organization_alone(account: Account, stranger: Account) -> None:
    stranger.bind("shop", "shop-worker", "Order")
    (version,) = stranger.client.workflows.versions.list("shop", account_id=stranger.id)
    assert not version.has_dag
    id = stranger.create("shop")
    assert stranger.wait("shop", id, "complete").output is None


def test_the_history_is_told_under_the_names_of_the_vendors_events(account: Account) -> None:
    id = account.create("saga", params='{"fail": true}')
    account.wait("saga", id, "errored")
    answer = account.http.get(f"/saga/instances/{id}/log?per_page=100").raise_for_status().json()
    told = [(event["event"], event.get("step")) for event in answer["result"]]
    assert told[:2] == [("workflow_queued", None), ("workflow_started", None)]
    for event in (
        ("step_started", "book-1"),
        ("attempt_started", "book-1"),
        ("step_completed", "book-1"),
        ("attempt_errored", "pay-1"),
        ("step_errored", "pay-1"),
        ("rollback_started", None),
        ("rollback_completed", None),
        ("workflow_errored", None),
    ):
        assert event in told
    assert answer["result_info"]["total_count"] == len(told)
    second = account.http.get(f"/saga/instances/{id}/log?per_page=2&page=2").json()["result"]
    assert [event["event"] for event in second] == [name for name, _ in told[2:4]]
    assert account.http.get(f"/saga/instances/{id}/log", headers={"authorization": "Bearer x"}).status_code == 401
