"""Writes `reference/dialects.md`: what each dialect makes of each kind of task and each of its settings.

A dialect says so in its room, in `voice.py` (`dialects/shared/voice.py` tells how).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from designer.graph.fields import FieldType
from designer.graph.kinds import KINDS
from dialects.cloudflare import voice as cloudflare
from dialects.epilot import voice as epilot
from dialects.formance import voice as formance
from dialects.novu import voice as novu
from dialects.shared.voice import EDGE, FLOW, TASK, Verdict, Voice
from docs.build import FOLDER, table

PAGE: Final = FOLDER / "dialects.md"
VOICES: Final[Mapping[str, Voice]] = {
    "Cloudflare": cloudflare.say,
    "Formance": formance.say,
    "Novu": novu.say,
    "epilot": epilot.say,
}
"""By the name at the head of its column."""

INTRODUCTION: Final = """# Dialects, setting by setting

<!-- Made by `python -m docs.voices` from the rooms of `dialects`; edit their `voice.py` instead. -->

A flow is one thing, whoever made it. **Exact**: the dialect says it in its own words, there and back.
**Approximated**: it says something near, and how. **Kept aside**: the dialect has no word for it; it stays with the
flow when that is changed through the dialect.
"""
GENERAL: Final[Mapping[str, tuple[str, ...]]] = {
    FLOW: (
        "name",
        "description",
        "tags",
        "timezone",
        "phases",
        "closing_reasons",
        "single_closing_reason",
        "triggers",
        "limits",
        "retention",
        "entity_sync",
    ),
    TASK: ("name", "description", "phase", "join", "cancel_rest"),
    EDGE: ("", "branch", "on"),
}
HEADINGS: Final = {FLOW: "The flow", TASK: "Every task", EDGE: "Edges"}


def subjects() -> Iterator[tuple[str, str, list[str]]]:
    """Key, heading, and the settings; a setting that is empty is the thing itself."""
    for key, settings in GENERAL.items():
        yield key, HEADINGS[key], list(settings)
    for kind in KINDS.values():
        yield kind.key, f"`{kind.key}`", ["", *(f.key for f in kind.fields if f.type is not FieldType.CONDITIONS)]


def words(verdict: Verdict) -> str:
    """A cell."""
    word, remark = verdict
    return f"{word}: {remark}" if remark else word


def rows(subject: str, settings: list[str]) -> Iterator[list[str]]:
    """A row for each setting, a cell for each dialect."""
    for setting in settings:
        first = f"`{setting}`" if setting else "**itself**"
        yield [first, *(words(say(subject, setting)) for say in VOICES.values())]


def page() -> str:
    """The page."""
    lines = [INTRODUCTION]
    for key, heading, settings in subjects():
        lines += [f"## {heading}", "", *table(("setting", *VOICES), rows(key, settings))]
    return "\n".join(lines).rstrip() + "\n"


if __name__ == "__main__":
    PAGE.write_text(page())
