"""The page of one instance: everything on it, in a fixed number of queries."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Final

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe

from accounts.live import Row as PageRow
from accounts.lookups import Found, Lookup
from accounts.roles import Role
from accounts.scope import Scope
from designer.graph.model import Flow
from designer.models import Version
from designer.services.versions import flow_of, plan_of
from engine.calls.models import Call
from engine.core.programs import flow_with
from engine.core.state import State, new_state, state_from_json
from engine.display.json_text import JsonText, json_text
from engine.display.labelled import Row, labelled
from engine.display.spans import span_words
from engine.display.timeline import Timeline, lay_out
from engine.models import Event, Fact, Instance, Step
from engine.parts.facts import FactPage, newest_facts, older_facts, page_of
from engine.parts.marks import GraphMarks, marks_of
from engine.parts.people import people_called
from engine.parts.rows import step_row, timeline_row
from engine.parts.sections import Sections
from engine.parts.steps import StepLook, looks_of, names_of, spans_of
from engine.parts.task import TaskPanel
from engine.services.closing import offered
from engine.services.hiding import shown_input, shown_output
from engine.services.history import in_order
from engine.services.interventions import legal_actions
from engine.wording import FactWords, error_words, fact_words, warning_words

MOST_STEPS: Final = 300
PARTS: Final = ("head", "summary", "timeline", "steps", "step", "history", "data")


@dataclass(frozen=True, slots=True)
class Action:
    """Something that can be done to an instance, and why it cannot be done now."""

    key: str
    label: str
    icon: str
    refusal: str | None
    is_dangerous: bool = False


ACTIONS: Final = (
    ("send_event", "Send event", "send", False),
    ("pause", "Pause", "pause", False),
    ("resume", "Resume", "play", False),
    ("retry", "Retry", "refresh", False),
    ("restart", "Restart", "restart", False),
    ("migrate", "Migrate", "layers", False),
    ("close", "Close", "flag", True),
    ("terminate", "Terminate", "stop", True),
)
HIDDEN_UNLESS_LEGAL: Final = frozenset({"resume", "retry", "migrate", "close"})


def instances_within(scope: Scope) -> QuerySet[Instance]:
    """Instances with what their pages name."""
    return with_names(Instance.objects.within(scope))


def with_names(instances: QuerySet[Instance]) -> QuerySet[Instance]:
    """With what their pages name: flow, version, who started them."""
    return instances.select_related("flow", "version", "started_by").defer("flow__draft_document")


A_NUMBER: Final = 987_654_321
# A page that is watched asks these again with each change. The marks are of the arguments' types, and none else's.
_STEPS = Lookup(
    lambda pk: (
        Step.objects.filter(instance=pk, is_past=False)
        .defer("input", "output")
        .select_related("claimed_by")
        .order_by("-pk")[:MOST_STEPS]
    ),
    -1,
)
_STEP = Lookup(
    lambda pk, task, iteration: (
        Step.objects.filter(instance=pk, task=task, iteration=iteration).select_related("claimed_by").order_by()
    ),
    -1,
    "a task",
    A_NUMBER,
)
_LATEST_STEP = Lookup(
    lambda pk, task: (
        Step.objects.filter(instance=pk, task=task).select_related("claimed_by").order_by("-iteration")[:1]
    ),
    -1,
    "a task",
)
# In the order of their index: in that of their ids PostgreSQL would look through everybody's events for twenty.
_KEPT_EVENTS = Lookup(
    lambda pk: Event.objects.filter(instance=pk, consumed_at=None).defer("payload").order_by("type", "pk")[:20], -1
)


class InstancePage:
    """One instance for one viewer. `view` names the selected step as `task:iteration`; empty: the page chooses."""

    def __init__(self, scope: Scope, instance: Instance, *, view: str = "", now: datetime | None = None) -> None:
        self.scope = scope
        self.instance = instance
        self.view = view
        self.now = now or timezone.now()

    @cached_property
    def flow(self) -> Flow:
        """The graph of its version."""
        return flow_of(self.instance.version)

    @cached_property
    def whole_flow(self) -> Flow:
        """The graph with the steps that programs have asked for."""
        return flow_with(plan_of(self.instance.version_id), self.state)

    @cached_property
    def names(self) -> Mapping[str, str]:
        """What keys are called."""
        return names_of(self.whole_flow)

    @cached_property
    def state(self) -> State:
        """Its marking."""
        plan = plan_of(self.instance.version_id)
        return state_from_json(json.loads(self.instance.state)) if self.instance.state else new_state(plan)

    @cached_property
    def marks(self) -> GraphMarks:
        """Where it stands, for the graph."""
        return marks_of(plan_of(self.instance.version_id), self.state)

    # -- steps --------------------------------------------------------------------------------------------------------

    @cached_property
    def looks(self) -> list[StepLook]:
        """Its steps as they began; without inputs and outputs, which may be large."""
        latest = in_order(self._of_instance(self.latest_steps))
        return looks_of(self.whole_flow, latest, now=self.now, people=people_called(self.scope, latest))

    @cached_property
    def latest_steps(self) -> list[Step]:
        """Its steps, the latest first."""
        return _STEPS.all(self.instance.pk)

    def _of_instance(self, steps: list[Step]) -> list[Step]:
        """Steps that know their instance."""
        for step in steps:
            step.instance = self.instance
        return steps

    @cached_property
    def timeline(self) -> Timeline:
        """When each step ran."""
        return lay_out(spans_of(self.looks), now=self.instance.ended_at or self.now)

    @cached_property
    def timeline_rows(self) -> list[PageRow]:
        """The timeline's rows with the names of their tasks."""
        return [PageRow(row.task, timeline_row(self.name_of(row.task), row)) for row in self.timeline.rows]

    @property
    def sections(self) -> Sections:
        """Its sections as HTML."""
        return Sections(self)

    @property
    def timeline_html(self) -> SafeString:
        """Those rows."""
        return _joined(self.timeline_rows)

    @property
    def steps_html(self) -> SafeString:
        """The rows of the table of steps."""
        return _joined(self.step_rows)

    @cached_property
    def step_rows(self) -> list[PageRow]:
        """The rows of the table of steps."""
        return [PageRow(look.key, step_row(look)) for look in self.looks]

    @cached_property
    def fact_rows(self) -> list[PageRow]:
        """The rows of its newest facts."""
        return [PageRow(f"fact-{row.fact.number}", row.html) for row in self.history.rows]

    def rows_of(self, part: str) -> Sequence[PageRow]:
        """The rows of a part that has any: a change leaves most of them as they are."""
        return {"timeline": self.timeline_rows, "steps": self.step_rows, "history": self.fact_rows}.get(part, ())

    @cached_property
    def selected_key(self) -> str:
        """`task:iteration` of the step shown in full: the asked-for one, else what needs attention, else the latest."""
        if self.view:
            return self.view
        for wanted in (_is_failed, _is_for_person, _is_open):
            found = next((look for look in self.looks if wanted(look)), None)
            if found is not None:
                return found.key
        ran = [look for look in self.looks if look.status != "skipped"]
        return ran[-1].key if ran else ""

    @cached_property
    def selected(self) -> StepLook | None:
        """The step shown in full, with its data. None where the key names no task of this version."""
        if self.selected_place is None:
            return None
        task = self.whole_flow.tasks.get(self.selected_place[0])
        if self.selected_rows:
            return looks_of(self.whole_flow, self._of_instance(self.selected_rows), now=self.now)[0]
        return StepLook(task, None, self.flow, now=self.now) if task is not None else None

    @cached_property
    def selected_place(self) -> tuple[str, int | None] | None:
        """Its task and iteration, None for the latest; None where the key is none."""
        task, _, iteration = self.selected_key.partition(":")
        if iteration and not (iteration.isascii() and iteration.isdecimal() and len(iteration) < 9):
            return None
        return task, int(iteration) if iteration else None

    @cached_property
    def selected_rows(self) -> list[Step]:
        """That step, if it has begun, with its data."""
        read_selected([self])
        return self.selected_rows

    @cached_property
    def panel(self) -> TaskPanel | None:
        """The selected step with what this viewer may do with it."""
        return TaskPanel(self.scope, self.instance, self.selected) if self.selected else None

    @cached_property
    def decision(self) -> FactWords | None:
        """How the selected decision was taken."""
        look = self.selected
        if look is None or look.step is None or look.task.kind != "decision":
            return None
        facts = Fact.objects.filter(
            instance=self.instance, type="DecisionTaken", task=look.step.task, iteration=look.step.iteration
        )
        fact = facts.order_by("-number").first()
        return fact_words(fact.type, fact.data, name_of=self.name_of) if fact else None

    # -- the head -----------------------------------------------------------------------------------------------------

    @cached_property
    def actions(self) -> list[Action]:
        """What this viewer may do to it. Those that make no sense now are left out or say why."""
        if not self.scope.allows(Role.OPERATOR):
            return []
        legal = legal_actions(self.instance)
        actions = [Action(key, label, icon, legal[key], risky) for key, label, icon, risky in ACTIONS if key in legal]
        hidden = {key for key, *_ in ACTIONS} if self.instance.is_final else set(HIDDEN_UNLESS_LEGAL)
        if self.instance.status == "errored":
            hidden.discard("retry")  # one looks for it there: after a rollback it says why not
        if not self.has_other_versions:
            actions = [action for action in actions if action.key != "migrate"]
        if not self.flow.closing_reasons and not self.instance.is_final and not offered(self.instance).reasons:
            actions = [action for action in actions if action.key != "close"]
        return [action for action in actions if action.refusal is None or action.key not in hidden]

    @cached_property
    def has_other_versions(self) -> bool:
        """Whether it could go on in another version."""
        if self.instance.is_final:
            return False
        return Version.objects.filter(flow_id=self.instance.flow_id).exclude(pk=self.instance.version_id).exists()

    @property
    def counts(self) -> str:
        """`2 done · 1 open · 1 skipped`."""
        words = {"completed": "done", "not_reached": "not reached"}
        words |= {word: word for word in ("failed", "skipped", "cancelled")}
        words |= {"rolled_back": "rolled back", "rollback_failed": "failed"}
        groups = dict.fromkeys(("done", "open", "failed", "skipped", "cancelled", "rolled back", "not reached"), 0)
        for look in self.looks:
            groups[words.get(look.status, "open")] += 1
        return " · ".join(f"{count} {word}" for word, count in groups.items() if count) or "none yet"

    @property
    def attempts(self) -> int:
        """How many attempts were made."""
        return sum(look.step.attempt for look in self.looks if look.step is not None)

    @property
    def waiting(self) -> list[StepLook]:
        """The open steps, those that wait for a person first."""
        return sorted((look for look in self.looks if look.is_open), key=lambda look: not look.is_for_person)

    @property
    def lasted(self) -> str:
        """How long it took, or has taken so far."""
        began = self.instance.started_at
        return span_words((self.instance.ended_at or self.now) - began) if began else ""

    @property
    def started_by(self) -> str:
        """Who or what started it."""
        return started_by_words(self.instance)

    @cached_property
    def warnings(self) -> list[str]:
        """The limits it has nearly used up, in words."""
        if not self.state.warned:
            return []
        facts = Fact.objects.filter(instance=self.instance, type="InstanceWarned").order_by("number")
        latest = {fact.data.get("limit"): warning_words(fact.data) for fact in facts}
        return [latest[limit] for limit in sorted(self.state.warned) if limit in latest]

    @cached_property
    def call(self) -> Call | None:
        """The call that started it, with its parent; None where something else did, or the parent is gone."""
        if not self.instance.trigger.get("caller"):
            return None
        return Call.objects.filter(child=self.instance).select_related("parent__flow").first()

    @property
    def error_text(self) -> str:
        """Why it failed, in one line."""
        return error_words(self.instance.error) if self.instance.error else ""

    @property
    def error_task(self) -> str:
        """The name of the task that failed first."""
        error = self.instance.error
        return self.name_of(str(error.get("task") or "")) if isinstance(error, Mapping) else ""

    @property
    def input(self) -> JsonText:
        """What it was started with."""
        return json_text(shown_input(self.instance))

    @property
    def input_rows(self) -> Sequence[Row]:
        """The same with labels, for people who read no JSON."""
        return labelled(shown_input(self.instance), self.flow.input_schema, timezone=self.flow.timezone or "UTC")

    @property
    def output(self) -> JsonText:
        """What came of it; redacted where the output of a sensitive step would show."""
        return json_text(shown_output(self.instance))

    @cached_property
    def kept_events(self) -> list[Event]:
        """Events that no wait has consumed yet."""
        return _KEPT_EVENTS.all(self.instance.pk)

    # -- history ------------------------------------------------------------------------------------------------------

    def name_of(self, key: str) -> str:
        """What a key is called."""
        return self.names.get(key, key)

    @cached_property
    def history(self) -> FactPage:
        """Its newest facts."""
        return self.facts_before(None)

    @cached_property
    def newest_facts(self) -> Sequence[Found[Fact]]:
        """Its newest facts, as the database has them."""
        return newest_facts([self.instance.pk])[0]

    def facts_before(self, number: int | None) -> FactPage:
        """A page of facts older than `number`."""
        is_drawn = (
            self.whole_flow is plan_of(self.instance.version_id).flow
        )  # a program's steps get their names as it runs
        found = self.newest_facts if number is None else older_facts(self.instance.pk, number)
        return page_of(self.scope, found, self.names, version=self.instance.version_id if is_drawn else None)


