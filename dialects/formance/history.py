"""What an instance has done so far, as stages and activities."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from designer.graph.model import Json
from dialects.formance.activities import activities_of, with_wallet_ids
from dialects.formance.definitions import definition_of
from dialects.formance.durations import go_duration
from dialects.formance.stages import STAGES, StageInvalid, resolve
from dialects.formance.translate import STAGE_OF_KIND, Stage, body_of
from dialects.formance.wire import without_nulls
from engine.models import Instance, Step

CANCELED: Final = "canceled"
UNRESOLVED: Final = frozenset(
    {"BadMoment", "TemplateError", "BadEventType", "BadDuration", "Unresolved", "RaisedError"}
)
"""Errors with which a stage ends before it has begun."""
NOT_STARTED: Final = frozenset({"skipped", "blocked", "ready"})
FINISHED: Final = frozenset({"completed", "failed", "cancelled", "skipped"})


def started_stages(instance: Instance, steps: Mapping[str, Step]) -> Iterator[tuple[int, Stage, Step]]:
    """The stages that have started, with their numbers and steps, in order."""
    for number, stage in enumerate(definition_of(instance.version_id).stages):
        step = steps.get(stage.task)
        if step is not None and began_at(step) is not None:
            yield number, stage, step


def began_at(step: Step) -> datetime | None:
    """When a step began; None while it has not."""
    if step.started_at is not None:
        return None if step.status in ("skipped", "blocked") else step.started_at
    return step.ended_at if step.status == "failed" else None


def has_begun(stage: Stage, step: Step) -> bool:
    """Whether a stage really began to be carried out: its variables could be put in."""
    name = step.error.get("name") if isinstance(step.error, Mapping) else None
    return not (step.status == "failed" and name in UNRESOLVED)


def status_json(instance: Instance, steps: Mapping[str, Step], wire_id: str) -> list[dict[str, Any]]:
    """The statuses of the stages that have started."""
    return [
        without_nulls(
            {
                "stage": number,
                "instanceID": wire_id,
                "startedAt": began_at(step),
                "terminatedAt": step.ended_at if step.status in FINISHED else None,
                "error": error_of_step(step, stage),
            }
        )
        for number, stage, step in started_stages(instance, steps)
    ]


def history_json(instance: Instance, steps: Mapping[str, Step]) -> list[dict[str, Any]]:
    """One entry per stage that really began, oldest first."""
    return [
        without_nulls(
            {
                "name": f"Run{camel(stage.kind)}",
                "input": input_of(stage, step, instance.input),
                "startedAt": began_at(step),
                "terminated": step.status in FINISHED,
                "terminatedAt": step.ended_at if step.status in FINISHED else None,
                "error": error_of_step(step, stage),
            }
        )
        for _, stage, step in started_stages(instance, steps)
        if has_begun(stage, step)
    ]


def stage_history_json(
    instance: Instance, steps: Mapping[str, Step], number: int, *, version: int
) -> list[dict[str, Any]] | None:
    """The activities of a stage, oldest first; None where there is no such stage, or it has not begun."""
    for found, stage, step in started_stages(instance, steps):
        if found == number and has_begun(stage, step):
            return activities_of(stage, step, version=version)
    return None


def latest_started(instance: Instance, steps: Mapping[str, Step]) -> tuple[Stage, Step] | None:
    """The stage that started last."""
    started = list(started_stages(instance, steps))
    return started[-1][1:] if started else None


# -- texts ------------------------------------------------------------------------------------------------------------


def error_of_instance(instance: Instance, steps: Mapping[str, Step] | None = None) -> str | None:
    """Why an instance ended early: `canceled` when somebody ended it, else what failed."""
    if instance.status == "terminated":
        return CANCELED
    if instance.status != "errored":
        return None
    task = instance.error.get("task") if isinstance(instance.error, Mapping) else None
    stages: Sequence[Stage] = definition_of(instance.version_id).stages
    stage = next((one for one in stages if one.task == task), None)
    return error_text(instance.error, stage)


def error_of_step(step: Step, stage: Stage) -> str | None:
    """Why a stage failed."""
    if step.status == "cancelled":
        return CANCELED
    return error_text(step.error, stage) if step.status == "failed" else None


def error_text(error: Json, stage: Stage | None) -> str:
    """An error in the vendor's words as far as it has any."""
    if not isinstance(error, Mapping):
        return "failed"
    name, message = str(error.get("name", "")), str(error.get("message", "")) or "failed"
    kind = stage.kind if stage is not None else ""
    if kind == "delay" and name in ("BadMoment", "BadDuration", "TemplateError"):
        body = stage.body if stage is not None else {}
        if "''" in message:
            return "exactly one of duration or until is required"
        if "until" in body:
            return "resolving field 'Until': expected date as rfc3339 format"
        return "resolving field 'Duration': unable to resolve field 'duration' to duration value"
    if kind == "wait_event" and name == "BadEventType":
        return "event is required"
    return message


def input_of(stage: Stage, step: Step, variables: Json) -> dict[str, Any]:
    """The body of a stage as it was run: variables put in, defaults filled in."""
    if isinstance(step.input, Mapping) and step.kind in ("transfer", "account_update"):
        body = body_of(step.kind, step.input)
        return with_wallet_ids(body, step) if step.kind == "transfer" else body
    if stage.kind not in STAGES or step.kind not in STAGE_OF_KIND:
        return {}
    given = variables if isinstance(variables, Mapping) else {}
    try:
        resolved = resolve(stage.kind, stage.body, {key: _text(value) for key, value in given.items()})
    except StageInvalid:
        return _delay_from_step(step) if stage.kind == "delay" else dict(stage.body)
    return with_wallet_ids(resolved, step) if stage.kind == "send" else resolved


def _delay_from_step(step: Step) -> dict[str, Any]:
    """A delay that is written otherwise than this API does: how long it was, or until when."""
    if step.wakes_at is not None and step.started_at is not None:
        return {"until": step.wakes_at}
    if step.ended_at is None or step.started_at is None:
        return {}
    return {
        "duration": go_duration(max(0, round((step.ended_at - step.started_at).total_seconds() * 1_000)) * 1_000_000)
    }


def _text(value: Json) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def camel(kind: str) -> str:
    """`wait_event` as `WaitEvent`."""
    return "".join(word.capitalize() for word in kind.split("_"))
