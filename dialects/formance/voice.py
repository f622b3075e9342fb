"""What Formance's API makes of each kind of task and each setting: its stages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from dialects.formance.translate import KIND_OF_STAGE, STAGE_OF_KIND
from dialects.shared.voice import APPROXIMATED, ASIDE, EDGE, EXACT, FLOW, TASK, Verdict

GENERAL: Final[Mapping[tuple[str, str], Verdict]] = {
    (FLOW, "name"): (EXACT, ""),
    (FLOW, "triggers"): (ASIDE, "Formance's triggers are kept beside the flow"),
    (EDGE, ""): (APPROXIMATED, "a list of stages: tasks in topological order"),
}
SETTINGS: Final[Mapping[tuple[str, str], Verdict]] = {
    ("delay", "for"): (EXACT, "`duration`, in Go's notation; a day is 24 hours"),
    ("delay", "until"): (EXACT, "`until`"),
    ("delay", "cron"): (APPROXIMATED, "as `cron`, which the vendor does not know"),
    ("wait_event", "event_type"): (EXACT, "`event`; references as `${variables}`"),
    ("transfer", "source"): (EXACT, "`source`: account, wallet or payment"),
    ("transfer", "destination"): (EXACT, "`destination`: account, wallet or payment"),
    ("transfer", "amount"): (EXACT, "`amount`"),
    ("transfer", "metadata"): (EXACT, "`metadata`"),
    ("transfer", "timestamp"): (EXACT, "`timestamp`"),
    ("transfer", "retries"): (APPROXIMATED, "each activity's `attempt`, `lastFailure` and `nextExecution`"),
    ("account_update", "account"): (EXACT, "`account`"),
    ("account_update", "metadata"): (EXACT, "`account.metadata`"),
    ("account_update", "retries"): (APPROXIMATED, "each activity's `attempt`, `lastFailure` and `nextExecution`"),
}


def say(subject: str, setting: str) -> Verdict:
    """Formance's orchestration API."""
    if subject in (FLOW, TASK, EDGE):
        return GENERAL.get((subject, setting), (ASIDE, ""))
    if not setting:
        return _itself(subject)
    if subject not in STAGE_OF_KIND:
        return APPROXIMATED, "as it is, in the body of the stage"
    return SETTINGS.get((subject, setting), (ASIDE, ""))


def _itself(kind: str) -> Verdict:
    if kind not in STAGE_OF_KIND:
        return APPROXIMATED, f"a stage `{kind}`, which the vendor does not know"
    stage = STAGE_OF_KIND[kind]
    return EXACT, f"stage `{stage}`" if KIND_OF_STAGE[stage] == kind else ""