def read_together(pages: Sequence[InstancePage]) -> None:
    """Ask the database for what all these pages show, with a few statements for all of them."""
    ids = [page.instance.pk for page in pages]
    each = [(pk,) for pk in ids]
    found = zip(_STEPS.all_each(each), _KEPT_EVENTS.all_each(each), newest_facts(ids), strict=True)
    for page, (steps, events, facts) in zip(pages, found, strict=True):
        page.latest_steps, page.kept_events, page.newest_facts = steps, events, facts
    read_selected(pages)


def read_selected(pages: Sequence[InstancePage]) -> None:
    """Of each page the step that it shows in full."""
    at: list[tuple[InstancePage, tuple[int, str, int]]] = []
    latest: list[tuple[InstancePage, tuple[int, str]]] = []
    for page in pages:
        page.selected_rows = []
        task, iteration = page.selected_place or ("", None)
        if iteration is not None:
            at.append((page, (page.instance.pk, task, iteration)))
        elif task:
            latest.append((page, (page.instance.pk, task)))
    for (page, (pk, step, _)), rows in zip(at, _STEP.all_each([asked for _, asked in at]), strict=True):
        page.selected_rows = rows
        if rows and rows[0].is_past:  # a restart has left it behind: what counts is the round since then
            latest.append((page, (pk, step)))
    for (page, _), rows in zip(latest, _LATEST_STEP.all_each([asked for _, asked in latest]), strict=True):
        page.selected_rows = [row for row in rows if not row.is_past]


def started_by_words(instance: Instance) -> str:
    """Who or what started an instance: `Ada`, `API key shop`, `schedule`, `event payment.saved`."""
    trigger: Mapping[str, Any] = instance.trigger if isinstance(instance.trigger, Mapping) else {}
    kind = str(trigger.get("type") or "")
    if instance.started_by is not None:
        return instance.started_by.display_name
    by = trigger.get("by")
    words = {
        "cron": "schedule",
        "webhook": "webhook",
        "form": "form",
        "api": "API",
        "event": "event",
        "call": "call",
    }.get(kind, kind)
    return " · ".join(str(part) for part in (words, by or trigger.get("event")) if part) or "Quadrille"


def _joined(rows: Sequence[PageRow]) -> SafeString:
    return mark_safe("\n".join(row.html for row in rows))  # noqa: S308 (rows that templates made)


def _is_failed(look: StepLook) -> bool:
    return look.status == "failed"


def _is_for_person(look: StepLook) -> bool:
    return look.is_for_person


def _is_open(look: StepLook) -> bool:
    return look.is_open
