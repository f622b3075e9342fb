"""The inbox and one task: whose it is, doing it, and being refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import MemberGroup, User
from accounts.roles import Role
from accounts.scope import Scope
from engine.models import Instance, Step

HERE = "/o/acme/development/inbox/"
HTMX = {"HX-Request": "true"}
GOOD = {"field-0": "0", "field-1": "Fine by us", "field-2": ""}
ClientAs = Callable[[Role], Client]
Start = Callable[..., Instance]


def do(client: Client, step: Step, action: str, **form: object) -> tuple[int, str]:
    response = client.post(f"{HERE}{step.pk}/{action}/", form, headers=HTMX)
    return response.status_code, response.content.decode()


def rows(client: Client, whose: str) -> list[int]:
    response = client.get(HERE, {"whose": whose})
    return [panel.step.pk for panel in response.context["inbox"].tasks]


def test_tasks_are_found_by_whose_they_are(
    client_as: ClientAs, start: Start, operations: MemberGroup, member: Callable[[Role], User]
) -> None:
    group, mine, nobody, other = (start(total=2000).steps.get(task="approve") for _ in range(4))
    Step.objects.filter(pk=mine.pk).update(assigned_to=["ASSIGNEE@example.com"])
    Step.objects.filter(pk=nobody.pk).update(assigned_to=[])
    Step.objects.filter(pk=other.pk).update(assigned_to=["not-assignee@example.com"])
    client = client_as(Role.ASSIGNEE)
    assert set(rows(client, "mine")) == {group.pk, mine.pk}
    assert rows(client, "unassigned") == [nobody.pk]
    assert set(rows(client, "open")) == {group.pk, mine.pk, nobody.pk}
    assert set(rows(client, "all")) == {group.pk, mine.pk, nobody.pk, other.pk}
    assert rows(client, "nonsense") == rows(client, "open")
    other.claimed_by = member(Role.ASSIGNEE)
    other.save()
    assert other.pk in rows(client, "mine")


def test_the_most_overdue_comes_first_and_what_has_no_due_date_last(client_as: ClientAs, start: Start) -> None:
    steps = [start(total=2000).steps.get(task="approve") for _ in range(3)]
    for step, hours in zip(steps, (5, -7, None), strict=True):
        step.due_at = timezone.now() + timedelta(hours=hours) if hours is not None else None
        step.save()
    client = client_as(Role.VIEWER)
    assert rows(client, "all") == [steps[1].pk, steps[0].pk, steps[2].pk]
    assert "overdue" in client.get(HERE, {"whose": "all"}).content.decode()


def test_the_number_of_queries_does_not_grow_with_the_tasks(
    client_as: ClientAs, start: Start, operations: MemberGroup, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    client = client_as(Role.ASSIGNEE)
    start(total=2000)
    client.get(HERE)
    for _ in range(10):
        start(total=2000)
    with django_assert_max_num_queries(14):
        client.get(HERE)


def test_people_and_groups_are_called_by_their_names(
    client_as: ClientAs, start: Start, operations: MemberGroup, member: Callable[[Role], User]
) -> None:
    MemberGroup.objects.filter(pk=operations.pk).update(name="The <b>dispatchers</b>")
    User.objects.filter(pk=member(Role.ASSIGNEE).pk).update(name="Grace Hopper")
    instance = start("one", total=2000)
    step = instance.steps.get(task="approve")
    Step.objects.filter(pk=step.pk).update(assigned_to=["operations", "ASSIGNEE@example.com", "left@example.com"])
    names = "The &lt;b&gt;dispatchers&lt;/b&gt;, Grace Hopper, left@example.com"
    client = client_as(Role.VIEWER)
    of_instance = f"/o/acme/development/instances/{instance.pk}/?step=approve:1"
    for address in (f"{HERE}?whose=all", f"{HERE}{step.pk}/", "/o/acme/development/instances/", of_instance):
        assert names in client.get(address).content.decode(), address


def test_a_task_shows_its_form_and_where_it_stands(
    client_as: ClientAs, approval: Step, operations: MemberGroup
) -> None:
    page = client_as(Role.ASSIGNEE).get(f"{HERE}{approval.pk}/").content.decode()
    for words in (
        "Note for the customer",
        "Verdict",
        "Check the customer, total 2000, [REDACTED].",
        "Claim",
        'id="node-approve"',
    ):
        assert words in page, words


def test_an_assignee_completes_a_task_of_their_group(
    client_as: ClientAs, approval: Step, operations: MemberGroup
) -> None:
    client = client_as(Role.ASSIGNEE)
    assert do(client, approval, "complete", **GOOD)[0] == 204
    approval.refresh_from_db()
    assert (approval.status, approval.output) == ("completed", {"verdict": "accept", "note": "Fine by us"})
    assert do(client, approval, "complete", **GOOD)[0] == 409


def test_without_script_completing_leads_back_to_the_inbox(
    client_as: ClientAs, approval: Step, operations: MemberGroup
) -> None:
    response = client_as(Role.ASSIGNEE).post(f"{HERE}{approval.pk}/complete/", GOOD)
    assert (response.status_code, response.headers["Location"]) == (302, HERE)


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"field-0": "0", "field-1": ""}, "required"),
        ({"field-0": "7", "field-1": "kept words"}, "valid choice"),
        ({"field-0": "0", "field-1": "no"}, "at least 3"),
        ({"field-0": "0", "field-1": "x" * 501}, "at most 500"),
        ({"field-0": "0", "field-1": "kept words", "field-2": "much"}, "number"),
        ({"field-0": "0", "field-1": "kept words", "field-2": "-4"}, "greater than or equal to 0"),
    ],
)
def test_a_bad_form_is_422_with_what_was_typed(
    client_as: ClientAs, approval: Step, operations: MemberGroup, form: dict[str, str], words: str
) -> None:
    status, page = do(client_as(Role.ASSIGNEE), approval, "complete", **form)
    assert status == 422
    assert words in page
    assert form["field-1"] in page
    approval.refresh_from_db()
    assert approval.status == "waiting"


def test_a_task_leads_to_the_next_one(client_as: ClientAs, start: Start, operations: MemberGroup) -> None:
    first, second = (start(key, total=2000).steps.get(task="approve") for key in ("order-1", "order-2"))
    client, link = client_as(Role.ASSIGNEE), "Next task: Approve · order-2"
    page = client.get(f"{HERE}{first.pk}/").content.decode()
    assert f'href="{HERE}{second.pk}/">{link}' in page
    assert link not in client_as(Role.VIEWER).get(f"{HERE}{first.pk}/").content.decode()
    Step.objects.filter(pk=second.pk).update(assigned_to=["somebody@example.com"])
    assert "Next task" not in client.get(f"{HERE}{first.pk}/").content.decode()


def test_a_claimed_task_is_refused_to_other_assignees(
    client_as: ClientAs, approval: Step, operations: MemberGroup, member: Callable[[Role], User]
) -> None:
    client = client_as(Role.ASSIGNEE)
    assert do(client, approval, "claim")[0] == 204
    approval.refresh_from_db()
    assert approval.claimed_by == member(Role.ASSIGNEE)
    other = User.objects.create_user("other@example.com", "pw")
    operations.organization.memberships.create(user=other, role=Role.ASSIGNEE)
    operations.members.add(other)
    rival = Client()
    rival.force_login(other, backend="django.contrib.auth.backends.ModelBackend")
    status, words = do(rival, approval, "claim")
    assert (status, words) == (409, "Assignee has claimed this task.")
    assert do(client, approval, "unclaim")[0] == 204


def test_a_task_is_held_and_released(client_as: ClientAs, approval: Step, operations: MemberGroup) -> None:
    client = client_as(Role.ASSIGNEE)
    assert do(client, approval, "hold")[0] == 204
    assert "On hold" in client.get(f"{HERE}{approval.pk}/").content.decode()
    assert do(client, approval, "hold")[0] == 409
    assert do(client, approval, "release")[0] == 204
    approval.refresh_from_db()
    assert approval.status == "waiting"


def test_assignees_do_not_touch_the_tasks_of_others(client_as: ClientAs, approval: Step) -> None:
    client = client_as(Role.ASSIGNEE)
    for action in ("claim", "complete", "hold", "release", "unclaim", "start", "skip", "assign"):
        assert do(client, approval, action, reason="x", **GOOD)[0] == 403, action
    assert "assigned to someone else" in client.get(f"{HERE}{approval.pk}/").content.decode()


def test_viewers_look_but_do_not_act(client_as: ClientAs, approval: Step) -> None:
    client = client_as(Role.VIEWER)
    assert client.get(f"{HERE}{approval.pk}/").status_code == 200
    for action in ("claim", "complete", "hold", "skip", "assign"):
        assert do(client, approval, action, reason="x", **GOOD)[0] == 403, action
    approval.refresh_from_db()
    assert approval.status == "waiting"


def test_operators_skip_with_a_reason_and_reassign(
    client_as: ClientAs, approval: Step, operations: MemberGroup
) -> None:
    client = client_as(Role.OPERATOR)
    assert do(client, approval, "skip")[0] == 422
    assert do(client, approval, "assign", to=["assignee@example.com", "operations"])[0] == 204
    approval.refresh_from_db()
    assert approval.assigned_to == ["assignee@example.com", "operations"]
    page = client.get(f"/o/acme/development/instances/{approval.instance_id}/facts/").content.decode()
    assert f"→ {User.objects.get(email='assignee@example.com').display_name}, Operations" in page
    assert do(client, approval, "assign", to=["stranger@globex.example.com"])[0] == 422
    assert do(client, approval, "skip", reason="known customer")[0] == 204
    approval.refresh_from_db()
    assert approval.status == "skipped"


def test_a_manual_decision_offers_its_branches_as_buttons(client_as: ClientAs, start: Start) -> None:
    step = start(total=5).steps.get(task="route")
    client = client_as(Role.OPERATOR)
    page = client.get(f"{HERE}{step.pk}/").content.decode()
    assert 'name="branch" value="cheap"' in page
    assert "The fast one" in page
    assert do(client, step, "complete")[0] == 422
    assert do(client, step, "complete", branch="nonsense")[0] == 422
    assert do(client, step, "complete", branch="cheap")[0] == 204
    step.instance.refresh_from_db()
    assert step.instance.status == "complete"


def test_tasks_of_others_are_404(client_as: ClientAs, approval: Step, foreign_scope: Scope, production: object) -> None:
    assert foreign_scope.user is not None
    foreign = Client()
    foreign.force_login(foreign_scope.user, backend="django.contrib.auth.backends.ModelBackend")
    for place in ("acme", "globex"):
        address = f"/o/{place}/development/inbox/{approval.pk}/"
        assert foreign.get(address).status_code == 404
        assert foreign.post(f"{address}claim/").status_code == 404
    client = client_as(Role.ADMINISTRATOR)
    assert client.get(f"/o/acme/production/inbox/{approval.pk}/").status_code == 404
    assert client.post(f"{HERE}{approval.pk}/explode/").status_code == 404
    assert client.get(f"{HERE}{approval.pk}/claim/").status_code == 405


def test_a_task_of_a_paused_instance_waits(client_as: ClientAs, approval: Step) -> None:
    client = client_as(Role.OPERATOR)
    client.post(f"/o/acme/development/instances/{approval.instance_id}/do/pause/", {"reason": "x"})
    assert "can be done once it is resumed" in client.get(f"{HERE}{approval.pk}/").content.decode()


def test_the_inbox_syncs(client_as: ClientAs, approval: Step, operations: MemberGroup) -> None:
    answer = client_as(Role.ASSIGNEE).get(f"{HERE}sync", {"view": "whose=mine&page=1"}).json()
    assert answer["parts"][0]["id"] == "inbox-list"
    assert f'id="task-row-{approval.pk}"' in answer["parts"][0]["html"]


def test_what_an_instance_was_started_with_is_labelled_for_who_reads_no_json(client_as: ClientAs, start: Start) -> None:
    step = start(total=2000).steps.get(task="approve")
    page = client_as(Role.ASSIGNEE).get(f"{HERE}{step.pk}/").content.decode()
    assert '<dt>Total</dt><dd class="break prewrap">2000</dd>' in page
    assert "As JSON" in page
    instance = f"/o/acme/development/instances/{step.instance_id}/"
    assert "<dt>Total</dt>" in client_as(Role.ASSIGNEE).get(instance).content.decode()
    assert "<dt>Total</dt>" not in client_as(Role.OPERATOR).get(instance).content.decode()
