"""The list of instances: filters, pages, bulk actions, starting."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.models import MemberGroup, User
from accounts.roles import Role
from accounts.scope import Scope
from designer.models import Flow
from designer.services.drafting import create_flow
from designer.services.publishing import publish_flow
from designer.trying.services import keep_sample
from engine.models import Instance, SavedView, Step
from engine.parts import instances as parts
from engine.services import saved_views
from engine.services.errors import NotLegalNow
from tests.drawing import draw

HERE = "/o/acme/development/instances/"
HTMX = {"HX-Request": "true"}
ClientAs = Callable[[Role], Client]
Start = Callable[..., Instance]


def keys_on(page: str) -> list[str]:
    """The instance ids on a page, in order."""
    return [
        part.split("<")[0] for part in page.split('class="instance-link clip"')[1:] for part in [part.split(">", 1)[1]]
    ]


def test_the_list_shows_the_newest_first_with_where_they_stand(client_as: ClientAs, start: Start) -> None:
    start("a", total=2000)
    start("b", fail=True)
    page = client_as(Role.VIEWER).get(HERE).content.decode()
    assert keys_on(page) == ["b", "a"]
    assert "Approve · operations" in page
    assert "No &lt;b&gt;way&lt;/b&gt;" in page
    assert "<script>alert" not in page


@pytest.mark.parametrize(
    ("query", "keys"),
    [
        ("status=waiting", ["a-2", "a-1"]),
        ("status=errored", ["b-1"]),
        ("status=unfinished", ["a-2", "a-1"]),
        ("q=a-", ["a-2", "a-1"]),
        ("q=a-1", ["a-1"]),
        ("flow=order", ["b-1", "a-2", "a-1"]),
        ("flow=order&version=1&status=errored", ["b-1"]),
        ("version=7", []),
        ("since=2020-01-01&until=2020-01-02", []),
        ("since=2020-01-01", ["b-1", "a-2", "a-1"]),
        ("q=%25", []),
    ],
)
def test_filters_find_what_they_say(client_as: ClientAs, start: Start, query: str, keys: list[str]) -> None:
    start("a-1", total=2000)
    start("a-2", total=2000)
    start("b-1", fail=True)
    assert keys_on(client_as(Role.VIEWER).get(f"{HERE}?{query}").content.decode()) == keys


@pytest.mark.parametrize(
    "query",
    [
        "status=nonsense",
        "flow=other",
        "since=yesterday",
        "version=x",
        "version=0",
        "before=-1",
        "after=x",
        "version=1e9",
    ],
)
def test_filters_that_are_none_are_refused_and_said(client_as: ClientAs, start: Start, query: str) -> None:
    start("a")
    response = client_as(Role.VIEWER).get(f"{HERE}?{query}")
    assert response.status_code == 422
    assert "form-errors" in response.content.decode()


def test_pages_go_on_where_the_last_one_ended(
    client_as: ClientAs, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "ROWS_A_PAGE", 2)
    for number in range(5):
        start(f"n{number}")
    client = client_as(Role.VIEWER)
    first = client.get(HERE)
    pages = [keys_on(first.content.decode())]
    older = first.context["page"].older
    while older:
        response = client.get(f"{HERE}?{older}")
        pages.append(keys_on(response.content.decode()))
        last, older = response.context["page"], response.context["page"].older
    assert pages == [["n4", "n3"], ["n2", "n1"], ["n0"]]
    back = client.get(f"{HERE}?{last.newer}")
    assert keys_on(back.content.decode()) == ["n2", "n1"]


def test_the_number_of_queries_does_not_grow_with_the_rows(
    client_as: ClientAs, start: Start, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    client = client_as(Role.OPERATOR)
    start(total=2000)
    client.get(HERE)
    for _ in range(12):
        start(total=2000)
    with django_assert_max_num_queries(15):
        client.get(HERE)


def test_htmx_is_sent_the_list_alone(client_as: ClientAs, start: Start) -> None:
    start("a")
    page = client_as(Role.VIEWER).get(HERE, headers=HTMX).content.decode()
    assert page.lstrip().startswith('<div id="instances-list"')


def test_nothing_yet_says_what_to_do(client_as: ClientAs, flow: Flow) -> None:
    assert "No instances yet" in client_as(Role.VIEWER).get(HERE).content.decode()
    assert "Start an instance" in client_as(Role.OPERATOR).get(HERE).content.decode()
    assert "No instance matches" in client_as(Role.VIEWER).get(f"{HERE}?q=x").content.decode()


def test_other_environments_and_organizations_are_not_shown(
    client_as: ClientAs, start: Start, foreign_scope: Scope, production: object
) -> None:
    start("ours")
    client = client_as(Role.VIEWER)
    assert keys_on(client.get("/o/acme/production/instances/").content.decode()) == []
    assert client.get("/o/globex/development/instances/").status_code == 404


def test_many_are_paused_at_once_and_refusals_are_listed(client_as: ClientAs, start: Start) -> None:
    one, done = start("one", total=2000), start("done", fail=True)
    form = {"action": "pause", "reason": "too many", "instance": [one.pk, done.pk, 999999]}
    response = client_as(Role.OPERATOR).post(f"{HERE}bulk/", form, headers=HTMX)
    page = response.content.decode()
    assert response.status_code == 200
    assert "1 done, 2 refused" in page
    assert "The instance is already errored" in page
    assert "There is no such instance" in page
    one.refresh_from_db()
    assert one.status == "paused"


def test_the_events_that_tasks_wait_for_are_offered(client_as: ClientAs, start: Start) -> None:
    instance = start("one", total=2000)
    client = client_as(Role.OPERATOR)
    offered = '<option value="picked-up"></option></datalist>'
    assert offered in client.get(f"{HERE}?flow=order").content.decode()
    assert "<datalist" not in client.get(HERE).content.decode()
    assert 'list="send_event-type-offered"' in client.get(f"{HERE}{instance.pk}/").content.decode()
    assert offered in client.get(f"{HERE}{instance.pk}/").content.decode()


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"action": "pause", "reason": "x"},
        {"action": "explode", "reason": "x", "instance": ["1"]},
        {"action": "pause", "reason": " ", "instance": ["1"]},
        {"action": "pause", "reason": "x" * 1001, "instance": ["1"]},
        {"action": "pause", "reason": "x", "instance": ["one"]},
        {"action": "pause", "reason": "x", "instance": ["²"]},
        {"action": "pause", "reason": "x", "instance": ["1"] * 201},
    ],
)
def test_bulk_requests_that_are_none_change_nothing(client_as: ClientAs, form: dict[str, object]) -> None:
    assert client_as(Role.OPERATOR).post(f"{HERE}bulk/", form, headers=HTMX).status_code == 422


@pytest.mark.parametrize("role", [Role.VIEWER, Role.ASSIGNEE])
def test_lower_roles_neither_start_nor_steer(client_as: ClientAs, waiting: Instance, role: Role) -> None:
    client = client_as(role)
    assert client.get(f"{HERE}start/").status_code == 403
    assert client.post(f"{HERE}bulk/", {"action": "pause", "reason": "x", "instance": [waiting.pk]}).status_code == 403
    assert client.post(f"{HERE}{waiting.pk}/do/pause/", {"reason": "x"}).status_code == 403
    waiting.refresh_from_db()
    assert waiting.status == "waiting"


def test_an_instance_is_started_with_json_and_an_id(client_as: ClientAs, flow: Flow) -> None:
    response = client_as(Role.OPERATOR).post(
        "/o/acme/development/flows/order/start/", {"input": '{"total": 2000}', "key": "order-7"}
    )
    instance = Instance.objects.get(key="order-7")
    assert (response.status_code, response.headers["Location"]) == (302, f"{HERE}{instance.pk}/")
    assert (instance.input, instance.started_by and instance.started_by.email) == (
        {"total": 2000},
        "operator@example.com",
    )


def test_the_latest_input_is_the_sample(client_as: ClientAs, start: Start) -> None:
    start(total=1234)
    assert "1234" in client_as(Role.OPERATOR).get(f"{HERE}start/?flow=order").content.decode()


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"input": "{", "key": ""}, "This is not JSON: line 1, column 2"),
        ({"input": '{"a": 1, "a": 2}'}, "This has the key &#x27;a&#x27; twice in one object."),
        ({"input": "[" * 100_000}, "This is nested more than 64 levels deep."),
        ({"input": '"' + "x" * 1024 * 1024 + '"'}, "This is larger than 1 MiB."),
        ({"input": '"\\ud800"'}, "This contains half of a surrogate pair"),
        ({"input": '["\\u0000"]'}, "This cannot be taken: $[0] contains a NUL character."),
        ({"key": "has spaces"}, "letters"),
        ({"key": "x" * 201}, "200"),
        ({"key": "taken"}, "this id"),
        ({"flow": "nothing"}, "valid choice"),
    ],
)
def test_a_bad_start_is_refused_with_what_was_typed(
    client_as: ClientAs, start: Start, form: dict[str, str], words: str
) -> None:
    start("taken")
    response = client_as(Role.OPERATOR).post(f"{HERE}start/", {"flow": "order", **form}, headers=HTMX)
    assert response.status_code == 422
    assert words in response.content.decode()
    assert Instance.objects.count() == 1


def test_a_nul_in_a_form_is_refused(client_as: ClientAs, flow: Flow) -> None:
    response = client_as(Role.OPERATOR).post(f"{HERE}start/", {"flow": "order", "key": "a\0b"})
    assert response.status_code == 400


def test_a_flow_that_is_disabled_is_not_started(client_as: ClientAs, flow: Flow) -> None:
    Flow.objects.update(is_enabled=False)
    response = client_as(Role.OPERATOR).post("/o/acme/development/flows/order/start/", {"input": ""})
    assert response.status_code == 422
    assert client_as(Role.OPERATOR).get("/o/acme/development/flows/nothing/start/").status_code == 404


def test_a_day_is_found_whatever_else_is_asked(client_as: ClientAs, start: Start) -> None:
    day = datetime(2026, 3, 5, 12, tzinfo=UTC)
    for key, days in (("one", 0), ("two", 1), ("three", 1), ("four", 2)):
        Instance.objects.filter(pk=start(key, total=2000).pk).update(created_at=day + timedelta(days=days))

    def found(query: str) -> list[str]:
        return keys_on(client_as(Role.VIEWER).get(f"{HERE}?{query}").content.decode())

    assert found("since=2026-03-06&until=2026-03-06") == ["three", "two"]
    assert found("since=2026-03-06") == ["four", "three", "two"]
    assert found("until=2026-03-05") == ["one"]
    assert found("since=2026-03-06&status=complete") == []
    assert found("since=2027-01-01") == []
    assert found("since=2026-03-06&q=two") == ["two"]


def test_instances_are_found_by_whom_they_wait_for(
    client_as: ClientAs, start: Start, operations: MemberGroup, member: Callable[[Role], User]
) -> None:
    start("waits", total=2000)
    start("broken", fail=True)
    viewer = client_as(Role.VIEWER)

    def found(assignee: str) -> list[str]:
        return keys_on(viewer.get(HERE, {"assignee": assignee}).content.decode())

    member(Role.OPERATOR)
    assert found("group:operations") == ["waits"]
    assert found("member:operator@example.com") == []
    assert found("nobody") == []
    assert found("me") == []
    Step.objects.filter(instance__key="waits", task="approve").update(claimed_by=member(Role.VIEWER))
    assert found("me") == found("member:viewer@example.com") == ["waits"]
    assert viewer.get(HERE, {"assignee": "group:of-another-organization"}).status_code == 422


def test_a_view_is_kept_under_its_name_and_is_an_address(client_as: ClientAs, start: Start) -> None:
    start("waits", total=2000)
    start("broken", fail=True)
    viewer = client_as(Role.VIEWER)
    query = "status=errored&q=bro&nonsense=1&since=never"
    saved = viewer.post(f"{HERE}views/save/", {"name": "Trouble <b>", "query": query})
    assert saved.headers["Location"] == f"{HERE}?q=bro&status=errored"
    page = viewer.get(saved.headers["Location"]).content.decode()
    assert keys_on(page) == ["broken"]
    assert 'href="?q=bro&amp;status=errored" aria-current="page">Trouble &lt;b&gt;</a>' in page
    viewer.post(f"{HERE}views/save/", {"name": "Trouble <b>", "query": "status=errored"})
    (view,) = SavedView.objects.all()
    assert view.query == "status=errored"
    assert viewer.post(f"{HERE}views/save/", {"name": " ", "query": ""}).status_code == 302
    assert SavedView.objects.count() == 1


def test_views_are_ones_own(client_as: ClientAs, scope: Scope) -> None:
    viewer = client_as(Role.VIEWER)
    viewer.post(f"{HERE}views/save/", {"name": "Mine", "query": "status=errored"})
    view = SavedView.objects.get()
    other = client_as(Role.OPERATOR)
    assert "Mine" not in other.get(HERE).content.decode()
    assert other.post(f"{HERE}views/{view.pk}/remove/").status_code == 404
    assert viewer.post(f"/o/acme/production/instances/views/{view.pk}/remove/").status_code == 404
    assert viewer.post(f"{HERE}views/{view.pk}/remove/").status_code == 302
    assert not SavedView.objects.exists()


def test_nobody_hoards_views(scope: Scope) -> None:
    for number in range(saved_views.MOST):
        saved_views.save_view(scope, name=str(number), query="")
    with pytest.raises(NotLegalNow, match="already"):
        saved_views.save_view(scope, name="one more", query="")
    saved_views.save_view(scope, name="7", query="status=errored")


def test_a_flow_that_declares_its_input_is_started_by_a_form(client_as: ClientAs, scope: Scope) -> None:
    fields = {"who": {"type": "string", "title": "Customer"}, "count": {"type": "integer", "minimum": 1}}
    schema = {"type": "object", "properties": fields, "required": ["who"]}
    row = create_flow(scope, key="declared", name="Declared", flow=draw("a", input_schema=schema))
    publish_flow(scope, row)
    address = scope.url("engine:start", flow="declared")
    operator = client_as(Role.OPERATOR)
    page = operator.get(address).content.decode()
    assert "Customer" in page
    assert 'name="input"' not in page

    refused = operator.post(address, {"field-0": "", "field-1": "0"})
    assert refused.status_code == 422
    assert "This field is required" in refused.content.decode()
    started = operator.post(address, {"field-0": "ann", "field-1": "2"})
    assert started.status_code == 302
    assert Instance.objects.get(flow=row).input == {"who": "ann", "count": 2}


def test_the_sample_of_a_flow_is_offered_to_start_with(client_as: ClientAs, scope: Scope) -> None:
    schema = {"type": "object", "properties": {"who": {"type": "string", "title": "Customer"}}}
    rows = [create_flow(scope, key="fields", name="Fields", flow=draw("a", input_schema=schema))]
    rows += [create_flow(scope, key=key, name=key.title(), flow=draw("a")) for key in ("json", "plain")]
    for row in rows:
        publish_flow(scope, row)
    for row in rows[:2]:
        keep_sample(row, {"who": "Ada & co"}, {})
    operator = client_as(Role.OPERATOR)
    pages = {row.key: operator.get(scope.url("engine:start", flow=row.key)).content.decode() for row in rows}
    assert ["Fill in the sample" in page for page in pages.values()] == [True, True, False]
    assert ["Ada" in page for page in pages.values()] == [
        False,
        True,
        False,
    ]  # nothing else tells what JSON is asked for
    for row in rows[:2]:
        page = operator.get(scope.url("engine:start", flow=row.key) + "?sample=1").content.decode()
        assert "Ada &amp; co" in page
        assert "The sample input of the flow is filled in." in page
    chosen = operator.get(f"{HERE}start/?flow=json&sample=1", headers=HTMX).content.decode()
    assert "Ada &amp; co" in chosen
    nothing = operator.get(scope.url("engine:start", flow="plain") + "?sample=1").content.decode()
    assert "The sample input" not in nothing
    operator.post(scope.url("engine:start", flow="json"), {"input": '{"who": "Grace"}'})
    begun_once = operator.get(scope.url("engine:start", flow="json")).content.decode()
    assert ("Grace" in begun_once, "Ada" in begun_once) == (True, False)


def test_an_input_is_never_given_to_a_flow_that_it_was_not_filled_in_for(client_as: ClientAs, scope: Scope) -> None:
    """The form of the flow that was chosen last may still be on its way."""
    for key, field in (("first", "who"), ("second", "whom")):
        schema = {"type": "object", "properties": {field: {"type": "string", "title": field.title()}}}
        publish_flow(scope, create_flow(scope, key=key, name=key.title(), flow=draw("a", input_schema=schema)))
    operator = client_as(Role.OPERATOR)
    address = f"{HERE}start/"
    assert 'data-flow="first"' in operator.get(address).content.decode()

    sent = {"flow": "second", "asked": "first", "field-0": "ann", "key": "one"}
    answer = operator.post(address, sent, headers=HTMX)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "another flow&#x27;s input. Fill in that of Second." in page
    assert "Whom" in page
    assert 'value="one"' in page
    assert not Instance.objects.exists()

    operator.post(address, sent | {"asked": "second"}, headers=HTMX)
    assert Instance.objects.get().flow.key == "second"
