"""The page of one instance: what it shows, what can be done on it, and who may."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.models import MemberGroup
from accounts.roles import Role
from accounts.scope import Scope
from engine.models import Event, Fact, Instance

HTMX = {"HX-Request": "true"}
ClientAs = Callable[[Role], Client]
Start = Callable[..., Instance]


def url(instance: Instance, rest: str = "") -> str:
    return f"/o/acme/development/instances/{instance.pk}/{rest}"


def test_the_page_shows_graph_timeline_steps_facts_and_data(client_as: ClientAs, waiting: Instance) -> None:
    page = client_as(Role.OPERATOR).get(url(waiting)).content.decode()
    assert 'id="node-approve"' in page
    assert "status-waiting" in page
    assert "edge-taken" in page
    for words in (
        "Timeline",
        "Large order?",
        "Decision taken",
        "Over 1000",
        "saw input.total = 2000",
        "Check the customer",
    ):
        assert words in page, words
    assert "<script>alert" not in page


def test_the_graph_calls_groups_by_their_names(client_as: ClientAs, start: Start, operations: MemberGroup) -> None:
    MemberGroup.objects.filter(pk=operations.pk).update(name="The back office")
    page = client_as(Role.VIEWER).get(url(start())).content.decode()
    assert "The back office · 2 d" in page
    assert "operations · 2 d" not in page


def test_a_sensitive_output_is_never_shown(client_as: ClientAs, waiting: Instance) -> None:
    page = client_as(Role.ADMINISTRATOR).get(url(waiting, "?step=charge:1")).content.decode()
    shown = page.split('id="step-output"')[1].split("</section>")[0]
    assert "[REDACTED]" in shown
    assert "4111" not in shown


def test_the_step_of_the_address_is_shown_and_htmx_gets_it_alone(client_as: ClientAs, waiting: Instance) -> None:
    client = client_as(Role.VIEWER)
    part = client.get(url(waiting, "?step=big"), headers=HTMX).content.decode()
    assert part.lstrip().startswith("<aside")
    assert "Large order?" in part
    assert "saw input.total = 2000" in part


def test_a_task_that_was_not_reached_can_be_looked_at(client_as: ClientAs, waiting: Instance) -> None:
    assert "Nothing has led here yet" in client_as(Role.VIEWER).get(url(waiting, "?step=walk")).content.decode()


@pytest.mark.parametrize(
    "step", ["nothing", "charge:9", "charge:x", "charge:²", ":", "x" * 5000, "charge:99999999999999999999"]
)
def test_a_step_that_does_not_exist_is_404(client_as: ClientAs, waiting: Instance, step: str) -> None:
    assert client_as(Role.VIEWER).get(url(waiting), {"step": step}).status_code in (200, 404)
    assert "Traceback" not in client_as(Role.VIEWER).get(url(waiting), {"step": step}).content.decode()


def test_the_failed_step_comes_first_with_its_error(client_as: ClientAs, start: Start) -> None:
    page = client_as(Role.OPERATOR).get(url(start(fail=True))).content.decode()
    assert 'data-selected="boom"' in page
    assert "No &lt;b&gt;way&lt;/b&gt;" in page
    assert 'id="act-retry"' in page
    assert 'id="act-pause"' not in page


def test_lower_roles_see_no_buttons(client_as: ClientAs, waiting: Instance) -> None:
    page = client_as(Role.VIEWER).get(url(waiting)).content.decode()
    assert "instance-actions" not in page
    assert "<dialog" not in page.replace('<dialog class="dialog" id="confirm"', "")
    assert "Your role only looks on" in page


def test_queries_do_not_grow_with_the_history(
    client_as: ClientAs, waiting: Instance, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    client = client_as(Role.OPERATOR)
    client.get(url(waiting))
    number = waiting.fact_count
    Fact.objects.bulk_create(
        Fact(instance=waiting, number=number + n, type="TimerSet", at=waiting.created_at) for n in range(1, 200)
    )
    with django_assert_max_num_queries(18):
        client.get(url(waiting))


def test_what_belongs_to_others_is_404(
    client_as: ClientAs, waiting: Instance, foreign_scope: Scope, production: object
) -> None:
    client = client_as(Role.ADMINISTRATOR)
    foreign = Client()
    assert foreign_scope.user is not None
    foreign.force_login(foreign_scope.user, backend="django.contrib.auth.backends.ModelBackend")
    for rest in ("", "sync", "facts/", "do/pause/"):
        assert foreign.get(url(waiting, rest)).status_code == 404
        assert foreign.get(url(waiting, rest).replace("acme", "globex")).status_code == 404
        assert client.get(url(waiting, rest).replace("development", "production")).status_code == 404
    assert client.get("/o/acme/development/instances/99999999999999999999/").status_code == 404


def test_anonymous_people_are_asked_to_sign_in(client: Client, waiting: Instance) -> None:
    assert client.get(url(waiting)).status_code == 302
    assert client.get(url(waiting, "sync")).status_code == 302


def test_an_instance_is_paused_and_resumed_with_a_reason(client_as: ClientAs, waiting: Instance) -> None:
    client = client_as(Role.OPERATOR)
    response = client.post(url(waiting, "do/pause/"), {"reason": "stock taking"}, headers=HTMX)
    assert (response.status_code, "live-sync" in response.headers["HX-Trigger"]) == (204, True)
    waiting.refresh_from_db()
    assert waiting.status == "paused"
    page = client.get(url(waiting)).content.decode()
    assert "by Operator · “stock taking”" in page
    assert "The instance is paused" in page
    assert client.post(url(waiting, "do/resume/"), {"reason": "done"}).status_code == 302
    waiting.refresh_from_db()
    assert waiting.status == "waiting"


def test_what_is_not_legal_now_is_a_clear_conflict(client_as: ClientAs, start: Start) -> None:
    response = client_as(Role.OPERATOR).post(url(start(fail=True), "do/pause/"), {"reason": "x"}, headers=HTMX)
    assert (response.status_code, response.content.decode()) == (409, "The instance is already errored.")


@pytest.mark.parametrize("reason", ["", "   ", "x" * 1001])
def test_every_intervention_asks_for_a_reason(client_as: ClientAs, waiting: Instance, reason: str) -> None:
    for action in ("pause", "terminate", "restart"):
        response = client_as(Role.OPERATOR).post(url(waiting, f"do/{action}/"), {"reason": reason}, headers=HTMX)
        assert response.status_code == 422
        assert response.content.decode().lstrip().startswith("<form")
    waiting.refresh_from_db()
    assert waiting.status == "waiting"


def test_without_script_an_action_has_a_page_of_its_own(client_as: ClientAs, waiting: Instance) -> None:
    page = client_as(Role.OPERATOR).get(url(waiting, "do/terminate/")).content.decode()
    assert "Terminate this instance?" in page
    assert "<html" in page
    assert client_as(Role.OPERATOR).get(url(waiting, "do/explode/")).status_code == 404


def test_a_failed_instance_is_retried_with_edited_input(client_as: ClientAs, start: Start) -> None:
    failed = start(fail=True)
    form = {"reason": "fixed", "input": '{"fail": false, "total": 5}'}
    assert client_as(Role.OPERATOR).post(url(failed, "do/retry/"), form, headers=HTMX).status_code == 204
    failed.refresh_from_db()
    assert failed.input == {"fail": False, "total": 5}


def test_an_event_is_sent_and_kept(client_as: ClientAs, waiting: Instance) -> None:
    client = client_as(Role.OPERATOR)
    form = {"type": "picked-up", "payload": '{"van": 3}'}
    assert client.post(url(waiting, "do/send_event/"), form, headers=HTMX).status_code == 204
    assert Event.objects.get().payload == {"van": 3}
    assert "picked-up" in client.get(url(waiting)).content.decode()


def test_kept_events_are_told_by_their_type(client_as: ClientAs, waiting: Instance) -> None:
    """In the order of the index that finds them, however many others keep."""
    for type in ("paid", "asked", "paid"):
        Event.objects.create(instance=waiting, type=type)
    assert "asked, paid, paid" in client_as(Role.VIEWER).get(url(waiting)).content.decode()


@pytest.mark.parametrize(
    "form",
    [{"type": ""}, {"type": "x" * 201}, {"type": "a", "payload": "{"}, {"type": "a", "payload": '{"a":1,"a":2}'}],
)
def test_a_bad_event_is_refused_in_its_form(client_as: ClientAs, waiting: Instance, form: dict[str, str]) -> None:
    response = client_as(Role.OPERATOR).post(url(waiting, "do/send_event/"), form, headers=HTMX)
    assert response.status_code == 422
    assert not Event.objects.exists()


def test_facts_are_paged_newest_first(client_as: ClientAs, waiting: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.parts.facts.FACTS_A_PAGE", 4)
    client = client_as(Role.VIEWER)
    seen: list[int] = []
    before: int | None = None
    while True:
        response = client.get(url(waiting, "facts/"), {"before": before} if before else {})
        facts = response.context["facts"]
        seen += [row.fact.number for row in facts.rows]
        before = facts.before
        if before is None:
            break
    assert seen == list(range(waiting.fact_count, 0, -1))


@pytest.mark.parametrize("before", ["x", "-1", "1.5", "9" * 30])
def test_bad_cursors_of_facts_are_refused(client_as: ClientAs, waiting: Instance, before: str) -> None:
    assert client_as(Role.VIEWER).get(url(waiting, "facts/"), {"before": before}).status_code == 400


def test_sync_answers_the_parts_of_the_page(client_as: ClientAs, waiting: Instance) -> None:
    answer = client_as(Role.VIEWER).get(url(waiting, "sync"), {"after": "1"}).json()
    assert (answer["topic"], answer["seq"]) == (f"instance:{waiting.pk}", waiting.fact_count)
    ids = [part["id"] for part in answer["parts"]]
    assert {"instance-head", "instance-timeline", "instance-history", "node-approve"} <= set(ids)
    for part in answer["parts"]:
        assert f'id="{part["id"]}"' in part["html"], part


@pytest.mark.parametrize("query", [{"after": "x"}, {"after": "-1"}, {"after": "1" * 40}, {"view": "x" * 5000}])
def test_bad_sync_requests_are_refused(client_as: ClientAs, waiting: Instance, query: dict[str, str]) -> None:
    assert client_as(Role.VIEWER).get(url(waiting, "sync"), query).status_code == 400
