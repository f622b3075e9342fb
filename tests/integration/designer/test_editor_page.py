"""The editor's page: what is kept of it from one visit to the next is what it would be anew."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.test import Client

from accounts.roles import Role
from accounts.scope import Scope
from designer import editor_page, models
from designer.graph.edits import Change, ConfigureFlow
from designer.services.drafting import Remembered, apply_edit


@pytest.fixture
def forms(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Which templates were drawn for a form, from here on; nothing is kept from before."""
    drawn: list[str] = []
    draw = editor_page.render_to_string

    def noted(template: str, context: dict[str, object]) -> str:
        drawn.append(template)
        return draw(template, context)

    monkeypatch.setattr(editor_page, "render_to_string", noted)
    monkeypatch.setattr(editor_page, "_forms", {may: Remembered(2) for may in (True, False)})
    return drawn


def form_on(client: Client, address: str) -> str:
    """The inspector of the page."""
    page = client.get(address).content.decode()
    found = re.search(r'<aside class="inspector".*?</aside>', page, re.DOTALL)
    assert found is not None
    return found[0]


def test_the_form_of_a_flow_is_drawn_once_for_each_revision_and_each_right(
    scope: Scope, row: models.Flow, client_as: Callable[[Role], Client], forms: list[str]
) -> None:
    address = scope.url("designer:edit", flow=row.key)
    designer, viewer = client_as(Role.DESIGNER), client_as(Role.VIEWER)
    first = form_on(designer, address)
    assert form_on(designer, address) == first
    assert forms.count("designer/editor/inspector.html") == 1
    assert f'data-revision="{row.draft_revision}"' in first
    assert "disabled" not in first
    assert "disabled" in form_on(viewer, address)
    assert form_on(designer, address) == first

    before = row.draft_revision
    apply_edit(scope, row, ConfigureFlow((Change(("name",), "Told anew"),)), revision=before)
    later = form_on(designer, address)
    assert "Told anew" in later
    assert f'data-revision="{before + 1}"' in later
    assert "Told anew" in form_on(viewer, address)
    assert forms.count("designer/editor/inspector.html") == 4


def test_a_form_that_asks_other_rows_is_drawn_anew(
    scope: Scope,
    row: models.Flow,
    client_as: Callable[[Role], Client],
    forms: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    form_for_flow = editor_page.form_for_flow

    def asking(flow: object, **context: object) -> object:
        context["flows"]()  # type: ignore[operator]  # as a field that suggests other flows does
        return form_for_flow(flow, **context)  # type: ignore[arg-type]  # (what it was given)

    monkeypatch.setattr(editor_page, "form_for_flow", asking)
    client, address = client_as(Role.DESIGNER), scope.url("designer:edit", flow=row.key)
    assert form_on(client, address) == form_on(client, address)
    assert forms.count("designer/editor/inspector.html") == 2
