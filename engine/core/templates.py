"""Templates in flows: Liquid, limited.

A value that is one lone `{{ reference }}` keeps its JSON type; any other text becomes text. A name that is not there is
an error that says so, unless the template gives it a `default`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

import orjson
from liquid import BoundTemplate, Environment, StrictDefaultUndefined
from liquid.exceptions import LiquidError

from designer.graph.model import Json
from designer.graph.paths import MISSING, lone_reference, parse_path, resolve
from designer.graph.references import is_template

MAX_OUTPUT_BYTES: Final = 1024 * 1024
MAX_DEPTH: Final = 64


class TemplateError(ValueError):
    """A template could not be rendered. `path` is where it stands in the value, `message` why, for people."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(f"{path}: {message}" if path else message)
        self.path = path
        self.message = message


class _Limited(Environment):
    """Liquid with every limit set: templates come from flows, and flows from people."""

    context_depth_limit = 30
    loop_iteration_limit = 10_000
    local_namespace_limit = 1_000_000
    output_stream_limit = MAX_OUTPUT_BYTES
    block_nesting_limit = 50


_LIQUID: Final = _Limited(undefined=StrictDefaultUndefined)
for _tag in ("include", "render", "extends", "block", "macro", "call"):
    _LIQUID.tags.pop(_tag, None)  # a template stands alone


@lru_cache(maxsize=4096)
def _compiled(text: str) -> BoundTemplate:
    return _LIQUID.from_string(text)


def render_value(value: Json, data: Mapping[str, Json], path: str = "") -> Json:
    """`value` with every template in it rendered over `data`; keys of objects stay as they are.

    Raises `TemplateError` for the first template that cannot be rendered.
    """
    return _render(value, data, path, 0)


def _render(value: Json, data: Mapping[str, Json], path: str, depth: int) -> Json:
    if isinstance(value, str):
        return render_text(value, data, path) if is_template(value) else value
    if depth > MAX_DEPTH:
        raise TemplateError(path, f"It is nested deeper than {MAX_DEPTH} levels.")
    if isinstance(value, Mapping):
        return {
            key: _render(entry, data, f"{path}.{key}" if path else str(key), depth + 1) for key, entry in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [_render(entry, data, f"{path}[{number}]", depth + 1) for number, entry in enumerate(value)]
    return value


def render_text(text: str, data: Mapping[str, Json], path: str = "") -> Json:
    """One template: the value of a lone reference in its own type, otherwise text."""
    lone = lone_reference(text)
    steps = parse_path(lone) if lone else None
    if steps is not None:
        found = resolve(steps, data)
        if found is MISSING:
            raise TemplateError(path, f"There is no {lone} in the data of this instance.")
        return found
    try:
        return _compiled(text).render(**_shown(data))
    except LiquidError as bad:
        raise TemplateError(path, str(bad).partition("\n")[0][:500] or "The template cannot be rendered.") from bad
    except RecursionError as bad:
        raise TemplateError(path, "The template is nested too deeply.") from bad
    except (TypeError, ValueError, ArithmeticError, OverflowError) as bad:
        # Filters meet values they were not made for.
        raise TemplateError(path, f"The template cannot be rendered: {str(bad)[:300]}") from bad


class _Shown(dict[str, Json]):
    """An object that shows as JSON inside of text, as people expect, not as Python."""

    def __str__(self) -> str:
        return orjson.dumps(self, option=orjson.OPT_NON_STR_KEYS).decode()


def _shown(value: Json) -> Json:
    if isinstance(value, Mapping):
        return _Shown({key: _shown(entry) for key, entry in value.items()})
    if isinstance(value, list):
        return [_shown(entry) for entry in value]
    return value
