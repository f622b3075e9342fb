"""An event to try a trigger with: its inputs make the sample input of it, and its filter lets it pass, as far as what
they say can be read at a glance. Whoever tries the trigger changes the rest. Pure.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Iterable, Mapping
from typing import Final

from designer.graph.model import Json

SOMETHING: Final = "example"
_PATH: Final = r"\bevent(?P<path>(?:\.[A-Za-z_]\w*+(?!\())+)"
_READ: Final = re.compile(_PATH)
_WHOLE: Final = re.compile(r"(?:\{\{\s*)?\bevent(?P<path>(?:\.[A-Za-z_]\w*)*)(?:\s*\}\})?")
_SAID: Final = re.compile(
    _PATH + r"\s*(?P<is>==|>=|<=|>|<)\s*(?P<value>\"[^\"\\]*\"|'[^'\\]*'|-?\d+(?:\.\d+)?|true|false)"
)
_HOLDS: Final = {">": operator.gt, "<": operator.lt, ">=": operator.ge, "<=": operator.le, "==": operator.eq}
_BESIDE: Final = {">": 1, "<": -1}
"""How far from a number that a comparison names another lies for which it holds."""


def sample_event(sample: Json, *, filter: str, inputs: Mapping[str, Json] | None) -> Json:
    """An event from which `inputs` (names and templates or expressions; None: the whole event) make `sample`."""
    named = inputs or {}
    event: Json = sample if inputs is None else {}
    known = sample if isinstance(sample, Mapping) else {}
    texts = {name: text.strip() for name, text in named.items() if isinstance(text, str)}
    for name, text in texts.items():
        whole = _WHOLE.fullmatch(text)
        if whole is not None and name in known:
            event = _with(event, _steps(whole), known[name])
    for text in (*texts.values(), filter):
        for read in _READ.finditer(text):
            event = _with(event, _steps(read), SOMETHING, is_needed=False)
    return _passing(event, _SAID.finditer(filter))


def _passing(event: Json, said: Iterable[re.Match[str]]) -> Json:
    for one in said:
        path, wanted = _steps(one), _literal(one["value"])
        if not _holds(_at(event, path), one["is"], wanted):
            is_number = isinstance(wanted, (int, float)) and not isinstance(wanted, bool)
            event = _with(event, path, wanted + _BESIDE.get(one["is"], 0) if is_number else wanted)
    return event


def _holds(value: Json, comparison: str, wanted: Json) -> bool:
    try:
        return bool(_HOLDS[comparison](value, wanted))
    except TypeError:
        return False


def _literal(text: str) -> Json:
    if text in ("true", "false"):
        return text == "true"
    if text[0] in "\"'":
        return text[1:-1]
    return float(text) if "." in text else int(text)


def _steps(found: re.Match[str]) -> list[str]:
    return [step for step in found["path"].split(".") if step]


def _at(value: Json, path: Iterable[str]) -> Json:
    for step in path:
        value = value.get(step) if isinstance(value, Mapping) else None
    return value


def _with(event: Json, path: list[str], value: Json, *, is_needed: bool = True) -> Json:
    """The event with `value` at the path; unless `is_needed`, only where there is nothing yet."""
    if not path:
        return value if is_needed or event is None else event
    inner = event if isinstance(event, Mapping) else {}
    if not is_needed and not isinstance(event, Mapping) and event not in (None, SOMETHING):
        return event
    return {**inner, path[0]: _with(inner.get(path[0]), path[1:], value, is_needed=is_needed)}
