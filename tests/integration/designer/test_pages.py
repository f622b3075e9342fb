"""The designer's pages: who sees what, what they say, and how they refuse."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.roles import Role
from accounts.scope import Scope
from designer import models
from designer.graph.edits import RenameTask
from designer.services.drafting import apply_edit, draft_of, undo
from designer.services.importing import import_flow
from designer.services.publishing import publish_flow
from designer.services.versions import set_enabled
from tests.integration.designer.conftest import order_file, text_of

EVIL = "<script>alert(1)</script>"


PAGES: list[tuple[str, dict[str, Any], Role]] = [
    ("flows", {}, Role.VIEWER),
    ("new", {}, Role.DESIGNER),
    ("import", {}, Role.DESIGNER),
    ("gallery", {}, Role.VIEWER),
    ("template", {"template": "leave-request"}, Role.VIEWER),
    ("versions", {"flow": "order"}, Role.VIEWER),
    ("version", {"flow": "order", "number": 1}, Role.VIEWER),
    ("compare", {"flow": "order"}, Role.VIEWER),
    ("publish", {"flow": "order"}, Role.DESIGNER),
    ("delete", {"flow": "order"}, Role.DESIGNER),
    ("triggers", {"flow": "order"}, Role.VIEWER),
    ("closing_reasons", {}, Role.ADMINISTRATOR),
    ("closing_reason_new", {}, Role.ADMINISTRATOR),
]
DOORS: list[tuple[str, dict[str, Any]]] = [
    ("enabled", {"flow": "order"}),
    ("duplicate", {"flow": "order"}),
    ("delete", {"flow": "order"}),
    ("publish", {"flow": "order"}),
    ("restore", {"flow": "order", "number": 1}),
]


@pytest.mark.parametrize(("name", "kwargs", "role"), PAGES)
def test_each_page_opens_for_its_role_and_no_lower(
    name: str,
    kwargs: dict[str, Any],
    role: Role,
    at: Callable[..., str],
    client_as: Callable[[Role], Client],
    version: models.Version,
) -> None:
    assert client_as(role).get(at(name, **kwargs)).status_code == 200
    if role is not Role.VIEWER:
        below = list(Role)[role.rank - 1]
        assert client_as(below).get(at(name, **kwargs)).status_code == 403
    anonymous = Client().get(at(name, **kwargs))
    assert anonymous.status_code == 302


@pytest.mark.parametrize(("name", "kwargs"), [(name, kwargs) for name, kwargs, _ in PAGES if "flow" in kwargs])
def test_flows_of_another_organization_do_not_exist(
    name: str, kwargs: dict[str, Any], designer: Client, at: Callable[..., str], scope: Scope, foreign_scope: Scope
) -> None:
    publish_flow(foreign_scope, import_flow(foreign_scope, order_file(), replace=False))
    assert designer.get(at(name, **kwargs)).status_code == 404
    assert designer.get(foreign_scope.url(f"designer:{name}", **kwargs)).status_code == 404


def test_what_was_edited_and_taken_back_is_no_change(
    designer: Client, at: Callable[..., str], version: models.Version, scope: Scope
) -> None:
    def marked() -> bool:
        return ">changed</span>" in text_of(designer.get(at("flows")))

    row = version.flow
    first = next(iter(draft_of(row).tasks))
    apply_edit(scope, row, RenameTask(first, "Other"), revision=row.draft_revision)
    assert marked()
    undo(scope, row)
    assert not marked()


@pytest.mark.parametrize(("name", "kwargs"), DOORS)
def test_doors_are_closed_to_viewers_and_to_strangers(
    name: str,
    kwargs: dict[str, Any],
    client_as: Callable[[Role], Client],
    at: Callable[..., str],
    version: models.Version,
    foreign_scope: Scope,
) -> None:
    assert client_as(Role.OPERATOR).post(at(name, **kwargs)).status_code == 403
    assert client_as(Role.ADMINISTRATOR).post(foreign_scope.url(f"designer:{name}", **kwargs)).status_code == 404
    assert models.Flow.objects.count() == 1


# -- the list ---------------------------------------------------------------------------------------------------------


def test_flows_are_found_by_word_tag_and_state(scope: Scope, designer: Client, at: Callable[..., str]) -> None:
    import_flow(scope, order_file(key="a", name="Order goods", tags=["shop"]), replace=False)
    row = import_flow(
        scope, order_file(key="b", name="Greet", description="For new staff", tags=["people"]), replace=False
    )
    publish_flow(scope, row)

    def names(**query: str) -> set[str]:
        page = text_of(designer.get(at("flows"), query))
        return {name for name in ("Order goods", "Greet") if f">{name}</a>" in page}

    assert names() == {"Order goods", "Greet"}
    assert names(q="goods order") == {"Order goods"}
    assert names(q="staff") == {"Greet"}
    assert names(tag="people") == {"Greet"}
    assert names(state="unpublished") == {"Order goods"}
    assert names(state="enabled") == {"Greet"}
    set_enabled(scope, row, enabled=False)
    assert names(state="disabled") == {"Greet"}
    assert names(q="nothing like it") == set()


def test_filters_that_make_no_sense_are_refused_in_words(
    designer: Client, at: Callable[..., str], row: models.Flow
) -> None:
    page = designer.get(at("flows"), {"state": "odd", "page": "x"})
    assert page.status_code == 200
    assert "Select a valid choice" in text_of(page)


def test_the_list_costs_the_same_number_of_queries_for_any_number_of_flows(
    scope: Scope, designer: Client, at: Callable[..., str]
) -> None:
    def queries() -> int:
        designer.get(at("flows"))
        with CaptureQueriesContext(
            connection,
        ) as captured:
            designer.get(at("flows"))
        return len(captured)

    publish_flow(scope, import_flow(scope, order_file(key="a"), replace=False))
    one = queries()
    for key in "bcdefgh":
        publish_flow(scope, import_flow(scope, order_file(key=key), replace=False))
    assert queries() == one
    assert one <= 12


def test_the_list_says_how_many_instances_stand_where(
    designer: Client, at: Callable[..., str], version: models.Version
) -> None:
    from engine.models import Instance

    for number, status in enumerate(("waiting", "waiting", "paused", "waiting_for_pause", "errored", "complete")):
        Instance.objects.create(
            environment=version.flow.environment, flow=version.flow, version=version, key=str(number), status=status
        )
    page = " ".join(re.sub(r"<[^>]+>", " ", text_of(designer.get(at("flows")))).split())
    assert "2 waiting" in page
    assert "2 paused" in page
    assert "1 errored" in page
    assert "just now" in page


def test_a_trigger_shows_its_last_firings(designer: Client, at: Callable[..., str], version: models.Version) -> None:
    from engine.models import Occurrence

    cron = version.flow.trigger_rows.get(type="cron")
    Occurrence.objects.create(
        environment=cron.environment, flow=cron.flow, trigger=cron, type="cron", outcome="refused", reason="too many"
    )
    page = text_of(designer.get(at("triggers", flow="order")))
    assert "refused" in page
    assert "too many" in page


def test_htmx_gets_the_list_alone(designer: Client, at: Callable[..., str], row: models.Flow) -> None:
    part = designer.get(at("flows"), headers={"HX-Request": "true"})
    assert b"<html" not in part.content
    assert b'id="flow-list"' in part.content


# -- coming and going -------------------------------------------------------------------------------------------------


def test_a_new_flow_gets_a_key_from_its_name(designer: Client, at: Callable[..., str], scope: Scope) -> None:
    answer = designer.post(at("new"), {"name": "Order fulfilment"})
    assert answer.status_code == 302
    assert answer["Location"] == at("edit", flow="order-fulfilment")
    assert models.Flow.objects.within(scope).get().key == "order-fulfilment"


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"name": ""},
        {"name": "x" * 201},
        {"name": "Order", "key": "-order"},
        {"name": "Order", "key": "or/der"},
        {"name": "Order", "key": "x" * 65},
        {"name": "注文"},
        {"name": "Again", "key": "order"},
    ],
)
def test_a_new_flow_needs_a_name_and_a_free_key(
    sent: dict[str, str], designer: Client, at: Callable[..., str], row: models.Flow
) -> None:
    assert designer.post(at("new"), sent).status_code == 422
    assert models.Flow.objects.count() == 1


def test_a_flow_file_is_imported_from_text_and_from_a_file(designer: Client, at: Callable[..., str]) -> None:
    assert designer.post(at("import"), {"text": json.dumps(order_file())}).status_code == 302
    file = SimpleUploadedFile("flow.yaml", b"format: 1\nkey: small\nname: Small\ntasks: []\nedges: []\n")
    assert designer.post(at("import"), {"file": file}).status_code == 302
    assert set(models.Flow.objects.values_list("key", flat=True)) == {"order", "small"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '{"format": 1}',
        '{"format": 1, "format": 1}',
        '{"key": "a\\u0000"}',
        "[" * 100_000,
        '{"format": 1, "key": "a", "name": "\\ud800", "tasks": [], "edges": []}',
        "a: &x [*x]",
        json.dumps(order_file(unknown=1)),
        json.dumps(order_file(edges=[{"from": "charge", "to": "gone"}])),
    ],
)
def test_what_is_no_flow_file_is_refused_with_its_paths(text: str, designer: Client, at: Callable[..., str]) -> None:
    answer = designer.post(at("import"), {"text": text})
    assert answer.status_code == 422
    assert not models.Flow.objects.exists()


def test_a_problem_names_its_path(designer: Client, at: Callable[..., str]) -> None:
    answer = designer.post(at("import"), {"text": json.dumps(order_file(edges=[{"from": "charge", "to": "gone"}]))})
    assert "edges[0].to" in text_of(answer)


def test_a_file_that_is_too_large_is_refused(designer: Client, at: Callable[..., str]) -> None:
    file = SimpleUploadedFile("flow.json", b'{"a": "' + b"x" * (5 * 1024 * 1024) + b'"}')
    assert designer.post(at("import"), {"file": file}).status_code == 422


def test_an_import_over_a_flow_is_asked_for(designer: Client, at: Callable[..., str], row: models.Flow) -> None:
    text = json.dumps(order_file(name="Another"))
    assert designer.post(at("import"), {"text": text}).status_code == 422
    assert designer.post(at("import"), {"text": text, "replace": "on"}).status_code == 302
    assert models.Flow.objects.get().name == "Another"


def test_a_flow_is_switched_with_and_without_script(designer: Client, at: Callable[..., str], row: models.Flow) -> None:
    assert designer.post(at("enabled", flow="order"), {"to": "off"}).status_code == 302
    row.refresh_from_db()
    assert not row.is_enabled
    part = designer.post(at("enabled", flow="order"), {"to": "on"}, headers={"HX-Request": "true"})
    assert b'aria-checked="true"' in part.content
    assert designer.post(at("enabled", flow="order"), {"to": "sideways"}).status_code == 400


def test_a_flow_in_use_is_not_deleted(designer: Client, at: Callable[..., str], version: models.Version) -> None:
    from engine.models import Instance

    flow = version.flow
    Instance.objects.create(environment=flow.environment, flow=flow, version=version, key="one", status="running")
    answer = designer.post(at("delete", flow="order"), {"with_finished": "on"})
    assert answer.status_code == 409
    assert "1 unfinished instance" in text_of(answer)
    Instance.objects.update(status="complete")
    assert designer.post(at("delete", flow="order")).status_code == 409
    assert designer.post(at("delete", flow="order"), {"with_finished": "on"}).status_code == 302
    assert not models.Flow.objects.exists()


# -- publishing and versions ------------------------------------------------------------------------------------------


def test_scripts_in_names_stay_text_everywhere(scope: Scope, designer: Client, at: Callable[..., str]) -> None:
    tasks = [{"key": "a", "name": EVIL, "kind": "noop", "phase": "p", "description": EVIL}]
    phases = [{"key": "p", "name": EVIL, "description": EVIL}]
    file = order_file(
        name=EVIL, description=EVIL, tags=[EVIL], tasks=tasks, phases=phases, edges=[], closing_reasons=[EVIL]
    )
    publish_flow(scope, import_flow(scope, file, replace=False), note=EVIL)
    for name, kwargs, _ in PAGES:
        if "reason" not in name:
            assert EVIL.encode() not in designer.get(at(name, **kwargs)).content, name
    for format in ("svg", "dot"):
        file_of = at("graph", flow="order", number=1, format=format)
        assert (b"<script" in designer.get(file_of).content) == (format == "dot"), format


# -- triggers and reasons ---------------------------------------------------------------------------------------------


def test_secret_addresses_are_for_operators(
    client_as: Callable[[Role], Client], at: Callable[..., str], version: models.Version
) -> None:
    path = version.flow.trigger_rows.get(type="webhook").secret_path or ""
    assert f"/hooks/{path}" in text_of(client_as(Role.OPERATOR).get(at("triggers", flow="order")))
    assert path not in text_of(client_as(Role.ASSIGNEE).get(at("triggers", flow="order")))


def test_the_signing_secret_is_for_designers(
    client_as: Callable[[Role], Client], at: Callable[..., str], version: models.Version, foreign_scope: Scope
) -> None:
    webhook = version.flow.trigger_rows.get(type="webhook")
    url = at("trigger_secret", flow="order", pk=webhook.pk)
    assert client_as(Role.OPERATOR).post(url).status_code == 403
    assert "whsec_" in text_of(client_as(Role.DESIGNER).post(url))
    manual = version.flow.trigger_rows.get(type="manual")
    assert client_as(Role.DESIGNER).post(at("trigger_secret", flow="order", pk=manual.pk)).status_code == 404
    assert client_as(Role.DESIGNER).post(at("trigger_renew", flow="order", pk=manual.pk)).status_code == 404
    assert (
        client_as(Role.DESIGNER).post(at("trigger_switch", flow="other", pk=manual.pk), {"to": "on"}).status_code == 404
    )


def test_a_trigger_is_switched(
    client_as: Callable[[Role], Client], at: Callable[..., str], version: models.Version
) -> None:
    cron = version.flow.trigger_rows.get(type="cron")
    url = at("trigger_switch", flow="order", pk=cron.pk)
    assert client_as(Role.OPERATOR).post(url, {"to": "off"}).status_code == 302
    assert client_as(Role.OPERATOR).post(url, {"to": ""}).status_code == 400
    cron.refresh_from_db()
    assert not cron.is_active


def test_reasons_are_kept_on_their_page(
    client_as: Callable[[Role], Client], at: Callable[..., str], scope: Scope
) -> None:
    administrator = client_as(Role.ADMINISTRATOR)
    assert administrator.post(at("closing_reason_new"), {"title": "Sold out"}).status_code == 302
    assert administrator.post(at("closing_reason_new"), {"title": "Sold out"}).status_code == 422
    assert administrator.post(at("closing_reason_new"), {"title": ""}).status_code == 422
    reason = models.ClosingReason.objects.within(scope).get()
    url = at("closing_reason", pk=reason.pk)
    assert administrator.post(url, {"title": "Gone", "description": "", "is_active": "on"}).status_code == 302
    assert administrator.post(at("closing_reason_remove", pk=reason.pk)).status_code == 302
    assert not models.ClosingReason.objects.exists()


def test_a_reason_in_use_is_not_removed(
    client_as: Callable[[Role], Client], at: Callable[..., str], version: models.Version
) -> None:
    reason = models.ClosingReason.objects.order_by("pk")[0]
    assert client_as(Role.ADMINISTRATOR).post(at("closing_reason_remove", pk=reason.pk)).status_code == 409
