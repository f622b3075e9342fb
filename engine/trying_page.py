"""What the editor's “Try it” panel shows: the read model of `templates/engine/trying/`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, Final

from accounts.roles import Role
from accounts.scope import Scope
from designer import models
from designer.graph.model import Flow, Json, Task
from designer.graph.wording import branch_name
from designer.rendering.labels import text_width
from designer.rendering.marks import QUIET, look_of
from designer.rendering.svg import edge_element_id, element_id
from designer.services.drafting import draft_of
from designer.trying.services import answers_of, cases_of, must_pass, sample_of
from engine.display.json_text import JsonText, json_text
from engine.models import Instance
from engine.sandbox.cases import CaseReport, run_cases
from engine.sandbox.examples import names_for, sample_for
from engine.sandbox.trial import Moment, Trial

RECENT: Final = 10
"""How many past instances answers may be taken from."""
SOURCES: Final = {"run": "ran as it will", "given": "your answer", "example": "an example answer"}
WORDS: Final = {"decided": "completed"}
"""Outcomes that are shown by the word of another."""


@dataclass(frozen=True, slots=True)
class MomentRow:
    """One thing that happened, for people."""

    moment: Moment
    sent: JsonText | None
    given: JsonText | None
    output: JsonText | None
    error: str
    can_respond: bool
    task: Task | None = None

    @property
    def look(self) -> Any:
        """Its chip."""
        return look_of(WORDS.get(self.moment.outcome, self.moment.outcome))

    @property
    def source(self) -> str:
        """Where its outcome is from, in words."""
        return SOURCES[self.moment.source.value]

    @property
    def branches(self) -> tuple[str, ...]:
        """The keys of those a decision may take."""
        return self.task.branches if self.task is not None and self.task.kind == "decision" else ()

    @property
    def taken(self) -> list[str]:
        """The names of the branches it took."""
        return [self._name_of(branch) for branch in self.moment.branches]

    @property
    def conditions(self) -> list[tuple[str, bool]]:
        """The names of the branches it looked at, and whether each was met."""
        looked = self.moment.conditions
        return [(self._name_of(str(each.get("key", ""))), bool(each.get("is_met"))) for each in looked]

    def _name_of(self, branch: str) -> str:
        return branch if self.task is None else branch_name(self.task, branch)

    @property
    def key(self) -> str:
        """Under which its answers are kept."""
        return f"rollback:{self.moment.task}" if self.moment.outcome.startswith("roll") else self.moment.task

    @property
    def clock(self) -> datetime:
        """When, in the time of the try."""
        return self.moment.at


@dataclass(frozen=True)
class TryingPanel:
    """A draft, what it is tried with, and what came of it."""

    scope: Scope
    row: models.Flow
    trial: Trial | None = None
    problems: tuple[str, ...] = ()
    refusal: str = ""
    answers: Mapping[str, Json] = field(default_factory=dict)

    @cached_property
    def draft(self) -> Flow:
        """What is tried."""
        return draft_of(self.row)

    @property
    def can_edit(self) -> bool:
        """Whether this member may keep samples and cases."""
        return self.scope.allows(Role.DESIGNER)

    @property
    def input_text(self) -> str:
        """The sample input as typed; of a flow that was never tried an example of what its form asks for."""
        sample = sample_of(self.row)
        if sample is None:
            sample = sample_for(self.draft)
        return json.dumps(sample, indent=2, ensure_ascii=False)

    @property
    def input_names(self) -> str:
        """What the input may name, as JSON: suggested where the sample is typed."""
        return json.dumps(names_for(self.draft))

    @property
    def kept_answers(self) -> dict[str, Json]:
        """Those of the last try."""
        return answers_of(self.row)

    @cached_property
    def recent(self) -> list[Instance]:
        """Past instances, the newest first."""
        rows = Instance.objects.within(self.scope).filter(flow=self.row).only("pk", "key", "status", "created_at")
        return list(rows.order_by("-pk")[:RECENT])

    @property
    def rows(self) -> list[MomentRow]:
        """What happened."""
        return [self._row(moment) for moment in (self.trial.moments if self.trial is not None else ())]

    def _row(self, moment: Moment) -> MomentRow:
        task = self.draft.tasks.get(moment.task)
        error = moment.error if isinstance(moment.error, Mapping) else {}
        settings = task.settings if task is not None else {}
        return MomentRow(
            moment,
            sent=None if moment.sent is None else json_text(moment.sent),
            given=None if moment.input is None or moment.sent is not None else json_text(moment.input),
            output=None if moment.output is None else json_text(moment.output),
            error=": ".join(filter(None, (str(error.get("name", "")), str(error.get("message", ""))))),
            can_respond=settings.get("action") == "http_request",
            task=task,
        )

    @property
    def look(self) -> Any:
        """The chip of the whole try."""
        return look_of(self.trial.status) if self.trial is not None else None

    @property
    def failed_at(self) -> str:
        """The name of the task that made it fail; empty where none did."""
        error = self.trial.error if self.trial is not None else None
        key = str(error.get("task") or "") if isinstance(error, Mapping) else ""
        return self.draft.tasks[key].name if key in self.draft.tasks else key

    @property
    def output(self) -> JsonText | None:
        """What the instance would have put out."""
        return None if self.trial is None or self.trial.output is None else json_text(self.trial.output)

    @property
    def span(self) -> Any:
        """How long it would have taken."""
        return None if self.trial is None else self.trial.ended_at - self.trial.started_at

    # -- for script

    def frames(self) -> list[dict[str, Any]]:
        """For each moment the marks that changed, by element id; and what of it answers are made of."""
        if self.trial is None:
            return []
        edges = {edge.id: edge_element_id(edge) for edge in self.draft.edges}
        return [
            {
                "task": moment.task,
                "id": element_id(moment.task),
                "outcome": moment.outcome,
                "output": moment.output,
                "error": moment.error,
                "nodes": {element_id(key): word for key, word in moment.tasks.items()},
                "edges": {edges[id]: word for id, word in moment.edges.items() if id in edges},
                "words": f"{moment.name}: {look_of(WORDS.get(moment.outcome, moment.outcome)).word}",
            }
            for moment in self.trial.moments
        ]

    def looks(self) -> dict[str, Any]:
        """How each status in the frames is shown on a card."""
        words = {word for moment in (self.trial.moments if self.trial else ()) for word in moment.tasks.values()}
        looks = {word: look_of(word) for word in words}
        return {
            word: {
                "tone": look.tone,
                "icon": look.icon,
                "word": look.word,
                "width": round(text_width(look.word, 10.5, bold=True) + 28, 1),
                "quiet": word in QUIET,
            }
            for word, look in looks.items()
        }


@dataclass(frozen=True)
class CasesPanel:
    """The cases of a draft, run."""

    scope: Scope
    row: models.Flow
    refusal: str = ""
    removed: str = ""
    """The name of the case that has just been taken away, and can be put back."""

    @cached_property
    def report(self) -> CaseReport:
        """What came of them."""
        return run_cases(draft_of(self.row), cases_of(self.row))

    @property
    def can_edit(self) -> bool:
        """Whether this member may change them."""
        return self.scope.allows(Role.DESIGNER)

    @cached_property
    def must_pass(self) -> bool:
        """Whether publishing needs them."""
        return must_pass(self.row)

    def coverage(self) -> dict[str, bool]:
        """By element id of an edge, whether any case takes it."""
        return {edge_element_id(branch.edge): branch.is_taken for branch in self.report.coverage.branches}
