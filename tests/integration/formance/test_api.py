"""The orchestration API without its SDKs: what they cannot send, and what they do not look at."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import ApiKey
from accounts.scope import Scope

ROOT = "/formance/api/orchestration"


class Caller:
    """A client with a key."""

    def __init__(self, plain: str) -> None:
        self.client = Client(headers={"Authorization": f"Bearer {plain}"} if plain else {})

    def __call__(self, method: str, path: str, body: Any = None, *, raw: bytes | None = None, **extra: Any) -> Any:
        content = raw if raw is not None else b"" if body is None else json.dumps(body).encode()
        type = extra.pop("content_type", "application/json")
        return self.client.generic(method, ROOT + path, content, content_type=type, **extra)


@pytest.fixture
def call(scope: Scope) -> Caller:
    """A caller who may do everything."""
    return Caller(ApiKey.objects.issue(environment=scope.environment, name="all")[1])


@pytest.fixture
def create(call: Caller) -> Callable[..., str]:
    """`create({"noop": {}})`: the id of a new workflow with these stages."""

    def make(*stages: Any, name: str = "flow") -> str:
        answer = call("POST", "/v2/workflows", {"name": name, "stages": list(stages)})
        assert answer.status_code == 201, answer.content
        found: str = answer.json()["data"]["id"]
        return found

    return make


def refused(answer: Any) -> tuple[int, str, str]:
    """Status, code and message."""
    body = answer.json()
    return answer.status_code, body["errorCode"], body["errorMessage"]


def test_a_workflow_is_answered_as_it_was_sent(call: Caller, create: Callable[..., str]) -> None:
    stages = [{"noop": {"any": [1]}}, {"wait_event": {"event": "go ${x}"}}, {"delay": {"duration": "1h", "note": 1}}]
    id = create(*stages, name="As it is")
    found = call("GET", f"/workflows/{id}").json()["data"]
    assert found["config"] == {"name": "As it is", "stages": stages}
    assert found["createdAt"].endswith("Z")


def test_yaml_is_taken(call: Caller) -> None:
    text = b"name: yes-no\nstages:\n- wait_event:\n    event: go\n- noop: {}\n"
    answer = call("POST", "/workflows", raw=text, content_type="text/vnd.yaml")
    assert answer.status_code == 201
    assert answer.json()["data"]["config"]["stages"] == [{"wait_event": {"event": "go"}}, {"noop": {}}]


def test_an_instance_waits_and_goes_on(call: Caller, create: Callable[..., str]) -> None:
    id = create({"noop": {}}, {"wait_event": {"event": "go-${who}"}}, {"delay": {"duration": "${for}"}})
    run = call("POST", f"/workflows/{id}/instances", {"who": "ada", "for": "0s"})
    assert run.status_code == 201
    instance = run.json()["data"]["id"]
    found = call("GET", f"/instances/{instance}").json()["data"]
    assert [stage["stage"] for stage in found["status"]] == [0, 1]
    assert call("POST", f"/instances/{instance}/events", {"name": "other"}).status_code == 204
    assert not call("GET", f"/instances/{instance}").json()["data"]["terminated"]
    assert call("POST", f"/instances/{instance}/events", {"name": "go-ada"}).status_code == 204
    found = call("GET", f"/instances/{instance}").json()["data"]
    assert found["terminated"]
    assert "error" not in found
    history = call("GET", f"/instances/{instance}/history").json()["data"]
    assert [(entry["name"], entry["input"]) for entry in history] == [
        ("RunNoop", {}),
        ("RunWaitEvent", {"event": "go-ada"}),
        ("RunDelay", {"duration": "0s"}),
    ]
    refusal = refused(call("POST", f"/instances/{instance}/events", {"name": "go-ada"}))
    assert refusal == (400, "VALIDATION", "no stage is waiting for events")


def test_no_stages_succeed_at_once(call: Caller, create: Callable[..., str]) -> None:
    id = create()
    found = call("POST", f"/workflows/{id}/instances?wait=true").json()["data"]
    assert found["terminated"]
    assert call("GET", f"/instances/{found['id']}").json()["data"]["status"] == []


def test_abort_cancels_and_can_be_repeated(call: Caller, create: Callable[..., str]) -> None:
    id = create({"wait_event": {"event": "go"}})
    instance = call("POST", f"/workflows/{id}/instances").json()["data"]["id"]
    assert call("PUT", f"/instances/{instance}/abort").status_code == 204
    found = call("GET", f"/instances/{instance}").json()["data"]
    assert (found["terminated"], found["error"], found["status"][0]["error"]) == (True, "canceled", "canceled")
    assert call("PUT", f"/v2/instances/{instance}/abort").status_code == 204


@pytest.mark.parametrize(
    ("stage", "message"),
    [
        ({}, "empty specification"),
        ({"noop": {}, "delay": {}}, "a specification should have only one name"),
        ({"teleport": {}}, "unable to resolve schema teleport"),
        (
            {"delay": {"duration": "soon"}},
            "resolving field 'Duration': unable to resolve field 'duration' to duration value",
        ),
        ({"delay": {"until": "2026-01-01"}}, "resolving field 'Until': expected date as rfc3339 format"),
        ({"wait_event": {"event": 7}}, "resolving field 'Event': expected string but was float64"),
        ({"wait_event": "go"}, "expecting map, got type: string"),
    ],
)
def test_a_bad_stage_is_refused(call: Caller, stage: Any, message: str) -> None:
    answer = call("POST", "/workflows", {"stages": [{"noop": {}}, stage]})
    assert refused(answer) == (400, "VALIDATION", f"creating workflow: {message}")


@pytest.mark.parametrize(
    ("stage", "variables", "message"),
    [
        ({"delay": {}}, {}, "exactly one of duration or until is required"),
        (
            {"delay": {"duration": "1s", "until": "2020-01-01T00:00:00Z"}},
            {},
            "exactly one of duration or until is required",
        ),
        ({"delay": {"duration": "${for}"}}, {"for": ""}, "exactly one of duration or until is required"),
        (
            {"delay": {"duration": "${for}"}},
            {"for": "soon"},
            "resolving field 'Duration': unable to resolve field 'duration' to duration value",
        ),
        ({"wait_event": {}}, {}, "event is required"),
        ({"wait_event": {"event": "${name}"}}, {}, "event is required"),
    ],
)
def test_a_stage_that_cannot_run_fails_before_it_begins(
    call: Caller, create: Callable[..., str], stage: Any, variables: dict[str, str], message: str
) -> None:
    id = create(stage)
    instance = call("POST", f"/workflows/{id}/instances?wait=1", variables).json()["data"]
    assert (instance["terminated"], instance["error"]) == (True, message)
    found = call("GET", f"/instances/{instance['id']}").json()["data"]
    assert found["status"][0]["error"] == message
    assert call("GET", f"/instances/{instance['id']}/history").json()["data"] == []
    assert refused(call("GET", f"/instances/{instance['id']}/stages/0/history")) == (
        404,
        "NOT_FOUND",
        "stage not found",
    )


def test_what_is_not_there_is_not_found(call: Caller) -> None:
    unknown = "00000000-0000-4000-8000-000000000000"
    for method, path, what in (
        ("GET", f"/workflows/{unknown}", "workflow"),
        ("GET", "/workflows/x", "workflow"),
        ("POST", f"/workflows/{unknown}/instances", "workflow"),
        ("DELETE", f"/workflows/{unknown}", "workflow"),
        ("GET", f"/instances/{unknown}", "instance"),
        ("GET", f"/instances/{unknown}/history", "instance"),
        ("PUT", f"/instances/{unknown}/abort", "instance"),
        ("POST", f"/instances/{unknown}/events", "instance"),
        ("GET", f"/instances/{unknown}/stages/0/history", "stage"),
    ):
        for version in ("", "/v2"):
            assert refused(call(method, version + path, {"name": "x"} if "events" in path else None)) == (
                404,
                "NOT_FOUND",
                f"{what} not found",
            )
    assert refused(call("DELETE", "/workflows/x")) == (400, "VALIDATION", "parsing id: invalid UUID length: 1")
    assert refused(call("GET", "/nonsense"))[:2] == (404, "NOT_FOUND")


def test_another_organization_finds_nothing(call: Caller, create: Callable[..., str], foreign_scope: Scope) -> None:
    id = create({"wait_event": {"event": "go"}})
    instance = call("POST", f"/workflows/{id}/instances").json()["data"]["id"]
    foreign = Caller(ApiKey.objects.issue(environment=foreign_scope.environment, name="all")[1])
    assert foreign("GET", f"/workflows/{id}").status_code == 404
    assert foreign("GET", f"/instances/{instance}").status_code == 404
    assert foreign("PUT", f"/instances/{instance}/abort").status_code == 404
    assert foreign("GET", "/workflows").json() == {"data": []}


def test_bad_bodies_are_refused(call: Caller, create: Callable[..., str]) -> None:
    id = create({"noop": {}})
    for path, raw, start in (
        ("/workflows", b"{", "unmarshalling json body: "),
        ("/workflows", b"[]", "unmarshalling json body: "),
        ("/workflows", b'{"stages": 1}', "unmarshalling json body: "),
        ("/workflows", b'{"name": 1, "stages": []}', "unmarshalling json body: "),
        (f"/workflows/{id}/instances", b'{"a": 1}', "decoding body: "),
        (f"/workflows/{id}/instances", b'["a"]', "decoding body: "),
        (f"/workflows/{id}/instances", b"nope", "decoding body: "),
        ("/workflows", b" " * (1024 * 1024 + 1), "request body too large"),
    ):
        status, code, message = refused(call("POST", path, raw=raw))
        assert (status, code, message.startswith(start)) == (400, "VALIDATION", True), message
    instance = call("POST", f"/workflows/{create({'wait_event': {'event': 'x'}})}/instances").json()["data"]["id"]
    assert refused(call("POST", f"/instances/{instance}/events", {}))[2] == "missing event name"


def test_pages_are_walked_to_their_end(call: Caller, create: Callable[..., str]) -> None:
    made = [create({"noop": {}}, name=f"f{number}") for number in range(7)]
    seen, query = [], "?pageSize=3"
    while True:
        page = call("GET", f"/v2/workflows{query}").json()["cursor"]
        seen += [one["id"] for one in page["data"]]
        assert page["pageSize"] == 3
        if not page["hasMore"]:
            assert "next" not in page
            break
        query = f"?cursor={page['next']}"
    assert seen == made[::-1]
    assert call("GET", f"/v2/workflows?cursor={page['previous']}").json()["cursor"]["hasMore"]
    for query, size in (("", 15), ("?pageSize=0", 15), ("?pageSize=1000", 100)):
        assert call("GET", f"/v2/workflows{query}").json()["cursor"]["pageSize"] == size
    for query in ("pageSize=x", "pageSize=-1"):
        assert refused(call("GET", f"/v2/workflows?{query}"))[2] == "invalid 'pageSize' query param"
    assert refused(call("GET", "/v2/instances?cursor=bogus"))[2] == "invalid 'cursor' query param"


def test_a_deleted_workflow_leaves_the_lists_but_not_its_id(call: Caller, create: Callable[..., str]) -> None:
    id = create({"wait_event": {"event": "go"}})
    instance = call("POST", f"/workflows/{id}/instances").json()["data"]["id"]
    assert [one["id"] for one in call("GET", f"/instances?workflowID={id}&running=true").json()["data"]] == [instance]
    assert call("GET", f"/instances?workflowID={id}&running=false").json()["data"] == []
    assert call("DELETE", f"/workflows/{id}").status_code == 204
    assert call("DELETE", f"/workflows/{id}").status_code == 204
    assert call("GET", "/workflows").json()["data"] == []
    assert call("GET", "/instances").json()["data"] == []
    assert call("GET", f"/workflows/{id}").status_code == 200
    assert call("POST", f"/instances/{instance}/events", {"name": "go"}).status_code == 204
    assert call("GET", f"/instances/{instance}").json()["data"]["terminated"]
    assert call("POST", f"/workflows/{id}/instances").status_code == 404


def test_credentials(call: Caller, scope: Scope) -> None:
    key, plain = ApiKey.objects.issue(environment=scope.environment, name="client")
    reader, reader_plain = ApiKey.objects.issue(
        environment=scope.environment, name="reader", scopes=["flows:read", "instances:read"]
    )

    def token(client: str, secret: str, grant: str = "client_credentials", scope: str = "orchestration:write") -> Any:
        form = {"grant_type": grant, "client_id": client, "client_secret": secret, "scope": scope}
        return Client().post("/formance/api/auth/oauth/token", form)

    assert token(key.prefix, "wrong").status_code == 401
    assert token(key.prefix, "wrong").json() == {"error": "invalid_client"}
    assert token(reader.prefix, plain).status_code == 401
    assert token(key.prefix, plain, "password").json() == {"error": "unsupported_grant_type"}
    for secret in (plain, plain.split("_", 2)[2]):
        answer = token(f"qd_{key.prefix}", secret).json()
        assert (answer["token_type"], answer["expires_in"]) == ("Bearer", 3600)
        assert Caller(answer["access_token"])("GET", "/_info").json() == {"version": "quadrille-0.1.0"}
    read = Caller(
        token(reader.prefix, reader_plain, scope="orchestration:read orchestration:write").json()["access_token"]
    )
    assert read("GET", "/workflows").status_code == 200
    refusal = read("POST", "/workflows", {"stages": []})
    assert (refusal.status_code, refusal.content) == (403, b"")
    for bad in ("", "nonsense", "qd_000000000000_" + "a" * 43):
        answer = Caller(bad)("GET", "/workflows")
        assert (answer.status_code, answer.content) == (401, b"")
