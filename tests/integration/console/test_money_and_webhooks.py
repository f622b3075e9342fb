"""The pages of ledgers, connectors and webhooks."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEntry
from accounts.roles import Role
from accounts.scope import Scope
from accounts.sealing import unseal
from engine.ledger import posting, wallets
from engine.ledger.models import Connector
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
    assert "in 12.50 EUR, out 2.50 EUR" in page
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


def test_a_connector_is_added_changed_and_removed_and_its_secret_never_shown(
    client_as: Callable[[Role], Client], scope: Scope
) -> None:
    client = client_as(Role.ADMINISTRATOR)
    form = {"name": "bank", "type": "http", "url": "", "new_secret": "s3cret-token", "is_active": "on"}
    refused = client.post(scope.url("engine:connector_new"), form)
    assert refused.status_code == 422
    assert "A service needs an address." in refused.content.decode()
    form["url"] = "https://bank.example/transfers"
    assert client.post(scope.url("engine:connector_new"), form).status_code == 302
    made = Connector.objects.get()
    assert made.secret
    assert unseal(made.secret) == "s3cret-token"
    assert client.post(scope.url("engine:connector_new"), form).status_code == 422  # the name is taken
    page = client.get(scope.url("engine:ledgers")).content.decode()
    assert "bank" in page
    assert "set" in page
    one = scope.url("engine:connector", pk=made.pk)
    assert "s3cret" not in client.get(one).content.decode()
    client.post(one, {**form, "new_secret": "", "url": "https://bank.example/v2"})
    made.refresh_from_db()
    assert (made.url, unseal(made.secret)) == ("https://bank.example/v2", "s3cret-token")
    client.post(one, {**form, "new_secret": "", "forget_secret": "on"})
    made.refresh_from_db()
    assert made.secret == ""
    client.post(scope.url("engine:connector_remove", pk=made.pk))
    assert not Connector.objects.exists()
    entries = AuditEntry.objects.filter(action__startswith="connector.")
    assert set(entries.values_list("action", flat=True)) == {
        "connector.added", "connector.changed", "connector.removed",
    }  # fmt: skip
    assert "s3cret" not in str(list(entries.values_list("before", "after")))


def test_connectors_are_for_administrators_and_of_their_environment(
    client_as: Callable[[Role], Client], scope: Scope, foreign_scope: Scope
) -> None:
    theirs = Connector.objects.create(environment=foreign_scope.environment, name="theirs")
    client = client_as(Role.ADMINISTRATOR)
    assert client.get(scope.url("engine:connector", pk=theirs.pk)).status_code == 404
    assert client.post(scope.url("engine:connector_remove", pk=theirs.pk)).status_code == 404
    assert client_as(Role.DESIGNER).get(scope.url("engine:connector_new")).status_code == 403
    assert "New connector" not in client_as(Role.DESIGNER).get(scope.url("engine:ledgers")).content.decode()


def test_the_section_of_settings_is_marked_on_its_pages(client_as: Callable[[Role], Client], scope: Scope) -> None:
    client = client_as(Role.ADMINISTRATOR)
    for name in ("ledgers", "webhooks", "providers", "connector_new"):
        page = client.get(scope.url(f"engine:{name}")).content.decode()
        (section,) = [
            part for part in page.split('<a class="section"') if "#icon-settings" in part.partition("</a>")[0]
        ]
        assert 'aria-current="page"' in section.partition(">")[0], name
