"""A Django form from the JSON Schema of a human task, and the JSON value from what was filled in.

Supported: text (one line or several), email, number, integer, boolean, enum (radios up to five, else a select), date,
date-time (in the flow's time zone), lists of texts (one a line), lists of enum values (boxes), objects within objects.
Whatever else a schema asks for is filled in as JSON. The schema has the last word: the value is checked against it by
the service that completes the step, whose problems `add_problems` puts beside their fields.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError
from django.utils.html import escape

from accounts.clean_json import BadJson, clean_json
from designer.schema_words import choices_of, label_of, words_of_key

Schema = Mapping[str, Any]
DEEPEST: Final = 4
MOST_RADIOS: Final = 5
LONG_TEXT: Final = 200
MAX_VALUE_BYTES: Final = 1024 * 1024
PREFIX: Final = "field"


class JsonField(forms.CharField):
    """JSON typed in by hand."""

    widget = forms.Textarea

    def to_python(self, value: Any) -> Any:
        """The value. Refuses what is no clean JSON, saying where."""
        text = super().to_python(value)
        if not text or not text.strip():
            return None
        try:
            return clean_json(text, max_bytes=MAX_VALUE_BYTES)
        except BadJson as bad:
            raise ValidationError(f"This is not valid JSON: {bad}") from bad

    def prepare_value(self, value: Any) -> Any:
        """Indented JSON for a value of ours; what was typed stays as it was."""
        return value if isinstance(value, str) or value is None else json.dumps(value, indent=2, ensure_ascii=False)


class LinesField(forms.CharField):
    """A list of texts, one a line."""

    widget = forms.Textarea

    def to_python(self, value: Any) -> Any:
        """The lines that hold something."""
        text = super().to_python(value) or ""
        return [line.strip() for line in text.splitlines() if line.strip()]

    def prepare_value(self, value: Any) -> Any:
        """One line per entry."""
        return "\n".join(str(entry) for entry in value) if isinstance(value, (list, tuple)) else value


class ChoiceOfJson(forms.TypedChoiceField):
    """One value of an enum, of whatever JSON type: choices are numbered on the wire."""

    def __init__(self, values: Sequence[Any], *, labels: Sequence[str], required: bool, **kwargs: Any) -> None:
        self.values = list(values)
        choices = [(str(number), label) for number, label in enumerate(labels)]
        is_short = len(choices) <= MOST_RADIOS and required
        super().__init__(
            choices=choices if is_short else [("", "—"), *choices],
            widget=forms.RadioSelect if is_short else forms.Select,
            coerce=lambda number: self.values[int(number)],
            empty_value=None,
            required=required,
            **kwargs,
        )

    def prepare_value(self, value: Any) -> Any:
        """The number of a value of ours."""
        if isinstance(value, str) and value.isdecimal() and value not in self.values:
            return value
        return str(self.values.index(value)) if value in self.values else value


class ChoicesOfJson(forms.MultipleChoiceField):
    """Several values of an enum."""

    widget = forms.CheckboxSelectMultiple

    def __init__(self, values: Sequence[Any], *, labels: Sequence[str], **kwargs: Any) -> None:
        self.values = list(values)
        super().__init__(choices=[(str(number), label) for number, label in enumerate(labels)], **kwargs)

    def clean(self, value: Any) -> Any:
        """The values behind the ticked boxes."""
        return [self.values[int(number)] for number in super().clean(value)]

    def prepare_value(self, value: Any) -> Any:
        """The numbers of values of ours."""
        chosen = value if isinstance(value, (list, tuple)) else []
        return [str(self.values.index(entry)) if entry in self.values else entry for entry in chosen]


class SchemaForm(forms.Form):
    """The form of one schema. `paths` says which part of the output each field fills."""

    paths: dict[str, tuple[str, ...]]
    schemas: dict[str, Schema]

    def __init__(self, schema: Any, *args: Any, timezone: str = "UTC", values: Any = None, **kwargs: Any) -> None:
        self.zone = ZoneInfo(timezone)
        self.paths, self.schemas = {}, {}
        self.sections: dict[str, str] = {}
        super().__init__(*args, **kwargs)
        self.whole = not _is_object(schema)
        if not isinstance(schema, Mapping):
            return
        if self.whole:
            self._add((), schema, "Answer", is_required=True, value=values)
        else:
            self._add_properties((), schema, values, depth=0, is_required=True)

    def output(self) -> Any:
        """The JSON value of a valid form. Optional fields left empty are left out."""
        result: dict[str, Any] = {}
        for name, path in self.paths.items():
            value = self._json_of(name)
            if self.whole:
                return value
            if value is None or (value in ("", []) and not self.fields[name].required):
                continue
            place = result
            for key in path[:-1]:
                place = place.setdefault(key, {})
            place[path[-1]] = value
        return result

    def add_problems(self, problems: Iterable[tuple[str, str]]) -> None:
        """Show what the service found beside its fields; paths read `output.address.city` or `/address/city`."""
        names = {path: name for name, path in self.paths.items()}
        for path, message in problems:
            words = tuple(word for word in path.replace("/", ".").split(".") if word and word not in ("output", "$"))
            while words and words not in names:
                words = words[:-1]
            self.add_error(names.get(words), message)

    def _json_of(self, name: str) -> Any:
        value = self.cleaned_data.get(name)
        if isinstance(value, datetime):
            # Typed in on the clocks of the flow's zone; Django took them for the server's.
            return value.replace(tzinfo=self.zone).isoformat()
        if isinstance(value, date):
            return value.isoformat()
        if isinstance(value, float) and value.is_integer() and _type_of(self.schemas[name]) == "integer":
            return int(value)
        return value

    def _add_properties(
        self, path: tuple[str, ...], schema: Schema, values: Any, *, depth: int, is_required: bool
    ) -> None:
        needed = schema.get("required")
        required = {key for key in needed if isinstance(key, str)} if isinstance(needed, list) else set()
        for key, below in schema["properties"].items():
            if not isinstance(key, str):
                continue
            below = below if isinstance(below, Mapping) else {}
            value = values.get(key) if isinstance(values, Mapping) else None
            must = is_required and key in required
            if _is_object(below) and depth < DEEPEST:
                self._add_properties((*path, key), below, value, depth=depth + 1, is_required=must)
            else:
                self._add((*path, key), below, key, is_required=must, value=value)

    def _add(self, path: tuple[str, ...], schema: Schema, key: str, *, is_required: bool, value: Any) -> None:
        name = f"{PREFIX}-{len(self.paths)}"
        label = label_of(key, schema)
        parents = [words_of_key(parent) for parent in path[:-1]]
        field = _field(schema, is_required=is_required)
        field.label = " · ".join([*parents, label])
        field.help_text = _help(schema, self.zone)
        initial = value if value is not None else schema.get("default")
        field.initial = _initial(field, initial, self.zone)
        self.fields[name] = field
        self.paths[name], self.schemas[name] = path, schema


def _is_object(schema: Any) -> bool:
    return isinstance(schema, Mapping) and isinstance(schema.get("properties"), Mapping)


def _type_of(schema: Schema) -> str:
    """The type that is not null; text where a schema names none."""
    types = schema.get("type")
    if isinstance(types, list):
        types = next((name for name in types if name != "null"), None)
    return (
        types
        if isinstance(types, str)
        else ("json" if schema.keys() & {"oneOf", "anyOf", "allOf", "$ref"} else "string")
    )


def _help(schema: Schema, zone: ZoneInfo) -> str:
    text = schema.get("description")
    parts: list[str] = [escape(text)] if isinstance(text, str) and text else []
    if schema.get("format") == "date-time":
        parts.append(escape(f"Time zone: {zone.key}."))
    if _type_of(schema) == "array" and choices_of(schema.get("items")) is None and _item_type(schema) == "string":
        parts.append("One a line.")
    return " ".join(parts)


def _item_type(schema: Schema) -> str:
    items = schema.get("items")
    return _type_of(items) if isinstance(items, Mapping) else "json"


def _number(schema: Schema, *keys: str) -> Any:
    return next((schema[key] for key in keys if type(schema.get(key)) in (int, float)), None)


def _length(schema: Schema, key: str) -> int | None:
    value = schema.get(key)
    return value if type(value) is int and value >= 0 else None


def _field(schema: Schema, *, is_required: bool) -> forms.Field:
    choice = choices_of(schema)
    if choice is not None:
        return ChoiceOfJson(choice[0], labels=choice[1], required=is_required)
    match _type_of(schema):
        case "string":
            return _text_field(schema, is_required=is_required)
        case "integer":
            return forms.IntegerField(
                required=is_required, min_value=_number(schema, "minimum"), max_value=_number(schema, "maximum")
            )
        case "number":
            return forms.FloatField(
                required=is_required,
                min_value=_number(schema, "minimum"),
                max_value=_number(schema, "maximum"),
                widget=forms.NumberInput(attrs={"step": "any"}),
            )
        case "boolean":
            # Unticked is an answer too, unless only "true" is one.
            return forms.BooleanField(required=is_required and schema.get("const") is True)
        case "array" if (items := choices_of(schema.get("items"))) is not None:
            return ChoicesOfJson(items[0], labels=items[1], required=is_required)
        case "array" if _item_type(schema) == "string":
            return LinesField(required=is_required, widget=forms.Textarea(attrs={"rows": 3}))
        case _:
            return JsonField(required=is_required, widget=forms.Textarea(attrs={"rows": 5, "spellcheck": "false"}))


def _text_field(schema: Schema, *, is_required: bool) -> forms.Field:
    longest, shortest = _length(schema, "maxLength"), _length(schema, "minLength")
    match schema.get("format"):
        case "email":
            return forms.EmailField(required=is_required, max_length=longest)
        case "uri" | "url":
            return forms.URLField(required=is_required, max_length=longest, assume_scheme="https")
        case "date":
            return forms.DateField(required=is_required, widget=forms.DateInput(attrs={"type": "date"}))
        case "date-time":
            return forms.DateTimeField(
                required=is_required,
                input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"],
                widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
            )
        case "textarea" | "multiline" | "long-text" | "longtext":
            widget: forms.Widget = forms.Textarea(attrs={"rows": 4})
        case _:
            is_long = longest is not None and longest > LONG_TEXT
            widget = forms.Textarea(attrs={"rows": 4}) if is_long else forms.TextInput()
    return forms.CharField(required=is_required, max_length=longest, min_length=shortest, widget=widget, strip=True)


def _initial(field: forms.Field, value: Any, zone: ZoneInfo) -> Any:
    """A value of ours as the field's widget shows it; one of another type is left out."""
    if value is None:
        return None
    try:
        if isinstance(field, forms.DateTimeField):
            moment = datetime.fromisoformat(value)
            return (moment.astimezone(zone) if moment.tzinfo else moment).replace(tzinfo=None)
        if isinstance(field, forms.DateField):
            return date.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return value
