"""The list of flows: filters, one page, and what each row says. A fixed number of queries, however many flows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final
from urllib.parse import urlencode

from django.core.paginator import Page, Paginator
from django.db.models import F, Q, QuerySet

from accounts.scope import Scope
from designer.forms import FlowFilterForm
from designer.models import Flow, Origin
from designer.services.guards import FlowUse, instances

FLOWS_A_PAGE: Final = 30
MOST_SHOWN: Final = 1000
ORDERS: Final = {"name": ("name", "pk"), "changed": ("-updated_at", "pk")}
SHOWN_STATUSES: Final = ("running", "waiting", "queued", "paused", "rolling_back", "errored")
FOLDED: Final[Mapping[str, str]] = {"waiting_for_pause": "paused"}


@dataclass(frozen=True, slots=True)
class Count:
    """How many instances have a status."""

    status: str
    number: int

    @property
    def shown(self) -> str:
        """The number as it is shown: nobody counts further than a thousand."""
        return shown_number(self.number)


def shown_number(number: int) -> str:
    """A count for people: `999`, then `1000+`."""
    return str(number) if number < MOST_SHOWN else f"{MOST_SHOWN}+"


@dataclass(frozen=True, slots=True)
class FlowRow:
    """One row of the list."""

    flow: Flow
    use: FlowUse
    is_changed: bool = False
    """Whether the draft is another than what is live."""

    @property
    def counts(self) -> list[Count]:
        """The instances that somebody may have to look at, by status."""
        found: dict[str, int] = {}
        for status, number in self.use.counts.items():
            word = FOLDED.get(status, status)
            found[word] = found.get(word, 0) + number
        return [Count(status, found[status]) for status in SHOWN_STATUSES if found.get(status)]

    @property
    def total(self) -> str:
        """How many instances it has, finished ones included; empty where none."""
        return shown_number(sum(self.use.counts.values())) if self.use.counts else ""


def rows_of(flows: Sequence[Flow]) -> list[FlowRow]:
    """The rows of these flows."""
    uses, changed = instances().use_of([flow.pk for flow in flows]), _changed_of(flows)
    return [FlowRow(flow, uses.get(flow.pk, FlowUse()), flow.pk in changed) for flow in flows]


def _changed_of(flows: Sequence[Flow]) -> set[int]:
    """Those whose draft is not what is live. What was edited and taken back is the same; documents are big, so that
    only those of flows that were edited at all are compared, by the database.
    """
    edited = {flow.pk for flow in flows if flow.live_version and flow.updated_at > flow.live_version.published_at}
    same = Flow.objects.filter(pk__in=edited, draft_document=F("live_version__document"))
    return edited.difference(same.values_list("pk", flat=True)) if edited else edited


class FlowList:
    """One page of the flows a scope holds, as the query string asks."""

    def __init__(self, scope: Scope, query: Mapping[str, Any]) -> None:
        self.scope = scope
        self.query = query
        self.form = FlowFilterForm(query or None, tags=self.tags, origins=self.origins)
        self.wanted: dict[str, Any] = self.form.cleaned_data if self.form.is_bound and self.form.is_valid() else {}

    @cached_property
    def _known(self) -> list[tuple[int, list[str], str]]:
        return list(Flow.objects.within(self.scope).values_list("pk", "tags", "origin"))

    @property
    def is_empty(self) -> bool:
        """Whether the environment has no flow at all."""
        return not self._known

    @property
    def tags(self) -> list[str]:
        """Every tag in use, in order."""
        return sorted({tag for _, tags, _ in self._known for tag in tags}, key=str.casefold)

    @property
    def origins(self) -> list[tuple[str, str]]:
        """The origins in use, with their labels; empty where all flows have the same."""
        found = {origin for _, _, origin in self._known}
        return [(value, label) for value, label in Origin.choices if value in found] if len(found) > 1 else []

    @property
    def is_filtered(self) -> bool:
        """Whether anything is asked for."""
        return any(self.wanted.get(name) for name in ("q", "tag", "origin", "state"))

    @cached_property
    def matching(self) -> QuerySet[Flow]:
        """Everything asked for, in order. A filter that cannot be understood matches nothing."""
        if self.form.is_bound and not self.form.is_valid():
            return Flow.objects.none()
        flows: QuerySet[Flow] = Flow.objects.within(self.scope).select_related("live_version")
        flows = flows.defer("draft_document", "live_version__document")
        for word in str(self.wanted.get("q") or "").split():
            flows = flows.filter(Q(name__icontains=word) | Q(key__icontains=word) | Q(description__icontains=word))
        if self.wanted.get("tag"):
            flows = flows.filter(pk__in=[pk for pk, tags, _ in self._known if self.wanted["tag"] in tags])
        if self.wanted.get("origin"):
            flows = flows.filter(origin=self.wanted["origin"])
        flows = _in_state(flows, str(self.wanted.get("state") or ""))
        return flows.order_by(*ORDERS.get(str(self.wanted.get("order") or ""), ORDERS["name"]))

    @cached_property
    def page(self) -> Page[Flow]:
        """The page asked for, or the nearest there is."""
        return Paginator(self.matching, FLOWS_A_PAGE).get_page(self.query.get("page"))

    @cached_property
    def rows(self) -> Sequence[FlowRow]:
        """The rows of this page."""
        return rows_of(list(self.page))

    @property
    def filters(self) -> str:
        """The query string without the page, for links to other pages."""
        return urlencode([(name, value) for name, value in self.wanted.items() if value])


def _in_state(flows: QuerySet[Flow], state: str) -> QuerySet[Flow]:
    if state == "enabled":
        return flows.filter(is_enabled=True, live_version__isnull=False)
    if state == "disabled":
        return flows.filter(is_enabled=False)
    return flows.filter(live_version=None) if state == "unpublished" else flows
