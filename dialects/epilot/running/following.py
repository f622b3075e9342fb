"""A document follows the facts of its instance. Pure: what happened is answered, nobody is told."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from designer.graph.model import NONE_MET
from designer.graph.plan import Plan
from dialects.epilot.ids import iso
from dialects.epilot.running.documents import FINISHED, task_by_id
from dialects.epilot.running.statuses import Event, set_enabled, set_phases, set_status
from dialects.epilot.translate.words import key_of
from engine.core.facts import Fact, FactType
from engine.core.state import State, StepStatus

Json = dict[str, Any]
SCHEDULE_ERRORS: Final = {
    "ReferenceMissing": "ATTRIBUTE_MISSING",
    "BadMoment": "ATTRIBUTE_INVALID",
    "TemplateError": "ATTRIBUTE_INVALID",
    "MomentPassed": "SCHEDULED_IN_PAST",
}
RUN_EVENT: Final = "automation.ended:"


class Following:
    """One document while facts are followed. `runs`: by task key how its last automation went
    (`{execution_id, execution_status, error_reason}`); `who` names an actor as the vendor does.
    """

    def __init__(
        self, document: Json, plan: Plan, state: State, *, runs: Mapping[str, Json], who: Callable[[Any], str]
    ) -> None:
        self.document, self.plan, self.state, self.runs, self.who = document, plan, state, runs, who
        self.events: list[Event] = []
        self.went_back = False

    def follow(self, facts: Iterable[Fact]) -> list[Event]:
        """Bring the document up to date; answers what happened, tasks before phases before the flow."""
        last = None
        before = {entry["id"] for entry in self.document["crt_tasks"]}
        for fact in facts:
            last = fact
            handler = _HANDLERS.get(fact.type)
            if handler is None:
                continue
            if fact.task is None:
                handler(self, fact, {}, {})
                continue
            note = self.document["_"]["tasks"].get(fact.task)
            task = task_by_id(self.document, note["id"]) if note else None
            if note is not None and task is not None:
                handler(self, fact, task, note)
        if last is None:
            return []
        self._set_current(last)
        if self.went_back:
            self._recount_loops()
        set_enabled(self.document)
        self.document["updated_at"] = iso(last.at)
        flow = [event for event in self.events if event[1] is self.document]
        tasks = [event for event in self.events if event[1] is not self.document]
        phases = set_phases(self.document, at=last.at)
        set_enabled(self.document)
        now = [entry["id"] for entry in self.document["crt_tasks"]]
        moved = [t for t in self.document["tasks"] if t["id"] in now and t["id"] not in before]
        return [*tasks, *phases, *(("CurrTaskChanged", task) for task in moved), *flow]

    def _set_current(self, last: Fact) -> None:
        """Current are the tasks whose steps are open; the last ones stay known for a reopening."""
        since = {entry["id"]: entry["crt_since"] for entry in self.document["crt_tasks"]}
        notes = self.document["_"]["tasks"]
        current = []
        for key, note in notes.items():
            node = self.plan.index.get(key)
            is_open = node is not None and self.state.nodes[node].is_open
            if is_open:
                current.append({"id": note["id"], "crt_since": since.get(note["id"], iso(last.at))})
            elif node is not None and self.state.nodes[node] is StepStatus.IDLE:
                self._reset(key, note, last)
        if current or not self.state.status.is_final:
            self.document["_"]["last"] = [entry["id"] for entry in current]
        self.document["crt_tasks"] = current

    def _reset(self, key: str, note: Json, last: Fact) -> None:
        """A step that had begun and has not any more: the flow went back over it."""
        if note.get("round") and not note.get("ahead"):
            task = task_by_id(self.document, note["id"])
            note["round"] = 0
            if task is not None:
                _clear_schedule(task)
                self.events += set_status(self.document, task, "PENDING", at=last.at)

    def _recount_loops(self) -> None:
        """The flow went back, perhaps over loops: each of their tasks carries the count that its loop has now."""
        for loop in sorted(self.plan.loops, key=lambda loop: -len(loop.body)):  # what is inside says it last
            count = self.state.rounds[loop.index] - 1
            for node in {loop.decision, *loop.body}:
                note = self.document["_"]["tasks"].get(self.plan.nodes[node].key)
                entry = task_by_id(self.document, note["id"]) if note else None
                if entry is not None and entry.get("loop_config"):
                    entry["loop_config"]["crt_iterations"] = count

    # -- steps --------------------------------------------------------------------------------------------------------

    def enter(self, fact: Fact, task: Json, note: Json) -> None:
        """A step has begun its round."""
        if note.get("round") == fact.iteration:
            return
        if note.get("round") and not note.get("ahead"):
            self.events += set_status(self.document, task, "PENDING", at=fact.at)
        note["round"] = fact.iteration
        task["analytics"]["started_at"] = iso(fact.at)
        _clear_schedule(task)

    def ready(self, fact: Fact, task: Json, note: Json) -> None:
        """It is its turn, or its scheduled moment has come."""
        self.enter(fact, task, note)
        _clear_schedule(task)
        if not fact.derived and task["task_type"] in ("AUTOMATION", "AI_AGENT"):
            self._run_begins(fact, task)

    def started(self, fact: Fact, task: Json, note: Json) -> None:
        """An attempt has begun."""
        self._run_begins(fact, task)

    def _run_begins(self, fact: Fact, task: Json) -> None:
        if task["status"] not in FINISHED:
            self.events += set_status(self.document, task, "IN_PROGRESS", at=fact.at)

    def scheduled(self, fact: Fact, task: Json, note: Json) -> None:
        """It waits for its moment."""
        self.enter(fact, task, note)
        schedule = task.setdefault("schedule", {"mode": "delayed", "duration": 1, "unit": "minutes"})
        moment = str(fact.data.get("wakes_at", ""))
        schedule.pop("error_reason", None)
        schedule |= {"schedule_id": f"sch-{note['id'][:18]}-{fact.iteration}", "scheduled_at": _utc(moment)}
        if task["status"] not in FINISHED:
            self.events += set_status(self.document, task, "SCHEDULED", at=fact.at)

    def waiting(self, fact: Fact, task: Json, note: Json) -> None:
        """It waits for a person, or for a run that goes on; perhaps because it failed."""
        self.enter(fact, task, note)
        key = fact.task or ""
        error = fact.data.get("error")
        event = str(fact.data.get("event_type", ""))
        if event.startswith(RUN_EVENT):
            self._note_run(key, task)
            self._run_begins(fact, task)
        elif isinstance(error, Mapping) and error.get("name") in SCHEDULE_ERRORS and task.get("schedule"):
            task["schedule"]["error_reason"] = _error_reason(error)
            self.events += set_status(self.document, task, "PENDING", at=fact.at)
        elif isinstance(error, Mapping):
            self._note_run(key, task, error)
            self.events += set_status(self.document, task, "FAILED", at=fact.at)

    def completed(self, fact: Fact, task: Json, note: Json) -> None:
        """It is done."""
        self.enter(fact, task, note)
        _clear_schedule(task)
        self._note_run(fact.task or "", task)
        status = note.pop("as", None) or "COMPLETED"
        run = self.runs.get(fact.task or "", {}).get("execution_status")
        if run in ("skipped", "cancelled") and task["task_type"] in ("AUTOMATION", "AI_AGENT"):
            status = "SKIPPED"
        if note.pop("ahead", None) and task["status"] in FINISHED:
            status = task["status"]
        self.events += set_status(self.document, task, status, at=fact.at, by=self._by(fact))

    def skipped(self, fact: Fact, task: Json, note: Json) -> None:
        """A person passed over it. One to which no way led stays as it is: the vendor does not touch it."""
        if fact.data.get("by") is None and not fact.data.get("is_ahead"):
            return
        self.enter(fact, task, note)
        _clear_schedule(task)
        status = note.pop("as", None) or "SKIPPED"
        if note.pop("ahead", None) and task["status"] in FINISHED:
            status = task["status"]
        self.events += set_status(self.document, task, status, at=fact.at, by=self._by(fact))

    def failed(self, fact: Fact, task: Json, note: Json) -> None:
        """It failed for good, in a flow that was drawn so."""
        self.enter(fact, task, note)
        self._note_run(fact.task or "", task, fact.data.get("error"))
        if task["status"] not in FINISHED:
            self.events += set_status(self.document, task, "FAILED", at=fact.at)

    def cancelled(self, fact: Fact, task: Json, note: Json) -> None:
        """It was stopped; its timer is gone."""
        _clear_schedule(task)
        if task["status"] in ("SCHEDULED", "CONDITION_PENDING"):
            self.events += set_status(self.document, task, "PENDING", at=fact.at)

    def held(self, fact: Fact, task: Json, note: Json) -> None:
        """A person put it on hold."""
        status = note.pop("as", None) or "ON_HOLD"
        self.events += set_status(self.document, task, status, at=fact.at, by=self._by(fact))

    def released(self, fact: Fact, task: Json, note: Json) -> None:
        """It may be done again."""
        status = note.pop("as", None) or "PENDING"
        self.events += set_status(self.document, task, status, at=fact.at, by=self._by(fact))

    def assigned(self, fact: Fact, task: Json, note: Json) -> None:
        """Somebody else is to do it."""
        if not note.pop("assigning", None):
            task["assigned_to"] = list(fact.data.get("to", ()))
            self.events.append(("TaskUpdated", task))

    def decided(self, fact: Fact, task: Json, note: Json) -> None:
        """A decision was taken: what it saw is kept with its conditions."""
        met = {record["key"]: bool(record["is_met"]) for record in fact.data.get("conditions", ())}
        branches = fact.data.get("branches", ())
        for condition in task.get("conditions") or ():
            key = key_of(condition["id"])
            if key in met:
                condition |= {"is_met": met[key], "evaluated_at": iso(fact.at)}
            elif key in branches or (str(condition["id"]).startswith("none-met-") and NONE_MET in branches):
                condition |= {"is_met": True, "evaluated_at": iso(fact.at)}

    def went_round(self, fact: Fact, task: Json, note: Json) -> None:
        """A loop goes round: its decision and its body start anew."""
        rounds = int(fact.data.get("round", 1)) - 1
        if task.get("loop_config"):
            task["loop_config"]["crt_iterations"] = rounds
        loop = self.plan.loop_of_decision.get(self.plan.index[fact.task or ""])
        if loop is None:
            return
        for node in self.plan.loops[loop].body:
            other = self.document["_"]["tasks"].get(self.plan.nodes[node].key)
            entry = task_by_id(self.document, other["id"]) if other else None
            if other is None or entry is None:
                continue
            other["round"] = 0
            if "loop_branch_id" not in (entry.get("loop_config") or {}):
                count = rounds if self.plan.nodes[node].loop == loop else 0  # a loop inside begins anew
                entry.setdefault("loop_config", {"max_iterations": 1})["crt_iterations"] = count
            elif entry is not task:
                entry["loop_config"]["crt_iterations"] = 0
            self.events += set_status(self.document, entry, "PENDING", at=fact.at)

    # -- the flow -----------------------------------------------------------------------------------------------------

    def flow_started(self, fact: Fact, task: Json, note: Json) -> None:
        """It starts."""
        self.events.append(("FlowStarted", self.document))

    def flow_done(self, fact: Fact, task: Json, note: Json) -> None:
        """It came to its end."""
        self.document["status"] = "DONE"
        self.document["analytics"]["completed_at"] = iso(fact.at)
        self.events.append(("FlowCompleted", self.document))

    def flow_closed(self, fact: Fact, task: Json, note: Json) -> None:
        """It was ended early."""
        if self.document["status"] != "STARTED":
            return
        unfinished = any(t["status"] not in FINISHED for t in self.document["tasks"])
        status = self.document["_"].pop("as", "CLOSED")
        self.document["status"] = status
        analytics = self.document["analytics"]
        if status == "DONE":
            analytics["completed_at"] = iso(fact.at)
        else:
            analytics["closed_at"] = iso(fact.at)
            analytics.setdefault("closed_by", self._by(fact))
        is_cancelled = unfinished and status == "CLOSED"
        self.events.append(("FlowCancelled" if is_cancelled else "FlowCompleted", self.document))

    def flow_reopened(self, fact: Fact, task: Json, note: Json) -> None:
        """It goes on, or goes back."""
        self.went_back = True
        if self.document["status"] != "STARTED":
            self.document["status"] = "STARTED"
            for name in ("completed_at", "closed_at", "closed_by"):
                self.document["analytics"].pop(name, None)
            self.events.append(("FlowReopened", self.document))

    # -- parts --------------------------------------------------------------------------------------------------------

    def _by(self, fact: Fact) -> str:
        return self.who(fact.data.get("by") or fact.data.get("actor"))

    def _note_run(self, key: str, task: Json, error: Any = None) -> None:
        run = self.runs.get(key)
        if run is None and isinstance(error, Mapping):
            run = {"execution_status": "failed", "error_reason": str(error.get("message", ""))[:500]}
        if run is None:
            return
        if task["task_type"] == "AUTOMATION":
            config = task.setdefault("automation_config", {"flow_id": ""})
            config.pop("error_reason", None)
            config |= run
        elif task["task_type"] == "AI_AGENT":
            agent = {**run}
            if agent.get("execution_status") in ("no_eligible_partner", "missing_input"):
                agent["outcome"] = agent["execution_status"]
            task["agent_execution"] = agent


def _clear_schedule(task: Json) -> None:
    for name in ("schedule_id", "scheduled_at", "error_reason"):
        (task.get("schedule") or {}).pop(name, None)


def _error_reason(error: Mapping[str, Any]) -> str:
    code = SCHEDULE_ERRORS[str(error["name"])]
    return json.dumps({"error_code": code, "error_reason": str(error.get("message", "")), "error_info": {}})


def _utc(moment: str) -> str:
    return iso(datetime.fromisoformat(moment))


_HANDLERS: Final[dict[FactType, Callable[[Following, Fact, Json, Json], None]]] = {
    FactType.STEP_READY: Following.ready,
    FactType.STEP_BLOCKED: Following.enter,
    FactType.STEP_STARTED: Following.started,
    FactType.STEP_SCHEDULED: Following.scheduled,
    FactType.STEP_WAITING: Following.waiting,
    FactType.STEP_COMPLETED: Following.completed,
    FactType.STEP_SKIPPED: Following.skipped,
    FactType.STEP_FAILED: Following.failed,
    FactType.STEP_CANCELLED: Following.cancelled,
    FactType.STEP_PUT_ON_HOLD: Following.held,
    FactType.STEP_RELEASED: Following.released,
    FactType.STEP_ASSIGNED: Following.assigned,
    FactType.DECISION_TAKEN: Following.decided,
    FactType.LOOP_ENTERED: Following.went_round,
    FactType.INSTANCE_STARTED: Following.flow_started,
    FactType.INSTANCE_COMPLETED: Following.flow_done,
    FactType.INSTANCE_CLOSED: Following.flow_closed,
    FactType.INSTANCE_TERMINATED: Following.flow_closed,
    FactType.INSTANCE_FAILED: Following.flow_closed,
    FactType.INSTANCE_RESTARTED: Following.flow_reopened,
    FactType.INSTANCE_RETRIED: Following.flow_reopened,
    FactType.INSTANCE_REVERTED: Following.flow_reopened,
}
