"""What people do with steps."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from accounts.models import MemberGroup, User
from accounts.roles import Role
from accounts.scope import Scope
from engine.models import Instance, Step, Timer
from engine.services.errors import InvalidInput, NotLegalNow
from engine.services.human_tasks import (
    assign_step,
    claim_step,
    complete_step,
    hold_step,
    release_step,
    skip_step,
    start_step,
    unclaim_step,
)
from engine.services.interventions import pause
from tests.integration.engine.conftest import Engine, python

Find = Callable[..., Step]
Status = Callable[[Instance], str]
As = Callable[[Role], Scope]
FORM = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "minLength": 2},
        "items": {"type": "array", "items": {"type": "object", "properties": {"price": {"type": "number"}}}},
        "mail": {"type": "string", "format": "email"},
    },
    "required": ["name"],
    "additionalProperties": False,
}


@pytest.fixture
def asked(engine: Engine, step_of: Find) -> Step:
    """A human task without a form, followed by an automation."""
    instance = engine.start("ask -> a", kinds={"ask": "manual"}, settings={"a": python()})
    return step_of(instance, "ask")


def form_task(engine: Engine, step_of: Find, **settings: Any) -> Step:
    return step_of(engine.start("ask", kinds={"ask": "manual"}, settings={"ask": settings}), "ask")


def test_a_human_task_waits_for_a_person(asked: Step, status_of: Status) -> None:
    assert (asked.status, asked.waits_for, asked.claimable_at) == ("waiting", "person", None)
    assert list(Step.objects.for_people()) == [asked]
    assert status_of(asked.instance) == "waiting"


def test_completing_it_lets_the_flow_go_on(engine: Engine, scope: Scope, asked: Step, status_of: Status) -> None:
    done = complete_step(scope, asked, output={"ok": True}, now=engine.now)
    assert (done.status, done.output, done.ended_at) == ("completed", {"ok": True}, engine.now)
    fact = asked.instance.facts.get(type="StepCompleted")
    assert fact.data["by"]["name"] == scope.actor_name
    engine.work()
    assert status_of(asked.instance) == "complete"


def test_a_form_is_checked_path_by_path(engine: Engine, scope: Scope, step_of: Find) -> None:
    step = form_task(engine, step_of, form=FORM)
    output = {"items": [{"price": 1}, {"price": "dear"}], "mail": "nobody", "more": 1}
    with pytest.raises(InvalidInput) as refused:
        complete_step(scope, step, output=output)
    assert [path for path, _ in refused.value.problems] == ["", "items.1.price", "mail", "name"]
    with pytest.raises(InvalidInput, match="name: is required"):
        complete_step(scope, step)
    step.refresh_from_db()
    assert step.status == "waiting"
    complete_step(scope, step, output={"name": "Ada"})
    assert step.status == "completed"


def test_an_output_over_one_mebibyte_is_refused(scope: Scope, asked: Step) -> None:
    with pytest.raises(InvalidInput, match="larger than 1 MiB"):
        complete_step(scope, asked, output="x" * (1024 * 1024))


def test_it_cannot_be_completed_twice(scope: Scope, asked: Step) -> None:
    complete_step(scope, asked)
    with pytest.raises(NotLegalNow):
        complete_step(scope, asked)


def test_skipping_counts_as_finished(
    engine: Engine, scope: Scope, asked: Step, step_of: Find, status_of: Status
) -> None:
    skip_step(scope, asked, reason="not needed", now=engine.now)
    assert asked.status == "skipped"
    assert asked.instance.facts.get(type="StepSkipped").data["reason"] == "not needed"
    engine.work()
    assert step_of(asked.instance, "a").status == "completed"
    assert status_of(asked.instance) == "complete"


def test_one_person_claims_a_task_and_gives_it_back(scope_as: As, asked: Step) -> None:
    mine, yours = scope_as(Role.ASSIGNEE), scope_as(Role.DESIGNER)
    assert claim_step(mine, asked).claimed_by == mine.user
    with pytest.raises(NotLegalNow, match="has claimed this task"):
        claim_step(yours, asked)
    assert unclaim_step(mine, asked).claimed_by is None
    with pytest.raises(NotLegalNow, match="Nobody has claimed"):
        unclaim_step(mine, asked)
    assert claim_step(yours, asked).claimed_by == yours.user


def test_what_someone_else_has_claimed_is_theirs_unless_one_is_an_operator(scope_as: As, asked: Step) -> None:
    claim_step(scope_as(Role.OPERATOR), asked)
    with pytest.raises(NotLegalNow, match="has claimed this task"):
        complete_step(scope_as(Role.ASSIGNEE), asked)
    complete_step(scope_as(Role.DESIGNER), asked)
    assert asked.status == "completed"


def test_a_task_on_hold_waits_until_it_is_released(scope: Scope, asked: Step) -> None:
    assert hold_step(scope, asked).status == "held"
    with pytest.raises(NotLegalNow):
        complete_step(scope, asked)
    with pytest.raises(NotLegalNow):
        hold_step(scope, asked)
    assert list(Step.objects.for_people()) == [asked]
    assert release_step(scope, asked).status == "waiting"
    with pytest.raises(NotLegalNow, match="not on hold"):
        release_step(scope, asked)
    assert complete_step(scope, asked).status == "completed"


def test_a_task_is_assigned_to_members_and_groups(scope_as: As, scope: Scope, asked: Step) -> None:
    MemberGroup.objects.create(organization=scope.organization, name="Ops", slug="ops")
    colleague = scope_as(Role.ASSIGNEE).user
    assert colleague is not None
    claim_step(scope, asked)
    assign_step(scope, asked, to=[colleague.email, "ops", "ops"])
    assert (asked.assigned_to, asked.claimed_by) == ([colleague.email, "ops"], None)


def test_nobody_from_elsewhere_can_be_assigned(scope: Scope, foreign_scope: Scope, asked: Step) -> None:
    stranger = User.objects.get(pk=foreign_scope.user.pk if foreign_scope.user else 0)
    with pytest.raises(InvalidInput) as refused:
        assign_step(scope, asked, to=[stranger.email, "no-such-group"])
    assert [path for path, _ in refused.value.problems] == ["to.0", "to.1"]


def test_assignees_come_from_the_data(engine: Engine, step_of: Find) -> None:
    graph = {"kinds": {"ask": "manual"}, "settings": {"ask": {"assigned_to": ["{{ input.who }}", "ops"]}}}
    step = step_of(engine.start("ask", input={"who": "ada@example.com"}, **graph), "ask")
    assert step.assigned_to == ["ada@example.com", "ops"]


def test_a_due_date_is_counted_and_only_marks(
    engine: Engine, step_of: Find, facts_of: Callable[..., list[str]]
) -> None:
    step = form_task(engine, step_of, due={"for": "2 days"})
    assert step.due_at == engine.now + timedelta(days=2)
    assert engine.later(days=2) == 1
    step.refresh_from_db()
    assert step.status == "waiting"
    assert facts_of(step.instance, "TimerFired", "DueDateSet") == ["DueDateSet ask", "TimerFired ask"]


def test_a_due_date_counts_from_the_end_of_a_task(engine: Engine, scope: Scope, step_of: Find) -> None:
    settings = {"second": {"due": {"for": "1 hour", "from": "task:first"}}}
    instance = engine.start("first -> second", kinds={"first": "manual", "second": "manual"}, settings=settings)
    engine.now += timedelta(hours=5)
    complete_step(scope, step_of(instance, "first"), now=engine.now)
    assert step_of(instance, "second").due_at == engine.now + timedelta(hours=1)


@pytest.mark.parametrize("start", ["task:first", "phase:p"])
@pytest.mark.parametrize("is_held", [False, True])
def test_a_due_date_that_is_a_template_counts_from_what_ends_while_the_task_waits(
    engine: Engine, scope: Scope, step_of: Find, facts_of: Callable[..., list[str]], start: str, is_held: bool
) -> None:
    settings = {"second": {"due": {"for": "{{ input.hours }} hours", "from": start}}}
    instance = engine.start(
        "first; second",
        kinds={"first": "manual", "second": "manual"},
        settings=settings,
        phases={"p": "first"},
        input={"hours": 3},
    )
    assert step_of(instance, "second").due_at is None
    if is_held:
        hold_step(scope, step_of(instance, "second"), now=engine.now)
    engine.now += timedelta(hours=5)
    complete_step(scope, step_of(instance, "first"), now=engine.now)
    assert step_of(instance, "second").due_at == engine.now + timedelta(hours=3)
    assert Timer.objects.get(purpose="due").due_at == engine.now + timedelta(hours=3)
    assert engine.later(hours=3) == 1
    assert facts_of(instance, "DueDateSet", "TimerFired") == ["DueDateSet second", "TimerFired second"]


def test_a_due_date_that_cannot_be_said_is_none_and_stops_nobody(
    engine: Engine, scope: Scope, step_of: Find, status_of: Status
) -> None:
    settings = {"second": {"due": {"for": "{{ input.wait }}", "from": "task:first"}}}
    kinds = {"first": "manual", "second": "manual"}
    instance = engine.start("first; second", kinds=kinds, settings=settings, input={"wait": "for ever"})
    complete_step(scope, step_of(instance, "first"), now=engine.now)
    assert step_of(instance, "second").due_at is None
    complete_step(scope, step_of(instance, "second"), now=engine.now)
    assert status_of(instance) == "complete"


def test_a_task_that_expires_takes_its_error_edge(engine: Engine, step_of: Find, status_of: Status) -> None:
    settings = {"ask": {"expires": "1 day"}, "a": python()}
    instance = engine.start("ask -!-> a", kinds={"ask": "manual"}, settings=settings)
    engine.later(days=1)
    assert step_of(instance, "ask").error["name"] == "TaskExpired"
    assert status_of(instance) == "complete"


def test_the_timers_of_a_completed_task_go(engine: Engine, scope: Scope, step_of: Find) -> None:
    step = form_task(engine, step_of, expires="1 day", due={"for": "1 hour"})
    assert Timer.objects.count() == 2
    complete_step(scope, step)
    assert Timer.objects.count() == 0


def test_a_requirement_disables_a_task_until_it_is_met(engine: Engine, scope: Scope, step_of: Find) -> None:
    instance = engine.start("one; two", kinds={"one": "manual", "two": "manual"}, requires={"two": "one"})
    two = step_of(instance, "two")
    assert two.status == "blocked"
    with pytest.raises(NotLegalNow):
        complete_step(scope, two)
    skip_step(scope, step_of(instance, "one"))
    two.refresh_from_db()
    assert (two.status, two.waits_for) == ("waiting", "person")
    complete_step(scope, two)
    assert two.status == "completed"


def test_a_manual_decision_names_its_branch(engine: Engine, scope: Scope, step_of: Find) -> None:
    graph = "pick -yes-> good; pick -no-> bad"
    settings = {"pick": {"start": "manual"}, "good": python(), "bad": python()}
    instance = engine.start(graph, settings=settings)
    pick = step_of(instance, "pick")
    assert pick.waits_for == "person"
    for branch in (None, "maybe"):
        with pytest.raises(InvalidInput, match="branch"):
            complete_step(scope, pick, branch=branch)
    complete_step(scope, pick, branch="no")
    engine.work()
    assert step_of(instance, "bad").status == "completed"
    assert step_of(instance, "good").status == "skipped"


def test_a_branch_is_for_decisions_only(scope: Scope, asked: Step) -> None:
    with pytest.raises(InvalidInput, match="branch"):
        complete_step(scope, asked, branch="yes")


def test_an_automation_that_a_person_starts(engine: Engine, scope: Scope, step_of: Find, status_of: Status) -> None:
    instance = engine.start("a", settings={"a": python(start="manual")})
    step = step_of(instance, "a")
    assert (step.status, step.waits_for) == ("waiting", "person")
    with pytest.raises(NotLegalNow, match="once it is started"):
        complete_step(scope, step)
    assert start_step(scope, step, now=engine.now).status == "ready"
    with pytest.raises(NotLegalNow):
        start_step(scope, step)
    engine.work()
    assert status_of(instance) == "complete"


def test_a_paused_instance_freezes_its_tasks(scope: Scope, asked: Step) -> None:
    pause(scope, asked.instance)
    for act in (complete_step, skip_step, claim_step, hold_step):
        with pytest.raises(NotLegalNow, match="paused"):
            act(scope, asked)
    assert list(Step.objects.for_people()) == [asked]


def test_a_key_cannot_claim(scope: Scope, asked: Step) -> None:
    with pytest.raises(NotLegalNow, match="Only a person"):
        claim_step(Scope(scope.organization, scope.environment, None, Role.ADMINISTRATOR), asked)
