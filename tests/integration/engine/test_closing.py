"""Closing instances with reasons."""

from __future__ import annotations

from dataclasses import replace

import pytest

from accounts.models import AuditEntry
from accounts.scope import Scope
from engine.models import Instance
from engine.services.closing import offered
from engine.services.errors import InvalidInput, NotLegalNow
from engine.services.interventions import close
from engine.services.moving import migrate
from tests.drawing import draw
from tests.integration.engine.conftest import Engine

FLOW = draw("ask", kinds={"ask": "manual"})
REASONS = ("Customer withdrew", "Out of stock")


def waiting_instance(engine: Engine, *, single: bool = False) -> Instance:
    return engine.start(replace(FLOW, closing_reasons=REASONS, single_closing_reason=single))


def test_a_closed_instance_is_terminated_with_its_reasons(engine: Engine, scope: Scope) -> None:
    instance = waiting_instance(engine)
    close(scope, instance, reasons=REASONS, note="By phone.", now=engine.now)
    assert (instance.status, instance.ended_at) == ("terminated", engine.now)
    fact = instance.facts.get(type="InstanceClosed")
    assert (fact.data["reasons"], fact.data["note"], fact.data["actor"]["name"]) == (
        list(REASONS),
        "By phone.",
        scope.actor_name,
    )
    assert (fact.data["before"], fact.data["after"]) == ({"status": "waiting"}, {"status": "terminated"})
    assert AuditEntry.objects.get(action="instance.closed").after["reasons"] == list(REASONS)


@pytest.mark.parametrize(
    ("reasons", "single", "path", "message"),
    [
        (["Boredom"], False, "reasons.0", "is none of Customer withdrew, Out of stock"),
        ([REASONS[0], "Boredom"], False, "reasons.1", "is none of"),
        ([], False, "reasons", "must name at least one of"),
        ([], True, "reasons", "must name one of"),
        (REASONS, True, "reasons", "may name one reason only"),
    ],
)
def test_only_reasons_that_the_flow_offers_are_taken(
    engine: Engine, scope: Scope, reasons: list[str], single: bool, path: str, message: str
) -> None:
    instance = waiting_instance(engine, single=single)
    with pytest.raises(InvalidInput) as refused:
        close(scope, instance, reasons=reasons)
    ((where, why),) = refused.value.problems
    assert where == path
    assert message in why


def test_one_reason_named_twice_is_one(engine: Engine, scope: Scope) -> None:
    instance = waiting_instance(engine, single=True)
    close(scope, instance, reasons=[REASONS[0], REASONS[0]], now=engine.now)
    assert instance.facts.get(type="InstanceClosed").data["reasons"] == [REASONS[0]]


def test_an_instance_of_a_flow_without_reasons_is_closed_without_any(engine: Engine, scope: Scope) -> None:
    instance = engine.start(FLOW)
    with pytest.raises(InvalidInput, match="had none when the instance started"):
        close(scope, instance, reasons=["Any"])
    close(scope, instance, reasons=[], now=engine.now)
    assert instance.status == "terminated"


def test_the_reasons_are_those_of_when_the_instance_started(engine: Engine, scope: Scope) -> None:
    instance = waiting_instance(engine)
    engine.publish_again(instance.flow, replace(FLOW, closing_reasons=("Merged",)))
    assert offered(instance).reasons == REASONS
    migrate(scope, instance, version=2, now=engine.now)
    assert offered(instance).reasons == REASONS
    close(scope, instance, reasons=[REASONS[1]], now=engine.now)
    assert instance.status == "terminated"


def test_what_has_ended_is_not_closed(engine: Engine, scope: Scope) -> None:
    instance = waiting_instance(engine)
    close(scope, instance, reasons=[REASONS[0]], now=engine.now)
    with pytest.raises(NotLegalNow, match="already terminated"):
        close(scope, instance, reasons=[REASONS[0]])
