"""Keeping sample inputs and cases, and how they travel with the flow."""

from __future__ import annotations

from collections.abc import Callable

import orjson
import pytest
from django.test import Client

from accounts.models import AuditEntry, Environment, User
from accounts.roles import Role
from accounts.scope import Scope
from designer.graph.codec import decode_flow
from designer.graph.trials import Case, Trials
from designer.services.drafting import create_flow, draft_of, replace_draft
from designer.services.promoting import promote_flow
from designer.services.publishing import FlowHasProblems, publish_flow
from designer.services.versions import duplicate_flow
from designer.trying.cases import put_back, remove_case, replace_cases
from designer.trying.services import (
    CaseNameTaken,
    cases_of,
    keep_case,
    keep_sample,
    require_cases,
    sample_of,
    trials_of,
)
from tests.drawing import draw

pytestmark = pytest.mark.django_db

FILE = {
    "format": 1,
    "key": "order",
    "name": "Order",
    "tasks": [{"key": "charge", "name": "Charge", "kind": "noop"}],
    "edges": [{"from": "trigger", "to": "charge"}],
    "sample_input": {"total": 5},
    "cases": [{"name": "Small", "input": {"total": 1}, "expect": {"path": ["charge"]}}],
}


@pytest.fixture
def designer(scope_as: Callable[[Role], Scope]) -> Scope:
    return scope_as(Role.DESIGNER)


def test_a_flow_that_was_never_tried_has_nothing(designer: Scope) -> None:
    row = create_flow(designer, key="order", name="Order")
    assert sample_of(row) is None
    assert trials_of(row) == Trials()


def test_what_is_kept_is_found_again(designer: Scope) -> None:
    row = create_flow(designer, key="order", name="Order")
    keep_sample(row, {"total": 1}, {})
    require_cases(row, required=True)
    keep_case(row, Case("one", {"a": 1}))
    keep_case(row, Case("two"))
    assert trials_of(row) == Trials({"total": 1}, (Case("one", {"a": 1}), Case("two")), True)
    assert remove_case(designer, row, "one") is not None
    assert remove_case(designer, row, "one") is None
    assert [case.name for case in cases_of(row)] == ["two"]


def test_a_case_that_was_taken_away_is_put_back_where_it_stood(designer: Scope) -> None:
    row = create_flow(designer, key="order", name="Order")
    for name in ("one", "two", "three"):
        keep_case(row, Case(name, {}, {"a": {"output": 1}}, {"status": "complete"}))
    removed = remove_case(designer, row, "two")
    assert removed is not None
    put_back(designer, row, removed)
    kept = cases_of(row)
    assert [case.name for case in kept] == ["one", "two", "three"]
    assert kept[1] == removed.case
    with pytest.raises(CaseNameTaken):
        put_back(designer, row, removed)
    actions = AuditEntry.objects.filter(action__startswith="case.").order_by("pk").values_list("action", flat=True)
    assert list(actions) == ["case.removed", "case.restored"]


def test_replacing_all_cases_is_in_the_audit_log(designer: Scope) -> None:
    row = create_flow(designer, key="order", name="Order")
    keep_case(row, Case("one"))
    replace_cases(designer, row, Trials(None, (Case("two"),)))
    entry = AuditEntry.objects.get(action="cases.replaced")
    assert (entry.before, entry.after) == ({"cases": ["one"]}, {"cases": ["two"]})


def test_a_name_is_given_once_unless_it_is_to_be_replaced(designer: Scope) -> None:
    row = create_flow(designer, key="order", name="Order")
    keep_case(row, Case("one", 1))
    with pytest.raises(CaseNameTaken):
        keep_case(row, Case("one", 2))
    keep_case(row, Case("one", 3), replaces=True)
    assert cases_of(row) == (Case("one", 3),)


def test_a_flow_file_brings_its_cases_and_one_without_leaves_them(designer: Scope) -> None:
    graph = decode_flow(FILE)
    row = create_flow(designer, key=graph.key, name=graph.name, flow=graph)
    assert trials_of(row) == graph.trials
    assert draft_of(row).trials is None
    plain = decode_flow({key: value for key, value in FILE.items() if key not in ("sample_input", "cases")})
    row = replace_draft(designer, row, plain, revision=1).row
    assert trials_of(row) == graph.trials
    row = replace_draft(designer, row, decode_flow({**FILE, "cases": []}), revision=1).row
    assert cases_of(row) == ()
    assert sample_of(row) == {"total": 5}


def test_copies_take_the_cases_with_them(designer: Scope, production: Environment) -> None:
    graph = decode_flow(FILE)
    row = create_flow(designer, key=graph.key, name=graph.name, flow=graph)
    assert trials_of(duplicate_flow(designer, row)) == graph.trials
    assert trials_of(promote_flow(designer, row, production)) == graph.trials


def test_an_export_holds_the_cases(client: Client, member: Callable[[Role], User], designer: Scope) -> None:
    graph = decode_flow(FILE)
    create_flow(designer, key=graph.key, name=graph.name, flow=graph)
    client.force_login(member(Role.VIEWER))
    answer = client.get("/o/acme/development/flows/order/export.json")
    assert orjson.loads(answer.content) == FILE


def test_a_red_case_refuses_publishing_where_the_cases_guard_it(
    client: Client, member: Callable[[Role], User], designer: Scope
) -> None:
    row = create_flow(designer, key="guarded", name="Guarded", flow=draw("trigger -> d; d -yes-> a; d -none_met-> b"))
    keep_case(row, Case("Large order", {"yes": True}, expect={"path": ["d", "b"]}))
    publish_flow(designer, row)
    require_cases(row, required=True)
    with pytest.raises(FlowHasProblems) as refused:
        publish_flow(designer, row)
    assert str(refused.value) == "The case “Large order” fails: Step 2 was a, not b."
    client.force_login(member(Role.DESIGNER))
    page = client.get("/o/acme/development/flows/guarded/publish/").content.decode()
    assert "The case “Large order” fails" in page
    assert "Publishing needs every case to pass." in page
    require_cases(row, required=False)
    page = client.get("/o/acme/development/flows/guarded/publish/").content.decode()
    assert "fails: Step 2 was a, not b." in page
    assert "The draft can be published all the same." in page
    require_cases(row, required=True)
    keep_case(row, Case("Large order", {"yes": True}, expect={"path": ["d", "a"]}), replaces=True)
    assert publish_flow(designer, row).number == 2
    assert "all pass" in client.get("/o/acme/development/flows/guarded/publish/").content.decode()
