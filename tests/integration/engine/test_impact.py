"""What publishing would mean for the instances under way."""

from __future__ import annotations

from collections.abc import Callable
from html import unescape

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.roles import Role
from accounts.scope import Scope
from designer.models import Flow
from designer.services.drafting import replace_draft
from engine.services import impact as service
from engine.services.human_tasks import complete_step
from engine.services.impact import impact_of
from engine.services.interventions import pause
from tests.drawing import draw
from tests.integration.engine.conftest import Engine

PEOPLE = {"kinds": {"ask": "manual", "check": "manual"}}


@pytest.fixture
def under_way(engine: Engine, scope: Scope) -> int:
    """Three at `ask`, one of them paused; one at `check`; one that has ended. Answers the flow."""
    flow = engine.publish("ask -> check -> b", **PEOPLE)
    first, _, _, fourth, last = [engine.start(flow) for _ in range(5)]
    engine.work()
    pause(scope, first, now=engine.now)
    for instance, tasks in ((fourth, ("ask",)), (last, ("ask", "check"))):
        for task in tasks:
            complete_step(scope, instance.steps.get(task=task), now=engine.now)
    return flow.pk


def test_a_graph_that_keeps_every_task_takes_all(engine: Engine, under_way: int) -> None:
    found = impact_of(under_way, draw("ask -> more -> check -> b", **PEOPLE), 2)
    assert (found.unfinished, found.looked_at, found.movable, found.stuck) == (4, 4, 4, 0)
    assert [(place.task, place.standing, place.movable) for place in found.places] == [("ask", 3, 3), ("check", 1, 1)]
    assert not any(place.obstacles for place in found.places)


def test_what_is_in_the_way_is_said_per_place(engine: Engine, under_way: int) -> None:
    found = impact_of(under_way, draw("ask -> b", kinds={"ask": "manual"}), 2)
    assert (found.movable, found.stuck) == (3, 1)
    at = {place.task: place for place in found.places}
    assert at["ask"].obstacles == ()
    assert (at["check"].movable, at["check"].stuck) == (0, 1)
    assert at["check"].obstacles == (("check is not in version 2.", 1),)


def test_it_costs_the_same_however_many_there_are(
    engine: Engine, under_way: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph = draw("ask -> check -> b", **PEOPLE)
    with CaptureQueriesContext(connection) as few:
        impact_of(under_way, graph, 2)
    monkeypatch.setattr(service, "MOST_LOOKED_AT", 2)
    with CaptureQueriesContext(connection) as bounded:
        found = impact_of(under_way, graph, 2)
    assert (found.unfinished, found.looked_at) == (4, 2)
    assert (len(few), len(bounded)) == (1, 2)


def test_the_publish_page_says_it(
    engine: Engine, scope: Scope, under_way: int, client_as: Callable[[Role], Client]
) -> None:
    row = Flow.objects.get(pk=under_way)
    replace_draft(scope, row, draw("ask -> b", key=row.key, kinds={"ask": "manual"}), revision=row.draft_revision)
    text = unescape(client_as(Role.DESIGNER).get(scope.url("designer:publish", flow=row.key)).content.decode())
    assert "Afterwards 3 of 4 could be migrated to version 2; 1 could not." in text
    assert "check is not in version 2." in text
