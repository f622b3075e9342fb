"""The contract's rules for bad input, row by row, and what belongs to somebody else. Sent by hand: SDKs are polite."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from tests.dialects.cloudflare.conftest import Account

MIB = 1024 * 1024


@pytest.fixture(scope="module", autouse=True)
def hollow(account: Account) -> None:
    """A workflow without a program, with one instance."""
    account.bind("hollow", "nowhere", "Nothing")
    if account.http.get("/hollow/instances/known").status_code == 404:
        account.create("hollow", instance_id="known")
    account.draw(
        "sleeper",
        [{"key": "nap", "name": "nap", "kind": "delay", "settings": {"for": "1 hour"}}],
        [{"from": "trigger", "to": "nap"}],
    ) if account.http.get("/sleeper").status_code == 404 else None
    if account.http.get("/sleeper/instances/awake").status_code == 404:
        account.create("sleeper", instance_id="awake")
        account.create("sleeper", instance_id="steered")


def refused(answer: httpx.Response, status: int, code: int, pointer: str | None = None) -> None:
    """An answer in the vendor's failure envelope."""
    body = answer.json()
    assert (answer.status_code, body["success"], body["result"], body["messages"]) == (status, False, None, []), body
    (error,) = body["errors"]
    assert error["code"] == code, error
    assert error["message"]
    if pointer is not None:
        assert error["source"]["pointer"] == pointer


def binding(**more: Any) -> dict[str, Any]:
    """The body of a PUT."""
    return {"class_name": "A", "script_name": "a", **more}


@pytest.mark.parametrize("name", ["-begins", "has space", "dot.ted", "x" * 65, "ümlaut"])
def test_workflow_names(account: Account, name: str) -> None:
    refused(account.http.put(f"/{name}", json=binding()), 400, 10301)
    refused(account.http.get(f"/{name}"), 404, 10200)


@pytest.mark.parametrize(
    ("body", "code", "pointer"),
    [
        ({"script_name": "a"}, 10300, "/class_name"),
        ({"class_name": "", "script_name": "a"}, 10300, "/class_name"),
        ({"class_name": "A", "script_name": "s" * 256}, 10300, "/script_name"),
        (binding(limits={"steps": 0}), 10300, "/limits/steps"),
        (binding(limits={"steps": 25_001}), 10300, "/limits/steps"),
        (binding(limits={"steps": 1.5}), 10300, "/limits/steps"),
        (binding(limits=[]), 10300, "/limits"),
        (binding(concurrency={"limit": 0}), 10300, "/concurrency/limit"),
        (binding(concurrency={"limit": 50_001}), 10300, "/concurrency/limit"),
        (binding(default_retention={"success_retention": 0}), 10300, "/default_retention/success_retention"),
        (binding(default_retention={"error_retention": "soon"}), 10300, "/default_retention/error_retention"),
        (binding(schedules=[{"cron": "* * * *"}]), 10311, "/schedules/0/cron"),
        (binding(schedules=[{"cron": "0 6 * * MON"}, {"cron": "0 6 * * 8"}]), 10311, "/schedules/1/cron"),
        (binding(schedules=[{"cron": 5}]), 10300, "/schedules/0/cron"),
        (binding(schedules="daily"), 10300, "/schedules"),
        ([], 10300, None),
    ],
)
def test_bodies_of_a_put(account: Account, body: Any, code: int, pointer: str | None) -> None:
    refused(account.http.put("/never-made", json=body), 400, code, pointer)
    refused(account.http.get("/never-made"), 404, 10200)


