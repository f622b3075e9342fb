"""Mails to members about human tasks that were assigned to them, over the environment's provider of e-mail.

What is assigned within five minutes comes in one mail; whoever did a task, or claimed it, meanwhile, is not told of it.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.urls import reverse
from django.utils.html import escape

from accounts.models import Environment, Membership, User
from designer.services.versions import plan_of
from engine.models import Step, TaskNotice
from engine.notifying.delivering import DeliveryFailed, deliver, mail_to_member, outlet_of
from engine.notifying.models import Channel, Message
from engine.services.case import Case

log = logging.getLogger(__name__)
EVERY: Final = timedelta(minutes=5)
AT_LEAST: Final = timedelta(minutes=1)
"""How long somebody who is at the inbox has to begin, before a mail is on its way."""
MOST_AT_ONCE: Final = 2_000
MOST_ATTEMPTS: Final = 5
MOST_LISTED: Final = 20
"""Tasks that a mail names; of the others it gives the number."""


def note_assigned(cases: Iterable[Case]) -> None:
    """Have whoever was given a task in these cases told of it. Call it in the transaction that writes them."""
    notices = [
        TaskNotice(
            environment_id=case.row.environment_id,
            instance_id=step.instance_id,
            task=step.task,
            iteration=step.iteration,
            mail_after=_next_round(case.now),
        )
        for case in cases
        for step in case.assigned
    ]
    if notices:
        TaskNotice.objects.bulk_create(
            notices,
            update_conflicts=True,
            unique_fields=["instance_id", "task", "iteration"],
            update_fields=["mail_after"],
        )


def _next_round(now: datetime) -> datetime:
    """The next full five minutes that are at least one away: all that comes before them is told together."""
    seconds, every = (now + AT_LEAST).timestamp(), EVERY.total_seconds()
    return datetime.fromtimestamp(-(-seconds // every) * every, UTC)


# -- sending ----------------------------------------------------------------------------------------------------------


def mail_tasks(now: datetime) -> int:
    """Send what is due. Each is claimed by putting it off: should this process die, it is sent again later. A chore."""
    if not TaskNotice.objects.filter(mail_after__lte=now).exists():
        return 0
    claimed = claim(now)
    by_environment: dict[int, list[TaskNotice]] = defaultdict(list)
    for notice in claimed:
        by_environment[notice.environment_id].append(notice)
    for environment_id, notices in by_environment.items():
        if _told(environment_id, notices):
            # One that was assigned again meanwhile has another moment, and is told again.
            done = TaskNotice.objects.filter(pk__in=[notice.pk for notice in notices], mail_after=now + EVERY)
            done.delete()
    return len(claimed)


def claim(now: datetime) -> list[TaskNotice]:
    """Take what is due, and put it off in case nothing more is heard of whoever took it."""
    with transaction.atomic():
        due = TaskNotice.objects.select_for_update().filter(mail_after__lte=now).order_by("mail_after", "pk")
        found = list(due[:MOST_AT_ONCE])
        rows = TaskNotice.objects.filter(pk__in=[notice.pk for notice in found])
        rows.update(mail_after=now + EVERY, attempts=F("attempts") + 1)
    return found


def _told(environment_id: int, notices: Sequence[TaskNotice]) -> bool:
    """Tell everybody concerned. False where no mail leaves at the moment, and trying again makes sense."""
    outlet = outlet_of(environment_id, Channel.EMAIL)
    if outlet is None or (outlet.provider is None and not settings.EMAIL_HOST):
        return True  # no mail leaves this environment
    environment = Environment.objects.select_related("organization").get(pk=environment_id)
    sent = failed = 0
    for user, steps in _recipients(environment, _open_steps(notices)):
        try:
            deliver(outlet, _message(environment, user, steps))
            sent += 1
        except DeliveryFailed as bad:
            log.warning("%s was not told of %d tasks: %s", user.email, len(steps), bad)
            failed += bad.is_retryable
    # Who was told is not told again for the sake of one who could not be.
    return sent > 0 or failed == 0 or notices[0].attempts + 1 >= MOST_ATTEMPTS


def _open_steps(notices: Sequence[TaskNotice]) -> list[Step]:
    """Those of the tasks that still wait for somebody to begin, the most urgent first."""
    wanted = {(notice.instance_id, notice.task, notice.iteration) for notice in notices}
    rows = Step.objects.for_people().filter(instance__in={key[0] for key in wanted}, claimed_by=None, is_past=False)
    rows = rows.select_related("instance__flow").order_by(F("due_at").asc(nulls_last=True), "pk")
    return [step for step in rows if (step.instance_id, step.task, step.iteration) in wanted]


def _recipients(environment: Environment, steps: Sequence[Step]) -> Iterator[tuple[User, list[Step]]]:
    """Every member who wants to be told of any of these, with those."""
    names = {name.lower() for step in steps for name in step.assigned_to}
    by_name: dict[str, list[User]] = defaultdict(list)
    for user in _members(environment, names):
        by_name[user.email].append(user)
        if user.task_mails == User.TaskMails.GROUPS:
            groups = user.member_groups.filter(organization=environment.organization_id, slug__in=names)
            for slug in groups.values_list("slug", flat=True):
                by_name[slug].append(user)
    found: dict[User, dict[int, Step]] = defaultdict(dict)
    for step in steps:
        for name in step.assigned_to:
            for user in by_name.get(name.lower(), ()):
                found[user][step.pk] = step
    yield from ((user, list(theirs.values())) for user, theirs in found.items())


def _members(environment: Environment, names: set[str]) -> Iterator[User]:
    """The members who are called so, or are in a group that is, and want to be told."""
    of_group = Q(user__task_mails=User.TaskMails.GROUPS, user__member_groups__slug__in=names)
    of_group &= Q(user__member_groups__organization=environment.organization_id)
    rows = Membership.objects.filter(organization=environment.organization_id, user__is_active=True)
    rows = rows.filter(Q(user__email__in=names) | of_group).exclude(user__task_mails=User.TaskMails.NONE)
    yield from (row.user for row in rows.select_related("user").distinct())


# -- the mail ---------------------------------------------------------------------------------------------------------


def _message(environment: Environment, user: User, steps: Sequence[Step]) -> Message:
    names = [_name(step) for step in steps[:MOST_LISTED]]
    subject = f"For you: {names[0]}" if len(steps) == 1 else f"{len(steps)} tasks for you"
    rows = "".join(_row(environment, step, name) for step, name in zip(steps, names, strict=False))
    more = len(steps) - len(names)
    rest = f"<p>And {more} more in your inbox.</p>" if more else ""
    inbox, account = _address(environment, "engine:inbox"), settings.PUBLIC_URL + reverse("accounts:account")
    return mail_to_member(
        environment,
        user,
        id=f"tasks:{user.pk}:{steps[0].pk}:{len(steps)}",
        subject=f"{subject} · {environment.organization.name} {environment.name}",
        body=f'<ul>{rows}</ul>{rest}<p>Your inbox: <a href="{escape(inbox)}">{escape(inbox)}</a></p>'
        f'<p>Which tasks you are told of is set in <a href="{escape(account)}">your account</a>.</p>',
    )


def _row(environment: Environment, step: Step, name: str) -> str:
    due = f", due {step.due_at.astimezone(UTC):%-d %B %Y, %H:%M} UTC" if step.due_at else ""
    about = f"{step.instance.flow.name} · {step.instance.key}{due}"
    address = _address(environment, "engine:task", {"pk": step.pk})
    return f'<li><a href="{escape(address)}">{escape(name)}</a><br>{escape(about)}</li>'


def _name(step: Step) -> str:
    task = plan_of(step.instance.version_id).flow.tasks.get(step.task)
    return (task.name if task else "") or step.task


def _address(environment: Environment, name: str, more: Mapping[str, int] | None = None) -> str:
    place = {"org": environment.organization.slug, "env": environment.slug}
    return settings.PUBLIC_URL + reverse(name, kwargs={**place, **(more or {})})
