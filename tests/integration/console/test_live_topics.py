"""What the engine's pages are sent while they are open."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries

from accounts.live import Asked, Grant, Update
from accounts.live.topics import find_topic
from accounts.models import Membership, User
from accounts.roles import Role
from accounts.scope import Scope
from designer.graph.model import Flow
from designer.rendering import svg
from engine.live.topics import InboxCountTopic, InboxTopic, InstancesTopic, InstanceTopic
from engine.models import Event, Fact, Instance, Step
from engine.parts import graph
from engine.parts.instances import InstanceList
from engine.parts.kept import Kept
from engine.services.announcing import Change, publish
from engine.services.human_tasks import complete_step

Start = Callable[..., Instance]
Member = Callable[[Role], User]


def asked(grant: Grant | None, id: int, *, view: str = "", after: int = 0) -> Asked:
    assert grant is not None
    return Asked(id, after, view, grant.audience)


@pytest.mark.parametrize("prefix", ["instance", "instances", "inbox", "inbox_count"])
def test_topics_are_registered(prefix: str) -> None:
    assert find_topic(f"{prefix}:1")[1] == 1


def test_only_members_may_watch(waiting: Instance, member: Member, foreign_scope: Scope) -> None:
    stranger = foreign_scope.user
    assert stranger is not None
    for topic, id in ((InstanceTopic(), waiting.pk), (InboxTopic(), waiting.environment_id)):
        assert topic.authorize(stranger, id) is None
        assert topic.authorize(member(Role.VIEWER), id) is not None
        assert topic.authorize(member(Role.VIEWER), 999_999) is None


def test_an_instance_is_sent_with_its_last_fact_number(waiting: Instance, member: Member) -> None:
    topic = InstanceTopic()
    grant = topic.authorize(member(Role.OPERATOR), waiting.pk)
    before = topic.render(asked(grant, waiting.pk))
    assert before.seq == waiting.fact_count
    step = waiting.steps.get(task="approve")
    scope = Scope(waiting.environment.organization, waiting.environment, member(Role.OPERATOR), Role.OPERATOR)
    complete_step(scope, step, output={"verdict": "accept", "note": "Fine"})
    after = topic.render(asked(grant, waiting.pk))
    changed = {part.id for part in after.parts} - {
        part.id for part in after.parts if part.html in {old.html for old in before.parts}
    }
    assert after.seq > before.seq
    assert {"node-approve", "node-pack", "edge-approve~pack~~success", "instance-history"} <= changed
    assert "node-charge" not in changed


def test_a_row_is_in_its_part_word_for_word(waiting: Instance, member: Member) -> None:
    topic = InstanceTopic()
    update = topic.render(asked(topic.authorize(member(Role.VIEWER), waiting.pk), waiting.pk))
    rows = {part.id: part.rows for part in update.parts if part.rows}
    assert set(rows) == {"instance-timeline", "instance-steps", "instance-history"}
    for part in update.parts:
        for row in part.rows:
            assert part.html.count(row.html) == 1
            assert f'data-key="{row.key}"' in row.html


def test_an_update_asks_the_database_seven_times(
    waiting: Instance, member: Member, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    """Who looks, at what instance; steps, the one in full and its decision, events, facts, warnings."""
    topic = InstanceTopic()
    grant = topic.authorize(member(Role.VIEWER), waiting.pk)
    topic.render(asked(grant, waiting.pk))
    with django_assert_num_queries(7):
        topic.render(asked(grant, waiting.pk))


def test_several_pages_are_rendered_as_each_would_be(start: Start, waiting: Instance, member: Member) -> None:
    """Also one that is looked at twice, one whose step is named, and one that is gone."""
    topic = InstanceTopic()
    other = start()
    grant, operator = (topic.authorize(member(role), waiting.pk) for role in (Role.VIEWER, Role.OPERATOR))
    wanted = [
        asked(grant, waiting.pk),
        asked(grant, other.pk, view="charge:1"),
        asked(operator, waiting.pk, view="pack"),
        asked(grant, 999_999, after=7),
        asked(grant, waiting.pk, view="approve:x"),
        asked(grant, waiting.pk),
    ]
    together = topic.render_all(wanted)
    assert [update.seq for update in together] == [waiting.fact_count, other.fact_count, waiting.fact_count, 7] + [
        waiting.fact_count
    ] * 2
    for one, update in zip(wanted, together, strict=True):
        alone = topic.render(one)
        assert without_clocks(update) == without_clocks(alone)


def without_clocks(update: Update) -> dict[str, str]:
    """Its parts; how long something has lasted so far changes by the millisecond."""
    return {part.id: re.sub(r"[\d.]+ (?:ms|s)\b|(?:x|width)=\"[^\"]*\"", "", part.html) for part in update.parts}


def test_several_pages_are_read_with_as_many_statements_as_one(start: Start, waiting: Instance, member: Member) -> None:
    """Who looks, at what instances; steps, those in full, events, facts. What only some show is asked for by each: how
    a decision was taken, and which limits come near.
    """
    if connection.vendor != "postgresql":
        pytest.skip("SQLite is asked for each: it is no way there")
    topic = InstanceTopic()
    grant = topic.authorize(member(Role.VIEWER), waiting.pk)
    wanted = [asked(grant, one.pk, view="charge:1") for one in (waiting, *(start() for _ in range(9)))]
    topic.render_all(wanted)
    with CaptureQueriesContext(connection) as sent:
        assert len(topic.render_all(wanted)) == 10
    # One person looks at all of them.
    assert (len(sent), len([one for one in sent if "unnest" in one["sql"]])) == (6, 5)


def test_what_people_and_programs_wrote_is_escaped(waiting: Instance, member: Member) -> None:
    evil = "<i>\"&'"
    Instance.objects.update(trigger={"type": "api", "by": evil}, error={"name": "E", "message": evil, "task": evil})
    Event.objects.create(instance=waiting, type=evil)
    Step.objects.filter(task="approve").update(waits_for="event", event_type=evil)
    Step.objects.filter(task="charge").update(status="failed", error={"name": "E", "message": evil})
    Fact.objects.filter(instance=waiting, number=1).update(task=evil, type="EventReceived", data={"type": evil})
    topic = InstanceTopic()
    parts = topic.render(asked(topic.authorize(member(Role.VIEWER), waiting.pk), waiting.pk)).parts
    html = {part.id: part.html for part in parts}
    assert not [id for id, text in html.items() if "<i>" in text or "\"&'" in text]
    assert html["instance-summary"].count("&lt;i&gt;&quot;&amp;&#x27;") >= 5
    assert all("&lt;i&gt;" in html[f"instance-{name}"] for name in ("steps", "history"))


def test_what_a_task_looks_like_is_drawn_once(waiting: Instance, member: Member, draws: list[str]) -> None:
    topic = InstanceTopic()
    grant = topic.authorize(member(Role.VIEWER), waiting.pk)
    topic.render(asked(grant, waiting.pk))
    draws.clear()
    topic.render(asked(grant, waiting.pk))
    assert draws == []
    scope = Scope(waiting.environment.organization, waiting.environment, member(Role.OPERATOR), Role.OPERATOR)
    complete_step(scope, waiting.steps.get(task="approve"), output={"verdict": "accept", "note": "Fine"})
    topic.render(asked(grant, waiting.pk))
    assert {"approve", "pack"} <= set(draws)
    assert not {"charge", "big"} & set(draws)


@pytest.fixture
def draws(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The tasks whose cards are drawn, where none was drawn before."""
    monkeypatch.setattr(graph, "_kept", Kept(100))
    monkeypatch.setattr(graph, "_whole", Kept(10))
    drawn: list[str] = []

    def node_svg(flow: Flow, layout: Any, key: str, *others: Any, **more: Any) -> Any:
        drawn.append(key)
        return svg.node_svg(flow, layout, key, *others, **more)

    monkeypatch.setattr(graph, "node_svg", node_svg)
    monkeypatch.setattr(graph, "_kept", Kept(100))  # another test may have drawn the same, on a row of this number
    return drawn


