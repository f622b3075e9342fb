"""Is this a JSON Schema that a form or an answer can be validated against?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Final

import jsonschema
import orjson
from referencing import Registry
from referencing.exceptions import CannotDetermineSpecification, Unresolvable
from referencing.jsonschema import DRAFT202012

from designer.graph.model import Json

LARGEST_SCHEMA_BYTES: Final = 256 * 1024
_REFERENCES: Final = ("$ref", "$dynamicRef")


def json_schema_reason(value: Json) -> str | None:
    """Why `value` cannot be used as a JSON Schema (draft 2020-12), or None. It may refer to its own
    parts alone, and to those that there are: a check that meets another reference breaks, whatever it checks.
    """
    if not isinstance(value, Mapping):
        return "give a JSON Schema, as an object."
    try:
        written = orjson.dumps(value)
    except (TypeError, RecursionError):
        return "this is not JSON."
    if len(written) > LARGEST_SCHEMA_BYTES:
        return f"at most {LARGEST_SCHEMA_BYTES // 1024} KiB."
    return _reason(written)


@lru_cache(maxsize=256)
def _reason(written: bytes) -> str | None:
    value = orjson.loads(written)
    try:
        jsonschema.Draft202012Validator.check_schema(value)
    except jsonschema.SchemaError as bad:
        where = ".".join(map(str, bad.absolute_path))
        return f"not a valid JSON Schema{' at ' + where if where else ''}: {bad.message[:200]}."
    except RecursionError:
        return "this JSON Schema is nested too deeply."
    foreign = next((ref for ref in _references(value) if not ref.startswith("#")), None)
    if foreign:
        return f"the JSON Schema refers to another document, {foreign[:100]}; only #/… can be used."
    dangling = _dangling(value)
    return f"the JSON Schema refers to {dangling[:100]}, which it does not have." if dangling else None


def _dangling(value: Json) -> str | None:
    """The first reference to a part that the schema does not have."""
    root = DRAFT202012.create_resource(value)
    base = root.id() or ""
    todo = [(Registry().with_resource(base, root).resolver(base), value)]
    seen: set[int] = set()
    while todo:
        resolver, here = todo.pop()
        if not isinstance(here, Mapping) or id(here) in seen:
            continue
        seen.add(id(here))
        for ref in (ref for name in _REFERENCES if isinstance(ref := here.get(name), str)):
            try:
                found = resolver.lookup(ref)
            except (Unresolvable, CannotDetermineSpecification, ValueError):
                return ref
            todo.append((found.resolver, found.contents))
        for part in DRAFT202012.subresources_of(here):
            todo.append((resolver.in_subresource(DRAFT202012.create_resource(part)), part))
    return None


def _references(value: Json) -> Iterator[str]:
    """Every reference in a schema, at any depth."""
    todo = [value]
    while todo:
        here = todo.pop()
        if isinstance(here, Mapping):
            yield from (ref for name in _REFERENCES if isinstance(ref := here.get(name), str))
            todo.extend(here.values())
        elif isinstance(here, list):
            todo.extend(here)
