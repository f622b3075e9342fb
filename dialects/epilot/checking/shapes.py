"""Bodies against their schemas: what is unknown or null is left out, what is wrong is refused in the vendor's words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from jsonschema.exceptions import ValidationError

from dialects.epilot.errors import bad_request
from dialects.shared.bodies import path_of, validator_of

Schema = Mapping[str, Any]
NULLABLE: Final = "x-nullable"
"""In a schema: null means something and is kept."""


def checked(body: dict[str, Any], schema: Schema) -> dict[str, Any]:
    """The body without what the schema does not know, or a `Refusal` for the first thing that is wrong with it."""
    pruned: dict[str, Any] = prune(body, schema)
    if pruned.get("version") in (1, 2, 3):  # an artefact of the vendor's documents
        pruned["version"] = f"v{pruned['version']}"
    errors = list(validator_of(schema).iter_errors(pruned))
    if errors:
        raise bad_request(message_of(min(errors, key=_place)))
    return pruned


def _place(error: ValidationError) -> tuple[Any, ...]:
    """Errors in the order of the body, the outer ones first."""
    return (len(error.absolute_path), *(f"{part:06}" if isinstance(part, int) else str(part) for part in error.path))


def prune(value: Any, schema: Schema) -> Any:
    """A value without unknown fields of known objects, and without nulls where they mean nothing."""
    if "x-by" in schema and isinstance(value, dict):
        schema = variant_of(value, schema)
    if isinstance(value, dict):
        properties: Schema = schema.get("properties", {})
        if not properties or schema.get("additionalProperties") is True:
            kept = properties
            return {k: prune(v, kept.get(k, {})) for k, v in value.items() if v is not None or not properties}
        return {
            name: prune(entry, properties[name])
            for name, entry in value.items()
            if name in properties and (entry is not None or properties[name].get(NULLABLE))
        }
    if isinstance(value, list) and "items" in schema:
        return [prune(entry, schema["items"]) for entry in value]
    return value


def variant_of(value: Mapping[str, Any], schema: Schema) -> Schema:
    """Of several shapes the one that the object's own field names (`x-by`); the first where it names none."""
    variants: Mapping[str, Schema] = schema["x-variants"]
    found = value.get(schema["x-by"])
    return (
        variants.get(found, next(iter(variants.values()))) if isinstance(found, str) else next(iter(variants.values()))
    )


def by(field: str, variants: Mapping[str, Schema]) -> dict[str, Any]:
    """A schema whose shape is chosen by one of its fields."""
    rules = [
        {"if": {"properties": {field: {"const": name}}, "required": [field]}, "then": dict(variant)}
        for name, variant in variants.items()
    ]
    first: Mapping[str, Any] = next(iter(variants.values()))
    return {
        "type": "object",
        "x-by": field,
        "x-variants": dict(variants),
        "properties": {field: {"enum": list(variants)}},
        "required": [field] if field in first.get("required", ()) else [],
        "allOf": rules,
    }


def message_of(error: ValidationError) -> str:
    """A mistake in the vendor's words."""
    path = path_of(error)
    rule: Any = error.validator_value
    match error.validator:
        case "required":
            return f"Invalid request body: {path} is required"
        case "enum":
            return f"Invalid request body: {path} must be one of {', '.join(map(str, rule))}"
        case "maxLength":
            return f"Invalid request body: {path} is too long"
        case "minLength":
            return f"Invalid request body: {path} must have at least {rule} characters"
        case "minimum" if path.endswith("max_iterations"):
            return "max_iterations must be between 1 and 100"
        case "maximum" if path.endswith("max_iterations"):
            return "max_iterations must be between 1 and 100"
        case "minimum":
            return f"{path} must be at least {rule}"
        case "maximum":
            return f"{path} must be at most {rule}"
        case "minItems":
            return f"Invalid request body: {path} must have at least {rule} entries"
        case "maxItems":
            return f"Invalid request body: {path} must have at most {rule} entries"
        case "type":
            words = " or ".join(_words(rule))
            return f"Invalid request body: {path} must be {words}" if path else "Invalid request body"
    return f"Invalid request body: {path} is not valid"


def _words(types: Any) -> Iterator[str]:
    for name in [types] if isinstance(types, str) else types:
        yield {"integer": "a whole number", "array": "an array", "object": "an object"}.get(name, f"a {name}")