@pytest.mark.parametrize(
    "cron",
    [
        "0 6 * * MON-FRI",
        "*/30 * * * *",
        "0 0 L * *",
        "0 9 15W * *",
        "0 9 * JAN-MAR 2#1",
        "5,10 1-3 * * 6L",
        "0 0 * * 1-7",
    ],
)
def test_schedules_that_can_be_read(account: Account, cron: str) -> None:
    account.bind("planned", "nowhere", "Nothing", schedules=[{"cron": cron}])
    (schedule,) = account.client.workflows.get("planned", account_id=account.id).schedules or ()
    assert schedule.cron == cron
    account.bind("planned", "nowhere", "Nothing")  # without schedules: kept
    assert account.client.workflows.get("planned", account_id=account.id).schedules
    account.bind("planned", "nowhere", "Nothing", schedules=[])
    assert account.client.workflows.get("planned", account_id=account.id).schedules is None


@pytest.mark.parametrize("id", ["", "-x", "a.b", "a b", "x" * 101, f"cf_{'a' * 64}", 7])
def test_new_instance_ids(account: Account, id: Any) -> None:
    refused(account.http.post("/hollow/instances", json={"instance_id": id}), 400, 10302)


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"{", 10300),
        (b"[]", 10300),
        (b'"text"', 10300),
        (b'{"params": NaN}', 10300),
        (b'{"location_hint": "moon"}', 10300),
        (b'{"instance_retention": {"success_retention": "-1 days"}}', 10300),
        (json.dumps({"params": "x" * (MIB + 1)}).encode(), 10306),
    ],
)
def test_bodies_of_a_create(account: Account, raw: bytes, code: int) -> None:
    refused(account.http.post("/hollow/instances", content=raw), 400, code)


@pytest.mark.parametrize("body", [[], {}, None, "x", [{}] * 101, [{}, 1], [None]])
def test_batches(account: Account, body: Any) -> None:
    refused(account.http.post("/hollow/instances/batch", json=body), 400, 10305)


def test_one_bad_entry_refuses_the_whole_batch(account: Account) -> None:
    batch = [{"instance_id": "half-made"}, {"instance_id": "not.good"}]
    refused(account.http.post("/hollow/instances/batch", json=batch), 400, 10302)
    refused(account.http.get("/hollow/instances/half-made"), 404, 10400)


def test_params_are_read_once(account: Account) -> None:
    for given, read in (('"\\"abc\\""', '"abc"'), ("abc", "abc"), ('{"a": 1}', {"a": 1}), (None, {}), ("null", None)):
        id = account.create("hollow", **({} if given is None else {"params": given}))
        assert account.get("hollow", id).params == (json.loads(given) if given == '"\\"abc\\""' else read)
    assert account.http.post("/hollow/instances/").json()["result"]["status"] == "queued"
    assert account.http.post("/hollow/instances", json={"id": "by-id", "params": [1]}).json()["result"]["id"] == "by-id"
    assert account.get("hollow", "by-id").params == [1]


@pytest.mark.parametrize("type", ["a.b", "-a", "has%20space", "x" * 101])
def test_event_types(account: Account, type: str) -> None:
    refused(account.http.post(f"/sleeper/instances/awake/events/{type}", json={}), 400, 10303)


def test_events(account: Account) -> None:
    refused(account.http.post("/sleeper/instances/awake/events/go", content=b"x" * (MIB + 1)), 400, 10306)
    refused(account.http.post("/sleeper/instances/awake/events/go", content=b"{"), 400, 10300)
    account.wait("hollow", "known", "complete")
    refused(account.http.post("/hollow/instances/known/events/go", json={}), 400, 10310)
    for body in (b"", b"null", b'"text"', b"7"):
        assert account.http.post("/sleeper/instances/awake/events/go", content=body).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"status": "stop"},
        {"status": "pause", "rollback": True},
        {"status": "terminate", "rollback": "yes"},
        {"status": "pause", "from": {"name": "nap"}},
        {"status": "restart", "from": {}},
        {"status": "restart", "from": {"name": ""}},
        {"status": "restart", "from": {"name": "nap", "count": 0}},
        {"status": "restart", "from": {"name": "nap", "type": "dance"}},
        {"status": "restart", "from": {"name": "nap", "type": []}},
        {"status": {}},
        [],
    ],
)
def test_bodies_of_a_command(account: Account, body: Any) -> None:
    refused(account.http.patch("/sleeper/instances/awake/status", json=body), 400, 10300)


