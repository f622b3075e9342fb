"""Who is told by mail that a human task is theirs, when, and how often."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from pytest_django import Settings

from accounts.models import MemberGroup, User
from accounts.roles import Role
from accounts.scope import Scope
from engine.models import Instance, Step, TaskNotice
from engine.notifying.models import Provider
from engine.services import human_tasks, interventions, task_mails
from engine.services.instances import start_instance
from engine.services.task_mails import mail_tasks
from tests.integration.engine.conftest import Engine

StepOf = Callable[..., Step]


@pytest.fixture(autouse=True)
def mails_leave(settings: Settings) -> None:
    """This installation has a mail server (Django's own, for tests)."""
    settings.EMAIL_HOST, settings.PUBLIC_URL = "mail.example.com", "https://flows.example.com"


@pytest.fixture
def ada(member: Callable[[Role], User]) -> User:
    """A member who does tasks."""
    return member(Role.ASSIGNEE)


@pytest.fixture
def finance(scope: Scope, ada: User) -> MemberGroup:
    """A group that she is in."""
    group = MemberGroup.objects.create(organization=scope.organization, name="Finance", slug="finance")
    group.members.add(ada)
    return group


def ask(engine: Engine, *assigned: str, **settings: Any) -> Instance:
    """An instance whose only task is somebody's."""
    own = {"assigned_to": list(assigned), **settings}
    instance = engine.start("approve", kinds={"approve": "manual"}, settings={"approve": own})
    engine.work()
    return instance


def later(engine: Engine, **span: float) -> datetime:
    return engine.now + timedelta(**(span or {"minutes": 6}))


def told() -> list[str]:
    """To whom something was sent, in turn."""
    return [message.to[0] for message in mail.outbox]


def test_whoever_is_assigned_is_told_once_and_not_at_once(
    engine: Engine, step_of: StepOf, ada: User, scope: Scope
) -> None:
    instance = ask(engine, "Assignee@Example.com", due={"for": "2 days", "from": "start"})
    assert mail_tasks(later(engine, seconds=59)) == 0
    assert mail_tasks(later(engine)) == 1
    assert mail_tasks(later(engine, days=1)) == 0
    (message,) = mail.outbox
    assert (message.to, message.subject) == ([ada.email], "For you: approve · Acme Development")
    html = str(message.alternatives[0][0])  # type: ignore[attr-defined]
    step = step_of(instance, "approve")
    assert f'href="https://flows.example.com/o/acme/development/inbox/{step.pk}/"' in html
    assert f"{instance.key}, due " in html
    assert "Your inbox: https://flows.example.com/o/acme/development/inbox/" in str(message.body)
    assert not TaskNotice.objects.exists()


def test_what_is_assigned_together_comes_in_one_mail(engine: Engine, ada: User) -> None:
    first = ask(engine, ada.email)
    for _ in range(24):
        start_instance(engine.scope, first.flow, now=engine.now)
    engine.work()
    assert mail_tasks(later(engine)) == 25
    (message,) = mail.outbox
    assert message.subject.startswith("25 tasks for you")
    html = str(message.alternatives[0][0])  # type: ignore[attr-defined]
    assert html.count("<li>") == 20
    assert "And 5 more in your inbox." in html


@pytest.mark.parametrize("deed", ["complete", "claim", "skip", "terminate", "assign"])
def test_what_is_no_longer_theirs_to_begin_is_not_told(
    engine: Engine, step_of: StepOf, ada: User, scope: Scope, deed: str
) -> None:
    instance = ask(engine, ada.email)
    step = step_of(instance, "approve")
    match deed:
        case "complete":
            human_tasks.complete_step(scope, step, output={}, now=engine.now)
        case "claim":
            human_tasks.claim_step(scope, step, now=engine.now)
        case "skip":
            human_tasks.skip_step(scope, step, now=engine.now)
        case "assign":
            human_tasks.assign_step(scope, step, to=[], now=engine.now)
        case _:
            interventions.terminate(scope, instance, now=engine.now)
    mail_tasks(later(engine))
    assert told() == []
    assert not TaskNotice.objects.exists()


def test_whoever_it_is_given_to_later_is_told_then(engine: Engine, step_of: StepOf, ada: User, scope: Scope) -> None:
    instance = ask(engine)
    assert not TaskNotice.objects.exists()
    human_tasks.assign_step(scope, step_of(instance, "approve"), to=[ada.email], now=engine.now)
    mail_tasks(later(engine))
    assert told() == [ada.email]


@pytest.mark.parametrize(
    ("wish", "by_name", "by_group"), [("none", False, False), ("mine", True, False), ("groups", True, True)]
)
def test_everybody_chooses_what_they_are_told_of(
    engine: Engine, ada: User, finance: MemberGroup, wish: str, by_name: bool, by_group: bool
) -> None:
    User.objects.filter(pk=ada.pk).update(task_mails=wish)
    first = ask(engine, "finance")
    mail_tasks(later(engine))
    assert bool(told()) is by_group
    mail.outbox.clear()
    human_tasks.assign_step(engine.scope, first.steps.get(), to=["finance", ada.email], now=engine.now)
    mail_tasks(later(engine))
    assert told() == [ada.email] * (by_name or by_group)


def test_only_members_are_told(
    engine: Engine, ada: User, finance: MemberGroup, foreign_scope: Scope, member: Callable[[Role], User]
) -> None:
    theirs = MemberGroup.objects.create(organization=foreign_scope.organization, name="Board", slug="board")
    theirs.members.add(foreign_scope.user)
    User.objects.update(task_mails="groups")
    User.objects.create_user("stranger@example.com", "a long enough passphrase")
    off = member(Role.OPERATOR)
    User.objects.filter(pk=off.pk).update(is_active=False)
    assert foreign_scope.user is not None
    ask(engine, "board", "finance", "stranger@example.com", foreign_scope.user.email, off.email, "10006129")
    mail_tasks(later(engine))
    assert told() == [ada.email]


def test_where_no_mail_leaves_nothing_is_kept(engine: Engine, ada: User, scope: Scope, settings: Settings) -> None:
    first = ask(engine, ada.email)
    settings.EMAIL_HOST = ""
    assert mail_tasks(later(engine)) == 1
    settings.EMAIL_HOST = "mail.example.com"
    Provider.objects.create(environment=scope.environment, name="Off", channel="email", type="mail", is_active=False)
    start_instance(scope, first.flow, now=engine.now)
    engine.work()
    assert mail_tasks(later(engine)) == 1
    assert (told(), TaskNotice.objects.count()) == ([], 0)


def test_a_server_that_is_down_is_tried_again_some_times(
    engine: Engine, ada: User, scope: Scope, settings: Settings
) -> None:
    ask(engine, ada.email)
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    moment = later(engine)
    assert mail_tasks(moment) == 1
    assert mail_tasks(moment + timedelta(minutes=4)) == 0
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    assert mail_tasks(moment + timedelta(minutes=5)) == 1
    assert told() == [ada.email]
    TaskNotice.objects.create(environment=scope.environment, instance_id=Instance.objects.get().pk, task="approve")
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    TaskNotice.objects.update(mail_after=engine.now)
    tries = sum(mail_tasks(moment + timedelta(days=day)) for day in range(10))
    assert tries == task_mails.MOST_ATTEMPTS


def test_a_process_that_dies_over_it_leaves_it_to_another(engine: Engine, ada: User) -> None:
    ask(engine, ada.email)
    assert len(task_mails.claim(later(engine))) == 1  # and then no more is heard of it
    assert mail_tasks(later(engine, minutes=7)) == 0
    assert mail_tasks(later(engine, minutes=12)) == 1
    assert told() == [ada.email]


def test_the_choice_is_made_in_ones_account(client_as: Callable[[Role], Client], ada: User) -> None:
    client = client_as(Role.ASSIGNEE)
    assert "Mails about tasks" in client.get("/accounts/me/").text
    assert client.post("/accounts/me/", {"form": "profile", "name": "Ada", "task_mails": "groups"}).status_code == 302
    ada.refresh_from_db()
    assert (ada.name, ada.task_mails) == ("Ada", "groups")
    assert client.post("/accounts/me/", {"form": "profile", "name": "Ada", "task_mails": "all"}).status_code == 422
