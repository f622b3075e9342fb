"""Our rows as this API writes them. Optional fields that are empty are left out: its SDKs refuse nulls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from designer.models import Flow
from dialects.formance import ids
from dialects.formance.definitions import definition_of
from engine.models import Instance


def without_nulls(value: Mapping[str, Any]) -> dict[str, Any]:
    """Without the fields that are empty."""
    return {key: entry for key, entry in value.items() if entry is not None}


def workflow_json(flow: Flow) -> dict[str, Any]:
    """A Workflow. The flow is published."""
    live = flow.live_version
    if live is None:
        raise ValueError("only published flows are workflows")
    return {
        "id": ids.encode(ids.FLOW, flow.pk),
        "config": definition_of(live.pk).config,
        "createdAt": flow.created_at,
        "updatedAt": flow.created_at if live.number == 1 else live.published_at,
    }


def instance_id(instance: Instance) -> str:
    """The id of an instance: the UUID it was started with, else one made of its number."""
    if ids.parse(instance.key) is not None and ids.decode(ids.INSTANCE, instance.key) is None:
        return instance.key
    return ids.encode(ids.INSTANCE, instance.pk)


def instance_json(instance: Instance, *, error: str | None = None, **more: Any) -> dict[str, Any]:
    """A WorkflowInstance. `error`: why it ended early."""
    return without_nulls(
        {
            "id": instance_id(instance),
            "workflowID": ids.encode(ids.FLOW, instance.flow_id),
            "createdAt": instance.created_at,
            "updatedAt": instance.ended_at or instance.started_at or instance.created_at,
            "terminated": instance.is_final,
            "terminatedAt": instance.ended_at if instance.is_final else None,
            "error": error,
            **more,
        }
    )


def data(value: Mapping[str, Any] | Sequence[Any]) -> dict[str, Any]:
    """The envelope of single objects and whole lists."""
    return {"data": value}