def test_commands_that_the_state_does_not_allow(account: Account) -> None:
    account.wait("hollow", "known", "complete")
    for command in ("pause", "resume", "terminate"):
        answer = account.http.patch("/hollow/instances/known/status", json={"status": command})
        refused(answer, 400, 10309)
        assert f"cannot_{command}" in answer.json()["errors"][0]["message"]
    body = {"status": "restart", "from": {"name": "nothing"}}
    answer = account.http.patch("/sleeper/instances/steered/status", json=body)
    refused(answer, 400, 10309)
    assert 'Step "nothing" not found in execution history' in answer.json()["errors"][0]["message"]
    assert account.http.patch("/sleeper/instances/steered/status", json={"action": "pause"}).json()["result"]["status"]
    assert account.http.patch("/sleeper/instances/steered/status", json={"action": "resume"}).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/hollow/instances?status=asleep",
        "/hollow/instances?direction=up",
        "/hollow/instances?date_start=yesterday",
        "/hollow/instances?page=0",
        "/hollow/instances?per_page=1.5",
        "?page=x",
        "/hollow/versions?per_page=-1",
        "/hollow/instances/known?order=up",
        "/hollow/instances/known?simple=yes",
        "/hollow/instances/known/step?name=a",
        "/hollow/instances/known/step?name=a&type=sleep",
    ],
)
def test_queries(account: Account, path: str) -> None:
    refused(account.http.get(path), 400, 10300)


def test_pages_beyond_the_end_are_empty_and_large_ones_are_cut(account: Account) -> None:
    for path in ("", "/hollow/instances", "/hollow/versions"):
        body = account.http.get(f"{path}?page=999.0&per_page=500.0").json()
        assert (body["result"], body["result_info"]["per_page"]) == ([], 100)


@pytest.mark.parametrize("cursor", ["x", "!!", "WzEsMl0", "a" * 5000])
def test_cursors(account: Account, cursor: str) -> None:
    refused(account.http.get("/hollow/instances", params={"cursor": cursor}), 400, 10313)


def test_a_cursor_of_another_workflow_is_refused(account: Account) -> None:
    account.create("hollow")
    cursor = account.http.get("/hollow/instances?per_page=1").json()["result_info"]["cursor"]
    refused(account.http.get("/sleeper/instances", params={"cursor": cursor}), 400, 10313)


@pytest.mark.parametrize("id", ["nowhere", "a.b", "x" * 272, "%C3%BC"])
def test_unknown_instances(account: Account, id: str) -> None:
    refused(account.http.get(f"/hollow/instances/{id}"), 404, 10400)
    refused(account.http.patch(f"/hollow/instances/{id}/status", json={"status": "pause"}), 404, 10400)
    refused(account.http.post(f"/hollow/instances/{id}/events/go", json={}), 404, 10400)
    refused(account.http.get(f"/hollow/instances/{id}/step?name=a&type=step"), 404, 10400)


def test_what_belongs_to_another_organization_is_not_found(account: Account, stranger: Account) -> None:
    version = account.http.get("/hollow/versions").json()["result"][0]["id"]
    refused(stranger.http.get("/hollow"), 404, 10200)
    refused(stranger.http.get("/hollow/instances/known"), 404, 10200)
    stranger.bind("hollow", "nowhere", "Nothing")
    refused(stranger.http.get("/hollow/instances/known"), 404, 10400)
    refused(stranger.http.get(f"/hollow/versions/{version}"), 404, 10308)
    assert all(row.id != version for row in stranger.client.workflows.versions.list("hollow", account_id=stranger.id))


