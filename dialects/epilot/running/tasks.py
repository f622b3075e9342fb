"""What is done with the tasks and phases of an execution."""

from __future__ import annotations

from typing import Any, Final

from accounts.scope import Scope
from dialects.epilot.errors import Refusal, bad_request
from dialects.epilot.ids import iso
from dialects.epilot.models import Execution
from dialects.epilot.running.documents import FINISHED, note_of, phase_by_id
from dialects.epilot.running.due_dates import moment_of
from dialects.epilot.running.executions import set_due_date
from dialects.epilot.running.following_rows import run_json
from dialects.epilot.running.statuses import ALLOWED, set_enabled, set_phases, set_status
from dialects.epilot.running.work import Work, changing, step_of
from dialects.epilot.translate.incoming import branch_of, default_ids
from engine.actions.run_automation import output_of
from engine.core.facts import FactType
from engine.core.ports import Completed, TimerPurpose, Waiting
from engine.core.state import StepStatus
from engine.entities.automations import ENDED_WELL, RUNNING, begin_run
from engine.entities.models import AutomationRun
from engine.models import Timer
from engine.services.actors import actor_of
from engine.services.case import Case

Json = dict[str, Any]
PLAIN: Final = ("name", "description", "ecp", "installer", "partner", "journey")
READ_AS: Final = {"UNASSIGNED": "PENDING", "ASSIGNED": "PENDING"}


def patch_task(scope: Scope, key: str, task_id: str, body: Json, *, user: str, is_v1: bool = False) -> Json:
    """Change a task. Raises `Refusal`."""
    with changing(scope, key, user, is_v1=is_v1) as work:
        task = work.task(task_id)
        status = READ_AS.get(body.get("status", ""), body.get("status"))
        if status is not None and status != task["status"]:
            _refuse_when_ended(work)
        _set_fields(work, task, body)
        if status is not None and status != task["status"]:
            change_status(work, work.task(task_id), status, body)
        else:
            work.events.append(("TaskUpdated", work.task(task_id)))
        refresh(work)
    return work.task(task_id)


def refresh(work: Work) -> None:
    """What follows from other fields and statuses: phases, enabled tasks, and steps that may begin by that."""
    work.events += set_phases(work.document, at=work.now)
    set_enabled(work.document)
    work.document["updated_at"] = iso(work.now)
    for key, note in list(work.document["_"]["tasks"].items()):
        task = work.task(note["id"])
        is_current = any(entry["id"] == task["id"] for entry in work.document["crt_tasks"])
        may_begin = is_current and task["enabled"] and task["status"] not in FINISHED
        if may_begin and work.document["status"] == "STARTED" and work.status(key) is StepStatus.BLOCKED:
            work.tell(FactType.STEP_READY, key, regardless=True)


def _refuse_when_ended(work: Work) -> None:
    if work.document["status"] == "CLOSED":
        raise bad_request("Flow execution is closed")
    if work.document["status"] == "DONE" and not work.instance().status == "complete":
        raise bad_request("Flow execution is done")


def _set_fields(work: Work, task: Json, body: Json) -> None:
    task["updated_at"] = iso(work.now)
    for name in PLAIN:
        if name in body:
            task[name] = body[name]
    if set_due_date(work.document, task, body, at=work.now):
        _tell_due(work, task)
    if "automation_config" in body and task["task_type"] == "AUTOMATION":
        task["automation_config"] = {**task.get("automation_config", {}), **body["automation_config"]}
    if "enabled" in body:
        note_of(work.document, task)["forced"] = body["enabled"]
        task["enabled"] = body["enabled"]
    if "assigned_to" in body:
        task["assigned_to"] = body["assigned_to"]
        _tell_assigned(work, task)


def _tell_assigned(work: Work, task: Json) -> None:
    """Let the inbox show it."""
    key = work.key(task["id"])
    if work.status(key) in (StepStatus.WAITING, StepStatus.HELD) and not work.instance().is_final:
        names = [a if isinstance(a, str) else a["variable"] for a in task["assigned_to"]]
        note_of(work.document, task)["assigning"] = True
        work.tell(FactType.STEP_ASSIGNED, key, to=names)


def _tell_due(work: Work, task: Json) -> None:
    key = work.key(task["id"])
    due = moment_of(task.get("due_date") or "", work.document["_"]["timezone"])
    if due is None and task.get("due_date"):
        return  # a template that has no value yet
    if work.status(key) not in (StepStatus.WAITING, StepStatus.HELD) or work.instance().is_final:
        return
    moment = due.isoformat() if due else None

    def apply(case: Case) -> None:
        step = step_of(case, key)
        told = [case.fact(FactType.DUE_DATE_SET, step, due_at=moment, by=actor_of(work.scope))]
        if due is not None and due > case.now:
            told.append(case.fact(FactType.TIMER_SET, step, purpose=TimerPurpose.DUE.value, due_at=moment))
        else:  # its other timers stay: it may wait for its schedule
            Timer.objects.filter(**step._asdict(), purpose=TimerPurpose.DUE).delete()
        case.tell(*told)

    work.change(apply)


