"""A few words about tasks and their settings, for cards and sentences. Settings of a draft may be unfinished."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from designer.graph.durations import in_words
from designer.graph.model import NONE_MET, Flow, Json, Phase, Task, phase_of_ref
from designer.graph.values import TASK_PREFIX

_SHORT_UNITS: Final = {
    "millisecond": "ms",
    "second": "s",
    "minute": "min",
    "hour": "h",
    "day": "d",
    "week": "wk",
    "month": "mo",
    "year": "y",
}


def short_duration(raw: Json) -> str:
    """`3 days` and `P3D` as `3 d`, for cards."""
    text = in_words(reference_name(str(raw)))
    return re.sub(r"([a-z]+?)s?\b", lambda found: _SHORT_UNITS.get(found[1], found[0]), text)


def reference_name(text: str) -> str:
    """`{{ input.order.total | round }}` as `total`; a text without references as it is. For cards."""
    return re.sub(r"\{\{\s*([\w.\[\]'\"-]+)[^}]*\}\}", lambda found: found[1].rpartition(".")[2], text)


def moment_name(reference: Json, flow: Flow | None = None) -> str:
    """`task:pay` as `Take the money`, `start` as `start`; what `flow` does not have, or without one, by its key."""
    text = str(reference)
    phase, key = phase_of_ref(text), text.removeprefix(TASK_PREFIX)
    node: Task | Phase | None = None
    if flow is not None and (phase is not None or key != text):
        node = flow.phases.get(phase) if phase is not None else flow.tasks.get(key)
    if node is not None:
        return node.name or node.key
    return phase or reference_name(key)


def moments_named(task: Task) -> Iterator[str]:
    """The references (`pay`, `phase:go`) of what the card of a task may say it is dated by."""
    for group, key in (("due", "from"), ("schedule", "reference")):
        text = mapping(task.settings[group]).get(key) if group in task.settings else None
        if isinstance(text, str) and (text.startswith(TASK_PREFIX) or phase_of_ref(text) is not None):
            yield text.removeprefix(TASK_PREFIX)


def with_dots(*parts: str) -> str:
    """The parts that say something, parted by dots, at most 60 characters."""
    text = " · ".join(part for part in parts if part)
    return text if len(text) <= 60 else text[:59] + "…"


def branch_name(task: Task, branch: str) -> str:
    """What people call a branch of a decision."""
    named = next((condition.name or condition.key for condition in task.conditions if condition.key == branch), "")
    return named or ("otherwise" if branch == NONE_MET else branch)


def mapping(value: Json) -> Mapping[str, Json]:
    """`value` if it is an object, else an empty one: settings of a draft may be unfinished."""
    return value if isinstance(value, Mapping) else {}
