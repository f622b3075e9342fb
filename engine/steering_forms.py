"""Forms of what is asked before an instance, or many of them, are steered."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from designer.models import Version
from designer.services.versions import plan_of
from engine.core.rollback import compensation_of
from engine.display.json_text import json_text
from engine.forms import PayloadField, ReasonForm
from engine.models import Instance
from engine.services.closing import offered
from engine.services.errors import NotLegalNow
from engine.services.hiding import is_input_hidden, shown_input
from engine.services.moving import MigrationReport, look_ahead

MOST_VERSIONS = 200


class TerminateForm(ReasonForm):
    """Terminate, maybe after a rollback."""

    rollback = forms.BooleanField(
        required=False,
        label="Roll back first",
        help_text="What has started is undone by its compensations, the latest first.",
    )

    def __init__(self, *args: Any, instance: Instance, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        tasks = plan_of(instance.version_id).flow.tasks.values()
        programs = any(task.kind == "program" for task in tasks)
        if not programs and all(compensation_of(task) is None for task in tasks):
            del self.fields["rollback"]


class CloseForm(forms.Form):
    """Close with reasons that the flow offers."""

    def __init__(self, *args: Any, instance: Instance, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = offered(instance)
        choices = [(reason, reason) for reason in known.reasons]
        self.is_single = known.is_single
        if known.is_single:
            one = forms.ChoiceField(choices=choices, widget=forms.RadioSelect, label="Reason")
            self.fields["reasons"] = one
        elif choices:
            many = forms.MultipleChoiceField(choices=choices, widget=forms.CheckboxSelectMultiple, label="Reasons")
            self.fields["reasons"] = many
        self.fields["note"] = forms.CharField(
            required=False, max_length=1000, widget=forms.Textarea(attrs={"rows": 2}), help_text="In your own words."
        )

    def clean(self) -> dict[str, Any]:
        """Reasons as a list, whatever the widget."""
        given = super().clean() or {}
        reasons = given.get("reasons") or []
        return {**given, "reasons": [reasons] if isinstance(reasons, str) else list(reasons)}


class RestartFromForm(ReasonForm):
    """Restart from the step that is shown."""

    task = forms.CharField(max_length=64, widget=forms.HiddenInput)
    iteration = forms.IntegerField(min_value=1, max_value=2**31 - 1, required=False, widget=forms.HiddenInput)


class RevertForm(ReasonForm):
    """Go back to the human task that is shown."""

    task = forms.CharField(max_length=64, widget=forms.HiddenInput)


def other_versions(instance: Instance) -> list[tuple[str, str]]:
    """The other versions of an instance's flow, newest first, as choices."""
    versions = Version.objects.filter(flow_id=instance.flow_id).exclude(pk=instance.version_id)
    live = instance.flow.live_version_id
    return [
        (str(version.number), f"Version {version.number}{', the live one' if version.pk == live else ''}")
        for version in versions.only("number").order_by("-number")[:MOST_VERSIONS]
    ]


class RetryForm(ReasonForm):
    """Retry, with the same or edited input, on the same or another version."""

    input = PayloadField(required=False, help_text="What the tasks that run again will read.")
    version = forms.ChoiceField(required=False, help_text="On another version it is migrated first.")

    def __init__(self, *args: Any, instance: Instance, **kwargs: Any) -> None:
        shown = json_text(shown_input(instance))
        super().__init__(*args, **kwargs)
        self.initial["input"] = shown.text
        if shown.cut or is_input_hidden(instance):  # too large to edit here: it is retried with what it has
            del self.fields["input"]
        versions = other_versions(instance)
        if versions:
            same = ("", f"Version {instance.version.number}, as now")
            self.fields["version"] = forms.ChoiceField(
                required=False, choices=[same, *versions], help_text="On another version it is migrated first."
            )
        else:
            del self.fields["version"]

    def clean_version(self) -> int | None:
        """The number, or None for the same."""
        chosen = self.cleaned_data.get("version")
        return int(chosen) if chosen else None


PLACE = "place-"
"""Prefix of the fields that say what becomes of a task that the other version does not have."""


class MigrateForm(ReasonForm):
    """Migrate: which version, and what becomes of tasks that it does not have."""

    version = forms.ChoiceField()

    def __init__(self, data: Any = None, *, instance: Instance, seen: Any, **kwargs: Any) -> None:
        """`seen`: what has been filled in so far, where the form is not bound."""
        super().__init__(data, **kwargs)
        filled = data if data is not None else seen
        versions = other_versions(instance)
        self.instance = instance
        self.fields["version"] = forms.ChoiceField(choices=versions)
        self.order_fields(["version"])
        asked = str(filled.get("version", ""))
        known = {number for number, _ in versions}
        self.chosen = asked if asked in known else versions[0][0] if versions else ""
        self.report = self._look({}) if self.chosen else None
        if self.report is not None and self.report.obstacles:
            self._add_places(self.report)
            mapping = self._mapping(filled)
            self.report = self._look(mapping) if mapping else self.report

    def _look(self, mapping: dict[str, str]) -> MigrationReport | None:
        try:
            return look_ahead(self.instance, version=int(self.chosen), mapping=mapping)
        except (NotLegalNow, ValueError):
            return None

    def _add_places(self, report: MigrationReport) -> None:
        """A field for each task that has no counterpart: the tasks of its kind that it may become."""
        old = plan_of(self.instance.version_id).flow.tasks
        version = Version.objects.get(flow_id=self.instance.flow_id, number=report.to_version)
        new = plan_of(version.pk).flow.tasks
        for key in dict.fromkeys(obstacle.task for obstacle in report.obstacles):
            if key not in old:
                continue
            fitting = [(task.key, task.name or task.key) for task in new.values() if task.kind == old[key].kind]
            self.fields[f"{PLACE}{key}"] = forms.ChoiceField(
                required=False, choices=[("", "Nothing"), *fitting], label=f"{old[key].name or key} becomes"
            )
        self.order_fields(["version", *(name for name in self.fields if name.startswith(PLACE)), "reason"])

    def _mapping(self, data: Any) -> dict[str, str]:
        given = {name: data.get(name) for name in self.fields if name.startswith(PLACE)}
        allowed = {name: dict(self.fields[name].choices) for name in given}  # type: ignore[attr-defined]
        return {name.removeprefix(PLACE): to for name, to in given.items() if to and to in allowed[name]}

    def clean(self) -> dict[str, Any]:
        """The version as a number, and the mapping."""
        given = super().clean() or {}
        mapping = {name.removeprefix(PLACE): to for name, to in given.items() if name.startswith(PLACE) and to}
        if self.report is not None and not self.report.is_possible:
            raise ValidationError("Something is in the way: see below.")
        return {**given, "version": int(given["version"]) if given.get("version") else None, "mapping": mapping}
