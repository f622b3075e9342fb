"""What is asked before an instance, or many, are steered, and how the pages answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.test import Client

from accounts.roles import Role
from accounts.scope import Scope
from designer.models import Flow
from designer.services.drafting import create_flow, replace_draft
from designer.services.publishing import publish_flow
from engine.models import Instance, Step
from engine.services.human_tasks import complete_step
from engine.services.instances import start_instance
from engine.services.interventions import terminate
from tests.drawing import draw

ClientAs = Callable[[Role], Client]
HERE = "/o/acme/development/instances/"
HTMX = {"hx-request": "true"}
UNDO = {"action": "set_values", "inputs": {"values": {}}}
DRAWN: dict[str, Any] = {"kinds": {"ask": "manual"}, "settings": {"first": {**UNDO, "compensation": UNDO}}}


@pytest.fixture
def desk(scope: Scope) -> Flow:
    """A flow that stops at a person; its second version calls the first task otherwise."""
    graph = replace(draw("first -> ask", key="desk", **DRAWN), closing_reasons=("Withdrawn", "Sold out"))
    row = create_flow(scope, key="desk", name="Desk", flow=graph)
    publish_flow(scope, row)
    return row


@pytest.fixture
def one(scope: Scope, desk: Flow) -> Instance:
    """An instance of its first version."""
    return start_instance(scope, desk, key="one")


def publish_second(scope: Scope, flow: Flow) -> None:
    flow.refresh_from_db()
    replace_draft(scope, flow, draw("begin -> ask -> last", key="desk", **{"kinds": {"ask": "manual"}}), revision=1)
    publish_flow(scope, flow)


def address(instance: Instance, action: str = "") -> str:
    return f"{HERE}{instance.pk}/" + (f"do/{action}/" if action else "")


@pytest.mark.parametrize("action", ["pause", "restart", "close", "terminate", "send_event"])
def test_a_page_that_asks_says_once_what(client_as: ClientAs, one: Instance, action: str) -> None:
    page = client_as(Role.OPERATOR).get(address(one, action)).content.decode()
    assert page.count("<h1>") == 1
    assert "<h2" not in page.partition("<main")[2].partition("</main>")[0]


def test_closing_needs_a_reason_of_the_flow(client_as: ClientAs, one: Instance) -> None:
    client = client_as(Role.OPERATOR)
    page = client.get(address(one)).content.decode()
    assert "Withdrawn" in page
    refused = client.post(address(one, "close"), {"note": "x"}, headers=HTMX)
    assert refused.status_code == 422
    assert "This field is required" in refused.content.decode()
    assert client.post(address(one, "close"), {"reasons": ["Bored"]}, headers=HTMX).status_code == 422
    assert client.post(address(one, "close"), {"reasons": ["Withdrawn"], "note": ""}, headers=HTMX).status_code == 204
    one.refresh_from_db()
    assert one.status == "terminated"


def test_the_address_of_what_is_not_legal_now_says_why(client_as: ClientAs, one: Instance, scope: Scope) -> None:
    client = client_as(Role.OPERATOR)
    assert client.get(address(one, "pause")).status_code == 200
    terminate(scope, one)
    for action in ("pause", "resume", "terminate", "close", "retry", "migrate", "send_event"):
        page = client.get(address(one, action), headers={"Accept": "text/html"}, follow=True)
        assert page.redirect_chain == [(address(one), 302)]
        assert "terminated" in " ".join(str(message) for message in page.context["messages"])
        assert client.get(address(one, action), headers=HTMX).status_code == 409
    assert client.get(address(one, "restart")).status_code == 200


def test_a_flow_without_compensations_offers_no_rollback(client_as: ClientAs, one: Instance, scope: Scope) -> None:
    plain = create_flow(scope, key="plain", name="Plain", flow=draw("ask", key="plain", kinds={"ask": "manual"}))
    publish_flow(scope, plain)
    client = client_as(Role.OPERATOR)
    assert "Roll back first" in client.get(address(one)).content.decode()
    page = client.get(address(start_instance(scope, plain))).content.decode()
    assert "Roll back first" not in page
    assert "act-close" not in page
    assert "act-migrate" not in page


def test_a_termination_with_a_rollback_shows_what_was_undone(client_as: ClientAs, one: Instance) -> None:
    client = client_as(Role.OPERATOR)
    answer = client.post(address(one, "terminate"), {"reason": "A mistake.", "rollback": "on"}, headers=HTMX)
    assert answer.status_code == 204
    page = client.get(address(one)).content.decode()
    assert "1 rolled back" in page
    assert "all is undone" in page


def test_after_a_rollback_what_would_keep_what_was_undone_is_offered_with_the_reason_why_not(
    client_as: ClientAs, scope: Scope
) -> None:
    drawn = {**DRAWN, "kinds": {"ask": "manual", "more": "manual"}}
    flow = create_flow(scope, key="undo", name="Undo", flow=draw("first -> ask -> more", key="undo", **drawn))
    publish_flow(scope, flow)
    instance = start_instance(scope, flow)
    complete_step(scope, Step.objects.get(instance=instance, task="ask"))
    client = client_as(Role.OPERATOR)
    assert "not now" not in client.get(f"{address(instance)}?step=ask:1").content.decode()
    form = {"reason": "A mistake.", "rollback": "on"}
    assert client.post(address(instance, "terminate"), form, headers=HTMX).status_code == 204

    why_not = "first was rolled back: restart the instance, or restart it from there or a step before."
    page = client.get(f"{address(instance)}?step=ask:1").content.decode()
    assert f'<a class="button" aria-disabled="true" title="{why_not}" role="link">' in page
    assert f'Do it again…<span class="hush">: not now. {why_not}</span>' in page
    assert 'id="revert-' not in page
    again = {"task": "ask", "iteration": "1", "reason": "Again."}
    assert client.post(address(instance, "revert"), again, headers=HTMX).status_code >= 400

    page = client.get(f"{address(instance)}?step=first:1").content.decode()
    assert "Restart from here…" in page
    assert why_not not in page
    again = {"task": "first", "iteration": "1", "reason": "Again."}
    assert client.post(address(instance, "restart_from"), again, headers=HTMX).status_code == 204


def test_a_migration_is_looked_at_mapped_and_done(client_as: ClientAs, one: Instance, desk: Flow, scope: Scope) -> None:
    publish_second(scope, desk)
    client = client_as(Role.OPERATOR)
    assert "act-migrate" in client.get(address(one)).content.decode()
    page = client.get(address(one, "migrate")).content.decode()
    assert "first is not in version 2" in page
    assert "first becomes" in page
    refused = client.post(address(one, "migrate"), {"version": "2", "reason": "x", "page": "1"})
    assert refused.status_code == 422
    assert "Something is in the way" in refused.content.decode()
    form = {"version": "2", "place-first": "begin", "page": "1"}
    looked = client.post(address(one, "migrate"), {**form, "look": "1"})
    assert (looked.status_code, "Nothing is in the way" in looked.content.decode()) == (200, True)
    assert client.post(address(one, "migrate"), {**form, "reason": "More."}).status_code == 302
    one.refresh_from_db()
    assert (one.version.number, set(one.steps.values_list("task", flat=True))) == (2, {"begin", "ask"})


@pytest.mark.parametrize("form", [{"version": "9"}, {"version": "²"}, {"version": "2", "place-first": "nowhere"}, {}])
def test_a_migration_that_makes_no_sense_changes_nothing(
    client_as: ClientAs, one: Instance, desk: Flow, scope: Scope, form: dict[str, str]
) -> None:
    publish_second(scope, desk)
    answer = client_as(Role.OPERATOR).post(address(one, "migrate"), {"reason": "x", **form})
    assert answer.status_code == 422
    one.refresh_from_db()
    assert one.version.number == 1


def test_a_finished_human_task_is_done_again_and_a_step_restarted_from(
    client_as: ClientAs, one: Instance, scope: Scope
) -> None:
    complete_step(scope, Step.objects.get(instance=one, task="ask"))
    client = client_as(Role.OPERATOR)
    panel = client.get(f"{address(one)}?step=ask:1").content.decode()
    assert "Do it again" in panel
    form = {"task": "ask", "iteration": "1", "reason": "Wrong."}
    assert client.post(address(one, "revert"), form, headers=HTMX).status_code == 204
    one.refresh_from_db()
    assert one.status == "waiting"
    form = {"task": "first", "iteration": "1", "reason": "Once more."}
    assert client.post(address(one, "restart_from"), form, headers=HTMX).status_code == 204
    assert client.post(address(one, "restart_from"), {**form, "task": "nope"}, headers=HTMX).status_code == 409
    assert Step.objects.filter(instance=one, task="first").count() == 2


def test_the_panel_follows_a_restart_into_its_new_round(client_as: ClientAs, one: Instance, scope: Scope) -> None:
    complete_step(scope, Step.objects.get(instance=one, task="ask"))
    client = client_as(Role.OPERATOR)

    def shown(step: str) -> tuple[str, bool]:
        page = client.get(f"{address(one)}?step={step}").context["page"]
        return page.selected.key, page.selected.step is not None

    assert shown("ask:1") == ("ask:1", True)
    form = {"task": "first", "iteration": "1", "reason": "Once more."}
    assert client.post(address(one, "restart_from"), form, headers=HTMX).status_code == 204
    assert (shown("first:1"), shown("first")) == (("first:2", True), ("first:2", True))
    assert shown("ask:1") == ("ask:2", True)
    instance = Instance.objects.get(pk=one.pk)
    instance.steps.filter(task="ask", iteration=2).delete()  # as long as nothing has led there again
    assert (shown("ask:1"), shown("ask")) == (("ask:1", False), ("ask:1", False))


def test_all_that_match_a_filter_are_steered(client_as: ClientAs, one: Instance, desk: Flow, scope: Scope) -> None:
    two = start_instance(scope, desk, key="two")
    publish_second(scope, desk)
    client = client_as(Role.OPERATOR)
    everyone = {"all": "1", "query": "flow=desk&status=waiting"}
    look = client.post(f"{HERE}bulk/", {"action": "look_ahead", **everyone}, headers=HTMX).content.decode()
    assert "0 could be, 2 refused" in look
    answer = client.post(f"{HERE}bulk/", {"action": "pause", "reason": "x", **everyone}, headers=HTMX)
    assert "Pause: 2 done." in answer.content.decode()
    again = client.post(f"{HERE}bulk/", {"action": "pause", "reason": "x", "after": one.pk, **everyone}, headers=HTMX)
    assert "0 done" in again.content.decode()
    two.refresh_from_db()
    assert two.status == "paused"


def test_many_are_migrated_with_what_their_tasks_become(
    client_as: ClientAs, one: Instance, desk: Flow, scope: Scope
) -> None:
    two = start_instance(scope, desk, key="two")
    gone = start_instance(scope, desk, key="gone")
    terminate(scope, gone)
    publish_second(scope, desk)
    client = client_as(Role.OPERATOR)

    def asked(**form: Any) -> str:
        sent = {"all": "1", "query": "flow=desk", **form}
        return client.post(f"{HERE}bulk/", sent, headers=HTMX).content.decode()

    look = asked(action="look_ahead")
    assert "0 could be, 3 refused" in look
    assert 'first becomes <select name="place-first"><option value="">Nothing</option><option value="begin">' in look
    assert '<input type="hidden" name="query" value="flow=desk">' in look
    look = asked(action="look_ahead", **{"place-first": "begin"})
    assert "2 could be, 1 refused" in look
    assert '<option value="begin" selected>begin</option>' in look
    assert set(Instance.objects.values_list("version__number", flat=True)) == {1}
    done = asked(action="migrate", reason="Renamed.", **{"place-first": "begin"})
    assert "Migrate: 2 done, 1 refused." in done
    assert "becomes" not in done
    for moved in (one, two):
        moved.refresh_from_db()
        assert (moved.version.number, set(moved.steps.values_list("task", flat=True))) == (2, {"begin", "ask"})
    assert moved.facts.get(type="InstanceMigrated").data["mapping"] == {"first": "begin"}
    refused = asked(action="look_ahead", version="1", **{"place-begin": "nowhere"})
    assert "version 1 has no task &#x27;nowhere&#x27;" in refused


def test_instances_of_several_flows_are_not_asked_what_tasks_become(
    client_as: ClientAs, one: Instance, desk: Flow, scope: Scope
) -> None:
    publish_second(scope, desk)
    other = create_flow(scope, key="till", name="Till", flow=draw("ask", key="till", kinds={"ask": "manual"}))
    publish_flow(scope, other)
    start_instance(scope, other)
    look = client_as(Role.OPERATOR).post(f"{HERE}bulk/", {"action": "look_ahead", "all": "1"}, headers=HTMX)
    assert "0 could be, 2 refused" in look.content.decode()
    assert "becomes" not in look.content.decode()


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"action": "close", "reasons": ["Withdrawn"]}, "Close: 1 done."),
        ({"action": "close", "reasons": ["Bored"]}, "is none of Withdrawn, Sold out"),
        ({"action": "terminate", "rollback": "1"}, "Terminate: 1 done."),
        ({"action": "restart"}, "Restart: 1 done."),
        ({"action": "retry", "newest": "1"}, "Only a failed instance can be retried"),
        ({"action": "send_event", "type": "go", "payload": '{"n": 1}'}, "Send an event: 1 done."),
        ({"action": "migrate", "version": "7"}, "is no version of this flow"),
    ],
)
def test_every_action_can_be_done_to_many(client_as: ClientAs, one: Instance, form: dict[str, Any], words: str) -> None:
    sent = {**form, "reason": "By hand.", "instance": [one.pk]}
    assert words in client_as(Role.OPERATOR).post(f"{HERE}bulk/", sent, headers=HTMX).content.decode()


@pytest.mark.parametrize(
    "form",
    [
        {"action": "send_event", "type": "go", "payload": "{"},
        {"action": "migrate", "version": "two"},
        {"action": "pause", "all": "1", "query": "status=sleepy"},
        {"action": "pause", "after": "x"},
    ],
)
def test_a_bulk_form_that_makes_no_sense_changes_nothing(
    client_as: ClientAs, one: Instance, form: dict[str, Any]
) -> None:
    sent = {"reason": "x", "instance": [one.pk], **form}
    assert client_as(Role.OPERATOR).post(f"{HERE}bulk/", sent, headers=HTMX).status_code == 422
    one.refresh_from_db()
    assert one.status == "waiting"


def test_another_organizations_instances_are_not_there(
    client_as: ClientAs, one: Instance, foreign_scope: Scope
) -> None:
    theirs = create_flow(foreign_scope, key="desk", name="Desk", flow=draw("ask", key="desk", kinds={"ask": "manual"}))
    publish_flow(foreign_scope, theirs)
    foreign = start_instance(foreign_scope, theirs)
    client = client_as(Role.OPERATOR)
    assert client.post(address(foreign, "close"), {"reasons": []}).status_code == 404
    sent = {"action": "terminate", "reason": "x", "instance": [foreign.pk]}
    assert "There is no such instance" in client.post(f"{HERE}bulk/", sent, headers=HTMX).content.decode()
    client.post(f"{HERE}bulk/", {"action": "terminate", "reason": "x", "all": "1", "query": ""}, headers=HTMX)
    foreign.refresh_from_db()
    assert foreign.status == "waiting"
