"""A step that is tried again for ever does not fill the database."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.roles import Role
from accounts.scope import Scope
from engine.ledger import posting
from engine.models import Fact, Instance, Step
from engine.services import thinning
from engine.services.instances import start_instance
from engine.services.thinning import thin_histories
from tests.integration.engine.conftest import Engine

FOR_EVER = {"limit": 1_000_000_000, "delay": "1 second", "backoff": "constant"}


def poor(engine: Engine, **more: Any) -> Instance:
    """An instance whose transfer has no funds, and is repeated every second."""
    send: dict[str, Any] = {
        "source": {"account": {"id": "empty"}},
        "destination": {"account": {"id": "shop"}},
        "amount": {"amount": "5", "asset": "EUR/2"},
        "retries": FOR_EVER,
    }
    row = engine.publish("pay -> thank", kinds={"pay": "transfer", "thank": "noop"}, settings={"pay": send}, **more)
    instance = start_instance(engine.scope, row, now=engine.now)
    engine.work()
    return instance


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that few attempts are many."""
    for name, number in (("FIRST", 2), ("LAST", 3), ("SLACK", 2)):
        monkeypatch.setattr(thinning, name, number)


@pytest.mark.usefixtures("narrow")
def test_the_first_and_the_latest_attempts_are_kept(
    engine: Engine, scope: Scope, client_as: Callable[[Role], Client]
) -> None:
    instance = poor(engine)
    for _ in range(19):
        engine.later(seconds=1)
    facts = Fact.objects.filter(instance=instance)
    whole = facts.count()
    listed = [{"number": number, "error": None} for number in range(1, 21)]
    Step.objects.filter(instance=instance, task="pay").update(attempts=listed)
    thin_histories(engine.now)
    step = Step.objects.get(instance=instance, task="pay")
    assert [attempt["number"] for attempt in step.attempts] == [1, 2, 18, 19, 20]
    told = facts.filter(type="AttemptFailed").order_by("number").values_list("data__number", flat=True)
    assert list(told) == [1, 2, 18, 19, 20]
    kept = facts.count()
    assert kept < whole / 2
    thin_histories(engine.now)
    assert facts.count() == kept
    page = client_as(Role.VIEWER).get(scope.url("engine:facts", pk=instance.pk)).content.decode()
    assert f"{whole - kept} facts of repeated attempts are not kept." in page
    engine.later(seconds=1)
    step.refresh_from_db()
    assert step.status == "retrying"
    assert facts.filter(type="AttemptFailed").latest("number").data["number"] == 21
    instance.delete()  # its facts do not make up its state any more


@pytest.mark.usefixtures("narrow")
def test_what_was_thinned_out_does_not_count_against_the_limit_of_facts(engine: Engine, scope: Scope) -> None:
    instance = poor(engine, limits={"max_facts": 100})
    for _ in range(40):
        engine.later(seconds=1)
    assert instance.facts.count() > 100
    thin_histories(engine.now)
    moves = [posting.Move("world", "empty", "EUR/2", 5)]
    posting.post(scope.environment.pk, posting.PostRequest(ledger="default", moves=moves), now=timezone.now())
    engine.later(seconds=1)
    instance.refresh_from_db()
    assert (instance.status, instance.error) == ("complete", None)
    instance.delete()
