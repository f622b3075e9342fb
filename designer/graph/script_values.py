"""What is written down in a flow written as code: texts, numbers, options, and the shape of its payload."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any, Final

from designer.graph.blocks import DEFAULT_RETRIES, DEFAULT_TIMEOUT
from designer.graph.model import Json

Function = ast.FunctionDef | ast.AsyncFunctionDef
LONGEST_TEXT: Final = 300


def argument_of(call: ast.Call | None, name: str, place: int) -> ast.expr | None:
    """An argument of a call by its name, or by its place; None where it is not given."""
    if call is None:
        return None
    for keyword in call.keywords:
        if keyword.arg == name:
            return keyword.value
    return call.args[place] if place < len(call.args) else None


def words_of(value: ast.expr) -> str:
    """A text as it is; of any other expression its source."""
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        return value.value[:LONGEST_TEXT]
    if isinstance(value, ast.JoinedStr):
        parts = (
            str(part.value) if isinstance(part, ast.Constant) else "{" + ast.unparse(part.value) + "}"
            for part in value.values
            if isinstance(part, (ast.Constant, ast.FormattedValue))
        )
        return "".join(parts)[:LONGEST_TEXT]
    return ast.unparse(value)[:LONGEST_TEXT]


def literal_of(value: ast.expr | None) -> Json:
    """A number or a text as it is written; of any other expression its source."""
    if value is None:
        return ""
    try:
        found: Any = ast.literal_eval(value)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return words_of(value)
    return found if isinstance(found, (int, float, str)) else words_of(value)


def _entries(value: ast.expr | None) -> dict[str, ast.expr]:
    """The entries of a dict as it is written."""
    if not isinstance(value, ast.Dict):
        return {}
    pairs = zip(value.keys, value.values, strict=True)
    return {key.value: entry for key, entry in pairs if isinstance(key, ast.Constant) and isinstance(key.value, str)}


def config_of(config: ast.expr | None) -> Mapping[str, Json]:
    """The configuration of a step as far as it is written down, with the defaults filled in."""
    given = _entries(config)
    retries = {name: literal_of(value) for name, value in _entries(given.get("retries")).items()}
    delay = _entries(given.get("retries")).get("delay")
    if delay is not None and not isinstance(delay, (ast.Constant, ast.UnaryOp, ast.BinOp)):
        retries["delay"] = "[dynamic]"
    limit = retries.get("limit", DEFAULT_RETRIES["limit"])
    known = {
        "limit": limit if isinstance(limit, (int, float)) else DEFAULT_RETRIES["limit"],
        "delay": retries.get("delay", DEFAULT_RETRIES["delay"]),
        "backoff": retries.get("backoff", DEFAULT_RETRIES["backoff"]),
    }
    timeout = literal_of(given["timeout"]) if "timeout" in given else DEFAULT_TIMEOUT
    return {"retries": known, "timeout": timeout}


def wait_options(call: ast.Call) -> Mapping[str, Json]:
    """What is waited for, and how long, by either spelling."""
    type, timeout = argument_of(call, "event_type", 1), argument_of(call, "timeout", 2)
    if isinstance(type, ast.Dict):
        entries = _entries(type)
        type, timeout = entries.get("type"), entries.get("timeout", timeout)
    type = type if type is not None else argument_of(call, "type", 99)
    event_type = words_of(type) if type is not None else ""
    return {"event_type": event_type, "timeout": literal_of(timeout) if timeout is not None else "24 hours"}


def payload_shape(run: Function, event: str) -> Mapping[str, Json] | None:
    """The shape of what a program reads of its payload; None when it reads nothing."""
    fields: dict[str, Any] = {}
    found = False
    for node in ast.walk(run):
        path = _path(node, event)
        if path is None or path[:1] != ["payload"]:
            continue
        found = True
        at = fields
        for name in path[1:]:
            at = at.setdefault(name, {})
    if not found:
        return None
    return _shape(fields)


def _shape(fields: Mapping[str, Any]) -> dict[str, Json]:
    if not fields:
        return {"type": "unknown"}
    return {"type": "object", "fields": {name: _shape(inner) for name, inner in fields.items()}}


def _path(node: ast.AST, event: str) -> list[str] | None:
    """`event["payload"]["order"]`, `event.payload["order"]`, `event.payload.get("order")` as a path."""
    match node:
        case ast.Name(id=name) if name == event:
            return []
        case ast.Subscript(value=value, slice=ast.Constant(value=str(key))):
            before = _path(value, event)
            return None if before is None else [*before, key]
        case ast.Call(func=ast.Attribute(value=value, attr="get"), args=[ast.Constant(value=str(key)), *_]):
            before = _path(value, event)
            return None if before is None else [*before, key]
        case ast.Attribute(value=ast.Name(id=name), attr="payload") if name == event:
            return ["payload"]
    return None
