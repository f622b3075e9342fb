"""What Cloudflare's API makes of each kind of task and each setting: in the graph of a version, and in the step log."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from designer.graph.model import Task
from designer.graph.structure import step_of
from dialects.cloudflare.translate import entry_type
from dialects.shared.voice import APPROXIMATED, ASIDE, EDGE, EXACT, FLOW, TASK, Verdict

GENERAL: Final[Mapping[tuple[str, str], Verdict]] = {
    (FLOW, "name"): (ASIDE, "a workflow is named by the flow's key"),
    (FLOW, "triggers"): (APPROXIMATED, "`schedules`; how else it is started is told by the source of each instance"),
    (FLOW, "limits"): (EXACT, "`limits.steps`, `concurrency.limit`"),
    (FLOW, "retention"): (EXACT, "`default_retention`, in milliseconds"),
    (TASK, "name"): (EXACT, "the name of the step"),
    (TASK, "join"): (EXACT, "`parallel` of the kinds `all`, `any`, `race`, `all_settled`"),
    (EDGE, ""): (APPROXIMATED, "nested blocks: what comes after what"),
    (EDGE, "branch"): (EXACT, "branches of `if` and `switch`"),
    (EDGE, "on"): (EXACT, "`try` with `catch_block` and `finally_block`"),
}
DECISION: Final[Mapping[str, Verdict]] = {
    "": (EXACT, "`if` or `switch`; no step of the log but its own"),
    "parallel": (APPROXIMATED, "branches that are taken at once are blocks in a `parallel`"),
    "loop": (APPROXIMATED, "`loop`; how often at most is not said"),
}
SETTINGS: Final[Mapping[tuple[str, str], Verdict]] = {
    ("delay", "for"): (EXACT, "`duration`"),
    ("delay", "until"): (EXACT, "`timestamp`"),
    ("delay", "cron"): (APPROXIMATED, "as the text of `timestamp`"),
    ("wait_event", "event_type"): (EXACT, "`options.event_type`"),
    ("wait_event", "timeout"): (EXACT, "`options.timeout`"),
    ("call", "flow"): (APPROXIMATED, "its key as a class name"),
    ("program", "script"): (EXACT, "`script_name`"),
    ("program", "class_name"): (EXACT, "`class_name`"),
    ("program", "source"): (APPROXIMATED, "read: the graph is made of it"),
    ("program", "max_steps"): (EXACT, "`limits.steps`"),
}
EVERYWHERE: Final[Mapping[str, Verdict]] = {
    "retries": (EXACT, "`config.retries`"),
    "timeout": (EXACT, "`config.timeout`"),
    "sensitive": (EXACT, "`config.sensitive` in the log; the output is `[REDACTED]`"),
    "compensation": (APPROXIMATED, "a `rollback` entry in the log once it runs"),
}


def say(subject: str, setting: str) -> Verdict:
    """Cloudflare's workflow API."""
    if subject in (FLOW, TASK, EDGE):
        return GENERAL.get((subject, setting), (ASIDE, ""))
    if subject == "decision":
        return DECISION.get(setting, (ASIDE, ""))
    if not setting:
        return _itself(subject)
    if (subject, setting) in SETTINGS:
        return SETTINGS[subject, setting]
    is_step = step_of(Task("t", "T", subject)).type == "step_do"
    return EVERYWHERE.get(setting, (ASIDE, "")) if is_step and subject != "program" else (ASIDE, "")


def _itself(kind: str) -> Verdict:
    if kind == "program":
        return EXACT, "a workflow's class; its steps are the log"
    settings = {"for": "1 hour"} if kind == "delay" else {}
    node, entry = step_of(Task("t", "T", kind, settings=settings)).type, entry_type(kind)
    told = f"`{node}` in the graph, `{entry}` in the log"
    is_own = kind in ("automation", "delay", "wait_event")
    return (EXACT, told) if is_own else (APPROXIMATED, told)
