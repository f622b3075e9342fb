"""Writes `reference/dialects.md`: what each dialect makes of each kind of task and each of its settings.

A dialect says so with a function from a kind and a setting to a word and a remark; the remark may be empty.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from designer.graph.fields import FieldType
from designer.graph.kinds import KINDS
from designer.graph.kinds.kind import Kind
from dialects.epilot.translate import outgoing
from dialects.novu.translate import forms
from dialects.novu.translate.controls import SETTINGS_OF_TYPE
from docs.build import FOLDER, table

PAGE: Final = FOLDER / "dialects.md"
EXACT, ASIDE, APPROXIMATED = "exact", "kept aside", "approximated"
Verdict = tuple[str, str]

INTRODUCTION: Final = """# Dialects, setting by setting

<!-- Made by `python -m docs.voices` from the translators; edit these instead. -->

A flow is one thing, whoever made it. **Exact**: the dialect says it in its own words, there and back.
**Approximated**: it says something near, and how. **Kept aside**: the dialect has no word for it; it stays on the task
when the flow is changed through that dialect.
"""


def novu(kind: Kind, setting: str) -> Verdict:
    """Novu's workflow API."""
    if kind.key == "automation":
        said = setting in ("action", "inputs", "timeout", "retries")
        return (APPROXIMATED, "`http_request` steps; other actions show as `custom`") if said else (ASIDE, "")
    if kind.key not in forms.STEP_TYPES:
        return ASIDE, "shows as a `custom` step"
    if setting in SETTINGS_OF_TYPE[kind.key]:
        if setting in REMARKS:
            return APPROXIMATED, REMARKS[setting]
        return (EXACT, "") if (kind.key, setting) not in SILENT else (ASIDE, "carried out, never sent back")
    return ASIDE, ""


REMARKS: Final = {"only_if": "`skip`, which for Novu means run if true: the same rule"}
SILENT: Final = {("delay", "dynamic")}


def epilot(kind: Kind, setting: str) -> Verdict:
    """epilot's workflow APIs."""
    if kind.key not in ("manual", "decision", "automation"):
        shown = "AI_AGENT" if kind.key == "ai_agent" else "AUTOMATION"
        return ASIDE, f"shows as an {shown} task"
    if setting not in outgoing.SETTINGS:
        return ASIDE, ""
    return (APPROXIMATED, EPILOT_REMARKS[setting]) if setting in EPILOT_REMARKS else (EXACT, "")


EPILOT_REMARKS: Final = {
    "assigned_to": "texts as they are; references as variables",
    "due": "what counts from the start, a task or a phase",
    "inputs": "the automation that is run; other inputs are kept aside",
    "schedule": "delays, and moments relative to the start, a task or an attribute",
    "loop": "at most 100 times back",
}
VOICES: Final[Mapping[str, Callable[[Kind, str], Verdict]]] = {"Novu": novu, "epilot": epilot}


def rows(voice: Callable[[Kind, str], Verdict]) -> Iterator[tuple[str, str, str, str]]:
    """Kind, setting, verdict, remark."""
    for kind in KINDS.values():
        settings = [field.key for field in kind.fields if field.type is not FieldType.CONDITIONS] or ["–"]
        for setting in settings:
            verdict, remark = voice(kind, setting)
            yield f"`{kind.key}`", f"`{setting}`", verdict, remark


def page() -> str:
    """The page."""
    lines = [INTRODUCTION]
    for name, voice in VOICES.items():
        lines += [f"## {name}", "", *table(("kind", "setting", "", "how"), rows(voice))]
    return "\n".join(lines).rstrip() + "\n"


if __name__ == "__main__":
    PAGE.write_text(page())
