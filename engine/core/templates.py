"""Templates in settings, rendered over an instance's data (semantics: Data).

A value that is one lone `{{ reference }}` keeps its JSON type; any other text becomes text. A name that is not there is
an error that says so, unless the template tests it or gives it a `default`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Final

from liquid import BoundTemplate
from liquid.builtin.output import OutputNode
from liquid.exceptions import LiquidError
from liquid.undefined import is_undefined

from accounts.json_text import json_bytes
from designer.graph.model import Json
from designer.graph.paths import MISSING, lone_reference, parse_path, resolve
from designer.graph.references import LONGEST_TEMPLATE, is_template
from engine.core.liquid import CountedContext, make_liquid, missing_reason, plain, reason_of, shown

MAX_RENDERED_BYTES: Final = 1024 * 1024
MAX_DEPTH: Final = 64

_LIQUID: Final = make_liquid()


class TemplateError(ValueError):
    """A template could not be rendered. `path` is where it stands in the value, `message` why, for people."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(f"{path}: {message}" if path else message)
        self.path = path
        self.message = message


class DataTooLarge(TemplateError):
    """What was rendered is larger than 1 MiB."""


def render_value(value: Json, data: Mapping[str, Json], path: str = "") -> Json:
    """`value` with every template in it rendered over `data`; keys of objects stay as they are.

    Raises `TemplateError` for the first template that cannot be rendered, `DataTooLarge` for more than 1 MiB.
    """
    return _Rendering(data).render(value, path, 0)


def render_text(text: str, data: Mapping[str, Json], path: str = "") -> Json:
    """One template: the value of a lone reference in its own type, otherwise text. Raises as `render_value`."""
    return _Rendering(data).text(text, path)


@dataclass
class _Rendering:
    """One value on its way, over one set of data."""

    data: Mapping[str, Json]
    size: int = 0
    sizes: dict[str, int] = field(default_factory=dict)
    """Bytes of the objects and lists that lone references found."""

    def render(self, value: Json, path: str, depth: int) -> Json:
        if isinstance(value, str):
            return self.text(value, path) if is_template(value) else value
        if value is None or isinstance(value, (int, float)):
            return value
        if depth > MAX_DEPTH:
            raise TemplateError(path, f"It is nested deeper than {MAX_DEPTH} levels.")
        if isinstance(value, (dict, Mapping)):  # asking for the former first is much faster
            return {
                key: self.render(entry, f"{path}.{key}" if path else str(key), depth + 1)
                for key, entry in value.items()
            }
        if isinstance(value, (list, tuple)):
            return [self.render(entry, f"{path}[{number}]", depth + 1) for number, entry in enumerate(value)]
        return value

    def text(self, text: str, path: str) -> Json:
        lone = lone_reference(text)
        if lone is None:
            rendered: Json = self._guarded(text, path, is_lone=False)
            self._count(len(rendered), path)
            return rendered
        steps = parse_path(lone)
        found = MISSING if steps is None else resolve(steps, self.data)
        # Liquid knows more than our paths do: `items.size`, `items.first`, a key that is looked up by another value.
        value = self._guarded(text.strip(), path, is_lone=True) if found is MISSING else found
        if lone not in self.sizes:
            self.sizes[lone] = _size_of(value)
        self._count(self.sizes[lone], path)
        return value

    def _guarded(self, text: str, path: str, *, is_lone: bool) -> Json:
        if len(text) > LONGEST_TEMPLATE:
            raise TemplateError(path, "The template is too long.")
        try:
            template = _compiled(text)
            return self._value_of(template) if is_lone else template.render(**self.shown_data)
        except LiquidError as bad:
            raise TemplateError(path, reason_of(bad)) from bad
        except (RecursionError, MemoryError) as bad:
            raise TemplateError(path, "The template is nested too deeply, or makes too much.") from bad
        except (TypeError, ValueError, ArithmeticError, LookupError, AttributeError) as bad:
            # Filters meet values they were not made for.
            raise TemplateError(path, f"The template cannot be rendered: {str(bad)[:300]}") from bad

    def _value_of(self, template: BoundTemplate) -> Json:
        """The value of the one expression of a template, in its own type."""
        (node,) = template.nodes
        if not isinstance(node, OutputNode):
            raise ValueError("it is no expression")
        found = node.expression.evaluate(CountedContext(template, globals=template.make_globals(self.shown_data)))
        if is_undefined(found):
            raise LiquidError(missing_reason(str(node.expression)), token=None)
        return plain(found)

    @cached_property
    def shown_data(self) -> dict[str, Json]:
        return {key: shown(entry) for key, entry in self.data.items()}

    def _count(self, size: int, path: str) -> None:
        self.size += size
        if self.size > MAX_RENDERED_BYTES:
            raise DataTooLarge(path, "What the templates make of the data is larger than 1 MiB.")


@lru_cache(maxsize=4096)
def _compiled(text: str) -> BoundTemplate:
    return _LIQUID.from_string(text)


def _size_of(value: Json) -> int:
    if isinstance(value, str):
        return len(value)
    return len(json_bytes(value, default=str)) if isinstance(value, (Mapping, list, tuple)) else 8
