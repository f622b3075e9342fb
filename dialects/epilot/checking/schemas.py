"""The shapes of what is sent, as JSON Schemas.

Sources: the OpenAPI documents of the vendor's clients; both spellings of what their generations spell differently.
"""

from __future__ import annotations

from typing import Any, Final

from dialects.epilot.checking.shapes import NULLABLE, by

Schema = dict[str, Any]


def obj(required: str = "", /, **properties: Schema) -> Schema:
    """An object of known fields; `required`: the names of those that must be there, separated by spaces."""
    return {"type": "object", "properties": properties, "required": required.split()}


def array(items: Schema, **more: Any) -> Schema:
    """An array."""
    return {"type": "array", "items": items, **more}


def one_of(*values: str) -> Schema:
    """One of these words."""
    return {"enum": list(values)}


TEXT: Final[Schema] = {"type": "string", "maxLength": 10_000}
NAME: Final[Schema] = {"type": "string", "minLength": 1, "maxLength": 2_000}
ID: Final[Schema] = {"type": "string", "minLength": 1, "maxLength": 200}
DATE: Final[Schema] = {"type": "string", "maxLength": 60}
NEW_DATE: Final[Schema] = {"type": ["string", "null"], "maxLength": 60, NULLABLE: True}
"""Of something that may have a date already: null takes it away."""
FLAG: Final[Schema] = {"type": "boolean"}
TEXTS: Final = array(TEXT)
IDS: Final = array(ID)
FREE: Final[Schema] = {"type": "object"}
DURATION: Final[Schema] = {"type": "number", "minimum": 1, "maximum": 1_000_000}
UNIT: Final = one_of("minutes", "hours", "days", "weeks", "months", "years")
MODE: Final = one_of("manual", "automatic")
TASK_STATUSES: Final = (
    "PENDING",
    "IN_PROGRESS",
    "COMPLETED",
    "SKIPPED",
    "SCHEDULED",
    "CONDITION_PENDING",
    "WAITING_FOR_CONFIRMATION",
    "ON_HOLD",
    "FAILED",
    "UNASSIGNED",
    "ASSIGNED",
)
FLOW_STATUSES: Final = ("STARTED", "DONE", "CLOSED")
TASK_STATUS: Final = one_of(*TASK_STATUSES)
FLOW_STATUS: Final = one_of(*FLOW_STATUSES)
TASK_TYPES: Final = ("MANUAL", "AUTOMATION", "DECISION", "AI_AGENT")
OPERATORS: Final = (
    "equals",
    "not_equals",
    "any_of",
    "none_of",
    "contains",
    "not_contains",
    "starts_with",
    "ends_with",
    "greater_than",
    "less_than",
    "greater_than_or_equals",
    "less_than_or_equals",
    "is_empty",
    "is_not_empty",
)
ATTRIBUTE_TYPES: Final = (
    "string",
    "text",
    "number",
    "boolean",
    "date",
    "datetime",
    "tags",
    "country",
    "email",
    "phone",
    "product",
    "price",
    "status",
    "relation",
    "multiselect",
    "select",
    "radio",
    "relation_user",
    "purpose",
    "label",
    "message_email_address",
)
DUE_TYPES: Final = (
    "WORKFLOW_STARTED",
    "TASK_FINISHED",
    "PHASE_FINISHED",
    "A_PRECEDING_TASK_COMPLETED",
    "ALL_PRECEDING_TASKS_COMPLETED",
)
SYNC_EVENTS: Final = (
    "FlowStarted",
    "FlowCompleted",
    "FlowCancelled",
    "FlowReopened",
    "FlowDeleted",
    "FlowAssigned",
    "FlowDueDateChanged",
    "FlowContextsChanged",
    "TaskUpdated",
    "CurrTaskChanged",
    "TaskCompleted",
    "TaskSkipped",
    "TaskMarkedInProgress",
    "TaskMarkedOnHold",
    "PhaseUpdated",
    "PhaseCompleted",
    "PhaseSkipped",
    "PhaseMarkedInProgress",
)
SYNC_SOURCES: Final = (
    "workflow_name",
    "workflow_status",
    "workflow_assigned_to",
    "task_name",
    "task_status",
    "task_assigned_to",
    "phase_name",
    "phase_status",
    "phase_assigned_to",
    "custom_value",
)