# -- statuses ---------------------------------------------------------------------------------------------------------


def change_status(work: Work, task: Json, status: str, body: Json) -> None:
    """Give a task another status. Raises `Refusal` for one that cannot follow the present one."""
    before, is_reverting = task["status"], bool(body.get("revert_execution"))
    allowed = ALLOWED.get(before, ())
    if before in FINISHED and status == "IN_PROGRESS" and is_reverting:
        allowed = (*allowed, status)
    if status not in allowed:
        raise bad_request(f"Invalid status transition from {before} to {status}")
    if before not in FINISHED and not task["enabled"]:
        raise bad_request("Task is disabled")
    key = work.key(task["id"])
    step = work.status(key)
    if before in FINISHED:
        _change_finished(work, task, status, step, is_reverting=is_reverting)
    elif step.is_open:
        _change_current(work, task, status, step, body)
    else:
        _change_later(work, task, status, step, body)


def _change_finished(work: Work, task: Json, status: str, step: StepStatus, *, is_reverting: bool) -> None:
    key = work.key(task["id"])
    note = note_of(work.document, task)
    if step is StepStatus.IDLE:
        if status == "PENDING":
            note.pop("ahead", None)
            if not work.instance().is_final:
                work.tell(FactType.STEP_DONE_AHEAD, key, taken_back=True)
                task = work.task(task["id"])
    elif is_reverting and status in ("PENDING", "IN_PROGRESS"):
        plan, _ = work.standing()
        type, name = FactType.INSTANCE_RESTARTED, "from"
        if plan.task(plan.index[key]).kind == "manual":
            type, name = FactType.INSTANCE_REVERTED, "to"
        work.tell(type, **{name: key}, reason="Reverted")
        task = work.task(task["id"])
    work.events += set_status(work.document, task, status, at=work.now, by=work.user)


def _change_later(work: Work, task: Json, status: str, step: StepStatus, body: Json) -> None:
    """Of a task whose turn has not come (or will not) only the record changes; done, it is passed when it comes."""
    if status in FINISHED and step is StepStatus.IDLE and not work.instance().is_final:
        branch = _branch(task, body, work) if task["task_type"] == "DECISION" and "next_condition_id" in body else None
        note_of(work.document, task)["ahead"] = True
        work.events += set_status(work.document, task, status, at=work.now, by=work.user)
        work.tell(FactType.STEP_DONE_AHEAD, work.key(task["id"]), **({"branch": branch} if branch else {}))
        return
    work.events += set_status(work.document, task, status, at=work.now, by=work.user)


def _change_current(work: Work, task: Json, status: str, step: StepStatus, body: Json) -> None:
    key, document = work.key(task["id"]), work.document
    match status:
        case "COMPLETED":
            complete(work, task, body)
        case "SKIPPED":
            work.tell(FactType.STEP_SKIPPED, key, reason="Skipped")
        case "ON_HOLD" if step is StepStatus.WAITING:
            _hold(work, task, "ON_HOLD")
        case "PENDING" | "IN_PROGRESS" if step is StepStatus.HELD:
            note_of(document, task)["as"] = status
            work.tell(FactType.STEP_RELEASED, key)
        case "IN_PROGRESS" if task["status"] in ("SCHEDULED", "CONDITION_PENDING"):
            _hold(work, task, "IN_PROGRESS")
        case _:
            work.events += set_status(document, task, status, at=work.now, by=work.user)


def _hold(work: Work, task: Json, status: str) -> None:
    """Hold a step; its timer, if it has one, goes."""
    key = work.key(task["id"])
    note_of(work.document, task)["as"] = status

    def apply(case: Case) -> None:
        step = step_of(case, key)
        case.tell(case.fact(FactType.STEP_PUT_ON_HOLD, step, by=actor_of(work.scope)))
        case.dropped[step] = None
        case.patch(step).columns["wakes_at"] = None

    work.change(apply)
    for name in ("schedule_id", "scheduled_at"):
        (work.task(task["id"]).get("schedule") or {}).pop(name, None)


