"""Does a value fit a JSON Schema: what a form was filled in with, what an instance is started with?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from jsonschema import Draft202012Validator, SchemaError, ValidationError

from designer.graph.model import Json
from engine.services.errors import InvalidInput

MOST_PROBLEMS: Final = 100


def fitting(form: Mapping[str, Any], value: Json) -> Json:
    """`value`, if it fits a form. Raises `InvalidInput` with paths like `items.0.price`."""
    value = {} if value is None else value
    try:
        problems = sorted(_described(error) for error in _validator(form).iter_errors(value))
    except SchemaError as broken:
        raise InvalidInput([("", f"The form is not a JSON Schema: {broken.message}")]) from broken
    if problems:
        raise InvalidInput(problems[:MOST_PROBLEMS])
    return value


def _validator(form: Mapping[str, Any]) -> Draft202012Validator:
    return Draft202012Validator(form, format_checker=Draft202012Validator.FORMAT_CHECKER)


def _described(error: ValidationError) -> tuple[str, str]:
    """The place of the culprit and what is wrong with it; a missing field is named by its own path."""
    path = [str(part) for part in error.path]
    if error.validator == "required" and isinstance(error.instance, Mapping):
        required: Any = error.validator_value
        missing = next((name for name in required if name not in error.instance), None)
        if missing is not None:
            return ".".join([*path, str(missing)]), "is required"
    return ".".join(path), error.message[:500]
