"""Request bodies: JSON read strictly, checked against the JSON Schema that the reference page shows."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import orjson
from django.conf import settings
from django.http import HttpRequest
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from rest_framework.request import Request

from accounts.clean_json import clean_json, readable_size
from dialects.shared.problems import Problem, invalid

MAX_ERRORS = 20
YAML_TYPES = ("application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml")


def content_type_of(request: Request | HttpRequest) -> str:
    """The media type of the body in lower case, without parameters."""
    return (request.META.get("CONTENT_TYPE") or "").partition(";")[0].strip().lower()


def is_json_type(media_type: str) -> bool:
    """Whether a media type is JSON (`application/json`, `application/….+json`)."""
    return media_type == "application/json" or (media_type.startswith("application/") and media_type.endswith("+json"))


def refuse_forms(request: Request) -> None:
    """Raise Problem 415 for a multipart form: nothing here takes one, and Django has already consumed its body."""
    if content_type_of(request) == "multipart/form-data":
        raise Problem(415, "Send JSON with `Content-Type: application/json`, not a form.")


def read_json(request: Request, *, max_bytes: int | None = None) -> Any:
    """The JSON body. Raises BadJson, or Problem 400 when empty and 415 when it is not declared as JSON."""
    media_type = content_type_of(request)
    if not is_json_type(media_type):
        raise Problem(415, f"Send JSON with `Content-Type: application/json`, not {media_type or 'nothing'}.")
    if not request.body:
        raise Problem(400, "The body is empty: send JSON.")
    limit = max_bytes or settings.MAX_PAYLOAD_BYTES
    refuse_larger(request.body, limit)
    return clean_json(request.body, max_bytes=limit)


def refuse_larger(body: bytes, limit: int) -> None:
    """Raise Problem 413 for a body over the limit."""
    if len(body) > limit:
        raise Problem(413, f"The body is larger than {readable_size(limit)}.")


def read_object(request: Request, schema: Mapping[str, Any], *, max_bytes: int | None = None) -> dict[str, Any]:
    """The JSON body, valid under `schema` (an object schema). An empty body counts as `{}`.

    Raises BadJson, Problem 415, or Problem 422 with a path for each mistake.
    """
    body = read_json(request, max_bytes=max_bytes) if request.body else {}
    check(body, schema)
    found: dict[str, Any] = body
    return found


def check(value: Any, schema: Mapping[str, Any]) -> None:
    """Raise Problem 422 with a path for each way in which `value` does not fit the schema."""
    errors = sorted(validator_of(schema).iter_errors(value), key=lambda error: list(map(str, error.absolute_path)))
    if errors:
        raise invalid([(path_of(error), wording_of(error)) for error in errors[:MAX_ERRORS]])


def validator_of(schema: Mapping[str, Any]) -> Draft202012Validator:
    """A validator, compiled once per schema."""
    return _compile(orjson.dumps(schema))


@lru_cache(maxsize=128)
def _compile(schema: bytes) -> Draft202012Validator:
    return Draft202012Validator(orjson.loads(schema))


def path_of(error: ValidationError) -> str:
    """Where in the body, as `input.items[2].name`; the missing or unknown key itself where one is to blame."""
    path = ""
    for part in error.absolute_path:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else str(part)
    culprit = culprit_of(error)
    return f"{path}.{culprit}" if path and culprit else culprit or path


def culprit_of(error: ValidationError) -> str:
    """The key that is missing or unknown; empty for other mistakes."""
    details: Any = error
    if error.validator == "required":
        return next(str(key) for key in details.validator_value if key not in details.instance)
    if error.validator == "additionalProperties":
        known = details.schema.get("properties", {})
        return next(str(key) for key in details.instance if key not in known)
    return ""


def wording_of(error: ValidationError) -> str:
    """The mistake in few words, never repeating a large value."""
    rule: Any = error.validator_value
    match error.validator:
        case "required":
            return "is missing"
        case "additionalProperties":
            return "is not known here"
        case "type":
            return f"must be {' or '.join(rule) if isinstance(rule, list) else rule}"
        case "pattern":
            return f"must match {rule}"
        case "enum":
            return f"must be one of {', '.join(map(str, rule))}"
        case "minLength" | "minItems" | "minProperties":
            return "must not be empty" if rule == 1 else f"must have at least {rule}"
        case "maxLength" | "maxItems" | "maxProperties":
            return f"must have at most {rule}"
        case "minimum":
            return f"must be at least {rule}"
        case "maximum":
            return f"must be at most {rule}"
    return str(error.message)[:200]
