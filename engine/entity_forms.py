"""Forms of entities, automations and journeys."""

from __future__ import annotations

from typing import Any, Final

from django import forms

from accounts.clean_json import BadJson, clean_json
from designer.graph.json_schemas import json_schema_reason
from designer.graph.model import Json
from engine.core.event_patterns import problem_of
from engine.entities.models import Outcome
from engine.services.automation_triggers import as_pattern
from engine.services.executing import MAX_VALUE_BYTES

ENDS: Final = [choice for choice in Outcome.choices if choice[0] != Outcome.SLOW]


class JsonText(forms.CharField):
    """JSON of one type (`dict` or `list`), as text."""

    widget = forms.Textarea(attrs={"rows": 8, "class": "mono", "spellcheck": "false"})

    def __init__(self, *, type: type[dict[Any, Any]] | type[list[Any]], **more: Any) -> None:
        super().__init__(required=False, **more)
        self.type = type

    def clean(self, value: Any) -> Any:
        """The JSON; empty where nothing is said. Raises ValidationError with where it is wrong."""
        text = super().clean(value)
        if not text.strip():
            return self.type()
        try:
            found: Json = clean_json(text.encode(), max_bytes=MAX_VALUE_BYTES)
        except BadJson as bad:
            raise forms.ValidationError(f"{bad.path}: {bad.message}" if bad.path else bad.message) from bad
        if not isinstance(found, self.type):
            raise forms.ValidationError(
                "It must be a list: [ … ]" if self.type is list else "It must be an object: { … }"
            )
        return found


class EntityForm(forms.Form):
    """What an entity says."""

    schema = forms.CharField(max_length=100, help_text="What kind of thing it is, such as contract.")
    title = forms.CharField(max_length=200, required=False, help_text="How people call it.")
    attributes = JsonText(type=dict, help_text="By name, as JSON.")


class NewEntityForm(EntityForm):
    """An entity that is not there yet."""

    field_order = ("key",)
    key = forms.RegexField(
        r"^[^\s]([^\x00-\x1f]*[^\s])?$", label="Id", max_length=200, help_text="Unique in the environment; it stays."
    )


class AutomationForm(forms.Form):
    """What an automation does, and how its runs end."""

    name = forms.CharField(max_length=200, required=False)
    outcome = forms.ChoiceField(
        choices=Outcome.choices, help_text="Its actions belong to another system: a run ends like this."
    )
    output = JsonText(type=dict, help_text="What a run that succeeds leaves to later tasks, as JSON.")
    actions = JsonText(type=list, help_text='[{"type": "send-email", "config": {}}]')
    trigger = JsonText(
        type=list,
        label="Started by",
        help_text='[{"type": "entity_operation", "configuration": {"schema": "contract"}}]',
    )
    is_enabled = forms.BooleanField(label="Enabled", required=False, initial=True)

    def clean_actions(self) -> list[Any]:
        """Objects."""
        return _objects(self.cleaned_data["actions"])

    def clean_trigger(self) -> list[Any]:
        """Objects, whose filters can be read."""
        found = _objects(self.cleaned_data["trigger"])
        for number, entry in enumerate(found):
            configuration = entry.get("configuration")
            filter = configuration.get("filter_config") if isinstance(configuration, dict) else None
            problem = problem_of(as_pattern(filter), f"[{number}].configuration.filter_config") if filter else None
            if problem:
                raise forms.ValidationError(f"{problem}.")
        return found


def _objects(entries: list[Any]) -> list[Any]:
    if not all(isinstance(entry, dict) for entry in entries):
        raise forms.ValidationError("Each entry must be an object: { … }")
    return entries


class RunForm(forms.Form):
    """What an automation that is run by hand is handed."""

    entity = forms.CharField(
        max_length=200, required=False, label="Entity", help_text="The id of the entity it is about."
    )


class RunEndedForm(forms.Form):
    """How a run that goes on has ended."""

    status = forms.ChoiceField(label="It ended as", choices=ENDS)
    reason = forms.CharField(max_length=1000, required=False, help_text="Why, where it failed.")


class JourneyForm(forms.Form):
    """A form page."""

    name = forms.CharField(max_length=200)
    form = JsonText(type=dict, help_text="What is filled in, as a JSON Schema.")
    entity_schema = forms.CharField(
        max_length=100, required=False, help_text="What is sent becomes an entity of this schema."
    )
    is_public = forms.BooleanField(
        label="Public", required=False, help_text="Whoever has the address may send it. Otherwise: members, signed in."
    )
    is_enabled = forms.BooleanField(label="Enabled", required=False, initial=True)

    def clean_form(self) -> dict[str, Any]:
        """A JSON Schema."""
        found: dict[str, Any] = self.cleaned_data["form"]
        reason = json_schema_reason(found) if found else None
        if reason:
            raise forms.ValidationError(reason)
        return found


class NewJourneyForm(JourneyForm):
    """A journey that is not there yet."""

    field_order = ("key",)
    key = forms.SlugField(label="Id", max_length=100, help_text="Unique in the environment; templates name it.")
