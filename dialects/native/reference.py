"""The OpenAPI document as people read it: the reference page and `docs/reference/api.md` are made from this."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from threading import Lock
from typing import Any

from django.urls import include, path
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.settings import patched_settings

from dialects.native import openapi
from dialects.native.components import COMPONENTS
from dialects.native.schemas.making import Schema

METHODS = ("get", "post", "put", "patch", "delete")
PROBLEMS = (
    ("not-legal-now", 409, "What was asked is not possible in the present state; `detail` says why."),
    ("key-taken", 409, "A flow or an instance with this key or id is there already."),
    ("ambiguous-id", 409, "Several flows have an instance with this id: add `?flow=KEY`."),
    ("stale-revision", 412, "Somebody changed the draft since you fetched it; the header `ETag` has the new revision."),
    ("revision-missing", 428, "Changing a draft needs `If-Match` with the revision you fetched."),
)


@dataclass(frozen=True, slots=True)
class Row:
    """A parameter or a property: name, type in words, whether it must be there, what it means."""

    name: str
    type: str
    required: bool
    description: str


@dataclass(frozen=True, slots=True)
class Answer:
    """One status an operation may answer with."""

    status: str
    shape: str
    description: str


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one address."""

    id: str
    method: str
    path: str
    summary: str
    description: str
    parameters: tuple[Row, ...]
    takes: str
    body: tuple[Row, ...]
    answers: tuple[Answer, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """The operations of one tag."""

    name: str
    description: str
    operations: tuple[Operation, ...]


@dataclass(frozen=True, slots=True)
class Shape:
    """A component: an object and its properties."""

    name: str
    rows: tuple[Row, ...]


def openapi_document() -> dict[str, Any]:
    """The OpenAPI document of `/api/v1`, made once per process."""
    # One at a time: drf-spectacular keeps its settings in a global.
    with making:
        return make_document()


making = Lock()


@lru_cache(maxsize=1)
def make_document() -> dict[str, Any]:
    """Let drf-spectacular look at every view."""
    with patched_settings(openapi.SETTINGS):
        generator: Any = SchemaGenerator
        native = [
            path("api/v1/", include("dialects.native.urls")),
            path("hooks/", include("dialects.native.hook_urls")),
        ]
        document: dict[str, Any] = generator(patterns=native).get_schema(request=None, public=True)
    document["paths"] = {path: item for path, item in document["paths"].items() if path.startswith("/api/v1/")}
    return document


def groups() -> tuple[Group, ...]:
    """All operations by tag, in the order of `openapi.TAGS`."""
    paths: Mapping[str, Mapping[str, Any]] = openapi_document()["paths"]
    every = [(path, method, item[method]) for path, item in paths.items() for method in METHODS if method in item]
    return tuple(
        Group(tag, words, tuple(operation_of(*one) for one in every if one[2].get("tags") == [tag]))
        for tag, words in openapi.TAGS.items()
    )


def shapes() -> tuple[Shape, ...]:
    """The components that are objects with properties."""
    return tuple(Shape(name, rows_of(schema)) for name, schema in COMPONENTS.items() if schema.get("properties"))


def operation_of(path: str, method: str, raw: Mapping[str, Any]) -> Operation:
    """One operation of the document."""
    content: Mapping[str, Any] = raw.get("requestBody", {}).get("content", {})
    body: Schema = next((media["schema"] for media in content.values()), {})
    return Operation(
        id=f"{method}-{path.strip('/').replace('/', '-').replace('{', '').replace('}', '')}",
        method=method.upper(),
        path=path,
        summary=raw.get("summary", ""),
        description=raw.get("description", ""),
        parameters=tuple(parameter_of(one) for one in raw.get("parameters", ())),
        takes=", ".join(content),
        body=rows_of(resolved(body)),
        answers=tuple(answer_of(status, one) for status, one in raw.get("responses", {}).items()),
    )


def parameter_of(raw: Mapping[str, Any]) -> Row:
    """A parameter of the path, the query or the header."""
    where = {"path": "in the path", "query": "in the query", "header": "a header"}[raw["in"]]
    kind = f"{words_of(raw.get('schema', {}))}, {where}"
    return Row(raw["name"], kind, bool(raw.get("required")), raw.get("description", ""))


def answer_of(status: str, raw: Mapping[str, Any]) -> Answer:
    """A status with the shape of its body."""
    content: Mapping[str, Any] = raw.get("content", {})
    media = next(iter(content), "")
    schema: Schema = content[media].get("schema", {}) if media else {}
    shape = words_of(schema) if media.endswith("json") else media
    return Answer(status, shape, raw.get("description", ""))


def rows_of(schema: Schema) -> tuple[Row, ...]:
    """The properties of an object schema."""
    needed = schema.get("required", ())
    return tuple(
        Row(name, words_of(one), name in needed, one.get("description", "") if isinstance(one, dict) else "")
        for name, one in schema.get("properties", {}).items()
    )


def resolved(schema: Schema) -> Schema:
    """The schema itself, or the component it refers to."""
    name = schema.get("$ref", "").rpartition("/")[2]
    return COMPONENTS.get(name, schema)


def words_of(schema: Schema) -> str:
    """The type of a value in words: `list of Step`, `text or null`."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return " or ".join(words_of(one) for one in schema["anyOf"])
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    kinds = schema.get("type", "any JSON")
    return " or ".join(word_for(kind, schema) for kind in ([kinds] if isinstance(kinds, str) else kinds))


def word_for(kind: str, schema: Schema) -> str:
    """One JSON type in words."""
    if kind == "array":
        return f"list of {words_of(schema.get('items', {}))}"
    if kind == "string":
        return "moment" if schema.get("format") == "date-time" else "text"
    return {"integer": "whole number", "boolean": "true or false"}.get(kind, kind)
