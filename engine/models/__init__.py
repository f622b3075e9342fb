"""What the engine stores: instances with their steps and facts, timers, events, and what triggers did."""

from engine.models.event import Event, InboundEvent
from engine.models.fact import Fact
from engine.models.idempotency import IdempotencyKey
from engine.models.instance import Instance
from engine.models.occurrence import Occurrence
from engine.models.saved_view import SavedView
from engine.models.step import Step
from engine.models.task_notice import TaskNotice
from engine.models.timer import Timer

__all__ = [
    "Event",
    "Fact",
    "IdempotencyKey",
    "InboundEvent",
    "Instance",
    "Occurrence",
    "SavedView",
    "Step",
    "TaskNotice",
    "Timer",
]