def test_every_role_is_sent_its_own_buttons(waiting: Instance, member: Member) -> None:
    topic = InstanceTopic()

    def head(role: Role) -> str:
        update = topic.render(asked(topic.authorize(member(role), waiting.pk), waiting.pk))
        return next(part.html for part in update.parts if part.id == "instance-head")

    assert "act-pause" in head(Role.OPERATOR)
    assert "act-pause" not in head(Role.VIEWER)


def test_the_selected_step_stays_selected(waiting: Instance, member: Member) -> None:
    topic = InstanceTopic()
    grant = topic.authorize(member(Role.VIEWER), waiting.pk)
    update = topic.render(asked(grant, waiting.pk, view="big:1"))
    panel = next(part.html for part in update.parts if part.id == "instance-step")
    assert 'data-view="big:1"' in panel


@pytest.mark.parametrize(
    "view", ["nothing", "x" * 4000, "big:²", "<script>", "ids=1,2,x&status=nonsense", "page=0", "%00"]
)
def test_no_view_breaks_a_topic(waiting: Instance, member: Member, view: str) -> None:
    for topic, id in (
        (InstanceTopic(), waiting.pk),
        (InstancesTopic(), waiting.environment_id),
        (InboxTopic(), waiting.environment_id),
        (InboxCountTopic(), waiting.environment_id),
    ):
        update = topic.render(asked(topic.authorize(member(Role.VIEWER), id), id, view=view))
        assert all("<script>" not in part.html for part in update.parts)


