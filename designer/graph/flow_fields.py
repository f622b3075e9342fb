"""What can be set on a flow as a whole: its triggers, limits, retention and entity sync."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from designer.graph.fields import Field, FieldType, choices
from designer.graph.kinds.shared import YEAR_SECONDS

_INPUTS: Final = Field(
    key="inputs",
    type=FieldType.MAP,
    label="Input",
    help="What the instance is started with; without it, the payload as it came.",
    longest=200,
    of=Field(key="", type=FieldType.JSON, label="Value", example="{{ event.order }}"),
)


@dataclass(frozen=True, slots=True)
class TriggerType:
    """One way in which instances are started."""

    key: str
    label: str
    description: str
    icon: str
    fields: tuple[Field, ...] = ()


TRIGGER_TYPES: Final[Mapping[str, TriggerType]] = MappingProxyType(
    {
        kind.key: kind
        for kind in (
            TriggerType("manual", "By hand", "A person starts it in the console.", "person"),
            TriggerType("api", "API", "Another program starts it.", "code"),
            TriggerType(
                "cron",
                "Schedule",
                "Starts by the clock.",
                "clock",
                (
                    Field(
                        key="cron",
                        type=FieldType.CRON,
                        label="Schedule",
                        help="Minute, hour, day of the month, month, day of the week.",
                        example="0 6 * * 1-5",
                        required=True,
                    ),
                    Field(
                        key="timezone",
                        type=FieldType.TIMEZONE,
                        label="Time zone",
                        help="Without one, the flow's.",
                        example="Europe/Berlin",
                    ),
                    _INPUTS,
                ),
            ),
            TriggerType(
                "event",
                "Inbound event",
                "Starts when an event of a type arrives.",
                "flag",
                (
                    Field(
                        key="event",
                        type=FieldType.TEXT,
                        label="Event type",
                        help="What the event is called by whoever sends it.",
                        example="payment.saved",
                        required=True,
                        longest=200,
                    ),
                    Field(
                        key="filter",
                        type=FieldType.CEL,
                        label="Filter",
                        help="Only events for which this is true. `event` is the payload.",
                        example="event.amount > 50",
                        longest=2000,
                    ),
                    _INPUTS,
                ),
            ),
            TriggerType(
                "webhook",
                "Webhook",
                "Starts when its secret address is called.",
                "link",
                (
                    Field(
                        key="signed",
                        type=FieldType.BOOLEAN,
                        label="Signed",
                        help="Only calls signed as in Standard Webhooks are accepted.",
                        default=False,
                    ),
                    _INPUTS,
                ),
            ),
            TriggerType(
                "form",
                "Form",
                "Starts when its form is sent.",
                "form",
                (
                    Field(
                        key="title",
                        type=FieldType.TEXT,
                        label="Title",
                        help="What stands above the form; without it, the flow's name.",
                        example="Report a fault",
                        longest=200,
                    ),
                    Field(
                        key="audience",
                        type=FieldType.CHOICE,
                        label="Open to",
                        help="Members sign in first. Anyone: whoever knows the address.",
                        choices=choices(members="Members", anyone="Anyone"),
                        default="members",
                    ),
                    Field(
                        key="form",
                        type=FieldType.JSON_SCHEMA,
                        label="Form",
                        example='{"type": "object", "properties": {"what": {"type": "string"}}}',
                        help="What is filled in, as a JSON Schema: the input. Without one, the flow's input schema.",
                    ),
                    Field(
                        key="thanks",
                        type=FieldType.LONGTEXT,
                        label="Thanks",
                        help="What is shown once it has been sent.",
                        example="Thank you. We will be in touch.",
                        longest=2000,
                    ),
                ),
            ),
        )
    }
)
"""Every trigger type by its key."""

MOST_STEPS: Final = 10_000
MOST_FACTS: Final = 100_000
"""What an instance may come to where its flow says nothing."""

LIMIT_FIELDS: Final = (
    Field(
        key="concurrency",
        type=FieldType.NUMBER,
        label="Instances at once",
        example="20",
        help="More than these wait in the queue.",
        is_whole=True,
        minimum=1,
        maximum=1_000_000,
    ),
    Field(
        key="concurrency_counts",
        type=FieldType.CHOICE,
        label="Of which count",
        help="Those that wait or are paused take a place, too; or only those that run.",
        choices=choices(unfinished="All that have not ended", running="Those that run"),
        default="unfinished",
    ),
    Field(
        key="max_steps",
        type=FieldType.NUMBER,
        label="Steps of an instance",
        help="An instance that runs more fails; a guard against loops that do not end.",
        is_whole=True,
        minimum=1,
        maximum=1_000_000,
        default=MOST_STEPS,
    ),
    Field(
        key="max_facts",
        type=FieldType.NUMBER,
        label="Facts of an instance",
        help="An instance whose history grows longer fails.",
        is_whole=True,
        minimum=100,
        maximum=10_000_000,
        default=MOST_FACTS,
    ),
)

RETENTION_FIELDS: Final = (
    Field(
        key="success",
        type=FieldType.DURATION,
        label="Complete instances",
        help="Removed so long after their end; without it, kept.",
        example="30 days",
        minimum=1,
        maximum=100 * YEAR_SECONDS,
    ),
    Field(
        key="failure",
        type=FieldType.DURATION,
        label="Failed and terminated instances",
        help="Removed so long after their end; without it, kept.",
        example="90 days",
        minimum=1,
        maximum=100 * YEAR_SECONDS,
    ),
)

ENTITY_SYNC_FIELDS: Final = (
    Field(
        key="on",
        type=FieldType.TEXT,
        label="When",
        help="started, completed, failed or closed; or task:KEY or phase:KEY for their completion.",
        example="task:approve",
        required=True,
        longest=100,
    ),
    Field(
        key="entity",
        type=FieldType.TEXT,
        label="Entity",
        help="Which of the linked entities, by its name in the context.",
        example="order",
        required=True,
        longest=200,
    ),
    Field(
        key="set",
        type=FieldType.MAP,
        label="Attributes",
        help="What is written back.",
        required=True,
        longest=200,
        of=Field(key="", type=FieldType.JSON, label="Value", example="{{ steps.approve.output.decision }}"),
    ),
)

ENTITY_SYNC_MOMENTS: Final = ("started", "completed", "failed", "closed")
