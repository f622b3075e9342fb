"""What Novu's API makes of each kind of task and each setting."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from dialects.novu.translate import forms
from dialects.novu.translate.controls import SETTINGS_OF_TYPE
from dialects.shared.voice import APPROXIMATED, ASIDE, EDGE, EXACT, FLOW, TASK, Verdict

HTTP: Final = "`http_request` steps; other actions show as `custom`"
LIST: Final = "a list of steps; what is drawn beside it stays while their order does"
GENERAL: Final[Mapping[tuple[str, str], Verdict]] = {
    (FLOW, "name"): (EXACT, ""),
    (FLOW, "description"): (EXACT, "at most 256 characters are taken in"),
    (FLOW, "tags"): (EXACT, ""),
    (FLOW, "triggers"): (ASIDE, "`trigger` starts it, whatever else does"),
    (TASK, "name"): (EXACT, ""),
    (TASK, "description"): (ASIDE, ""),
    (TASK, "join"): (APPROXIMATED, LIST),
    (TASK, "cancel_rest"): (APPROXIMATED, LIST),
    (EDGE, ""): (APPROXIMATED, LIST),
    (EDGE, "branch"): (ASIDE, LIST),
    (EDGE, "on"): (APPROXIMATED, "a failed channel goes on, as does `continueOnFailure`; other errors end the list"),
}
REMARKS: Final = {"only_if": "`skip`, which for Novu means run if true: the same rule"}
SILENT: Final = {("delay", "dynamic")}


def say(subject: str, setting: str) -> Verdict:
    """Novu's workflow API."""
    if subject in (FLOW, TASK, EDGE):
        return GENERAL.get((subject, setting), (ASIDE, ""))
    if subject == "automation":
        said = setting in ("", "action", "inputs", "timeout", "retries")
        return (APPROXIMATED, HTTP) if said else (ASIDE, "")
    if subject not in forms.STEP_TYPES:
        return ASIDE, "" if setting else "shows as a `custom` step"
    if not setting:
        return EXACT, f"`{subject}` step"
    if setting in SETTINGS_OF_TYPE[subject]:
        if setting in REMARKS:
            return APPROXIMATED, REMARKS[setting]
        return (EXACT, "") if (subject, setting) not in SILENT else (ASIDE, "carried out, never sent back")
    return ASIDE, ""
