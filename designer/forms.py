"""Forms of the designer's pages (the editor's inspector has its own)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.core.validators import MaxLengthValidator
from django.utils import timezone
from django.utils.text import slugify

from designer.graph.loading import load_text
from designer.graph.model import Json
from designer.graph.problems import FlowFileInvalid, PathProblem
from designer.models import ClosingReason, valid_key
from designer.services.publishing import LONGEST_NOTE

STATES = [("", "Any state"), ("enabled", "Enabled"), ("disabled", "Disabled"), ("unpublished", "Never published")]
ORDERS = [("name", "By name"), ("changed", "Lately changed")]


class FlowFilterForm(forms.Form):
    """What the list of flows is narrowed to."""

    q = forms.CharField(label="Search", required=False, max_length=200)
    tag = forms.ChoiceField(required=False)
    origin = forms.ChoiceField(required=False)
    state = forms.ChoiceField(required=False, choices=STATES)
    order = forms.ChoiceField(required=False, choices=ORDERS)

    def __init__(
        self, data: Any, *, tags: Sequence[str] = (), origins: Sequence[tuple[str, str]] = (), **kwargs: Any
    ) -> None:
        super().__init__(data, **kwargs)
        self.fields["q"].widget = forms.TextInput(
            attrs={"type": "search", "placeholder": "Name, key or description", "autocomplete": "off"}
        )
        for name, choices in (("tag", [("", "Any tag"), *((tag, tag) for tag in tags)]), ("origin", origins)):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)  # noqa: S101 (declared above)
            field.choices = choices if name == "tag" else [("", "Any origin"), *choices]


class PlannedSwitchForm(forms.Form):
    """When a flow is switched, and to what. The moment is read in the flow's time zone."""

    to = forms.ChoiceField(label="Switch it", choices=[("on", "on"), ("off", "off")])
    at = forms.DateTimeField(
        label="At", widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    )

    def __init__(self, data: Any = None, *, zone: ZoneInfo, is_enabled: bool = False, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.zone = zone
        self.fields["to"].initial = "off" if is_enabled else "on"
        self.fields["at"].label = f"At ({zone.key})"

    def clean_at(self) -> datetime:
        """The moment where the flow is; a time that the clocks pass over is refused."""
        moment: datetime = self.cleaned_data["at"]
        if moment.tzinfo is not timezone.get_current_timezone():
            return moment  # it was sent with an offset of its own
        there = moment.replace(tzinfo=self.zone)
        try:
            back = there.astimezone(UTC).astimezone(self.zone)
        except OverflowError:
            raise ValidationError("There is no such moment. Choose one nearer to now.") from None
        if back.replace(tzinfo=None) != moment.replace(tzinfo=None):
            raise ValidationError("The clocks are put forward then, and there is no such time. Choose another.")
        return there


class NewFlowForm(forms.Form):
    """A flow with an empty draft. The key is made from the name when left empty."""

    name = forms.CharField(max_length=200, widget=forms.TextInput(attrs={"autofocus": True, "autocomplete": "off"}))
    key = forms.CharField(
        max_length=64,
        required=False,
        validators=[valid_key],
        help_text="For addresses and the API; it stays. Made from the name when left empty.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "class": "mono"}),
    )

    def clean(self) -> dict[str, Any]:
        """Make a key where none was given."""
        cleaned = super().clean() or {}
        if cleaned.get("name") and not cleaned.get("key") and "key" not in self.errors:
            cleaned["key"] = slugify(cleaned["name"])[:64].strip("-")
            if not cleaned["key"]:
                self.add_error("key", "This name has no letters for a key. Type one.")
        return cleaned


class ImportForm(forms.Form):
    """A flow file, as a file or as text. `document` holds what was read."""

    file = forms.FileField(
        required=False,
        label="Flow file",
        help_text="JSON or YAML, up to 5 MiB.",
        widget=forms.FileInput(attrs={"accept": ".json,.yaml,.yml,application/json,application/yaml"}),
    )
    text = forms.CharField(
        required=False,
        strip=False,
        label="Or paste it",
        widget=forms.Textarea(attrs={"rows": 12, "spellcheck": "false", "class": "mono"}),
    )
    key = forms.CharField(
        max_length=64,
        required=False,
        validators=[valid_key],
        help_text="Leave empty to take the key in the file.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "class": "mono"}),
    )
    replace = forms.BooleanField(
        required=False,
        label="If there is a flow with this key, replace its draft",
        help_text="As one edit that can be undone. Its versions and instances stay as they are.",
    )

    document: Json = None
    problems: Sequence[PathProblem] = ()

    def clean(self) -> dict[str, Any]:
        """Read the one thing that was given."""
        cleaned = super().clean() or {}
        file, text = cleaned.get("file"), cleaned.get("text") or ""
        if isinstance(file, UploadedFile) and text.strip():
            raise ValidationError("Choose a file or paste a text, not both.")
        if not isinstance(file, UploadedFile) and not text.strip():
            raise ValidationError("Choose a file or paste a text.")
        self._read(file if isinstance(file, UploadedFile) else None, text)
        return cleaned

    def _read(self, file: UploadedFile[bytes] | None, text: str) -> None:
        if file is not None and (file.size or 0) > settings.MAX_FLOW_FILE_BYTES:
            raise ValidationError("The file is too large: at most 5 MiB.")
        try:
            self.document = load_text(file.read() if file else text, name=(file.name or "") if file else "")
        except FlowFileInvalid as invalid:
            self.refuse(invalid)

    def refuse(self, invalid: FlowFileInvalid) -> None:
        """Show the problems of the file with their paths."""
        self.problems = invalid.problems
        self.add_error(None, "This is not a flow file yet. Nothing was imported.")


class PublishForm(forms.Form):
    """A note for the version, and the revision that the person has seen."""

    note = forms.CharField(
        required=False,
        validators=[MaxLengthValidator(LONGEST_NOTE)],
        label="What is new",
        widget=forms.TextInput(attrs={"maxlength": LONGEST_NOTE, "autocomplete": "off"}),
    )
    revision = forms.IntegerField(min_value=1, widget=forms.HiddenInput)


class RestoreForm(forms.Form):
    """The revision of the draft that is given up."""

    revision = forms.IntegerField(min_value=1, widget=forms.HiddenInput)


class DeleteFlowForm(forms.Form):
    """Consent to lose the finished instances too."""

    with_finished = forms.BooleanField(required=False)


class ClosingReasonForm(forms.ModelForm[ClosingReason]):
    """One reason of the library."""

    class Meta:
        model = ClosingReason
        fields = ["title", "description", "is_active"]
        labels = {"is_active": "Offer it"}
        help_texts = {
            "title": "What people choose, such as “Customer withdrew”.",
            "is_active": "Unticked, flows can no longer choose it. Those that did keep it.",
        }
        widgets = {"description": forms.Textarea(attrs={"rows": 3})}

    def validate_unique(self) -> None:
        """The service says when a title is taken, in its own words."""


class NewClosingReasonForm(ClosingReasonForm):
    """A reason that is offered from the start."""

    class Meta(ClosingReasonForm.Meta):
        fields = ["title", "description"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["title"].widget.attrs["autofocus"] = True