def complete(work: Work, task: Json, body: Json) -> None:
    """Complete a current task; a manual decision by the branch that is named. Raises `Refusal`."""
    key = work.key(task["id"])
    if task["task_type"] == "DECISION":
        if task.get("trigger_mode") == "manual" or "next_condition_id" in body:
            settle_step(work, task, Completed(branches=(_branch(task, body, work),), by=actor_of(work.scope)))
        else:
            start_step(work, task)
        return
    if work.status(key) in (StepStatus.WAITING, StepStatus.HELD):
        settle_step(work, task, Completed(output=None, by=_actor(work, body)))
        return
    # An attempt is under way or blocked: what it answers is not needed any more.
    note_of(work.document, task)["as"] = "COMPLETED"
    work.tell(FactType.STEP_SKIPPED, key, reason="Completed by hand")


def _actor(work: Work, body: Json) -> Json:
    """Who completes a task, as the history says it."""
    actor = dict(actor_of(work.scope))
    return {**actor, "over": "a journey"} if body.get("completed_via_journey") else actor


def settle_step(work: Work, task: Json, result: Completed) -> None:
    """Settle a current step, also one that is on hold."""
    key = work.key(task["id"])

    def apply(case: Case) -> None:
        step = step_of(case, key)
        if case.status(step) is StepStatus.BLOCKED:
            case.tell(case.fact(FactType.STEP_READY, step, by=actor_of(work.scope), regardless=True))
        if case.status(step) is StepStatus.HELD:
            case.tell(case.fact(FactType.STEP_RELEASED, step, by=actor_of(work.scope)))
        case.settle(step, result)

    work.change(apply)


def _branch(task: Json, body: Json, work: Work) -> str:
    wanted = body.get("next_condition_id")
    if not wanted:
        raise bad_request("next_condition_id is required")
    edges = [edge for edge in work.document["edges"] if edge["from_id"] == task["id"]]
    known = {condition["id"] for condition in task.get("conditions") or ()}
    known |= {edge["condition_id"] for edge in edges if edge.get("condition_id")}
    if wanted not in known:
        raise bad_request(f"Condition with id '{wanted}' not found")
    return branch_of(wanted, default_ids(task, edges))


def start_step(work: Work, task: Json) -> None:
    """Let a waiting step run now: its schedule, or the person it waited for, is passed over."""
    work.tell(FactType.STEP_READY, work.key(task["id"]))


# -- automations ------------------------------------------------------------------------------------------------------


def run_automation(scope: Scope, key: str, task_id: str, *, user: str) -> Json:
    """Run the automation of a task. Raises `Refusal`."""
    with changing(scope, key, user) as work:
        task = work.task(task_id)
        _refuse_when_ended(work)
        _run(work, task)
        refresh(work)
    return work.task(task_id)


def _run(work: Work, task: Json) -> None:
    config = task.get("automation_config") or {}
    agent = (task.get("agent_config") or {}).get("agent_id")
    flow_id = config.get("flow_id") or agent
    if not flow_id:
        raise bad_request("Task has no automation configured")
    run = config or task.get("agent_execution") or {}
    if run.get("execution_status") in RUNNING:
        raise bad_request("Automation is already running")
    if not task["enabled"]:
        raise bad_request("Task is disabled")
    key = work.key(task["id"])
    step = work.status(key)
    if step in (StepStatus.READY, StepStatus.RUNNING, StepStatus.RETRYING):
        raise bad_request("Automation is already running")
    if step is StepStatus.WAITING:
        _override(work, task, flow_id)
        start_step(work, task)
        return
    made = begin_run(work.scope.environment.pk, flow_id, instance_id=work.execution.instance_id, task=key, now=work.now)
    _note_run(task, made)
    status = task_status(made.status)
    if step is StepStatus.HELD and status in FINISHED:
        note_of(work.document, task)["as"] = status
        settle_step(work, task, Completed(output=output_of(made), by=actor_of(work.scope)))
    elif status in FINISHED and step is StepStatus.IDLE:
        _change_later(work, task, status, step, {})
    else:
        work.events += set_status(work.document, task, status, at=work.now, by=work.user)


def _override(work: Work, task: Json, flow_id: str) -> None:
    """Where a person has named another automation for this task, that one is run."""
    overrides = dict(work.instance().vars.get("automations") or {})
    if overrides.get(work.key(task["id"])) != flow_id:
        instance = work.instance()
        overrides[work.key(task["id"])] = flow_id
        instance.vars = {**instance.vars, "automations": overrides}
        instance.save(update_fields=["vars"])


def _note_run(task: Json, run: AutomationRun) -> None:
    found = run_json(run)
    if task["task_type"] == "AI_AGENT":
        task["agent_execution"] = found
        return
    config = {k: v for k, v in (task.get("automation_config") or {}).items() if k != "error_reason"}
    task["automation_config"] = {**config, **found}


