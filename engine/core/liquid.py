"""Liquid as far as flows may use it: every limit set, no clock, no files, and work that is counted.

Templates come from flows, and flows from people. Liquid's own limits cover loops, output and nesting; a filter could
still make gigabytes of a few characters, or a loop handle a large text ten thousand times. So all text that filters and
lookups handle is counted, and a template that has handled too much is stopped.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from liquid import BoundTemplate, Environment, RenderContext, Undefined
from liquid.exceptions import LiquidError, UndefinedError
from liquid.undefined import FalsyStrictUndefined, is_undefined

from accounts.json_text import json_str
from designer.graph.model import Json
from designer.graph.references import FILTERS
from engine.core import message_filters

MAX_OUTPUT_BYTES: Final = 1024 * 1024
MAX_WORK: Final = 32 * 1024 * 1024
"""Characters that one template may handle."""
LONGEST_TEXT: Final = 4 * 1024 * 1024
"""Characters of a text on the way to the output."""
LONGEST_LIST: Final = 100_000
MOST_DIGITS: Final = 400
_LOOKUP_COST: Final = 50
_QUADRATIC: Final = {"uniq": 2_000}
"""Filters whose work grows with the square of a list, and the longest list they take."""
_PADDED: Final = re.compile(r"%[-_0^#]*\d{3,}")
_UNDEFINED: Final = re.compile(r"^(?P<name>\S+) is undefined")

Filter = Callable[..., Any]


class Missing(FalsyStrictUndefined):
    """A name that is not there: false in a condition, replaced by `default`, an error anywhere else."""

    allowed_properties = FalsyStrictUndefined.allowed_properties | {"__hash__"}
    force_liquid_default = True

    def __eq__(self, other: object) -> bool:
        return other is False or other is None

    def __hash__(self) -> int:
        return 0


class CountedContext(RenderContext):
    """Counts the work of one rendering."""

    __slots__ = ("work",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.work = 0

    def get(self, *args: Any, **kwargs: Any) -> object:
        """A looked-up value; texts cost their length, because they are compared and shown."""
        found = super().get(*args, **kwargs)
        self.spend(_LOOKUP_COST + (len(found) if isinstance(found, str) else 0))
        return found

    def filter(self, name: str, *args: Any, **kwargs: Any) -> Filter:
        """A filter that counts what it handles and refuses to make too much of it."""
        run = super().filter(name, *args, **kwargs)

        def counted(value: Any, *arguments: Any, **named: Any) -> Any:
            if is_undefined(value):
                return run(value, *arguments, **named) if name == "default" else str(value)
            if name == "date":
                value = self._without_clock(value)
            self.spend(sum(map(_cost, (value, *arguments))))
            _refuse_growth(name, value, arguments)
            return _checked(run(value, *arguments, **named))

        return counted

    def spend(self, work: int) -> None:
        """Count work. Raises `LiquidError` when there was too much."""
        self.work += work
        if self.work > MAX_WORK:
            raise LiquidError("The template handles too much text.", token=None)

    def _without_clock(self, value: Any) -> Any:
        """`now` and `today` mean the moment of the data; a template reads no clock."""
        return self.globals.get("now") if value in ("now", "today") else value


class CountedTemplate(BoundTemplate):
    """A template whose renderings are counted."""

    context_class = CountedContext


class LimitedLiquid(Environment):
    """Liquid with every limit set."""

    template_class = CountedTemplate
    context_depth_limit = 30
    loop_iteration_limit = 10_000
    local_namespace_limit = 4_000_000
    output_stream_limit = MAX_OUTPUT_BYTES
    block_nesting_limit = 50


def make_liquid(undefined: type[Undefined] = Missing) -> LimitedLiquid:
    """The environment: the filters that flows are checked for, and no tags that reach for other templates.

    `undefined`: what a name that is not there means; an error, where nothing else is said.
    """
    liquid = LimitedLiquid(undefined=undefined)
    for tag in ("include", "render", "extends", "block", "macro", "call"):
        liquid.tags.pop(tag, None)
    liquid.filters = {name: run for name, run in liquid.filters.items() if name in FILTERS}
    liquid.filters["json"] = as_json
    liquid.filters.update(message_filters.FILTERS)
    return liquid


def shown(value: Json) -> Json:
    """A value that shows as JSON inside of text, as people expect, not as Python."""
    if isinstance(value, Mapping):
        return _ShownObject({key: shown(entry) for key, entry in value.items()})
    if isinstance(value, (list, tuple)):
        return [shown(entry) for entry in value]
    return value


def as_json(value: Any) -> str:
    """The filter `json`: a value as it stands in JSON, for bodies that are written by hand."""
    return json_str(plain(value))


def plain(value: Any) -> Json:
    """A value of an expression as JSON."""
    if isinstance(value, Mapping):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple, range)):
        return [plain(entry) for entry in value]
    return value if value is None or isinstance(value, (str, int, float, bool)) else str(value)


def reason_of(error: Exception) -> str:
    """What is wrong with a template, in a sentence for people."""
    said = str(error).partition("\n")[0][:500]
    found = _UNDEFINED.match(said) if isinstance(error, UndefinedError) else None
    if found is not None:
        return missing_reason(found["name"])
    return said or "The template cannot be rendered."


def missing_reason(name: str) -> str:
    """Why a reference finds nothing."""
    return f"There is no {name} in the data of this instance."


class _ShownObject(dict[str, Json]):
    def __str__(self) -> str:
        return json_str(self)


def _cost(value: Any) -> int:
    if isinstance(value, (str, bytes)):
        return len(value)
    if isinstance(value, (list, tuple, range, Mapping)):
        return 8 * len(value)
    return 8


def _refuse_growth(name: str, value: Any, arguments: Sequence[Any]) -> None:
    """Raise `LiquidError` before a filter makes something enormous."""
    if name == "replace" and len(arguments) > 1:
        old, new = str(arguments[0]), str(arguments[1])
        _refuse_long(str(value).count(old) * len(new))
    elif name == "join" and isinstance(value, (list, tuple, range)):
        between = len(str(arguments[0])) if arguments else 1
        _refuse_long(sum(len(entry) if isinstance(entry, str) else 8 for entry in value) + between * len(value))
    elif name == "date" and arguments and _PADDED.search(str(arguments[0])):
        raise LiquidError("The date format asks for too much padding.", token=None)
    elif isinstance(value, (list, tuple, range)) and len(value) > _QUADRATIC.get(name, LONGEST_LIST):
        raise LiquidError(f"The list is too long for {name}.", token=None)


def _checked(value: Any) -> Any:
    if isinstance(value, str):
        _refuse_long(len(value))
    elif isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 10**MOST_DIGITS:
        raise LiquidError(f"The number has more than {MOST_DIGITS} digits.", token=None)
    elif isinstance(value, datetime):
        return value.isoformat()
    return value


def _refuse_long(characters: int) -> None:
    if characters > LONGEST_TEXT:
        raise LiquidError("The template makes a text that is too long.", token=None)