def test_credentials(account: Account, stranger: Account) -> None:
    base = f"{account.base_url}/accounts/{account.id}/workflows"
    key, reader = account.tenant.key, account.tenant.reader
    refused(httpx.get(base), 401, 10000)
    for headers in (
        {"authorization": "Bearer qd_nonsense"},
        {"authorization": f"Basic {key}"},
        {"x-auth-key": key},
        {"x-auth-email": "a@example.com"},
    ):
        refused(httpx.get(base, headers=headers), 401, 10000)
    for headers in (
        {"authorization": f"Bearer {key}"},
        {"x-auth-email": "a@example.com", "x-auth-key": key},
        {"x-auth-user-service-key": key},
    ):
        assert httpx.get(base, headers=headers, timeout=60).status_code == 200
    named = f"{account.base_url}/accounts/{account.tenant.organization}.{account.tenant.environment}/workflows"
    assert httpx.get(named, headers={"authorization": f"Bearer {key}"}, timeout=60).status_code == 200
    refused(httpx.get(base, headers={"authorization": f"Bearer {stranger.tenant.key}"}, timeout=60), 403, 10000)
    reading = {"authorization": f"Bearer {reader}"}
    assert httpx.get(base, headers=reading, timeout=60).status_code == 200
    refused(httpx.put(f"{base}/x", headers=reading, json=binding(), timeout=60), 403, 10000)
    refused(httpx.post(f"{base}/hollow/instances", headers=reading, timeout=60), 403, 10000)


def test_a_conflict_is_not_to_be_retried(account: Account) -> None:
    answer = account.http.post("/hollow/instances", json={"instance_id": "known"})
    refused(answer, 409, 10304)
    assert answer.headers["x-should-retry"] == "false"


def test_addresses_and_methods_that_there_are_not(account: Account) -> None:
    assert account.http.get("/hollow/nothing").json()["success"] is False
    assert account.http.delete("/hollow/versions").status_code == 405
    assert account.http.post("/hollow", json={}).json()["errors"][0]["code"] == 10300


def test_what_the_command_line_client_uses(account: Account) -> None:
    account.bind("many-hollow", "sleeper", "Sleeper")
    ids = [account.create("many-hollow", instance_id=f"i-{number}") for number in range(3)]
    assert account.http.get("/many-hollow/instances/latest").json()["result"]["params"] == {}
    assert account.http.put("/many-hollow/instances/terminate?status=waiting").json()["result"] == {"status": "ok"}
    assert {account.get("many-hollow", id).status for id in ids} == {"terminated"}
    refused(account.http.put("/many-hollow/instances/terminate?status=complete"), 400, 10300)
    assert account.http.delete("/many-hollow/instances/i-0").json()["result"] == {"success": True}
    body = {"instances": ["i-0", "i-1", "i-2"]}
    result = account.http.post("/many-hollow/instances/batch/delete", json=body).json()["result"]
    assert result["deleted"] == [{"id": "i-1"}, {"id": "i-2"}]
    assert [error["code"] for error in result["errors"]] == [10400]
    assert account.http.delete("/many-hollow").json()["result"] == {"status": "ok", "success": True}


def test_a_drawn_flow_that_is_deleted_keeps_its_draft_and_comes_back_with_another_id(account: Account) -> None:
    tasks = [{"key": "a", "name": "a", "kind": "noop"}]
    account.draw("comes-back", tasks, [{"from": "trigger", "to": "a"}])
    before = account.http.get("/comes-back").json()["result"]["id"]
    account.create("comes-back")
    assert account.http.delete("/comes-back").status_code == 200
    refused(account.http.get("/comes-back"), 404, 10200)
    assert account.native.get("/flows/comes-back").status_code == 200
    account.native.post("/flows/comes-back/publish", json={}).raise_for_status()
    after = account.http.get("/comes-back").json()["result"]
    assert after["id"] != before
    assert set(after["instances"].values()) == {0}


def test_a_whole_number_may_be_written_as_a_float(account: Account) -> None:
    account.bind("floating", "nowhere", "Nothing", limits={"steps": 500.0}, concurrency={"limit": 2e1})
    (version,) = account.client.workflows.versions.list("floating", account_id=account.id)
    assert (version.limits.steps, version.concurrency.limit) == (500, 20)
