"""The orchestration API without its SDKs: what is refused, not found, or not allowed; lists and deletion."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client
from django.utils import timezone

from accounts.models import ApiKey, Environment
from accounts.scope import Scope
from dialects.formance import oauth
from tests.integration.formance.conftest import Caller, refused


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
    trigger = call("POST", "/triggers", {"event": "X", "workflowID": id}).json()["data"]["id"]
    for method, path, body in (
        ("GET", f"/workflows/{id}", None),
        ("DELETE", f"/workflows/{id}", None),
        ("POST", f"/workflows/{id}/instances", None),
        ("GET", f"/instances/{instance}", None),
        ("PUT", f"/instances/{instance}/abort", None),
        ("POST", f"/instances/{instance}/events", {"name": "go"}),
        ("GET", f"/instances/{instance}/history", None),
        ("GET", f"/instances/{instance}/stages/0/history", None),
        ("GET", f"/triggers/{trigger}", None),
        ("DELETE", f"/triggers/{trigger}", None),
        ("GET", f"/triggers/{trigger}/occurrences", None),
        ("POST", "/triggers", {"event": "X", "workflowID": id}),
        ("POST", f"/v2/triggers/{trigger}/test", {}),
    ):
        assert refused(foreign(method, path, body))[:2] == (404, "NOT_FOUND"), path
    for path in ("/workflows", "/instances", "/triggers", f"/instances?workflowID={id}"):
        assert foreign("GET", path).json() == {"data": []}
    found = call("GET", f"/instances/{instance}").json()["data"]
    assert (found["terminated"], call("GET", "/triggers").json()["data"][0]["id"]) == (False, trigger)


def test_the_number_of_a_stage_is_one_that_has_started(call: Caller, create: Callable[..., str]) -> None:
    id = create({"wait_event": {"event": "go"}}, {"noop": {}})
    instance = call("POST", f"/workflows/{id}/instances").json()["data"]["id"]
    assert call("GET", f"/instances/{instance}/stages/0/history").json() == {"data": []}
    for number in ("1", "2", "x", "0.5", "9" * 30):
        answer = call("GET", f"/v2/instances/{instance}/stages/{number}/history")
        assert refused(answer)[:2] == (404, "NOT_FOUND"), number


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


def test_switches_of_a_query_are_true_false_1_or_0_and_anything_else_is_false(
    call: Caller, create: Callable[..., str]
) -> None:
    waiting, over = create({"wait_event": {"event": "go"}}), create({"noop": {}})
    ids = {id: call("POST", f"/workflows/{id}/instances?wait=0").json()["data"]["id"] for id in (waiting, over)}
    for word, workflow in (("true", waiting), ("1", waiting), ("false", over), ("0", over), ("yes", over)):
        found = call("GET", f"/instances?running={word}").json()["data"]
        assert [one["id"] for one in found] == [ids[workflow]], word
        paged = call("GET", f"/v2/instances?running={word}").json()["cursor"]["data"]
        assert [one["id"] for one in paged] == [ids[workflow]], word
    assert len(call("GET", "/instances").json()["data"]) == 2
    assert not call("POST", f"/workflows/{waiting}/instances?wait=maybe").json()["data"]["terminated"]


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


def test_whoever_sends_no_token_may_be_let_in(
    create: Callable[..., str], settings: LazySettings, environment: Environment
) -> None:
    id = create({"noop": {}})
    nobody = Caller("")
    assert nobody("GET", f"/workflows/{id}").status_code == 401
    settings.FORMANCE_ANONYMOUS = f"{environment.organization.slug}/{environment.slug}"
    assert nobody("GET", f"/workflows/{id}").status_code == 200
    assert Caller("wrong")("GET", f"/workflows/{id}").status_code == 401


def test_a_token_ends_with_its_key_and_its_time(scope: Scope, monkeypatch: pytest.MonkeyPatch) -> None:
    key, _ = ApiKey.objects.issue(environment=scope.environment, name="client")
    token = oauth.issue(key, [oauth.READ])
    assert Caller(token)("GET", "/workflows").status_code == 200
    monkeypatch.setattr(oauth, "LIFETIME_SECONDS", -1)
    assert Caller(token)("GET", "/workflows").status_code == 401
    monkeypatch.undo()
    ApiKey.objects.filter(pk=key.pk).update(revoked_at=timezone.now())
    assert Caller(token)("GET", "/workflows").status_code == 401


def test_heads_and_slashes_are_taken(call: Caller, create: Callable[..., str]) -> None:
    id = create({"noop": {}})
    assert call("GET", f"/v2/workflows/{id}/").status_code == 200
    head = call("HEAD", f"/workflows/{id}")
    assert (head.status_code, head.content) == (200, b"")
