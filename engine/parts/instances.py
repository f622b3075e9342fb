"""The list of instances: filters, one page by cursor, and the rows of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from itertools import chain
from typing import Any, Final
from urllib.parse import urlencode

from django.db import connection
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.scope import Scope
from designer.models import ClosingReason, Flow, Version
from designer.services.versions import flow_of, plan_of
from engine.display.spans import span_words
from engine.forms import InstanceFilterForm
from engine.models import Instance, SavedView, Step
from engine.parts.event_types import awaited_in
from engine.parts.inbox import assigned_to, whose
from engine.parts.instance import instances_within, started_by_words
from engine.parts.people import people_called
from engine.parts.rights import TaskRights
from engine.parts.steps import StepLook, looks_of
from engine.services.saved_views import views_of
from engine.wording import error_message

ROWS_A_PAGE: Final = 50
FINISHED: Final = ("complete", "errored", "terminated")
MOST_NEW: Final = 100
MOST_REASONS: Final = 100
SIDE_BY_SIDE: Final = 1000
"""So many instances may have been started out of their order."""
MOST_LOOKED_UP: Final = 900
"""As many as a statement of SQLite takes with ease."""
LAST_LETTER: Final = "\U0010ffff"
HEAVY: Final = ("state", "input", "output", "context", "vars", "flow__draft_document", "version__document")
BUSY_STEPS: Final = ("blocked", "ready", "running", "waiting", "retrying", "held")


@dataclass(frozen=True, slots=True)
class InstanceRow:
    """One row: the instance and what its open steps are."""

    instance: Instance
    open_steps: Sequence[StepLook]
    now: datetime

    @property
    def lasted(self) -> str:
        """How long it took. What is under way says only since when: its row would change by the second otherwise."""
        began, ended = self.instance.started_at, self.instance.ended_at
        return span_words(ended - began) if began and ended else ""

    @property
    def error_text(self) -> str:
        """Why it failed."""
        return error_message(self.instance.error) if self.instance.status == "errored" else ""

    @property
    def standing(self) -> str:
        """Where it stands: its open steps in few words."""
        shown = [f"{look.name} · {look.waits}" if look.waits else look.name for look in self.open_steps[:2]]
        more = len(self.open_steps) - 2
        return ", ".join([*shown, f"{more} more"] if more > 0 else shown)

    @property
    def started_by(self) -> str:
        """Who or what started it."""
        return started_by_words(self.instance)


def rows_of(scope: Scope, instances: Sequence[Instance], *, now: datetime) -> list[InstanceRow]:
    """Rows with their open steps and whom these wait for, each in one query for all."""
    steps: dict[int, list[Step]] = {}
    unfinished = [instance.pk for instance in instances if not instance.is_final]
    if unfinished:
        found = Step.objects.filter(instance__in=unfinished, status__in=BUSY_STEPS).defer("input", "output", "attempts")
        for step in found.order_by("pk")[: 20 * ROWS_A_PAGE]:
            steps.setdefault(step.instance_id, []).append(step)
    people = people_called(scope, chain.from_iterable(steps.values()))

    def looks(one: Instance) -> list[StepLook]:
        return looks_of(flow_of(one.version), steps[one.pk], now=now, people=people) if one.pk in steps else []

    return [InstanceRow(one, looks(one), now) for one in instances]


def filtered(scope: Scope, wanted: Mapping[str, Any]) -> QuerySet[Instance]:
    """Instances as the filter form's cleaned values ask for them."""
    found = instances_within(scope).defer(*HEAVY)
    if wanted.get("flow"):
        found = found.filter(flow=wanted["flow"])
    if wanted.get("version"):
        found = found.filter(version__in=_versions(scope, wanted))
    if wanted.get("status") == "unfinished":
        found = found.exclude(status__in=FINISHED)  # in the words of its index
    elif wanted.get("status"):
        found = found.filter(status=wanted["status"])
    if wanted.get("assignee"):
        found = found.filter(pk__in=_waiting_for(scope, wanted["assignee"]).values("instance"))
    if wanted.get("since"):
        found = _from(found, scope, _midnight(wanted["since"]))
    if wanted.get("until"):
        found = _until(found, scope, _midnight(wanted["until"]) + timedelta(days=1))
    if wanted.get("q"):
        found = _beginning_with(found, scope, wanted["q"])
    return found


def _waiting_for(scope: Scope, assignee: str) -> QuerySet[Step]:
    """The open human tasks of somebody: `me`, `nobody`, `group:slug` or `member:address`."""
    tasks = Step.objects.within(scope).for_people()
    kind, _, name = assignee.partition(":")
    if kind in ("me", "nobody"):
        return whose(tasks, TaskRights(scope), "mine" if kind == "me" else "unassigned")
    claimed = Q(claimed_by__email=name) if kind == "member" else Q()
    return assigned_to(tasks, [name], or_else=claimed)


def _versions(scope: Scope, wanted: Mapping[str, Any]) -> list[int]:
    """The versions with the wanted number: of one flow, or of each."""
    versions = Version.objects.filter(flow__environment=scope.environment, number=wanted["version"])
    if wanted.get("flow"):
        versions = versions.filter(flow=wanted["flow"])
    return list(versions.values_list("pk", flat=True))


# The list is ordered by number, and numbers rise with the time of the start, give or take requests that were answered
# side by side. So a day is first narrowed to a span of numbers: no index has both the day and all else that is asked.


