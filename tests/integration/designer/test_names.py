"""Groups, people, agents and flows stand on cards and drawings by their names, not by what flows name them by."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.connections.models import Connection
from accounts.models import MemberGroup
from accounts.scope import Scope
from designer import models
from designer.graph.codec import decode_flow
from designer.naming import forget_names, names_in
from designer.services.drafting import create_flow, draft_of, replace_draft
from designer.services.publishing import publish_flow
from tests.integration.designer.editing import BASE, post


def flow_file(tasks: list[dict[str, Any]]) -> dict[str, Any]:
    return {"format": 1, "key": "drawn", "name": "Drawn", "tasks": tasks, "edges": []}


def asks(key: str, *who: str) -> dict[str, Any]:
    return {"key": key, "name": key, "kind": "manual", "at": [80, 80], "settings": {"assigned_to": [*who]}}


@pytest.fixture
def night(scope: Scope, foreign_scope: Scope) -> MemberGroup:
    """A group; another organization has one of the same short name."""
    MemberGroup.objects.create(organization=foreign_scope.organization, name="Their secret board", slug="night")
    return MemberGroup.objects.create(organization=scope.organization, name="The night shift", slug="night")


@pytest.fixture
def row(scope: Scope, night: MemberGroup) -> models.Flow:
    """A flow whose tasks name a group, a stranger, an agent and another flow."""
    Connection.objects.create(environment=scope.environment, type="agent", key="helper", name="Help desk agent")
    create_flow(scope, key="billing", name="Billing of May")
    other = {"at": [80, 200], "key": "pay", "name": "Pay", "kind": "call", "settings": {"flow": "billing"}}
    agent = {
        "at": [80, 320],
        "key": "ask",
        "name": "Ask",
        "kind": "ai_agent",
        "settings": {"agent": "helper", "prompt": "Hello"},
    }
    tasks = [asks("watch", "night"), asks("look", "nobody-knows"), other, agent]
    return create_flow(scope, key="drawn", name="Drawn", flow=decode_flow(flow_file(tasks)))


def test_the_canvas_shows_names(designer: Client, row: models.Flow) -> None:
    page = designer.get(BASE).content.decode()
    drawing = page[page.index('id="canvas"') : page.index("graph-facts")]
    for name in ("The night shift", "nobody-knows", "runs Billing of May", "asks Help desk agent"):
        assert name in drawing
    assert "Their secret board" not in page
    assert '"summary":"The night shift"' in page


def test_an_edit_draws_names_and_a_new_name_is_drawn_with_the_next(
    designer: Client, row: models.Flow, night: MemberGroup
) -> None:
    designer.get(BASE)
    give = {
        "edit": "configure_task",
        "task": "look",
        "changes": [{"path": ["settings", "assigned_to"], "value": ["night"]}],
    }
    _, answer = post(designer, "edits", {"revision": 1, "edit": give})
    assert {part["id"]: "The night shift" in part["html"] for part in answer["parts"]} == {"node-look": True}
    MemberGroup.objects.filter(pk=night.pk).update(name="The early shift")
    forget_names()  # in half a minute they are looked up again
    designer.get(BASE)
    _, answer = post(designer, "edits", {"revision": 2, "edit": {"edit": "move_tasks", "to": {"pay": [400, 200]}}})
    page = designer.get(BASE).content.decode()
    assert "The early shift" in page
    assert "The night shift" not in page


def test_pictures_and_files_of_versions_show_the_names_of_now(
    scope: Scope, designer: Client, row: models.Flow, night: MemberGroup
) -> None:
    publish_flow(scope, row)
    changed = decode_flow(flow_file([asks("watch", "night"), asks("other", "night")]))
    publish_flow(scope, replace_draft(scope, row, changed, revision=1).row)
    row.refresh_from_db()
    version = scope.url("designer:version", flow="drawn", number=1)
    for address in (
        version,
        scope.url("designer:versions", flow="drawn"),
        scope.url("designer:compare", flow="drawn") + "?from=1&to=2",
        *(scope.url("designer:graph", flow="drawn", number=1, format=format) for format in ("svg", "dot")),
    ):
        text = designer.get(address).content.decode()
        assert "The night shift" in text, address
        assert "Their secret board" not in text
    MemberGroup.objects.filter(pk=night.pk).update(name="The early shift")
    forget_names()
    assert "The early shift" in designer.get(version).content.decode()


def test_a_name_is_believed_where_it_was_looked_up_alone(scope: Scope, foreign_scope: Scope, row: models.Flow) -> None:
    place = foreign_scope.environment
    Connection.objects.create(environment=place, type="agent", key="helper", name="Their secret agent")
    create_flow(foreign_scope, key="billing", name="Their secret invoices")
    flow = draft_of(row)
    theirs, ours = (set(names_in(each, flow).values()) for each in (foreign_scope, scope))
    assert theirs == {"Their secret board", "Their secret agent", "Their secret invoices"}
    assert ours == {"The night shift", "Help desk agent", "Billing of May"}


def test_a_hundred_groups_are_looked_up_as_one_is(scope: Scope, designer: Client) -> None:
    def asked(key: str, count: int) -> int:
        tasks = [asks(f"t{number}", f"{key}-{number}") for number in range(count)]
        MemberGroup.objects.bulk_create(
            MemberGroup(organization=scope.organization, name=f"Group {number} of {key}", slug=f"{key}-{number}")
            for number in range(count)
        )
        create_flow(scope, key=key, name=key, flow=decode_flow({**flow_file(tasks), "key": key}))
        page = BASE.replace("drawn", key)
        forget_names()
        with CaptureQueriesContext(connection) as queries:
            assert f"Group {count - 1} of {key}" in designer.get(page).content.decode()
        return len(queries)

    asked("warm", 1)
    assert asked("many", 100) == asked("one", 1)
