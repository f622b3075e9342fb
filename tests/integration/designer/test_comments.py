"""Comments on flows and tasks: who may, what survives, who is told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from accounts.live import Asked
from accounts.models import AuditEntry, User
from accounts.roles import Role
from accounts.scope import Scope
from designer import models
from designer.comments import threads
from designer.comments.models import Comment, Mention, Thread
from designer.comments.people import Mentionable, in_pieces, mentioned
from designer.graph.edits import Edit, RekeyTask, RemoveTasks
from designer.live.comments import CommentsTopic
from designer.live.mentions import MentionsTopic
from designer.services import drafting
from designer.services.publishing import publish_flow
from engine.services.mentioning import MOST_ATTEMPTS, mail_mentions

BASE = "/o/acme/development/flows/order/comments/"


@pytest.fixture
def designer(client_as: Callable[[Role], Client]) -> Client:
    return client_as(Role.DESIGNER)


@pytest.fixture(autouse=True)
def _members(member: Callable[[Role], User]) -> None:
    """Who can be mentioned."""
    for role in Role:
        member(role)


def say(client: Client, text: str, subject: str = "charge") -> Any:
    return client.post(BASE, {"subject": subject, "text": text})


def edit(scope: Scope, row: models.Flow, change: Edit) -> None:
    drafting.apply_edit(scope, row, change, revision=models.Flow.objects.get(pk=row.pk).draft_revision)


def test_a_thread_is_begun_answered_resolved_and_opened_again(designer: Client, row: models.Flow) -> None:
    page = say(designer, "Why <b>so</b> late?").content.decode()
    assert "Why &lt;b&gt;so&lt;/b&gt; late?" in page
    thread = Thread.objects.get()
    assert (thread.task, thread.task_name, thread.is_open) == ("charge", "Charge the card", True)
    designer.post(f"{BASE}threads/{thread.pk}/reply", {"subject": "charge", "text": "Because."})
    assert designer.post(f"{BASE}threads/{thread.pk}/resolve", {"subject": "charge"}).status_code == 200
    thread.refresh_from_db()
    assert (thread.is_open, thread.resolved_by_name, thread.comments.count()) == (False, "Designer", 2)
    assert threads.open_counts(row.pk) == {}
    designer.post(f"{BASE}threads/{thread.pk}/reopen")
    assert threads.open_counts(row.pk) == {"charge": 1}


def test_an_answer_opens_a_resolved_thread_again(scope: Scope, row: models.Flow) -> None:
    thread = threads.start_thread(scope, row, "charge", task_name="Charge", text="One")
    threads.resolve(scope, thread)
    threads.reply(scope, thread, "Two")
    assert threads.open_counts(row.pk) == {"charge": 1}


@pytest.mark.parametrize(("text", "words"), [("  \n ", "Write something"), ("x" * 4001, "at most 4,000")])
def test_what_cannot_be_stored_is_refused_with_the_reason(
    designer: Client, row: models.Flow, text: str, words: str
) -> None:
    answer = say(designer, text)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not Thread.objects.exists()


def test_viewers_read_and_cannot_write(client_as: Callable[[Role], Client], scope: Scope, row: models.Flow) -> None:
    thread = threads.start_thread(scope, row, "charge", task_name="Charge", text="Secret? No.")
    viewer = client_as(Role.VIEWER)
    page = viewer.get(BASE, {"subject": "charge"}).content.decode()
    assert "Secret? No." in page
    assert "<textarea" not in page
    assert say(viewer, "Mine").status_code == 403
    for door in ("reply", "resolve", "reopen"):
        assert viewer.post(f"{BASE}threads/{thread.pk}/{door}", {"text": "x"}).status_code == 403
    assert Comment.objects.count() == 1


def test_assignees_may_comment(client_as: Callable[[Role], Client], row: models.Flow) -> None:
    assert say(client_as(Role.ASSIGNEE), "From the inbox").status_code == 200


def test_one_deletes_ones_own_and_an_administrator_anybodys(
    client_as: Callable[[Role], Client], designer: Client, row: models.Flow
) -> None:
    say(designer, "Oops")
    comment = Comment.objects.get()
    assert client_as(Role.OPERATOR).post(f"{BASE}comments/{comment.pk}/delete").status_code == 422
    assert designer.post(f"{BASE}comments/{comment.pk}/delete").status_code == 200
    assert not Thread.objects.exists()
    say(designer, "Again")
    administrator = client_as(Role.ADMINISTRATOR)
    assert administrator.post(f"{BASE}comments/{Comment.objects.get().pk}/delete").status_code == 200


def test_another_organizations_comments_are_not_there(designer: Client, row: models.Flow, foreign_scope: Scope) -> None:
    theirs = drafting.create_flow(foreign_scope, key="theirs", name="Theirs")
    thread = threads.start_thread(foreign_scope, theirs, "", task_name="", text="Ours")
    assert designer.get("/o/globex/development/flows/theirs/comments/").status_code == 404
    assert designer.get("/o/acme/development/flows/theirs/comments/").status_code == 404
    assert designer.post(f"{BASE}threads/{thread.pk}/resolve").status_code == 404
    assert designer.post(f"{BASE}comments/{thread.comments.get().pk}/delete").status_code == 404
    assert designer.get(f"{BASE}sync?after=0").json()["data"] == {"counts": {}}


def test_comments_survive_publishing(scope: Scope, row: models.Flow) -> None:
    threads.start_thread(scope, row, "charge", task_name="Charge", text="Stays")
    publish_flow(scope, models.Flow.objects.get(pk=row.pk), note="")
    assert threads.open_counts(row.pk) == {"charge": 1}


def test_what_was_said_about_a_removed_task_is_kept_apart_and_comes_back_with_it(
    designer: Client, scope: Scope, row: models.Flow
) -> None:
    threads.start_thread(scope, row, "pack", task_name="Pack", text="Which box?")
    edit(scope, row, RemoveTasks(("pack",)))
    page = designer.get(BASE).content.decode()
    assert "Removed tasks (1)" in page
    assert "Which box?" in page
    drafting.undo(scope, row)
    page = designer.get(BASE).content.decode()
    assert "Removed tasks" not in page
    assert "Which box?" in designer.get(BASE, {"subject": "pack"}).content.decode()


def test_threads_follow_their_task_to_its_new_key_and_back(scope: Scope, row: models.Flow) -> None:
    threads.start_thread(scope, row, "pack", task_name="Pack", text="Which box?")
    edit(scope, row, RekeyTask("pack", "wrap"))
    assert threads.open_counts(row.pk) == {"wrap": 1}
    drafting.undo(scope, row)
    assert threads.open_counts(row.pk) == {"pack": 1}


def test_a_comment_on_what_is_no_task_is_refused(designer: Client, row: models.Flow) -> None:
    assert say(designer, "Hello?", subject="nobody").status_code == 422


def test_others_are_told_by_a_number_that_only_grows(
    scope: Scope, row: models.Flow, django_capture_on_commit_callbacks: Any
) -> None:
    seen = [CommentsTopic().render(Asked(row.pk)).seq]
    with django_capture_on_commit_callbacks(execute=True):
        thread = threads.start_thread(scope, row, "charge", task_name="Charge", text="One")
    seen.append(CommentsTopic().render(Asked(row.pk)).seq)
    threads.delete_comment(scope, thread.comments.get())
    update = CommentsTopic().render(Asked(row.pk))
    assert [*seen, update.seq] == [0, 1, 2]
    assert update.data == {"counts": {}}


# -- mentions


def test_who_is_mentioned_is_told_once_and_where(
    client_as: Callable[[Role], Client], designer: Client, row: models.Flow
) -> None:
    say(designer, "@Operator and @operator@example.com: look, @Designer too. mail@Viewer is none.")
    assert [mention.user.email for mention in Mention.objects.all()] == ["operator@example.com"]
    operator = client_as(Role.OPERATOR)
    assert ", 1 new</span>" in operator.get("/o/acme/development/flows/").content.decode()
    page = operator.get("/o/acme/development/mentions/").content.decode()
    assert "Charge the card" in page
    mention = Mention.objects.get()
    answer = operator.get(f"/o/acme/development/mentions/{mention.pk}/")
    assert answer.headers["Location"] == "/o/acme/development/flows/order/edit/?comments=charge"
    assert "1 new" not in operator.get("/o/acme/development/flows/").content.decode()
    assert designer.get(f"/o/acme/development/mentions/{mention.pk}/").status_code == 404


def test_all_mentions_are_read_at_once(client_as: Callable[[Role], Client], designer: Client, row: models.Flow) -> None:
    say(designer, "@Operator one")
    say(designer, "@Operator two", subject="")
    assert client_as(Role.OPERATOR).post("/o/acme/development/mentions/read/").status_code == 302
    assert not Mention.objects.filter(read_at=None).exists()


def test_people_of_other_organizations_are_not_mentioned(scope: Scope, foreign_scope: Scope, row: models.Flow) -> None:
    threads.start_thread(scope, row, "", task_name="", text="@someone@globex.example.com look")
    assert not Mention.objects.exists()


def test_of_two_names_that_fit_the_longer_counts() -> None:
    people = [Mentionable(User(pk=pk, email=f"{pk}@x.example"), name) for pk, name in ((1, "Jana"), (2, "Jana Novak"))]
    assert [person.user.pk for person in mentioned("Ask @jana novak, not @Janab", people)] == [2]
    assert in_pieces("Ask @Jana Novak!", ["Jana Novak"]) == [("Ask ", False), ("@Jana Novak", True), ("!", False)]


def test_a_mention_is_mailed_when_it_is_not_read_meanwhile(designer: Client, row: models.Flow) -> None:
    say(designer, "@Operator, is <this> right?")
    now = timezone.now()
    assert mail_mentions(now) == 0
    assert mail_mentions(now + timedelta(minutes=1)) == 1
    assert mail_mentions(now + timedelta(days=1)) == 0
    (sent,) = mail.outbox
    assert (sent.to, sent.subject) == (
        ["operator@example.com"],
        "Designer mentioned you on Charge the card in Order fulfilment",
    )
    html = str(sent.alternatives[0][0])  # type: ignore[attr-defined]
    assert "is &lt;this&gt; right?" in html
    assert "/flows/order/edit/?comments=charge" in html


def test_a_mention_that_was_read_is_not_mailed(
    client_as: Callable[[Role], Client], designer: Client, row: models.Flow
) -> None:
    say(designer, "@Operator look")
    client_as(Role.OPERATOR).get(f"/o/acme/development/mentions/{Mention.objects.get().pk}/")
    mail_mentions(timezone.now() + timedelta(minutes=1))
    assert mail.outbox == []


def test_a_mail_server_that_is_away_is_asked_again_and_not_for_ever(
    designer: Client, row: models.Flow, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise ConnectionRefusedError("away")

    monkeypatch.setattr("django.core.mail.backends.locmem.EmailBackend.send_messages", refuse)
    say(designer, "@Operator look")
    moment = timezone.now()
    attempts = 0
    for _ in range(10):
        moment += timedelta(hours=2)
        attempts += mail_mentions(moment)
    assert attempts == MOST_ATTEMPTS
    assert Mention.objects.get().mail_after is None


# -- saying it in other words


def test_one_edits_ones_own_comment_which_says_so(designer: Client, row: models.Flow) -> None:
    say(designer, "Why so lat?")
    comment = Comment.objects.get()
    page = designer.post(f"{BASE}comments/{comment.pk}/edit", {"subject": "charge", "text": "Why so <late>?"})
    assert page.status_code == 200
    assert "Why so &lt;late&gt;?" in page.content.decode()
    assert "· edited" in page.content.decode()
    comment.refresh_from_db()
    assert (comment.text, comment.edited_at is not None) == ("Why so <late>?", True)
    entry = AuditEntry.objects.get(action="comment.edited")
    assert entry.after == {"by": "Designer", "task": "charge"}


def test_storing_the_same_text_is_no_edit(designer: Client, row: models.Flow) -> None:
    say(designer, "Why?")
    comment = Comment.objects.get()
    assert designer.post(f"{BASE}comments/{comment.pk}/edit", {"text": " Why? "}).status_code == 200
    comment.refresh_from_db()
    assert comment.edited_at is None
    assert not AuditEntry.objects.filter(action="comment.edited").exists()


@pytest.mark.parametrize("role", [Role.ADMINISTRATOR, Role.VIEWER])
def test_nobody_edits_anothers_comment(
    designer: Client, client_as: Callable[[Role], Client], row: models.Flow, role: Role
) -> None:
    say(designer, "Mine")
    comment = Comment.objects.get()
    other = client_as(role)
    assert b"comment-edit" not in other.get(BASE, {"subject": "charge"}).content
    answer = other.post(f"{BASE}comments/{comment.pk}/edit", {"text": "Theirs"})
    assert answer.status_code == 422
    assert "Only who wrote it" in answer.content.decode()
    assert Comment.objects.get().text == "Mine"


def test_an_edit_that_says_nothing_is_refused(designer: Client, row: models.Flow) -> None:
    say(designer, "Mine")
    answer = designer.post(f"{BASE}comments/{Comment.objects.get().pk}/edit", {"text": "  "})
    assert answer.status_code == 422
    assert Comment.objects.get().text == "Mine"


def test_an_edit_tells_only_who_is_mentioned_for_the_first_time(scope: Scope, row: models.Flow) -> None:
    thread = threads.start_thread(scope, row, "charge", task_name="Charge", text="@Operator and @Viewer?")
    Mention.objects.update(mail_after=None, read_at=timezone.now())
    threads.edit_comment(scope, thread.comments.get(), "@Operator and @Assignee?")
    found = {mention.handle: mention.read_at is None for mention in Mention.objects.all()}
    assert found == {"Operator": False, "Assignee": True}


# -- the bell of every page


def test_the_bell_counts_anew_when_somebody_is_mentioned_or_looks(
    scope: Scope,
    row: models.Flow,
    member: Callable[[Role], User],
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Any,
) -> None:
    told: list[str] = []
    monkeypatch.setattr(threads, "publish", lambda topic, *_: told.append(topic))
    bells = f"mentions:{scope.organization.pk}"
    with django_capture_on_commit_callbacks(execute=True):
        threads.start_thread(scope, row, "charge", task_name="Charge", text="@Operator?")
    assert bells in told
    topic, operator = MentionsTopic(), member(Role.OPERATOR)
    grant = topic.authorize(operator, scope.organization.pk)
    assert grant is not None
    asked = Asked(scope.organization.pk, audience=grant.audience)
    assert ", 1 new" in topic.render(asked).parts[0].html
    told.clear()
    with django_capture_on_commit_callbacks(execute=True):
        threads.read_mentions(Scope(scope.organization, scope.environment, operator, Role.OPERATOR))
    assert told == [bells]
    assert "new" not in topic.render(asked).parts[0].html


def test_a_bell_is_of_members_only(scope: Scope) -> None:
    stranger = User.objects.create_user("stranger@example.com")
    assert MentionsTopic().authorize(stranger, scope.organization.pk) is None
