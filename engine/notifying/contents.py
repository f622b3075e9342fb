"""What messages say: Liquid over an instance's data. Unlike elsewhere nothing here fails: what is not there is empty.

Where a template cannot even be read it renders empty too; whoever wrote the flow sees that among its problems.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

import orjson
from liquid import BoundTemplate, Undefined
from liquid.exceptions import LiquidError

from accounts.json_text import json_str
from designer.graph.model import Json
from designer.graph.paths import MISSING, lone_reference, parse_path, resolve
from designer.graph.references import LONGEST_TEMPLATE, is_template
from engine.core.liquid import make_liquid

_LIQUID: Final = make_liquid(Undefined)


class _Quoted(dict[str, Json]):
    """An object that shows as JSON with single quotes inside of a text (Novu: objects print so)."""

    def __str__(self) -> str:
        return single_quoted(self)


class _QuotedList(list[Json]):
    def __str__(self) -> str:
        return single_quoted(self)


def single_quoted(value: Json) -> str:
    """JSON with single quotes."""
    return json_str(value, default=str).replace('"', "'")


def view_of(data: Mapping[str, Json]) -> dict[str, Json]:
    """The data as messages see it: of a step, what its output holds may be named at once (`steps.digest.events`)."""
    steps = data.get("steps") or {}
    flat = {key: {**_mapping(step.get("output")), **step} for key, step in steps.items() if isinstance(step, Mapping)}
    return {**data, "steps": flat}


def render(value: Json, data: Mapping[str, Json]) -> Json:
    """`value` with every template in it rendered over `data` (a `view_of`). Never raises for what a template says."""
    if isinstance(value, str):
        return render_text(value, data) if is_template(value) else value
    if isinstance(value, Mapping):
        return {key: render(entry, data) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [render(entry, data) for entry in value]
    return value


def render_text(text: str, data: Mapping[str, Json]) -> str:
    """One template as text."""
    try:
        return render_strictly(text, data)
    except LiquidError:
        return ""


def render_strictly(text: str, data: Mapping[str, Json]) -> str:
    """As `render_text`, but raises `LiquidError` for a template that cannot be read or goes too far."""
    if len(text) > LONGEST_TEMPLATE:
        raise LiquidError("The template is too long.", token=None)
    try:
        return _compiled(text).render(**{key: _shown(entry) for key, entry in data.items()})
    except (RecursionError, MemoryError, TypeError, ValueError, ArithmeticError, LookupError, AttributeError) as bad:
        raise LiquidError(f"The template cannot be rendered: {str(bad)[:200]}", token=None) from bad


def value_at(path: str, data: Mapping[str, Json]) -> Json:
    """The value at a path such as `payload.order.id` (or a lone `{{ reference }}`); None where there is none.

    A path that does not begin with a known name is one into the payload.
    """
    steps = parse_path(lone_reference(path) or path.strip())
    if steps is None:
        return None
    found = resolve(steps, data)
    if found is MISSING:
        found = resolve(("payload", *steps), data)
    return None if found is MISSING else found


@lru_cache(maxsize=4096)
def _compiled(text: str) -> BoundTemplate:
    return _LIQUID.from_string(text)


def _shown(value: Json) -> Any:
    if isinstance(value, Mapping):
        return _Quoted({key: _shown(entry) for key, entry in value.items()})
    if isinstance(value, (list, tuple)):
        return _QuotedList([_shown(entry) for entry in value])
    return value


def _mapping(value: Json) -> Mapping[str, Json]:
    return value if isinstance(value, Mapping) else {}


def as_json(value: Json) -> Json:
    """A text that holds JSON (or JSON with single quotes, as objects print) as its value; anything else as it is."""
    if not isinstance(value, str) or not value.strip().startswith(("{", "[")):
        return value
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError:
        try:
            return ast.literal_eval(value)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            return value
