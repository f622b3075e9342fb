"""The pages on which a draft is published, and versions are compared, restored and taken along."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import MemberGroup
from accounts.scope import Scope
from designer import models
from designer.graph.codec import decode_flow
from designer.services.drafting import replace_draft
from designer.services.importing import import_flow
from designer.services.publishing import publish_flow
from tests.integration.designer.conftest import order_file, text_of


def test_a_draft_is_published_from_the_page(designer: Client, at: Callable[..., str], row: models.Flow) -> None:
    answer = designer.post(at("publish", flow="order"), {"note": "First", "revision": row.draft_revision})
    assert answer["Location"] == at("version", flow="order", number=1)
    assert models.Version.objects.get().note == "First"


def test_a_stale_revision_shows_the_draft_as_it_is_now(
    scope: Scope, designer: Client, at: Callable[..., str], row: models.Flow
) -> None:
    replace_draft(scope, row, decode_flow(order_file(name="Newer")), revision=1)
    answer = designer.post(at("publish", flow="order"), {"note": "Mine", "revision": 1})
    assert answer.status_code == 409
    assert 'value="Mine"' in text_of(answer)
    assert 'name="revision" value="2"' in text_of(answer)
    assert not models.Version.objects.exists()


@pytest.mark.parametrize("sent", [{}, {"revision": "x"}, {"revision": 1, "note": "x" * 501}, {"revision": -1}])
def test_a_publish_form_that_is_wrong_is_shown_again(
    sent: dict[str, Any], designer: Client, at: Callable[..., str], row: models.Flow
) -> None:
    assert designer.post(at("publish", flow="order"), sent).status_code == 422
    assert not models.Version.objects.exists()


def test_problems_stand_on_the_publish_page(scope: Scope, designer: Client, at: Callable[..., str]) -> None:
    import_flow(scope, order_file(tasks=[{"key": "a", "name": "Alone", "kind": "delay"}], edges=[]), replace=False)
    page = text_of(designer.get(at("publish", flow="order")))
    assert "must be mended first" in page
    answer = designer.post(at("publish", flow="order"), {"revision": 1})
    assert answer.status_code == 422
    assert not models.Version.objects.exists()


def test_two_versions_are_compared_on_one_graph_and_in_words(
    scope: Scope, designer: Client, at: Callable[..., str], version: models.Version
) -> None:
    tasks = [t for t in order_file()["tasks"] if t["key"] != "approve"]
    tasks[0] = {**tasks[0], "name": "Charge it"}
    edges = [e for e in order_file()["edges"] if "approve" not in e.values()]
    tasks.append({"key": "thank", "name": "Say thanks", "kind": "noop"})
    edges.append({"from": "pack", "to": "thank"})
    row = models.Flow.objects.get()
    publish_flow(scope, replace_draft(scope, row, decode_flow(order_file(tasks=tasks, edges=edges)), revision=1).row)
    page = text_of(designer.get(at("compare", flow="order"), {"from": "1", "to": "2"}))
    for key, word in (("approve", "removed"), ("thank", "added"), ("charge", "changed")):
        assert f'look-{word}" id="node-{key}"' in page
    assert "Charge the card" in page
    assert "Pack → Say thanks" in page
    assert 'class="edge edge-added" id="edge-pack~thank~~success"' in page


def test_a_comparison_calls_groups_and_people_by_their_names(
    scope: Scope, designer: Client, at: Callable[..., str], version: models.Version
) -> None:
    MemberGroup.objects.create(organization=scope.organization, name="The night shift", slug="night")
    tasks = [
        {**t, "settings": {"assigned_to": ["night"]}} if t["key"] == "approve" else t for t in order_file()["tasks"]
    ]
    row = models.Flow.objects.get()
    row = replace_draft(scope, row, decode_flow(order_file(tasks=tasks)), revision=1).row
    for page in (at("compare", flow="order"), at("publish", flow="order")):
        assert "→ The night shift" in text_of(designer.get(page))
    publish_flow(scope, row)
    assert "→ The night shift" in text_of(designer.get(at("version", flow="order", number=2)))


@pytest.mark.parametrize("query", [{"from": "99"}, {"to": "x"}, {"from": "-1"}, {"from": "9" * 30}, {"from": "¹"}])
def test_versions_that_do_not_exist_cannot_be_compared(
    query: dict[str, str], designer: Client, at: Callable[..., str], version: models.Version
) -> None:
    assert designer.get(at("compare", flow="order"), query).status_code == 404


def test_a_version_is_restored_as_draft_unless_the_draft_moved_on(
    scope: Scope, designer: Client, at: Callable[..., str], version: models.Version
) -> None:
    row = models.Flow.objects.get()
    replace_draft(scope, row, decode_flow(order_file(name="Newer")), revision=1)
    url = at("restore", flow="order", number=1)
    assert designer.post(url, {"revision": 1}).status_code == 409
    assert designer.post(url, {}).status_code == 400
    assert designer.post(url, {"revision": 2})["Location"] == at("edit", flow="order")
    assert models.Flow.objects.get().name == "Order fulfilment"


@pytest.mark.parametrize(
    ("format", "media_type", "start"),
    [
        ("svg", "image/svg+xml", b"<?xml"),
        ("dot", "text/vnd.graphviz; charset=utf-8", b"digraph"),
        ("png", "image/png", b"\x89PNG"),
        ("pdf", "application/pdf", b"%PDF-"),
    ],
)
def test_the_graph_of_a_version_is_a_file(
    format: str, media_type: str, start: bytes, designer: Client, at: Callable[..., str], version: models.Version
) -> None:
    answer = designer.get(at("graph", flow="order", number=1, format=format))
    assert answer["Content-Type"] == media_type
    assert answer.content.startswith(start)
    assert "default-src 'none'" in answer["Content-Security-Policy"]
    assert "unsafe" not in answer["Content-Security-Policy"]


def test_other_formats_and_versions_do_not_exist(
    designer: Client, at: Callable[..., str], version: models.Version
) -> None:
    assert designer.get(at("graph", flow="order", number=1, format="gif")).status_code == 404
    assert designer.get(at("graph", flow="order", number=2, format="svg")).status_code == 404
    assert designer.get(at("export", flow="order", format="xml")).status_code == 404
    assert designer.get(at("export", flow="order", format="json"), {"version": "x"}).status_code == 404


def test_a_flow_is_exported_as_it_is_and_as_it_was(
    scope: Scope, designer: Client, at: Callable[..., str], version: models.Version
) -> None:
    replace_draft(scope, models.Flow.objects.get(), decode_flow(order_file(name="Newer")), revision=1)
    draft = designer.get(at("export", flow="order", format="json"))
    assert draft.json()["name"] == "Newer"
    assert draft["Content-Disposition"] == 'attachment; filename="order.json"'
    old = designer.get(at("export", flow="order", format="yaml"), {"version": "1"})
    assert b"name: Order fulfilment" in old.content
