"""The orchestration API without its SDKs: what they cannot send, and what they do not look at."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.conf import LazySettings
from django.test import Client
from django.utils import timezone
from hypothesis import assume, given
from hypothesis import strategies as st

from accounts.models import ApiKey, Environment
from accounts.scope import Scope
from designer.graph.model import Join
from designer.models import Flow
from designer.services.drafting import create_flow, draft_of, replace_draft
from designer.services.publishing import publish_flow
from dialects.formance import oauth
from dialects.formance.placeholders import to_template
from dialects.formance.stages import PLACEHOLDER, replaced
from engine.core.templates import render_value
from engine.ledger import payments, posting, wallets
from engine.ledger.models import TransferInitiation
from engine.models import Instance
from engine.services.chores import do_chores
from engine.services.instances import start_instance
from engine.services.timers import fire_due_timers
from engine.services.triggers import match_inbound_events, receive_event
from tests.drawing import draw

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


# -- money ------------------------------------------------------------------------------------------------------------


def account(id: str, **more: Any) -> dict[str, Any]:
    """One side of a send."""
    return {"account": {"id": id, **more}}


def money(amount: Any, asset: str = "EUR/2") -> dict[str, Any]:
    """Monetary."""
    return {"amount": amount, "asset": asset}


def balance(scope: Scope, address: str, ledger: str = "default", asset: str = "EUR/2") -> int:
    """What lies on an account."""
    return posting.available(scope.environment.pk, ledger, address, asset)


def test_a_send_moves_money_and_shows_what_it_did(call: Caller, create: Callable[..., str], scope: Scope) -> None:
    id = create(
        {
            "send": {
                "source": account("world"),
                "destination": account("customers:${who}"),
                "amount": money("${cents}"),
                "metadata": {"for": "${who}"},
            }
        },
        {"update": {"account": {"id": "customers:${who}", "ledger": "default", "metadata": {"tier": "gold"}}}},
    )
    run = call("POST", f"/workflows/{id}/instances?wait=true", {"who": "ada", "cents": "1250"}).json()["data"]
    assert (run["terminated"], run.get("error")) == (True, None)
    assert balance(scope, "customers:ada") == 1250
    assert posting.find_account(scope.environment.pk, "default", "customers:ada").metadata == {"tier": "gold"}  # type: ignore[union-attr]
    history = call("GET", f"/instances/{run['id']}/history").json()["data"]
    assert history[0]["name"] == "RunSend"
    assert history[0]["input"] == {
        "source": account("world", ledger="default", throughAccount="world", allowOverdraft=False),
        "destination": account("customers:ada", ledger="default", throughAccount="world", allowOverdraft=False),
        "amount": money(1250),
        "metadata": {"for": "ada"},
    }
    (first,) = call("GET", f"/instances/{run['id']}/stages/0/history").json()["data"]
    assert first["input"] == {
        "CreateTransaction": {
            "ledger": "default",
            "data": {
                "metadata": {"for": "ada"},
                "postings": [{"amount": 1250, "asset": "EUR/2", "source": "world", "destination": "customers:ada"}],
            },
        }
    }
    assert (first["name"], first["attempt"], first["terminated"]) == ("CreateTransaction", 1, True)
    assert first["output"]["CreateTransaction"]["data"]["id"] == 0
    (again,) = call("GET", f"/v2/instances/{run['id']}/stages/0/history").json()["data"]
    assert again["output"]["CreateTransaction"]["data"][0]["txid"] == 0
    (update,) = call("GET", f"/instances/{run['id']}/stages/1/history").json()["data"]
    assert update["input"]["AddAccountMetadata"]["account"] == "customers:ada"
    assert "output" not in update


def test_insufficient_funds_are_tried_again(call: Caller, create: Callable[..., str], scope: Scope) -> None:
    id = create({"send": {"source": account("a"), "destination": account("b"), "amount": money(10)}})
    run = call("POST", f"/workflows/{id}/instances").json()["data"]
    (pending,) = call("GET", f"/instances/{run['id']}/stages/0/history").json()["data"]
    assert (pending["terminated"], pending["attempt"]) == (False, 1)
    assert "insufficient funds" in pending["lastFailure"]
    assert "account a" in pending["lastFailure"]
    assert "nextExecution" in pending
    assert not call("GET", f"/instances/{run['id']}").json()["data"]["terminated"]
    request = posting.PostRequest(ledger="default", moves=[posting.Move("world", "a", "EUR/2", 15)])
    posting.post(scope.environment.pk, request, now=timezone.now())
    fire_due_timers(timezone.now() + timedelta(seconds=1))
    found = call("GET", f"/instances/{run['id']}").json()["data"]
    assert (found["terminated"], found.get("error")) == (True, None)
    assert (balance(scope, "a"), balance(scope, "b")) == (5, 10)
    (done,) = call("GET", f"/instances/{run['id']}/stages/0/history").json()["data"]
    assert (done["terminated"], done["attempt"]) == (True, 2)
    assert "lastFailure" not in done


@pytest.mark.parametrize(
    ("send", "message", "began"),
    [
        ({}, "source: exactly one of account or wallet or payment is required", False),
        (
            {"source": account("a"), "destination": {**account("b"), "wallet": {"id": "w"}}, "amount": money(1)},
            "destination: exactly one of account or wallet or payment is required",
            False,
        ),
        (
            {"source": account("${x}"), "destination": account("b"), "amount": money(1)},
            "source.account.id is required",
            False,
        ),
        ({"source": account("world"), "destination": account("b")}, "amount must be specified", False),
        (
            {"source": account("world"), "destination": account("b"), "amount": money("${no}${x}1x")},
            "resolving field 'Amount': unable to parse '1x' as big int",
            False,
        ),
        ({"source": account("world"), "destination": account("b"), "amount": money(-1)}, "negative amount", True),
        (
            {"source": account("world"), "destination": account("b"), "amount": money(1, "eur")},
            "invalid asset 'eur'",
            True,
        ),
        (
            {"source": {"wallet": {"name": "nobody"}}, "destination": account("b"), "amount": money(1)},
            "wallet not found",
            True,
        ),
        (
            {"source": account("a"), "destination": {"payment": {"psp": "stripe"}}, "amount": money(1)},
            "expected 'formanceAccountID' metadata containing formance account ID",
            True,
        ),
        (
            {"source": {"payment": {"id": "p"}}, "destination": {"payment": {"psp": "s"}}, "amount": money(1)},
            "send from payment to payment is not supported",
            True,
        ),
    ],
)
def test_a_send_that_cannot_be_fails(
    call: Caller, create: Callable[..., str], send: Any, message: str, began: bool
) -> None:
    id = create({"send": send})
    run = call("POST", f"/workflows/{id}/instances?wait=true").json()["data"]
    assert (run["terminated"], run["error"]) == (True, message)
    assert len(call("GET", f"/instances/{run['id']}/history").json()["data"]) == began


def test_a_placeholder_in_a_boolean_is_refused(call: Caller) -> None:
    stage = {"send": {"source": account("a", allowOverdraft="${x}"), "destination": account("b"), "amount": money(1)}}
    refusal = refused(call("POST", "/workflows", {"stages": [stage]}))
    assert refusal[2].endswith("unable to resolve field 'allowOverdraft' to bool value")


def test_overdraft_ledgers_and_wallets(call: Caller, create: Callable[..., str], scope: Scope) -> None:
    now = timezone.now()
    wallet = wallets.create_wallet(scope.environment.pk, name="ada", ledger="default", now=now)
    other = wallets.create_wallet(scope.environment.pk, name="bob", ledger="second", now=now)
    id = create(
        {"send": {"source": account("a", allowOverdraft=True), "destination": account("b"), "amount": money(100)}},
        {"send": {"source": account("b"), "destination": account("c", ledger="second"), "amount": money(40)}},
        {"send": {"source": account("b"), "destination": {"wallet": {"name": "ada"}}, "amount": money(30)}},
        {"send": {"source": {"wallet": {"id": str(wallet.pk)}}, "destination": account("d"), "amount": money(5)}},
        {
            "send": {
                "source": {"wallet": {"name": "ada"}},
                "destination": {"wallet": {"id": str(other.pk), "balance": "gifts"}},
                "amount": money(10),
            }
        },
    )
    run = call("POST", f"/workflows/{id}/instances?wait=true").json()["data"]
    assert (run["terminated"], run.get("error")) == (True, None)
    names = [
        [one["name"] for one in call("GET", f"/instances/{run['id']}/stages/{number}/history").json()["data"]]
        for number in range(5)
    ]
    assert names == [
        ["CreateTransaction"],
        ["CreateTransaction", "CreateTransaction"],
        ["ListWallets", "CreditWallet"],
        ["GetWallet", "DebitWallet"],
        ["ListWallets", "GetWallet", "DebitWallet", "CreditWallet"],
    ]
    (first,) = call("GET", f"/instances/{run['id']}/stages/0/history").json()["data"]
    assert "allowing unbounded overdraft" in first["input"]["CreateTransaction"]["data"]["script"]["plain"]
    assert (balance(scope, "a"), balance(scope, "b"), balance(scope, "c", "second")) == (-100, 30, 40)
    assert wallets.balances(wallet) == {"main": {"EUR/2": 15}}
    assert wallets.balances(other)["gifts"] == {"EUR/2": 10}


def test_payments_come_in_once_and_go_out(call: Caller, create: Callable[..., str], scope: Scope) -> None:
    now = timezone.now()
    paid = payments.create_payment(
        scope.environment.pk,
        reference="r1",
        asset="EUR/2",
        initial_amount=500,
        type="PAY-IN",
        status="SUCCEEDED",
        now=now,
    )
    posting.add_metadata(scope.environment.pk, "default", "shop", {"formanceAccountID": "acct_1"}, now=now)
    incoming = {"source": {"payment": {"id": str(paid.pk)}}, "destination": account("shop")}
    outgoing = {"source": account("shop"), "destination": {"payment": {"psp": "stripe", "type": "PAYOUT"}}}
    id = create(
        {"send": {**incoming, "amount": money(200)}},
        {"send": incoming | {"amount": money(300)}},
        {"send": {**outgoing, "amount": money(450)}},
    )
    run = call("POST", f"/workflows/{id}/instances?wait=true").json()["data"]
    assert (run["terminated"], run.get("error")) == (True, None)
    assert balance(scope, "shop") == 50
    stage = call("GET", f"/instances/{run['id']}/stages/1/history").json()["data"]
    assert [(one["name"], "error" in one) for one in stage] == [
        ("GetPayment", False),
        ("CreateTransaction", True),
        ("CreateTransaction", False),
        ("CreateTransaction", False),
    ]
    (made,) = TransferInitiation.objects.all()
    assert (made.amount, made.destination, made.type, made.status) == (450, "acct_1", "PAYOUT", "PROCESSING")


# -- triggers ---------------------------------------------------------------------------------------------------------


def publish(scope: Scope, type: str, payload: Any, **more: str) -> None:
    """Send a message to the bus, and let everything that follows happen."""
    receive_event(scope, type, payload, **more)
    settle()


def settle() -> None:
    """Match events and do chores until there is nothing left."""
    while match_inbound_events(timezone.now()) or do_chores(timezone.now()):
        pass


@pytest.fixture
def make_trigger(call: Caller, create: Callable[..., str]) -> Callable[..., dict[str, Any]]:
    """`make_trigger(event="X")`: a trigger of a workflow that waits."""

    def make(**fields: Any) -> dict[str, Any]:
        workflow = fields.pop("workflowID", None) or create({"wait_event": {"event": "go"}})
        answer = call("POST", "/v2/triggers", {"event": "SAVED_PAYMENT", "workflowID": workflow, **fields})
        assert answer.status_code == 201, answer.content
        found: dict[str, Any] = answer.json()["data"]
        return found

    return make


def test_a_trigger_starts_instances(call: Caller, make_trigger: Callable[..., dict[str, Any]], scope: Scope) -> None:
    trigger = make_trigger(
        name="settle",
        version="v2",
        filter='event.type == "PAY-IN" && event.amount > 5000',
        vars={"cents": "event.amount", "half": "event.amount / 2", "who": "event.customer?.name"},
    )
    for payload, version in (
        ({"id": "1", "type": "PAY-IN", "amount": 12900}, "v1"),
        ({"id": "2", "type": "PAY-IN", "amount": 12}, "v2"),
        ({"id": "3", "type": "PAY-IN"}, "v2"),
        ({"id": "4", "type": "PAY-IN", "amount": 12901}, "v2"),
        ({"id": "4", "type": "PAY-IN", "amount": 12901}, "v2"),
    ):
        publish(scope, "SAVED_PAYMENT", payload, version=version)
    (occurrence,) = call("GET", f"/v2/triggers/{trigger['id']}/occurrences").json()["cursor"]["data"]
    assert occurrence["event"]["payload"]["id"] == "4"
    assert (occurrence["event"]["version"], occurrence["workflowInstance"]["terminated"]) == ("v2", False)
    (instance,) = Instance.objects.all()
    assert instance.input == {"cents": "12901", "half": "6450.5", "who": ""}
    assert occurrence["workflowInstanceID"] == instance.key


def test_a_variable_that_breaks_leaves_an_occurrence_with_its_error(
    call: Caller, make_trigger: Callable[..., dict[str, Any]], scope: Scope
) -> None:
    trigger = make_trigger(event="X", vars={"who": "event.customer.name"})
    publish(scope, "X", {})
    (occurrence,) = call("GET", f"/triggers/{trigger['id']}/occurrences").json()["data"]
    assert occurrence["error"] == "cannot fetch name from <nil> (1:16)"
    assert "workflowInstanceID" not in occurrence
    assert not Instance.objects.exists()


def test_a_deleted_trigger_or_workflow_starts_nothing(
    call: Caller, make_trigger: Callable[..., dict[str, Any]], scope: Scope
) -> None:
    gone, orphan = make_trigger(event="X"), make_trigger(event="X")
    assert call("DELETE", f"/triggers/{gone['id']}").status_code == 204
    assert call("DELETE", f"/workflows/{orphan['workflowID']}").status_code == 204
    publish(scope, "X", {})
    assert not Instance.objects.exists()
    for method, path in (("GET", ""), ("DELETE", ""), ("GET", "/occurrences"), ("POST", "/test")):
        answer = call(method, f"/v2/triggers/{gone['id']}{path}", {} if method == "POST" else None)
        assert refused(answer) == (404, "NOT_FOUND", "trigger not found")
    refusal = refused(call("POST", "/triggers", {"event": "X", "workflowID": orphan["workflowID"]}))
    assert refusal == (404, "NOT_FOUND", "workflow does not exists")


def test_a_trigger_can_be_tried(call: Caller, make_trigger: Callable[..., dict[str, Any]]) -> None:
    trigger = make_trigger(filter="event.amount > 1", vars={"cents": "event.amount", "who": "event.a.b"})
    answer = call("POST", f"/v2/triggers/{trigger['id']}/test", {"amount": 12900}).json()["data"]
    assert answer == {
        "filter": {"match": True},
        "variables": {"cents": {"value": "12900"}, "who": {"error": "cannot fetch b from <nil> (1:9)"}},
    }
    assert call("POST", f"/v2/triggers/{make_trigger(filter='')['id']}/test", {}).json() == {"data": {}}
    assert not Instance.objects.exists()
    assert call("POST", f"/triggers/{trigger['id']}/test", {}).status_code == 404


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"workflowID": "x"}, "validating data: missing event"),
        ({"event": "X"}, "validating data: missing workflow id"),
        (
            {"event": "X", "workflowID": "x", "filter": "1 +"},
            "validating data: error compiling expression '1 +': unexpected",
        ),
        ({"event": "X", "workflowID": "x", "vars": {"a": "("}}, "validating data: error compiling expression '('"),
        (
            {"event": "X", "workflowID": "x", "vars": {"a": 1}},
            "decoding body: vars: a: expected string",
        ),
        ([], "decoding body: expected an object"),
    ],
)
def test_a_bad_trigger_is_refused(call: Caller, body: Any, message: str) -> None:
    status, code, found = refused(call("POST", "/triggers", body))
    assert (status, code) == (400, "VALIDATION")
    assert found.startswith(message)


def test_triggers_are_listed_by_name(call: Caller, make_trigger: Callable[..., dict[str, Any]]) -> None:
    first, second = make_trigger(name="Settle it"), make_trigger(name="other")
    assert [one["id"] for one in call("GET", "/triggers").json()["data"]] == [second["id"], first["id"]]
    assert [one["id"] for one in call("GET", "/v2/triggers?name=SETTLE").json()["cursor"]["data"]] == [first["id"]]
    assert call("GET", f"/triggers/{first['id']}").json()["data"] == first


def test_workflows_are_chained_by_what_happens_to_them(
    call: Caller, create: Callable[..., str], make_trigger: Callable[..., dict[str, Any]], scope: Scope
) -> None:
    follow_up = create({"wait_event": {"event": "go"}}, name="follow-up")
    first = create({"noop": {}}, name="first")
    trigger = make_trigger(
        event="SUCCEEDED_WORKFLOW",
        workflowID=follow_up,
        filter=f'event.id == "{first}"',
        vars={"of": "event.instanceID"},
    )
    staged = make_trigger(event="FAILED_WORKFLOW_STAGE", workflowID=follow_up, vars={"n": "event.number"})
    run = call("POST", f"/workflows/{first}/instances").json()["data"]
    failing = create({"noop": {}}, {"delay": {}}, name="failing")
    call("POST", f"/workflows/{failing}/instances")
    settle()
    found = {
        instance.input.get("of", instance.input.get("n")) for instance in Instance.objects.filter(status="waiting")
    }
    assert found == {run["id"], "1"}
    for one in (trigger, staged):
        (occurrence,) = call("GET", f"/triggers/{one['id']}/occurrences").json()["data"]
        assert occurrence["event"]["app"] == "orchestration"


# -- flows that were drawn here ---------------------------------------------------------------------------------------


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
    assert stages == [{"wait_event": {"event": "go-${who}"}}, {"delay": {"duration": "2 hours"}}]


# -- the edges --------------------------------------------------------------------------------------------------------


def test_waiting_for_the_end_is_bounded(call: Caller, create: Callable[..., str], settings: LazySettings) -> None:
    settings.FORMANCE_WAIT_SECONDS = 0
    id = create({"wait_event": {"event": "never"}})
    assert not call("POST", f"/workflows/{id}/instances?wait=true").json()["data"]["terminated"]


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


@given(st.text(max_size=40))
def test_a_text_with_placeholders_survives_the_way_there_and_back(text: str) -> None:
    variables = {found[2:-1]: f"<{found}>" for found in PLACEHOLDER.findall(text)}
    assume(not any("{" in name or "\n" in name or ('"' in name and "'" in name) for name in variables))
    rendered = render_value(to_template(text), {"input": variables})
    assert rendered == replaced(text, variables)
