"""What epilot's APIs make of each kind of task and each setting."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from dialects.epilot.translate import outgoing
from dialects.shared.voice import APPROXIMATED, ASIDE, EDGE, EXACT, FLOW, TASK, Verdict

GENERAL: Final[Mapping[tuple[str, str], Verdict]] = {
    (FLOW, "name"): (EXACT, ""),
    (FLOW, "description"): (EXACT, "at most 5,000 characters are sent"),
    (FLOW, "phases"): (EXACT, ""),
    (FLOW, "closing_reasons"): (EXACT, ""),
    (FLOW, "single_closing_reason"): (EXACT, ""),
    (FLOW, "triggers"): (APPROXIMATED, "by hand; what else starts it here stays aside"),
    (FLOW, "entity_sync"): (
        APPROXIMATED,
        "texts, and the name of the flow, to the entities of a schema; other values and failures stay aside",
    ),
    (TASK, "name"): (EXACT, ""),
    (TASK, "description"): (EXACT, ""),
    (TASK, "phase"): (EXACT, ""),
    (EDGE, ""): (EXACT, ""),
    (EDGE, "branch"): (EXACT, ""),
    (EDGE, "on"): (ASIDE, "edges of errors are not shown"),
}
TASKS: Final[Mapping[str, Verdict]] = {
    "manual": (EXACT, "MANUAL task"),
    "decision": (EXACT, "DECISION task"),
    "automation": (EXACT, "AUTOMATION task"),
    "ai_agent": (EXACT, "AI_AGENT task"),
}
REMARKS: Final = {
    "assigned_to": "texts as they are; references as variables",
    "due": "what counts from the start, a task or a phase",
    "inputs": "the automation that is run; other inputs are kept aside",
    "schedule": "delays, and moments relative to the start, a task or an attribute",
    "loop": "at most 100 times back",
    "agent": "`agent_id` is the short name of a connection",
    "prompt": "`parameters.prompt`",
}


def say(subject: str, setting: str) -> Verdict:
    """epilot's workflow APIs."""
    if subject in (FLOW, TASK, EDGE):
        return GENERAL.get((subject, setting), (ASIDE, ""))
    if not setting:
        return TASKS.get(subject, (APPROXIMATED, "shows as an AUTOMATION task"))
    if subject not in ("manual", "decision", "automation", "ai_agent") or setting not in outgoing.SETTINGS:
        return ASIDE, ""
    return (APPROXIMATED, REMARKS[setting]) if setting in REMARKS else (EXACT, "")
