"""What happens to instances, told on the bus in the vendor's words, where a trigger of this room listens to them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from accounts.scope import system_scope
from designer.graph.model import Json
from dialects.formance import ids
from dialects.formance.definitions import definition_of
from dialects.formance.history import CANCELED
from dialects.formance.models import EventTrigger
from dialects.formance.triggers import APP, VERSION, is_listened_to
from dialects.formance.wire import instance_id
from engine.models import Instance
from engine.outbox.models import Message
from engine.services.triggers import receive_event

TYPES: Final[Mapping[str, str]] = {
    "instance.started": "STARTED_WORKFLOW",
    "instance.completed": "SUCCEEDED_WORKFLOW",
    "instance.failed": "FAILED_WORKFLOW",
    "instance.terminated": "FAILED_WORKFLOW",
    "instance.closed": "FAILED_WORKFLOW",
    "step.started": "STARTED_WORKFLOW_STAGE",
    "step.completed": "SUCCEEDED_WORKFLOW_STAGE",
    "step.failed": "FAILED_WORKFLOW_STAGE",
    "step.cancelled": "FAILED_WORKFLOW_STAGE",
}


def listening() -> Iterable[int]:
    """The environments in which a trigger listens to what happens to instances."""
    rows = EventTrigger.objects.filter(event__in=set(TYPES.values()), deleted_at=None)
    return rows.values_list("environment_id", flat=True).distinct()


def tell_the_bus(message: Message, now: datetime) -> None:
    """Publish a message as the vendor does. Call it in the transaction that marks it as dispatched."""
    type = TYPES.get(message.type)
    if type is None or not is_listened_to(message.environment_id, type):
        return
    rows = Instance.objects.select_related("environment__organization")
    instance = rows.filter(pk=message.instance_id).first()
    if instance is None:
        return
    payload: dict[str, Json] = {
        "id": ids.encode(ids.FLOW, instance.flow_id),
        "instanceID": instance_id(instance),
    }
    if "task" in message.data:
        stages = definition_of(instance.version_id).stages
        number = next((n for n, stage in enumerate(stages) if stage.task == message.data["task"]), None)
        if number is None:
            return
        payload["number"] = number
    if type.startswith("FAILED"):
        error = message.data.get("error")
        payload["error"] = str(error.get("message", "")) if isinstance(error, Mapping) else CANCELED
    receive_event(system_scope(instance.environment), type, payload, version=VERSION, app=APP, now=now)
