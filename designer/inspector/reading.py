"""What people type, as the JSON that a field holds."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from accounts.clean_json import BadJson, clean_json
from designer.graph.fields import Field, FieldType
from designer.graph.model import Json
from designer.graph.values import value_problems

LARGEST_TEXT_BYTES: Final = 1024 * 1024
_WHOLE: Final = re.compile(r"[+-]?\d{1,15}")
_NUMBER: Final = re.compile(r"[+-]?\d{1,15}(?:\.\d{1,15})?")
_TRUE: Final = frozenset({True, "true", "on", "yes"})
_FALSE: Final = frozenset({False, "false", "off", "no"})


class ValueRefused(ValueError):
    """What was typed does not fit its field. `message` says why, for people."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


def read_value(field: Field, raw: Json) -> Json:
    """The value of `field` that `raw` stands for; None for "not set". Raises `ValueRefused`.

    `raw` is what a form sends: texts as typed, true and false, lists and objects of these.
    """
    value = _read(field, raw)
    if value is None:
        return None
    for problem in value_problems(field, value, ()):
        if problem.fault in ("wrong", "unknown"):
            raise ValueRefused(problem.message)
    return value


def _read(field: Field, raw: Json) -> Json:
    if raw is None or (isinstance(raw, str) and not raw.strip()):
        return None
    match field.type:
        case FieldType.NUMBER:
            return _read_number(field, raw)
        case FieldType.BOOLEAN:
            return _read_boolean(field, raw)
        case FieldType.JSON:
            return _read_json(field, raw, may_be_text=True)
        case FieldType.JSON_SCHEMA:
            return _read_json(field, raw, may_be_text=False)
        case FieldType.LIST:
            return _read_list(field, raw)
        case FieldType.MAP:
            return _read_map(field, raw)
        case FieldType.REQUIREMENTS:
            return _read_requirements(field, raw)
        case FieldType.GROUP:
            return _read_group(field, raw)
        case FieldType.LONGTEXT | FieldType.TEMPLATE | FieldType.CEL:
            return raw.replace("\r\n", "\n") if isinstance(raw, str) else raw
        case _:
            return raw.strip() if isinstance(raw, str) else raw


def _is_templated(field: Field, raw: str) -> bool:
    return field.is_templated and "{{" in raw


def _read_number(field: Field, raw: Json) -> Json:
    if not isinstance(raw, str) or _is_templated(field, raw):
        return raw
    text = raw.strip().replace(" ", "")
    if _WHOLE.fullmatch(text):
        return int(text)
    if _NUMBER.fullmatch(text):
        return float(text)
    raise ValueRefused(f"{field.label}: give a number.")


def _read_boolean(field: Field, raw: Json) -> Json:
    if isinstance(raw, (bool, str)) and raw in _TRUE:
        return True
    if isinstance(raw, (bool, str)) and raw in _FALSE:
        return False
    raise ValueRefused(f"{field.label}: give true or false.")


def _read_json(field: Field, raw: Json, *, may_be_text: bool) -> Json:
    """JSON as typed. Where any JSON is welcome, what is no JSON and begins like none counts as a text."""
    if not isinstance(raw, str):
        return raw
    text = raw.strip()
    try:
        return clean_json(text, max_bytes=LARGEST_TEXT_BYTES)
    except BadJson as bad:
        if may_be_text and (text.startswith("{{") or text[0] not in '{["'):
            return raw.strip()
        where = "" if bad.path == "$" else f" at {bad.path.removeprefix('$.')}"
        raise ValueRefused(f"{field.label}{where}: {bad.message}.") from None


def _read_list(field: Field, raw: Json) -> Json:
    """A list without its empty rows; None when nothing is left."""
    if not isinstance(raw, list) or field.of is None:
        return raw
    entries = [_read(field.of, entry) for entry in raw]
    return [entry for entry in entries if entry is not None] or None


def _read_map(field: Field, raw: Json) -> Json:
    """Rows of key and value, or an object. A row without a key is left out if its value is empty too."""
    if isinstance(raw, Mapping):
        raw = [[key, value] for key, value in raw.items()]
    if not isinstance(raw, list) or field.of is None:
        return raw
    found: dict[str, Json] = {}
    for row in raw:
        if not (isinstance(row, (list, tuple)) and len(row) == 2 and isinstance(row[0], str)):
            raise ValueRefused(f"{field.label}: give keys and values.")
        key, value = row[0].strip(), row[1]
        if not key and value in (None, ""):
            continue
        if not key:
            raise ValueRefused(f"{field.label}: give the value {str(value)[:40]!r} a key.")
        if key in found:
            raise ValueRefused(f"{field.label}: the key {key[:40]!r} is there twice.")
        read = _read(field.of, value)
        found[key] = "" if read is None else read
    return found or None


def _read_requirements(field: Field, raw: Json) -> Json:
    """Node references as the picker sends them, or their form in the flow file."""
    if not isinstance(raw, list):
        return raw
    chosen = [entry for entry in raw if entry not in (None, "")]
    if not chosen:
        return None
    return [_requirement(entry) for entry in dict.fromkeys(chosen)] if _are_texts(chosen) else chosen


def _requirement(ref: str) -> dict[str, str]:
    return {"phase": ref.removeprefix("phase:")} if ref.startswith("phase:") else {"task": ref}


def _are_texts(values: Sequence[Any]) -> bool:
    return bool(values) and all(isinstance(value, str) for value in values)


def _read_group(field: Field, raw: Json) -> Json:
    if not isinstance(raw, Mapping):
        return raw
    known = {inner.key: inner for inner in field.beside(raw).fields}
    read = {key: _read(known[key], value) if key in known else value for key, value in raw.items()}
    return {key: value for key, value in read.items() if value is not None} or None
