"""A flow is brought to another environment, where it keeps its key; the console tells what differs where."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import AuditEntry, Environment
from accounts.roles import Role
from accounts.scope import Scope
from designer.models import Flow
from designer.services.drafting import create_flow, replace_draft
from designer.services.promoting import SameEnvironment, promote_flow, standing_of, standings
from designer.services.publishing import publish_flow
from designer.services.versions import set_enabled
from tests.drawing import draw

PAGE = "/o/acme/development/flows/order/environments/"


@pytest.fixture
def order(scope: Scope) -> Flow:
    """A published flow."""
    row = create_flow(scope, key="order", name="Order", flow=draw("trigger -> pay -> ship"))
    publish_flow(scope, row)
    return row


def test_a_promoted_flow_keeps_its_key_and_is_updated_in_place(
    scope: Scope, order: Flow, production: Environment
) -> None:
    assert standing_of(order, production).state == "missing"
    there = promote_flow(scope, order, production)
    assert (there.key, there.name, there.live_version is not None) == ("order", "Order", True)
    assert standing_of(order, production).state == "same"
    replace_draft(scope, order, draw("trigger -> pay -> pack -> ship"), revision=1)
    order.refresh_from_db()
    publish_flow(scope, order)
    assert standing_of(order, production).state == "different"
    again = promote_flow(scope, order, production)
    assert again.pk == there.pk
    assert standing_of(order, production).state == "same"
    assert again.versions.count() == 2
    assert AuditEntry.objects.filter(action="flow.promoted").count() == 2


def test_a_draft_that_is_not_published_stays_at_home(scope: Scope, order: Flow, production: Environment) -> None:
    replace_draft(scope, order, draw("trigger -> other"), revision=1)
    order.refresh_from_db()
    there = promote_flow(scope, order, production)
    assert '"pay"' in there.draft_document
    assert standing_of(order, production).state == "same"


def test_what_is_switched_off_here_is_switched_off_there(scope: Scope, order: Flow, production: Environment) -> None:
    promote_flow(scope, order, production)
    set_enabled(scope, order, enabled=False)
    assert standing_of(order, production).state == "different"
    assert not Flow.objects.get(pk=promote_flow(scope, order, production).pk).is_enabled


def test_a_flow_goes_nowhere_foreign_and_not_to_its_own_place(scope: Scope, order: Flow, foreign_scope: Scope) -> None:
    with pytest.raises(ValueError, match="another organization"):
        promote_flow(scope, order, foreign_scope.environment)
    with pytest.raises(SameEnvironment):
        promote_flow(scope, order, scope.environment)


def test_the_overview_tells_of_every_flow(scope: Scope, order: Flow, production: Environment) -> None:
    create_flow(scope, key="second", name="Second", flow=draw("a"))
    promote_flow(scope, order, production)
    rows = {row.flow.key: [s.state for s in row.standings] for row in standings(scope, [scope.environment, production])}
    assert rows == {"order": ["same"], "second": ["missing"]}


def test_the_console_promotes(client_as: Callable[[Role], Client], order: Flow, production: Environment) -> None:
    client = client_as(Role.DESIGNER)
    page = client.get(PAGE).content.decode()
    assert "not there" in page
    answer = client.post(f"{PAGE}production/promote/", follow=True)
    assert "the same" in answer.content.decode()
    assert Flow.objects.filter(environment=production, key="order").exists()
    assert "the same" in client.get("/o/acme/development/flows/-/environments/").content.decode()
    assert client.post(f"{PAGE}nowhere/promote/").status_code == 404
    assert client.post(f"{PAGE}development/promote/").status_code == 404
    assert client_as(Role.OPERATOR).post(f"{PAGE}production/promote/").status_code == 403
