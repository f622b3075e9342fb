"""What a send does to the built-in ledger, and what it says of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.scope import Scope
from engine.ledger import payments, posting, wallets
from engine.ledger.models import TransferInitiation
from engine.services.timers import fire_due_timers
from tests.integration.formance.conftest import Caller, account, balance, money, refused


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
    moved = [
        one["input"]["CreateTransaction"]["data"]["metadata"]
        for one in call("GET", f"/instances/{run['id']}/stages/1/history").json()["data"]
    ]
    assert moved == [{"orchestration/move-to-ledger": "second"}, {"orchestration/move-from-ledger": "default"}]
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
