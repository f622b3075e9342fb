"""A Formance server as the ledger: another Quadrille stands in for it, since it speaks the same API."""

from __future__ import annotations

from collections.abc import Callable
from uuid import uuid4

import httpx
import pytest
from django.conf import LazySettings

from accounts.scope import Scope
from engine.ledger.errors import Conflict, InsufficientFunds, Invalid, NotFound, OutsideTrouble
from engine.ledger.outside import Outside
from engine.steps.transfer import EXECUTOR
from tests.acceptance.quadrille import Quadrille
from tests.dialects.conftest import Tenant
from tests.integration.engine.conftest import Engine
from tests.integration.engine.test_ledger import chain, transfer


@pytest.fixture(scope="module")
def tenant(new_tenant: Callable[[str], Tenant]) -> Tenant:
    """Whose ledger it is over there."""
    return new_tenant("formance-ledger")


@pytest.fixture
def outside(server: Quadrille, tenant: Tenant) -> Outside:
    """The way there."""
    return Outside(f"{server.url}/formance", tenant.key.split("_")[1], tenant.key)


def money(amount: int, source: str, destination: str) -> dict[str, object]:
    """A PostTransaction."""
    posting = {"amount": amount, "asset": "EUR/2", "source": source, "destination": destination}
    return {"metadata": {}, "postings": [posting]}


def test_every_activity_reaches_the_other_side(outside: Outside, server: Quadrille, tenant: Tenant) -> None:
    key = str(uuid4())
    first = outside.create_transaction("l1", money(100, "world", "a"), key)
    assert outside.create_transaction("l1", money(100, "world", "a"), key)["id"] == first["id"]
    with pytest.raises(Conflict):
        outside.create_transaction("l1", money(101, "world", "a"), key)
    with pytest.raises(InsufficientFunds, match="insufficient funds"):
        outside.create_transaction("l1", money(500, "a", "b"), str(uuid4()))
    with pytest.raises(Invalid):
        outside.create_transaction("l1", money(-1, "a", "b"), str(uuid4()))
    outside.add_account_metadata("l1", "a", {"tier": "gold"}, str(uuid4()))
    found = outside.get_account("l1", "a")
    assert (found["metadata"], found["volumes"]["EUR/2"]["balance"]) == ({"tier": "gold"}, 100)
    headers = {"Authorization": f"Bearer {tenant.key}"}
    body = {"name": "ada", "metadata": {}}
    wallet = httpx.post(f"{server.url}/formance/api/wallets/wallets", json=body, headers=headers).json()["data"]["id"]
    amount = {"amount": 40, "asset": "EUR/2"}
    outside.credit_wallet(wallet, {"amount": amount, "metadata": {}, "sources": []}, str(uuid4()))
    assert outside.debit_wallet(wallet, {"amount": amount, "metadata": {}, "pending": True}, str(uuid4()))["id"]
    assert outside.list_wallets("ada")[0]["id"] == wallet
    assert outside.get_wallet(wallet)["balances"]["main"]["assets"] == {"EUR/2": 0}
    payment = {
        "reference": key,
        "connectorID": "c",
        "asset": "EUR/2",
        "amount": 7,
        "type": "PAY-IN",
        "status": "SUCCEEDED",
        "scheme": "sepa",
        "createdAt": "2026-01-01T00:00:00Z",
    }
    made = httpx.post(f"{server.url}/formance/api/payments/payments", json=payment, headers=headers).json()["data"]
    assert outside.get_payment(made["id"])["initialAmount"] == 7
    with pytest.raises(NotFound):
        outside.get_payment(str(uuid4()))


def test_what_does_not_answer_is_tried_again(server: Quadrille) -> None:
    with pytest.raises(OutsideTrouble):
        Outside("http://127.0.0.1:9", "", "").get_account("l", "a")
    with pytest.raises(OutsideTrouble, match="gave no token"):
        Outside(f"{server.url}/formance", "nobody", "nothing").get_account("l", "a")


def test_a_flow_moves_money_over_there(
    scope: Scope, outside: Outside, settings: LazySettings, server: Quadrille, tenant: Tenant
) -> None:
    engine = Engine(scope)
    settings.LEDGER_URL = f"{server.url}/formance"
    settings.LEDGER_CLIENT_ID, settings.LEDGER_CLIENT_SECRET = tenant.key.split("_")[1], tenant.key
    flow = chain(transfer("world", "till", "70"), transfer("till", "bank", "30"))
    assert EXECUTOR.has_outside_effect(flow.tasks["t0"])
    instance = engine.start(flow)
    engine.work()
    instance.refresh_from_db()
    assert (instance.status, instance.error) == ("complete", None)
    assert outside.get_account("default", "till")["volumes"]["EUR/2"]["balance"] == 40
