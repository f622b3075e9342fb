"""A few words about tasks and their settings, for cards and sentences. Settings of a draft may be unfinished."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from designer.graph.durations import in_words
from designer.graph.fields import Choice
from designer.graph.model import NONE_MET, Json, Task, phase_of_ref
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


def moment_name(reference: Json) -> str:
    """`task:pay` as `pay`, `start` as `start`. For cards."""
    text = str(reference)
    return phase_of_ref(text) or reference_name(text.removeprefix(TASK_PREFIX))


def with_dots(*parts: str) -> str:
    """The parts that say something, parted by dots, at most 60 characters."""
    text = " · ".join(part for part in parts if part)
    return text if len(text) <= 60 else text[:59] + "…"


def label_of(options: tuple[Choice, ...], value: Json) -> str:
    """The label of a choice, or the bare value."""
    return next((choice.label for choice in options if choice.value == value), str(value))


def branch_name(task: Task, branch: str) -> str:
    """What people call a branch of a decision."""
    named = next((condition.name or condition.key for condition in task.conditions if condition.key == branch), "")
    return named or ("otherwise" if branch == NONE_MET else branch)


def mapping(value: Json) -> Mapping[str, Json]:
    """`value` if it is an object, else an empty one: settings of a draft may be unfinished."""
    return value if isinstance(value, Mapping) else {}
