"""The shapes of what is sent to the older addresses: definitions and executions as they were before flow templates."""

from __future__ import annotations

from typing import Final

from dialects.epilot.checking.schemas import (
    DATE,
    DESCRIPTION,
    DURATION,
    ECP,
    FLAG,
    FLOW_STATUS,
    ID,
    JOURNEY,
    NAME,
    NEW_DATE,
    PARTNER,
    REASON_ID,
    TASK_STATUS,
    TEXT,
    TEXTS,
    UNIT,
    Schema,
    array,
    obj,
    one_of,
)
from dialects.epilot.checking.shapes import by

DYNAMIC_DUE: Final = obj(
    "numberOfUnits timePeriod actionTypeCondition",
    numberOfUnits=DURATION,
    timePeriod=UNIT,
    actionTypeCondition=one_of("WORKFLOW_STARTED", "STEP_CLOSED", "PHASE_FINISHED"),
    stepId=ID,
    phaseId=ID,
)
ORDER: Final[Schema] = {"type": "number"}
_STEP: Final[dict[str, Schema]] = {
    "id": ID,
    "name": NAME,
    "description": DESCRIPTION,
    "executionType": one_of("MANUAL", "AUTOMATION"),
    "automationConfig": obj("flowId", flowId=ID),
    "journey": JOURNEY,
    "order": ORDER,
    "dueDate": DATE,
    "dynamicDueDate": DYNAMIC_DUE,
    "userIds": array({"type": "number"}),
    "requirements": array(
        obj("definitionId type condition", definitionId=ID, type=one_of("STEP", "SECTION"), condition=one_of("CLOSED"))
    ),
    "assignedTo": TEXTS,
    "type": one_of("STEP", "SECTION"),
    "ecp": ECP,
    "installer": ECP,
    "partner": PARTNER,
    "taxonomies": TEXTS,
}
STEP: Final = obj("name order type", **_STEP)
SECTION: Final = obj(
    "name order type steps",
    id=ID,
    name=NAME,
    order=ORDER,
    type=one_of("STEP", "SECTION"),
    dueDate=DATE,
    dynamicDueDate=DYNAMIC_DUE,
    assignedTo=TEXTS,
    steps=array(STEP),
    taxonomies=TEXTS,
)
DEFINITION: Final = obj(
    "name flow",
    name=NAME,
    description=TEXT,
    enabled=FLAG,
    dueDate=DATE,
    dynamicDueDate=DYNAMIC_DUE,
    userIds=array({"type": "number"}),
    assignedTo=TEXTS,
    enableECPWorkflow=FLAG,
    flow=array(by("type", {"STEP": STEP, "SECTION": SECTION})),
    closingReasons=array(REASON_ID),
    updateEntityAttributes=array(
        obj(
            "source target",
            source=one_of("workflow_status", "current_section", "current_step"),
            target=obj("entitySchema entityAttribute", entitySchema=TEXT, entityAttribute=TEXT),
        )
    ),
    taxonomies=TEXTS,
    singleClosingReasonSelection=FLAG,
    _manifest=TEXTS,
)


V1_CONTEXT: Final = obj("id schema", id=ID, title=TEXT, schema=ID)
V1_START: Final = obj(
    workflowId=ID,
    trigger=one_of("MANUAL", "AUTOMATIC"),
    contexts=array(V1_CONTEXT, maxItems=100),
    assignedTo=TEXTS,
    purposes=TEXTS,
)
V1_UPDATE: Final = obj(
    status=FLOW_STATUS,
    assignedTo=TEXTS,
    selectedClosingReasons=array(obj("id", id=ID, title=TEXT)),
    closingReasonDescription=TEXT,
    dueDate=NEW_DATE,
    dynamicDueDate=DYNAMIC_DUE,
    closedBy=TEXT,
    contexts=array(V1_CONTEXT, maxItems=100),
    completedTime=DATE,
)
_PLACE: Final[Schema] = {"type": "number", "minimum": 0, "maximum": 100_000}
V1_NEW_STEP: Final = obj(
    "name insertionIndex",
    name=NAME,
    insertionIndex=_PLACE,
    description=DESCRIPTION,
    status=TASK_STATUS,
    sectionId=ID,
    executionType=one_of("MANUAL", "AUTOMATION"),
    automationConfig=obj("flowId", flowId=ID),
)
V1_STEP: Final = obj(
    status=TASK_STATUS,
    assignedTo=TEXTS,
    assignedToInProgress=TEXT,
    assignedToOnHold=TEXT,
    dueDate=NEW_DATE,
    dynamicDueDate=DYNAMIC_DUE,
    name=NAME,
    description=DESCRIPTION,
    position=obj("index", index=_PLACE, sectionId=ID),
    automationConfig=obj("flowId", flowId=ID),
    startedTime=DATE,
    completedTime=DATE,
)
_SORTING: Final = one_of("A_Z", "Z_A", "DUE_DATE_ASC", "DUE_DATE_DESC", "TRIGGER_DATE_ASC", "TRIGGER_DATE_DESC")
V1_SEARCH: Final = obj(
    name=TEXT,
    status=FLOW_STATUS,
    includeDoneWorkflows=FLAG,
    assignedTo=TEXT,
    sorting=_SORTING,
    pagination=obj(orgId=TEXT, creationTime=TEXT),
)
V1_SEARCH_STEPS: Final = obj(
    executionName=TEXT,
    stepName=TEXT,
    assignedTo={"type": ["number", "string"]},
    includeDoneWorkflows=FLAG,
    manuallyCreated=FLAG,
    status=one_of("OPEN", "COMPLETE", "NEXT_OPEN_ITEM_IN_WORKFLOW"),
    sorting=_SORTING,
    pagination=obj(**{"from": _PLACE}, size=_PLACE),
)
