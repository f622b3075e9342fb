"""Answers for a try, out of what the steps of a real instance got."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from designer.graph.messages import MESSAGE_KINDS
from designer.graph.model import Json
from engine.models import Instance, Step
from engine.services.hiding import is_input_hidden

ANSWERED_KINDS: Final = frozenset(
    {"automation", "ai_agent", "manual", "wait_event", "call", "transfer", "account_update", "digest", "throttle"}
    | {"program"}
    | MESSAGE_KINDS
)
"""Kinds whose outcome comes from outside. The others find it out by themselves."""
OWN_ACTIONS: Final = frozenset({"set_values", "raise_error", "run_script"})
MOST_STEPS: Final = 2_000


@dataclass(frozen=True, slots=True)
class Recording:
    """What an instance was started with and what its steps were answered."""

    input: Json = None
    answers: Mapping[str, Json] = field(default_factory=dict)


def recording_of(instance: Instance, actions: Mapping[str, str]) -> Recording:
    """The recording of an instance. Steps with a sensitive output are left out. `actions`: of automations, by task."""
    found: dict[str, list[Json]] = {}
    rows = instance.steps.filter(is_sensitive=False, is_past=False).order_by("iteration", "pk")
    for step in rows[:MOST_STEPS]:
        if step.kind == "decision":
            found.setdefault(step.task, []).extend(_branch(instance, step))
        elif step.kind in ANSWERED_KINDS and actions.get(step.task) not in OWN_ACTIONS:
            found.setdefault(step.task, []).extend(_answers(step))
    answers = {task: given[0] if len(given) == 1 else given for task, given in found.items() if given}
    return Recording(None if is_input_hidden(instance) else instance.input, answers)


def _answers(step: Step) -> list[Json]:
    """One answer per attempt: those that failed, then what it came to."""
    failed = [{"error": _error(entry["error"])} for entry in step.attempts or () if _has_failed(entry)]
    if step.status == "completed":
        return [*failed, {"output": step.output}]
    if step.status == "skipped" and step.started_at is not None:
        return [{"skip": True}]
    if step.status == "failed" and not failed and step.error:
        return [{"error": _error(step.error)}]
    return failed


def _has_failed(attempt: Mapping[str, Json]) -> bool:
    return bool(attempt.get("error")) and not attempt.get("compensation")


def _error(error: Json) -> dict[str, Json]:
    known = error if isinstance(error, Mapping) else {}
    kept = {name: known[name] for name in ("name", "retryable", "status", "body") if name in known}
    return {"message": str(known.get("message") or "It failed."), **kept}


def _branch(instance: Instance, step: Step) -> list[Json]:
    """What a person chose; a decision that is taken by its conditions is taken by them again."""
    facts = instance.facts.filter(type="DecisionTaken", task=step.task, iteration=step.iteration)
    taken = facts.order_by("-number").first()
    if taken is None or not taken.data.get("by"):
        return []
    branches = taken.data.get("branches") or ["none_met"]
    return [{"branch": branches[0]}]
