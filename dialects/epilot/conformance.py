"""Which operations there are, and which of the clients have them: the table of the README, checked by the tests."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

OPERATIONS: Final = (
    "listFlowTemplates",
    "createFlowTemplate",
    "searchFlowTemplates",
    "getFlowTemplate",
    "updateFlowTemplate",
    "deleteFlowTemplate",
    "duplicateFlowTemplate",
    "exportFlowTemplate",
    "importFlowTemplate",
    "getMaxAllowedLimit",
    "getDefinitions",
    "createDefinition",
    "getDefinition",
    "updateDefinition",
    "deleteDefinition",
    "getWorkflowClosingReasons",
    "setWorkflowClosingReasons",
    "getAllClosingReasons",
    "createClosingReason",
    "getClosingReason",
    "getClosingReasonV1",
    "updateClosingReason",
    "deleteClosingReason",
    "changeReasonStatus",
    "startFlowExecution",
    "getFlowExecution",
    "patchFlowExecution",
    "deleteFlowExecution",
    "searchFlowExecutions",
    "patchTask",
    "addTask",
    "executeTask",
    "runTaskAutomation",
    "runTaskScheduleNow",
    "cancelTaskSchedule",
    "cancelSchedule",
    "reconcileAutomationTask",
    "patchPhase",
    "getExecutions",
    "createExecution",
    "getExecution",
    "updateExecution",
    "deleteExecution",
    "createStep",
    "updateStep",
    "deleteStep",
    "searchExecutions",
    "searchSteps",
    "getClosingReasonExecution",
)
NOT_IN_CLIENT: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {"single": frozenset({"runTaskScheduleNow", "reconcileAutomationTask"})}
)
PLAIN: Final = frozenset({"exportFlowTemplate", "importFlowTemplate"})


def table() -> str:
    """Each operation and how it was seen to work, as Markdown."""
    rows = ["| operation | `@epilot/sdk` 2.20 | single clients 1.22 | refused as |", "|---|---|---|---|"]
    for name in OPERATIONS:
        sdk = "over its axios" if name in PLAIN else "works"
        single = "not in this client" if name in NOT_IN_CLIENT["single"] else sdk
        rows.append(f"| `{name}` | {sdk} | {single} | `{{message}}` |")
    return "\n".join(rows)