# -- parts of templates and executions --------------------------------------------------------------------------------

VARIABLE: Final = obj("variable", variable=TEXT, value={"type": ["string", "array"], "items": TEXT})
ASSIGNEES: Final = array({**VARIABLE, "type": ["string", "object"], "maxLength": 10_000})
DUE_CONFIG: Final = obj(
    "duration unit type", duration=DURATION, unit=UNIT, type=one_of(*DUE_TYPES), task_id=ID, phase_id=ID
)
JOURNEY: Final = obj(id=TEXT, journeyId=TEXT, name=TEXT, complete_task_automatically=FLAG)
ECP: Final = obj(enabled=FLAG, label=TEXT, description=TEXT, journey=JOURNEY)
PARTNER: Final = obj(enabled=FLAG, label=TEXT, description=TEXT)
DESCRIPTION: Final = obj(enabled=FLAG, value=TEXT)
REQUIREMENT: Final = obj("when", when=one_of("TASK_FINISHED", "PHASE_FINISHED"), task_id=ID, phase_id=ID)
REFERENCE: Final = obj(
    "id origin",
    id=ID,
    origin=one_of("flow_started", "task_completed", "trigger_entity_attribute", "all_preceding_tasks_completed"),
    schema=TEXT,
    attribute=TEXT,
)
_DELAYED: Final = obj("mode duration unit", mode=TEXT, duration=DURATION, unit=UNIT)
_RELATIVE: Final = obj(
    "mode direction duration unit reference",
    mode=TEXT,
    direction=one_of("before", "after"),
    duration=DURATION,
    unit=UNIT,
    reference=REFERENCE,
)
SCHEDULE: Final = by("mode", {"immediate": obj(mode=TEXT), "delayed": _DELAYED, "relative": _RELATIVE})
SOURCE: Final = obj(
    id=TEXT,
    origin=one_of("trigger", "action"),
    origin_type=one_of("entity", "workflow", "journey_block"),
    schema=TEXT,
    attribute=TEXT,
    attribute_type=one_of(*ATTRIBUTE_TYPES),
    attribute_repeatable=FLAG,
    attribute_operation=one_of("all", "updated", "added", "deleted"),
    attribute_sub_field=TEXT,
    date_offset=obj("amount unit", amount={"type": "integer"}, unit=one_of("days", "months", "years")),
    attributes=array(TEXT, maxItems=10),
    attributes_match=one_of("any", "all"),
)
STATEMENT: Final = obj(
    "id source operator values",
    id=ID,
    source=SOURCE,
    operator=one_of(*OPERATORS),
    values=TEXTS,
    value_type=one_of("static", "relative_date"),
)
CONDITION: Final = obj(
    "id branch_name logical_operator statements",
    id=ID,
    branch_name={"type": "string", "maxLength": 255},
    logical_operator=one_of("AND", "OR"),
    statements={"type": ["array", "null"], "items": STATEMENT, NULLABLE: True},
)
LOOP: Final = obj(
    "loop_branch_id exit_branch_id max_iterations",
    loop_branch_id=ID,
    exit_branch_id=ID,
    max_iterations={"type": "integer", "minimum": 1, "maximum": 100},
)
INPUT_CONTEXT: Final = obj("source", source=one_of("trigger", "task"), task_id=ID)
ACTION_CONFIG: Final = {
    "type": "object",
    "required": ["type"],
    "properties": {"type": TEXT},
    "additionalProperties": True,
}
AUTOMATION_CONFIG: Final = obj(
    flow_id=ID, action_config=ACTION_CONFIG, duplicated_flow_id=ID, input_context=INPUT_CONTEXT
)
AGENT_CONFIG: Final = {
    "type": "object",
    "required": ["agent_id"],
    "properties": {"agent_id": ID},
    "additionalProperties": True,
}
_TASK: Final[dict[str, Schema]] = {
    "id": ID,
    "name": NAME,
    "task_type": one_of(*TASK_TYPES),
    "description": DESCRIPTION,
    "journey": JOURNEY,
    "due_date": DATE,
    "due_date_config": DUE_CONFIG,
    "requirements": array(REQUIREMENT),
    "assigned_to": ASSIGNEES,
    "ecp": ECP,
    "installer": ECP,
    "partner": PARTNER,
    "taxonomies": TEXTS,
    "phase_id": TEXT,
}
TASK: Final = by(
    "task_type",
    {
        "MANUAL": obj("id name task_type", **_TASK),
        "AUTOMATION": obj(
            "id name task_type automation_config",
            **_TASK,
            automation_config=AUTOMATION_CONFIG,
            trigger_mode=MODE,
            schedule=SCHEDULE,
            created_automatically=FLAG,
        ),
        "DECISION": obj(
            "id name task_type trigger_mode conditions",
            **_TASK,
            trigger_mode=MODE,
            conditions=array(CONDITION, maxItems=100),
            allow_parallel_execution=FLAG,
            schedule=SCHEDULE,
            loop_config=LOOP,
        ),
        "AI_AGENT": obj("id name task_type", **_TASK, agent_config=AGENT_CONFIG),
    },
)
PHASE: Final = obj(
    "id name", id=ID, name=NAME, due_date=DATE, due_date_config=DUE_CONFIG, assigned_to=ASSIGNEES, taxonomies=TEXTS
)
EDGE: Final = obj(
    "id from_id",
    id=ID,
    from_id=ID,
    to_id={"type": ["string", "null"], NULLABLE: True},
    condition_id=ID,
    none_met=FLAG,
)
TRIGGER: Final = by(
    "type",
    {
        "manual": obj("type", id=TEXT, type=TEXT, entity_schema=TEXT),
        "automation": obj(
            "type",
            id=TEXT,
            type=TEXT,
            automation_id=ID,
            input_entity=one_of("thread", "first_email", "last_email"),
            trigger_config=array(
                {
                    "type": "object",
                    "required": ["type"],
                    "properties": {"type": TEXT, "configuration": FREE},
                    "additionalProperties": True,
                }
            ),
        ),
        "journey_submission": obj(
            "type journey_id", id=TEXT, type=TEXT, journey_id=ID, journey_name=TEXT, automation_id=ID
        ),
        "journey_automation": obj("type", id=TEXT, type=TEXT, entity_schema=TEXT),
    },
)
ENTITY_SYNC: Final = obj(
    "trigger value target",
    trigger=obj("event", event=one_of(*SYNC_EVENTS), filter=obj(task_template_id=ID, phase_template_id=ID)),
    value=obj("source", source=one_of(*SYNC_SOURCES), value=TEXT),
    target=obj("entitySchema entityAttribute", entitySchema=TEXT, entityAttribute=TEXT),
)
REASON_ID: Final = obj("id", id=ID)
TEMPLATE: Final = obj(
    "name tasks edges",
    name={"type": "string", "minLength": 3, "maxLength": 2_000},
    description={"type": "string", "maxLength": 5_000},
    trigger=TRIGGER,
    additional_triggers=array(TRIGGER),
    enabled=FLAG,
    version=one_of("v1", "v2", "v3"),
    linear=FLAG,
    updated_at=DATE,
    due_date=DATE,
    due_date_config=DUE_CONFIG,
    assigned_to=ASSIGNEES,
    available_in_ecp=FLAG,
    phases=array(PHASE, maxItems=500),
    tasks=array(TASK, maxItems=5_000),
    edges=array(EDGE, maxItems=20_000),
    closing_reasons=array(REASON_ID),
    entity_sync=array(ENTITY_SYNC),
    taxonomies=TEXTS,
    singleClosingReasonSelection=FLAG,
    _manifest=TEXTS,
)
REASON_STATUS: Final = one_of("ACTIVE", "INACTIVE")
REASON_TITLE: Final = {"type": "string", "minLength": 1, "maxLength": 200}
EXPORT: Final = {
    **TEMPLATE,
    "properties": {
        **TEMPLATE["properties"],
        "id": ID,
        "closing_reasons": array(obj("id", id=ID, title=REASON_TITLE, status=REASON_STATUS)),
        "_resolved_automations": FREE,
        "_resolved_journeys": FREE,
    },
}
SEARCH_TEMPLATES: Final = obj(
    name=TEXT,
    definition_id=TEXT,
    trigger_type=one_of("journey_submission", "manual", "automation"),
    enabled=FLAG,
    **{"from": {"type": "integer", "minimum": 0, "maximum": 1_000_000}},
    size={"type": "integer", "minimum": 0, "maximum": 250},
    sort_by=one_of("created_at", "updated_at"),
    sort_order=one_of("asc", "desc"),
)