def task_status(run: str) -> str:
    """The status of a task whose automation stands so."""
    if run in RUNNING:
        return "IN_PROGRESS"
    return {"success": "COMPLETED", "skipped": "SKIPPED", "cancelled": "SKIPPED"}.get(run, "FAILED")


def execute_task(scope: Scope, key: str, task_id: str, *, user: str) -> Json:
    """Do a task at once, whatever its kind. Raises `Refusal`."""
    with changing(scope, key, user) as work:
        task = work.task(task_id)
        _refuse_when_ended(work)
        if task["task_type"] in ("AUTOMATION", "AI_AGENT"):
            _run(work, task)
        elif task["status"] not in FINISHED:
            if not task["enabled"]:
                raise bad_request("Task is disabled")
            if work.status(work.key(task_id)).is_open:
                complete(work, task, {})
            else:
                change_status(work, task, "COMPLETED", {})
        refresh(work)
    return work.task(task_id)


def reconcile(scope: Scope, key: str, task_id: str, *, user: str) -> Execution:
    """Copy how the automation of a task has ended to the task. Raises `Refusal`."""
    with changing(scope, key, user) as work:
        task = work.task(task_id)
        run = _run_of(work, task)
        if run is not None and run.status not in RUNNING and task["status"] not in FINISHED:
            _note_run(task, run)
            if work.status(work.key(task_id)).is_open and run.status in ENDED_WELL:
                note_of(work.document, task)["as"] = task_status(run.status)
                settle_step(work, task, Completed(output=output_of(run), by=None))
            else:
                work.events += set_status(work.document, task, task_status(run.status), at=work.now)
                _await_person(work, task)
        refresh(work)
    return work.execution


def _await_person(work: Work, task: Json) -> None:
    """A run that failed elsewhere leaves its step to people."""
    key = work.key(task["id"])

    def apply(case: Case) -> None:
        step = step_of(case, key)
        if case.status(step) is StepStatus.WAITING:
            case.patch(step).columns |= {"waits_for": "person", "event_type": ""}
            case.tell(case.fact(FactType.STEP_ASSIGNED, step, to=[], by=actor_of(work.scope)))

    note_of(work.document, task)["assigning"] = True
    work.change(apply)


def _run_of(work: Work, task: Json) -> AutomationRun | None:
    found = task.get("automation_config") or task.get("agent_execution") or {}
    runs = AutomationRun.objects.filter(environment=work.scope.environment)
    return runs.filter(key=found["execution_id"]).first() if found.get("execution_id") else None


# -- schedules --------------------------------------------------------------------------------------------------------


def run_now(scope: Scope, key: str, task_id: str, *, user: str) -> Json:
    """Do now what is scheduled for later. Raises `Refusal`."""
    with changing(scope, key, user) as work:
        task = _scheduled(work, work.task(task_id))
        start_step(work, task)
        refresh(work)
    return work.task(task_id)


def cancel_schedule(scope: Scope, key: str, *, user: str, task_id: str = "", schedule_id: str = "") -> None:
    """Do not wait for it: the task is skipped, the flow goes on. Raises `Refusal`."""
    with changing(scope, key, user) as work:
        if schedule_id:
            tasks = work.document["tasks"]
            task = next((t for t in tasks if (t.get("schedule") or {}).get("schedule_id") == schedule_id), None)
            if task is None:
                raise Refusal(404, "Schedule not found")
        else:
            task = work.task(task_id)
        _scheduled(work, task)
        work.tell(FactType.STEP_SKIPPED, work.key(task["id"]), reason="The schedule was cancelled")
        refresh(work)


def _scheduled(work: Work, task: Json) -> Json:
    if task["status"] != "SCHEDULED" or not (task.get("schedule") or {}).get("schedule_id"):
        raise bad_request("Task has no schedule")
    _refuse_when_ended(work)
    return task


# -- phases -----------------------------------------------------------------------------------------------------------


def patch_phase(scope: Scope, key: str, phase_id: str, body: Json, *, user: str) -> Json:
    """Change a phase. Raises `Refusal`."""
    with changing(scope, key, user) as work:
        phase = phase_by_id(work.document, phase_id)
        if phase is None:
            raise Refusal(404, "Phase not found")
        for name in ("name", "assigned_to"):
            if name in body:
                phase[name] = body[name]
        set_due_date(work.document, phase, body, at=work.now)
        phase["updated_at"] = iso(work.now)
        work.document["updated_at"] = iso(work.now)
        work.events.append(("PhaseUpdated", phase))
    return phase_by_id(work.document, phase_id) or {}


__all__ = ["Waiting", "patch_task"]
