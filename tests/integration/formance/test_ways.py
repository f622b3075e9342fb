"""Each way that money can take in a send: which activities it makes, of which metadata, and what it leaves where."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from django.utils import timezone

from accounts.scope import Scope
from engine.ledger import payments, posting, wallets
from engine.ledger.models import TransferInitiation, Wallet
from engine.ledger.sending import MOVE_FROM, MOVE_TO
from tests.integration.formance.conftest import Caller, account, balance, money

PSP = {"payment": {"psp": "stripe", "type": "PAYOUT", "connectorID": "c1", "sourceAccount": "s1"}}
INTERNAL = "orchestration-000-internal"


@pytest.fixture
def places(scope: Scope) -> Mapping[str, Any]:
    """What money can lie on, by short names: `shop`, the wallets of `ada`, `eve` (both here) and `bob` (elsewhere), a
    payment `paid` of 300. Each but the last holds 500, and so does the account `door` elsewhere.
    """
    environment, now = scope.environment.pk, timezone.now()
    reached = {"formanceAccountID": "acct_1"}
    posting.add_metadata(environment, "default", "shop", reached, now=now)
    made = {
        name: wallets.create_wallet(environment, name=name, ledger=ledger, metadata=metadata, now=now)
        for name, ledger, metadata in (("ada", "default", {}), ("eve", "default", {}), ("bob", "second", reached))
    }
    for ledger, address in (
        ("default", "shop"),
        ("second", "door"),
        *((one.ledger, wallets.address_of(one)) for one in made.values()),
    ):
        given = posting.PostRequest(ledger=ledger, moves=[posting.Move("world", address, "EUR/2", 500)])
        posting.post(environment, given, now=now)
    about: dict[str, Any] = {"asset": "EUR/2", "initial_amount": 300, "type": "PAY-IN", "status": "SUCCEEDED"}
    paid = payments.create_payment(environment, reference="r1", now=now, **about)
    sides = {name: {"wallet": {"id": str(one.pk)}} for name, one in made.items()}
    return {"shop": account("shop"), **sides, "paid": {"payment": {"id": str(paid.pk)}}, "psp": PSP}


def told(activity: Mapping[str, Any]) -> str:
    """An activity in few words."""
    (input,) = activity["input"].values()
    data = input.get("data", input)
    metadata = data.get("metadata", {})
    moved = "".join(
        f" {word} {metadata[key]}" for word, key in (("to", MOVE_TO), ("from", MOVE_FROM)) if key in metadata
    )
    match activity["name"]:
        case "CreateTransaction":
            (one,) = data["postings"]
            return f"{input['ledger']}: {one['source']} > {one['destination']} {one['amount']}{moved}"
        case "CreditWallet":
            sources = [f"{one['type']} {one['identifier'].partition('-')[0]}" for one in data["sources"]]
            return f"credit {data['balance']} {data['amount']['amount']} {sources}{moved}"
        case "DebitWallet":
            return f"debit {data['balances']} {data['amount']['amount']} {data.get('destination')}{moved}"
        case name:
            return str(name)


def short(id: str) -> str:
    """The beginning of an id."""
    return id.partition("-")[0]


def ran(call: Caller, workflow: str) -> dict[str, Any]:
    """A new instance of a workflow, as it stands."""
    id = call("POST", f"/workflows/{workflow}/instances").json()["data"]["id"]
    found: dict[str, Any] = call("GET", f"/instances/{id}").json()["data"]
    return found


@pytest.mark.parametrize(
    ("source", "destination", "amount", "activities"),
    [
        ("shop", account("b"), 10, ["default: shop > b 10"]),
        (
            "shop",
            account("b", ledger="second", throughAccount="door"),
            10,
            ["default: shop > world 10 to second", "second: door > b 10 from default"],
        ),
        ("shop", "ada", 10, ["GetWallet", "credit main 10 ['ACCOUNT shop']"]),
        (
            "shop",
            "bob",
            10,
            ["GetWallet", "default: shop > world 10 to second", "credit main 10 ['ACCOUNT world'] from default"],
        ),
        ("shop", "psp", 10, ["GetAccount", "default: shop > world 10", "CreateTransferInitiation"]),
        ("ada", account("b"), 10, ["GetWallet", "debit ['main'] 10 {'type': 'ACCOUNT', 'identifier': 'b'}"]),
        (
            "bob",
            account("b"),
            10,
            ["GetWallet", "debit ['main'] 10 None to default", "default: world > b 10 from second"],
        ),
        ("ada", "eve", 10, ["GetWallet", "GetWallet", "credit main 10 ['WALLET {ada}']"]),
        (
            "ada",
            "bob",
            10,
            ["GetWallet", "GetWallet", "debit ['main'] 10 None to second", "credit main 10 [] from default"],
        ),
        ("bob", "psp", 10, ["GetWallet", "debit ['main'] 10 None", "CreateTransferInitiation"]),
        (
            "paid",
            account("b", ledger=INTERNAL),
            None,
            ["GetPayment", f"{INTERNAL}: world > {{paid}} 300", f"{INTERNAL}: {{paid}} > b 300"],
        ),
        (
            "paid",
            "ada",
            120,
            [
                "GetPayment",
                f"{INTERNAL}: world > {{paid}} 300",
                "GetWallet",
                f"{INTERNAL}: {{paid}} > world 120 to default",
                f"credit main 120 ['ACCOUNT world'] from {INTERNAL}",
            ],
        ),
    ],
)
def test_each_way_makes_its_activities_with_the_stages_metadata(
    call: Caller,
    create: Callable[..., str],
    places: Mapping[str, Any],
    scope: Scope,
    source: str,
    destination: Any,
    amount: int | None,
    activities: list[str],
) -> None:
    target = places[destination] if isinstance(destination, str) else destination
    send = {"source": places[source], "destination": target, "metadata": {"for": "ada"}}
    if amount is not None:
        send["amount"] = money(amount)
    run = ran(call, create({"send": send}))
    assert (run["terminated"], run.get("error")) == (True, None)
    made = call("GET", f"/instances/{run['id']}/stages/0/history").json()["data"]
    paid = places["paid"]["payment"]["id"]
    names = {"ada": short(places["ada"]["wallet"]["id"]), "paid": "payment:" + paid.replace("-", "_")}
    assert [told(one) for one in made] == [
        text.format(**names) if "{ada}" in text or "{paid}" in text else text for text in activities
    ]
    for one in made:
        (input,) = one["input"].values()
        if one["name"] in ("CreateTransaction", "CreditWallet", "DebitWallet"):
            assert input["data"]["metadata"]["for"] == "ada"
        if one["name"] == "CreateTransferInitiation":
            assert input == {
                "amount": 10, "asset": "EUR/2", "source": "s1", "destination": "acct_1", "provider": "stripe",
                "type": "PAYOUT", "connectorID": "c1", "metadata": {"for": "ada"}, "waitingValidation": False,
            }  # fmt: skip
    assert TransferInitiation.objects.count() == (destination == "psp")
    if destination == "ada":
        assert wallets.balances(Wallet.objects.get(name="ada"))["main"] == {"EUR/2": 500 + (amount or 0)}
    if isinstance(destination, dict):
        assert balance(scope, "b", target["account"].get("ledger", "default")) == (amount or 300)


def test_the_keys_of_a_move_win_over_the_stages_metadata(
    call: Caller, create: Callable[..., str], places: Mapping[str, Any]
) -> None:
    mine = {MOVE_TO: "mine", MOVE_FROM: "mine", "for": "ada"}
    send = {"source": places["shop"], "amount": money(1), "metadata": mine}
    id = create({"send": {**send, "destination": account("b")}}, {"send": {**send, "destination": places["bob"]}})
    run = ran(call, id)["id"]
    plain, moved = (call("GET", f"/instances/{run}/stages/{n}/history").json()["data"] for n in (0, 1))
    assert plain[0]["input"]["CreateTransaction"]["data"]["metadata"] == mine
    assert moved[1]["input"]["CreateTransaction"]["data"]["metadata"] == {**mine, MOVE_TO: "second"}
    assert moved[2]["input"]["CreditWallet"]["data"]["metadata"] == {**mine, MOVE_FROM: "default"}


def test_a_name_that_several_wallets_have_is_no_address(
    call: Caller, create: Callable[..., str], places: Mapping[str, Any], scope: Scope
) -> None:
    wallets.create_wallet(scope.environment.pk, name="ada", ledger="default", now=timezone.now())
    send = {"source": places["shop"], "destination": {"wallet": {"name": "ada"}}, "amount": money(1)}
    run = ran(call, create({"send": send}))
    assert (run["terminated"], run["error"]) == (True, "found multiple wallets with the same name")
    (looked,) = call("GET", f"/instances/{run['id']}/stages/0/history").json()["data"]
    assert len(looked["output"]["ListWallets"]["cursor"]["data"]) == 2
    history = call("GET", f"/instances/{run['id']}/history").json()["data"]
    assert history[0]["input"]["destination"] == {"wallet": {"name": "ada", "id": "", "balance": "main"}}


def test_a_wallet_that_was_addressed_by_its_name_is_shown_with_its_id(
    call: Caller, create: Callable[..., str], places: Mapping[str, Any]
) -> None:
    named = {"wallet": {"name": "ada"}}
    send = {"source": named, "destination": {"wallet": {"name": "eve", "balance": "gifts"}}, "amount": money(1)}
    run = ran(call, create({"send": send}))
    (shown,) = call("GET", f"/instances/{run['id']}/history").json()["data"]
    ids = {name: places[name]["wallet"]["id"] for name in ("ada", "eve")}
    assert shown["input"]["source"] == {"wallet": {"name": "ada", "id": ids["ada"], "balance": "main"}}
    assert shown["input"]["destination"] == {"wallet": {"name": "eve", "id": ids["eve"], "balance": "gifts"}}