def test_a_list_is_sent_its_rows_and_how_many_are_new(start: Start, waiting: Instance, member: Member) -> None:
    topic = InstancesTopic()
    scope = Scope(waiting.environment.organization, waiting.environment, member(Role.VIEWER), Role.VIEWER)
    view = InstanceList(scope, QueryDict("status=waiting")).view
    start("new", total=2000)
    start("other", fail=True)
    grant = topic.authorize(member(Role.VIEWER), waiting.environment_id)
    parts = {part.id: part.html for part in topic.render(asked(grant, waiting.environment_id, view=view)).parts}
    assert set(parts) == {f"instance-row-{waiting.pk}", "instances-news"}
    assert "Show 1 new" in parts["instances-news"]


def test_rows_of_other_environments_cannot_be_asked_for(waiting: Instance, foreign_scope: Scope) -> None:
    topic = InstancesTopic()
    assert foreign_scope.user is not None
    grant = topic.authorize(foreign_scope.user, foreign_scope.environment.pk)
    update = topic.render(asked(grant, foreign_scope.environment.pk, view=f"ids={waiting.pk}"))
    assert [part.id for part in update.parts] == ["instances-news"]


def test_the_count_of_open_tasks_is_the_viewers_own(approval: Step, operations: object, member: Member) -> None:
    topic = InboxCountTopic()

    def count(role: Role) -> str:
        grant = topic.authorize(member(role), approval.environment_id)
        return topic.render(asked(grant, approval.environment_id)).parts[0].html

    assert ">1<" in count(Role.ASSIGNEE)
    assert ">1<" not in count(Role.OPERATOR)


def test_a_member_who_left_is_shown_nothing(waiting: Instance, member: Member) -> None:
    topic = InstanceTopic()
    user = member(Role.VIEWER)
    grant = topic.authorize(user, waiting.pk)
    Membership.objects.filter(user=user).delete()
    assert topic.authorize(user, waiting.pk) is None
    User.objects.filter(pk=user.pk).delete()
    assert topic.render(asked(grant, waiting.pk)).parts == ()


def test_publishing_never_raises() -> None:
    publish([Change(1, 1, 1, 5), Change(2, 1, 1, 7)])
    publish([])