def _from(found: QuerySet[Instance], scope: Scope, moment: datetime) -> QuerySet[Instance]:
    later = Instance.objects.filter(environment=scope.environment, created_at__gte=moment).order_by("created_at")
    first = min(later.values_list("pk", flat=True)[:SIDE_BY_SIDE], default=None)
    return found.none() if first is None else found.filter(created_at__gte=moment, pk__gte=first)


def _until(found: QuerySet[Instance], scope: Scope, moment: datetime) -> QuerySet[Instance]:
    earlier = Instance.objects.filter(environment=scope.environment, created_at__lt=moment).order_by("-created_at")
    last = max(earlier.values_list("pk", flat=True)[:SIDE_BY_SIDE], default=None)
    return found.none() if last is None else found.filter(created_at__lt=moment, pk__lte=last)


def _beginning_with(found: QuerySet[Instance], scope: Scope, text: str) -> QuerySet[Instance]:
    """Few are looked up along the index of keys; many are soon met on the way from the newest."""
    keys = Instance.objects.filter(environment=scope.environment)
    if connection.vendor == "sqlite":  # whose LIKE uses no index; its order is that of code points
        keys = keys.filter(key__gte=text, key__lt=text + LAST_LETTER)
    else:
        keys = keys.filter(key__startswith=text)
    few = list(keys.order_by().values_list("pk", flat=True)[: MOST_LOOKED_UP + 1])
    return found.filter(pk__in=few) if len(few) <= MOST_LOOKED_UP else found.filter(key__startswith=text)


def _midnight(day: Any) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


class InstanceList:
    """One page of the list for one viewer. `query` is the query string of the page, as given: anything may be in it."""

    def __init__(self, scope: Scope, query: Any) -> None:
        self.scope = scope
        self.query = query
        self.now = timezone.now()
        self.form = InstanceFilterForm(query or None, scope=scope)
        self.wanted: dict[str, Any] = self.form.cleaned_data if self.form.is_bound and self.form.is_valid() else {}

    @property
    def is_filtered(self) -> bool:
        """Whether anything is asked for."""
        return any(self.wanted.get(key) for key in InstanceFilterForm.FILTERS)

    @cached_property
    def event_types(self) -> list[str]:
        """The types of events that instances of the flow that is asked for may wait for."""
        flow: Flow | None = self.wanted.get("flow")
        live = flow.live_version_id if flow is not None else None
        return awaited_in(plan_of(live).flow) if live is not None else []

    @cached_property
    def matching(self) -> QuerySet[Instance]:
        """Everything asked for, without paging. A filter that cannot be understood matches nothing."""
        if self.form.is_bound and not self.form.is_valid():
            return Instance.objects.none()
        return filtered(self.scope, self.wanted)

    @cached_property
    def _found(self) -> list[Instance]:
        before, after = self.wanted.get("before"), self.wanted.get("after")
        if after:  # towards newer ones: the oldest of those first, then turned round
            return list(self.matching.filter(pk__gt=after).order_by("pk")[: ROWS_A_PAGE + 1])[::-1]
        found = self.matching.filter(pk__lt=before) if before else self.matching
        return list(found.order_by("-pk")[: ROWS_A_PAGE + 1])

    @cached_property
    def instances(self) -> list[Instance]:
        """The instances of this page, newest first."""
        return self._found[-ROWS_A_PAGE:] if self.wanted.get("after") else self._found[:ROWS_A_PAGE]

    @cached_property
    def rows(self) -> list[InstanceRow]:
        """The rows of this page."""
        return rows_of(self.scope, self.instances, now=self.now)

    @property
    def _has_more(self) -> bool:
        return len(self._found) > ROWS_A_PAGE

    @property
    def older(self) -> str:
        """The query string of the page with older ones, or empty."""
        has_older = bool(self.wanted.get("after")) or self._has_more
        return self._with(before=self.instances[-1].pk) if has_older and self.instances else ""

    @property
    def newer(self) -> str:
        """The query string of the page with newer ones, or empty."""
        has_newer = bool(self.wanted.get("before")) or (bool(self.wanted.get("after")) and self._has_more)
        return self._with(after=self.instances[0].pk) if has_newer and self.instances else ""

    @property
    def filters(self) -> str:
        """The query string of the filters alone."""
        return self._with()

    @property
    def view(self) -> str:
        """What the live topic has to know: filters and which rows are on the page."""
        return self._with(ids=",".join(str(instance.pk) for instance in self.instances))

    def _with(self, **more: Any) -> str:
        kept = {key: self.query[key] for key in InstanceFilterForm.FILTERS if self.query.get(key)} if self.query else {}
        return urlencode(kept | more)

    @cached_property
    def closing_reasons(self) -> list[str]:
        """What instances may be closed with: of the flow that is asked for, else all of the organization."""
        reasons = ClosingReason.objects.within(self.scope).order_by("title")
        flow = self.wanted.get("flow")
        found = reasons.filter(flows=flow) if flow is not None else reasons
        return list(found.values_list("title", flat=True)[:MOST_REASONS])

    @cached_property
    def views(self) -> list[SavedView]:
        """The viewer's own views."""
        return list(views_of(self.scope))

    @cached_property
    def flows(self) -> list[Flow]:
        """Flows that can be started, for the empty state and the start button."""
        return list(self.form.flows)
