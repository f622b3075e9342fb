"""The pages of ledgers and webhooks."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEntry
from accounts.roles import Role
from accounts.scope import Scope
from engine.ledger import posting, wallets
from engine.ledger.posting import Move, PostRequest
from engine.outbox.models import Delivery, Endpoint, Message


@pytest.fixture
def booked(scope: Scope) -> None:
    """Some money on some accounts."""
    moves = [Move("world", "customers:ada", "EUR/2", 1250), Move("customers:ada", "shop", "EUR/2", 250)]
    now = timezone.now()
    posting.post(scope.environment.pk, PostRequest(ledger="retail", moves=moves, reference="invoice-7"), now=now)
    posting.add_metadata(scope.environment.pk, "retail", "customers:ada", {"tier": "<gold>"}, now=now)
    wallet = wallets.create_wallet(scope.environment.pk, name="Ada's", now=now)
    wallets.credit(wallet, wallets.Change(amount=500, asset="USD/2"), now=now)


@pytest.mark.usefixtures("booked")
def test_accounts_and_postings_are_shown(scope: Scope, client_as: Callable[[Role], Client]) -> None:
    client = client_as(Role.VIEWER)
    page = client.get(scope.url("engine:ledgers")).content.decode()
    assert "retail" in page
    assert "5.00 USD" in page
    page = client.get(scope.url("engine:ledger", ledger="retail"), {"q": "customers"}).content.decode()
    assert "10.00 EUR" in page
    assert "shop" not in page
    page = client.get(scope.url("engine:ledger_account", ledger="retail", address="customers:ada")).content.decode()
    assert "invoice-7" in page
    assert "12.50 EUR" in page
    assert "−2.50 EUR" in page
    assert "&lt;gold&gt;" in page


@pytest.mark.usefixtures("booked")
def test_another_organization_sees_no_money(foreign_scope: Scope, scope: Scope) -> None:
    client = Client()
    user = foreign_scope.user
    assert user is not None
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get(scope.url("engine:ledgers")).status_code == 404
    assert client.get(foreign_scope.url("engine:ledger", ledger="retail")).status_code == 404
    address = foreign_scope.url("engine:ledger_account", ledger="retail", address="customers:ada")
    assert client.get(address).status_code == 404


def test_endpoints_are_managed(scope: Scope, client_as: Callable[[Role], Client]) -> None:
    client = client_as(Role.ADMINISTRATOR)
    assert client.post(scope.url("engine:webhook_new"), {"name": "", "url": "nope"}).status_code == 422
    form = {"name": "Shop", "url": "https://shop.example.com/hook", "types": ["instance.completed"], "is_active": "on"}
    shown = client.post(scope.url("engine:webhook_new"), form).content.decode()
    assert "whsec_" in shown
    endpoint = Endpoint.objects.get()
    assert "whsec_" not in client.get(scope.url("engine:webhooks")).content.decode()
    form = {"name": "Shop 2", "url": "https://shop.example.com/hook"}
    assert client.post(scope.url("engine:webhook", pk=endpoint.pk), form).status_code == 302
    endpoint.refresh_from_db()
    assert (endpoint.name, endpoint.types, endpoint.is_active) == ("Shop 2", [], False)
    assert "whsec_" in client.post(scope.url("engine:webhook_renew", pk=endpoint.pk)).content.decode()
    data = {"instance": "abc", "flow": "f"}
    message = Message.objects.create(
        environment=scope.environment, instance_id=1, type="instance.completed", data=data, at=timezone.now()
    )
    delivery = Delivery.objects.create(endpoint=endpoint, message=message, instance_id=1, status="failed", answer="500")
    assert "Given up" in client.get(scope.url("engine:webhook", pk=endpoint.pk)).content.decode()
    client.post(scope.url("engine:webhook_again", pk=delivery.pk))
    delivery.refresh_from_db()
    assert delivery.status == "pending"
    client.post(scope.url("engine:webhook_remove", pk=endpoint.pk))
    assert not Endpoint.objects.exists()
    actions = set(AuditEntry.objects.values_list("action", flat=True))
    assert {"webhook.added", "webhook.changed", "webhook.secret_renewed", "webhook.removed"} <= actions


def test_only_administrators_manage_endpoints(scope: Scope, client_as: Callable[[Role], Client]) -> None:
    assert client_as(Role.DESIGNER).get(scope.url("engine:webhooks")).status_code == 403


def test_an_endpoint_of_another_organization_is_not_there(
    scope: Scope, foreign_scope: Scope, client_as: Callable[[Role], Client]
) -> None:
    theirs = Endpoint.objects.create(environment=foreign_scope.environment, name="Theirs", url="https://x.example.com")
    client = client_as(Role.ADMINISTRATOR)
    for name in ("webhook", "webhook_renew", "webhook_remove"):
        method = client.get if name == "webhook" else client.post
        assert method(scope.url(f"engine:{name}", pk=theirs.pk)).status_code == 404
