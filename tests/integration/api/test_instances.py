"""Instances over the API: started, listed, watched, steered; their human tasks done."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from accounts.models import MemberGroup, User
from accounts.roles import ApiScope, Role
from tests.integration.api.conftest import Api, assert_problem, flow_file


def test_an_instance_is_started_with_an_id_of_ones_own(api: Api, published: str) -> None:
    made = api.post("/flows/hello/instances", {"id": "order-1", "input": {"a": [1, None, "ü"]}})
    assert made.status_code == 201, made.content
    body = made.json()
    assert (body["id"], body["flow"], body["version"], body["input"]) == ("order-1", "hello", 1, {"a": [1, None, "ü"]})
    assert made["Location"] == "/api/v1/instances/order-1?flow=hello"
    assert body["trigger"]["type"] == "api"
    assert api.get("/instances/order-1").json()["id"] == "order-1"


def test_an_id_that_is_taken_is_a_409(api: Api, published: str) -> None:
    api.post("/flows/hello/instances", {"id": "order-1"})
    assert assert_problem(api.post("/flows/hello/instances", {"id": "order-1"}), 409)["type"].endswith("key-taken")


def test_a_flow_that_was_never_published_cannot_start(api: Api) -> None:
    api.post("/flows", flow_file())
    assert_problem(api.post("/flows/hello/instances", {}), 409)


def test_the_same_id_in_two_flows_asks_which(api: Api, published: str) -> None:
    api.post("/flows", flow_file("other"))
    api.post("/flows/other/publish")
    for flow in ("hello", "other"):
        api.post(f"/flows/{flow}/instances", {"id": "twin"})
    problem = assert_problem(api.get("/instances/twin"), 409)
    assert "hello, other" in problem["detail"]
    assert api.get("/instances/twin?flow=other").json()["flow"] == "other"


def test_instances_are_listed_newest_first_and_filtered(api: Api, published: str) -> None:
    answer = api.post("/flows/hello/instances/batch", {"instances": [{"id": f"n-{n}"} for n in range(5)]})
    assert answer.status_code == 201
    assert [one["id"] for one in answer.json()["items"]] == [f"n-{n}" for n in range(5)]
    first = api.get("/instances?limit=3").json()
    assert [one["id"] for one in first["items"]] == ["n-4", "n-3", "n-2"]
    assert [one["id"] for one in api.get(f"/instances?cursor={first['next']}").json()["items"]] == ["n-1", "n-0"]
    assert [one["id"] for one in api.get("/instances?q=n-3&flow=hello").json()["items"]] == ["n-3"]
    assert api.get("/instances?status=complete").json()["items"] == []
    assert len(api.get("/instances?started_after=2020-01-01T00:00:00Z").json()["items"]) in (0, 5)


def test_a_human_task_is_done_through_the_inbox(api: Api, published: str, run: Callable[[], None]) -> None:
    api.post("/flows/hello/instances", {"id": "one"})
    run()
    (task,) = api.get("/inbox").json()["items"]
    assert (task["instance"], task["task"], task["name"], task["status"]) == ("one", "ask", "Ask", "waiting")
    assert task["form"]["required"] == ["name"]
    seen = api.get("/instances/one").json()
    assert seen["status"] == "waiting"
    assert [(wait["task"], wait["for"]) for wait in seen["waiting_for"]] == [("ask", "person")]

    problem = assert_problem(api.post("/instances/one/steps/ask/complete", {"output": {"nmae": "x"}}), 422)
    assert problem["errors"]
    assert api.post("/instances/one/steps/ask/complete", {"output": {"name": "world"}}).status_code == 200
    run()
    ended = api.get("/instances/one").json()
    assert (ended["status"], ended["output"], ended["waiting_for"]) == ("complete", {"hello": "world"}, [])
    assert [(step["task"], step["status"]) for step in ended["steps"]] == [("ask", "completed"), ("greet", "completed")]
    assert api.get("/inbox").json()["items"] == []
    assert_problem(api.post("/instances/one/steps/ask/complete", {"output": {"name": "again"}}), 409)


def test_facts_are_numbered_without_gaps_and_paged(api: Api, published: str, run: Callable[[], None]) -> None:
    api.post("/flows/hello/instances", {"id": "one"})
    run()
    every = api.get("/instances/one/facts").json()
    assert [fact["number"] for fact in every["items"]] == list(range(1, len(every["items"]) + 1))
    assert every["next"] is None
    first = api.get("/instances/one/facts?limit=2").json()
    assert first["next"] == 2
    rest = api.get("/instances/one/facts?after=2").json()
    assert first["items"] + rest["items"] == every["items"]


def test_pausing_and_resuming(api: Api, published: str, run: Callable[[], None]) -> None:
    api.post("/flows/hello/instances", {"id": "one"})
    run()
    paused = api.post("/instances/one/pause", {"reason": "lunch"})
    assert (paused.status_code, paused.json()["status"]) == (200, "paused")
    assert_problem(api.post("/instances/one/pause"), 409)
    assert api.post("/instances/one/resume").json()["status"] in ("running", "waiting")
    assert_problem(api.post("/instances/one/resume"), 409)
    assert_problem(api.post("/instances/one/retry"), 409)
    facts = api.get("/instances/one/facts").json()["items"]
    assert any(fact["data"].get("reason") == "lunch" for fact in facts)


def test_terminating_is_final_until_a_restart(api: Api, published: str, run: Callable[[], None]) -> None:
    api.post("/flows/hello/instances", {"id": "one"})
    run()
    assert api.post("/instances/one/terminate", {"reason": "mistake"}).json()["status"] == "terminated"
    assert_problem(api.post("/instances/one/terminate"), 409)
    assert_problem(api.post("/instances/one/events", {"type": "late"}), 409)
    assert api.post("/instances/one/restart").status_code == 200
    run()
    assert api.get("/instances/one").json()["status"] == "waiting"


def test_a_failed_instance_is_retried(api: Api, run: Callable[[], None]) -> None:
    failing = flow_file("failing")
    failing["tasks"] = [
        {
            "key": "fail",
            "name": "Fail",
            "kind": "automation",
            "settings": {"action": "raise_error", "inputs": {"message": "no luck"}},
        }
    ]
    failing["edges"] = []
    api.post("/flows", failing)
    assert api.post("/flows/failing/publish").status_code == 201
    api.post("/flows/failing/instances", {"id": "one"})
    run()
    ended = api.get("/instances/one").json()
    assert (ended["status"], ended["error"]["message"]) == ("errored", "no luck")
    assert api.post("/instances/one/retry", {"reason": "once more"}).status_code == 200
    run()
    assert api.get("/instances/one").json()["status"] == "errored"


def test_a_step_is_claimed_held_assigned_and_skipped(
    api: Api, published: str, run: Callable[[], None], member: Callable[[Role], User]
) -> None:
    api.post("/flows/hello/instances", {"id": "one"})
    run()
    assignee = member(Role.ASSIGNEE)
    group = MemberGroup.objects.create(organization=assignee.memberships.get().organization, name="Ops", slug="ops")
    group.members.add(assignee)
    base = "/instances/one/steps/ask"
    assigned = api.post(f"{base}/assign", {"to": [assignee.email, "ops"]})
    assert assigned.status_code == 200, assigned.content
    assert assigned.json()["waiting_for"][0]["assigned_to"] == [assignee.email, "ops"]
    assert_problem(api.post(f"{base}/assign", {"to": ["nobody@example.com"]}), 422)
    claimed = api.post(f"{base}/claim", {"for": assignee.email})
    assert claimed.json()["waiting_for"][0]["claimed_by"] == assignee.email
    assert_problem(api.post(f"{base}/claim", {"for": "nobody@example.com"}), 422)
    assert api.post(f"{base}/unclaim").json()["waiting_for"][0]["claimed_by"] is None
    assert api.post(f"{base}/hold").json()["steps"][0]["status"] == "held"
    assert api.post(f"{base}/release").json()["steps"][0]["status"] == "waiting"
    skipped = api.post(f"{base}/skip", {"reason": "not needed"})
    assert skipped.status_code == 200
    run()
    assert api.get("/instances/one").json()["status"] in ("complete", "errored")
    assert_problem(api.post(f"{base}/skip"), 409)
    assert_problem(api.post("/instances/one/steps/nowhere/skip"), 404)


def test_an_event_reaches_a_wait_also_when_sent_before(api: Api, run: Callable[[], None]) -> None:
    waiting = flow_file("waiting")
    waiting["tasks"] = [
        waiting["tasks"][0],
        {"key": "wait", "name": "Wait", "kind": "wait_event", "settings": {"event_type": "go", "timeout": "1 hour"}},
    ]
    waiting["edges"] = [{"from": "ask", "to": "wait"}]
    api.post("/flows", waiting)
    assert api.post("/flows/waiting/publish").status_code == 201
    api.post("/flows/waiting/instances", {"id": "one"})
    run()
    sent = api.post("/instances/one/events", {"type": "go", "payload": {"n": 1}})
    assert (sent.status_code, sent.json()["type"]) == (202, "go")
    api.post("/instances/one/steps/ask/complete", {"output": {"name": "x"}})
    run()
    ended = api.get("/instances/one").json()
    assert (ended["status"], ended["output"]) == ("complete", {"n": 1})


def test_a_sensitive_output_is_never_shown(api: Api, run: Callable[[], None]) -> None:
    secret: dict[str, Any] = flow_file("secret")
    secret["tasks"] = [
        {
            "key": "token",
            "name": "Token",
            "kind": "automation",
            "settings": {
                "action": "set_values",
                "inputs": {"values": {"token": "{{ input.first }}{{ input.second }}"}},
                "sensitive": "output",
            },
        }
    ]
    secret["edges"] = []
    api.post("/flows", secret)
    assert api.post("/flows/secret/publish").status_code == 201
    api.post("/flows/secret/instances", {"id": "one", "input": {"first": "hush-", "second": "hush"}})
    run()
    seen = api.get("/instances/one").json()
    assert (seen["status"], seen["output"], seen["steps"][0]["output"]) == ("complete", "[REDACTED]", "[REDACTED]")
    assert b"hush-hush" not in api.get("/instances/one/facts").content


def test_another_environments_instance_does_not_exist(api: Api, published: str, foreign_api: Api) -> None:
    api.post("/flows/hello/instances", {"id": "one"})
    assert foreign_api.get("/instances").json()["items"] == []
    assert foreign_api.get("/inbox").json()["items"] == []
    for path in ("", "/facts"):
        assert_problem(foreign_api.get(f"/instances/one{path}"), 404)
    for path in ("pause", "resume", "terminate", "restart", "retry", "steps/ask/complete", "steps/ask/claim"):
        assert_problem(foreign_api.post(f"/instances/one/{path}"), 404)
    assert_problem(foreign_api.post("/instances/one/events", {"type": "x"}), 404)


def test_scopes_keep_tasks_and_instances_apart(key_with: Callable[..., Api], api: Api, published: str) -> None:
    api.post("/flows/hello/instances", {"id": "one"})
    tasks = key_with(ApiScope.TASKS_READ, ApiScope.TASKS_WRITE)
    assert tasks.get("/inbox").status_code == 200
    assert_problem(tasks.get("/instances/one"), 403)
    assert_problem(tasks.post("/instances/one/terminate"), 403)
    assert_problem(key_with(ApiScope.INSTANCES_WRITE).post("/instances/one/steps/ask/complete"), 403)


def test_steps_are_named_in_the_order_they_began(api: Api) -> None:
    # One transaction begins both, and writes what has ended apart from what waits.
    tasks = [
        {"key": "first", "name": "First", "kind": "noop"},
        {"key": "second", "name": "Second", "kind": "delay", "settings": {"for": "1 hour"}},
    ]
    assert (
        api.post("/flows", flow_file("row", tasks=tasks, edges=[{"from": "first", "to": "second"}])).status_code == 201
    )
    assert api.post("/flows/row/publish").status_code == 201
    body = api.post("/flows/row/instances", {"id": "one"}).json()
    assert [(step["task"], step["status"]) for step in body["steps"]] == [("first", "completed"), ("second", "waiting")]
