"""Runs an automation of the environment, which may go on for longer than the attempt."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from designer.graph.model import Json
from engine.actions.action import ENDED, ActionFailed, ActionGoesOn, ActionOutcome, ActionRequest, RunnableAction
from engine.entities.automations import ENDED_WELL, begin_run
from engine.entities.models import AutomationRun


class RunAutomation(RunnableAction):
    """Begins a run; answers what it put out, or how it ended.

    `vars.automations` may name another automation for a task of this instance.
    """

    key = "run_automation"
    has_outside_effect = False

    def is_quick(self, inputs: Mapping[str, Json]) -> bool:
        """Always: what runs elsewhere is waited for, not watched."""
        return True

    def run(self, request: ActionRequest) -> ActionOutcome:
        """Raises `ActionFailed` with the run in its details, `ActionGoesOn` for one that has not ended."""
        step = request.step
        if step is None:
            raise ActionFailed("NoInstance", "An automation is run by a step of an instance.")
        instead = step.vars.get("automations")
        instead = instead.get(step.task) if isinstance(instead, Mapping) else None
        key = str(instead or request.inputs.get("automation") or "")
        if not key:
            raise ActionFailed("NoAutomation", "No automation is chosen.")
        run = begin_run(
            step.environment_id,
            key,
            instance_id=step.instance_id,
            task=step.task,
            iteration=step.iteration,
            entity_key=str(request.inputs.get("entity") or "") or _primary(step.context),
            now=step.now,
        )
        if run.status == "in_progress":
            raise ActionGoesOn(event_type_of(run))
        if run.status not in ENDED_WELL:
            raise ActionFailed("AutomationFailed", run.error_reason, run=run.key, outcome=run.status)
        return ActionOutcome(output=output_of(run))


def output_of(run: AutomationRun) -> dict[str, Any]:
    """What a run that has ended well leaves to later tasks."""
    return {**run.output, "run": run.key, "outcome": run.status}


def event_type_of(run: AutomationRun) -> str:
    """The event that tells the end of a run that goes on."""
    return f"{ENDED}{run.key}"


def _primary(context: Any) -> str:
    found = context.get("primary") if isinstance(context, Mapping) else None
    return str(found.get("_id", "")) if isinstance(found, Mapping) else ""


ACTION = RunAutomation()