REASON_IDS: Final = obj("reasons", reasons=array(REASON_ID))
NEW_REASON: Final = obj("title", title=REASON_TITLE, status=REASON_STATUS)
CHANGED_REASON: Final = {**NEW_REASON, "required": []}
CHANGED_STATUS: Final = obj("status", status=REASON_STATUS)

# -- executions -------------------------------------------------------------------------------------------------------

CONTEXT: Final = obj("entity_id entity_schema", entity_id=ID, entity_schema=ID, is_primary=FLAG)
EXECUTION_TRIGGER: Final = obj("type", type=one_of("MANUAL", "AUTOMATIC"), automation_config=FREE)
START: Final = obj(
    flow_template_id=ID, contexts=array(CONTEXT, maxItems=100), trigger=EXECUTION_TRIGGER, purposes=TEXTS
)
CLOSING: Final = obj(selected_reasons=array(obj("id", id=ID, title=TEXT)), extra_description=TEXT)
PATCH_EXECUTION: Final = obj(
    status=FLOW_STATUS,
    assigned_to=ASSIGNEES,
    closing_reason=CLOSING,
    due_date=NEW_DATE,
    due_date_config=DUE_CONFIG,
    contexts=array(CONTEXT, maxItems=100),
)
SEARCH_EXECUTIONS: Final = obj("entity_id entity_schema", entity_id=ID, entity_schema=ID)
RUN_CONFIG: Final = obj(flow_id=ID, execution_id=TEXT, execution_status=TEXT, error_reason=TEXT)
PATCH_TASK: Final = obj(
    name=NAME,
    status=TASK_STATUS,
    due_date=NEW_DATE,
    due_date_config=DUE_CONFIG,
    assigned_to=ASSIGNEES,
    enabled=FLAG,
    automation_config=RUN_CONFIG,
    description=DESCRIPTION,
    ecp=ECP,
    installer=ECP,
    partner=PARTNER,
    next_condition_id=ID,
    revert_execution=FLAG,
    completed_via_journey=FLAG,
)
ADD_TASK: Final = obj(
    "previous_task_id next_task_id task",
    previous_task_id=ID,
    next_task_id=ID,
    task=obj(
        "name",
        id=ID,
        name=NAME,
        status=TASK_STATUS,
        due_date=DATE,
        due_date_config=DUE_CONFIG,
        assigned_to=ASSIGNEES,
        enabled=FLAG,
        automation_config=RUN_CONFIG,
        phase_id=ID,
        task_type=one_of(*TASK_TYPES),
    ),
)
PATCH_PHASE: Final = obj(name=NAME, due_date=NEW_DATE, due_date_config=DUE_CONFIG, assigned_to=ASSIGNEES)
