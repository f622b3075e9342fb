"""Forms of the engine's pages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from accounts.clean_json import BadJson, clean_json
from accounts.models import MemberGroup, User
from accounts.scope import Scope
from designer.models import Flow
from engine.models.instance import STATUSES

MOST_ASSIGNEES = 200
STATUS_CHOICES = [("", "Any status"), ("unfinished", "Not finished"), *STATUSES]


class PayloadField(forms.CharField):
    """A JSON payload typed or pasted in, at most 1 MiB."""

    def __init__(self, **kwargs: Any) -> None:
        attrs = {"rows": 8, "spellcheck": "false", "class": "mono", "data-controller": "json"}
        super().__init__(widget=forms.Textarea(attrs=attrs), **kwargs)

    def to_python(self, value: Any) -> Any:
        """The value; None where nothing was typed."""
        text = super().to_python(value) or ""
        if not text.strip():
            return None
        try:
            return clean_json(text, max_bytes=settings.MAX_PAYLOAD_BYTES)
        except BadJson as bad:
            raise ValidationError(bad.about("This")) from bad


def choose_from(field: forms.Field, rows: Any) -> None:
    """Let a field offer these rows."""
    if isinstance(field, forms.ModelChoiceField):
        field.queryset = rows


class ReasonForm(forms.Form):
    """Why something is done."""

    reason = forms.CharField(
        max_length=1000, widget=forms.Textarea(attrs={"rows": 2}), help_text="Kept in the history."
    )


class Offering(forms.TextInput):
    """A line of text that offers values; another may be typed."""

    def __init__(self, offered: Sequence[str]) -> None:
        super().__init__(attrs={"autocomplete": "off"})
        self.offered = offered

    def render(self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None) -> SafeString:
        """The field, and its list where there is something to offer."""
        if not self.offered:
            return super().render(name, value, attrs, renderer)
        id = f"{(attrs or {}).get('id') or name}-offered"
        field = super().render(name, value, {**(attrs or {}), "list": id}, renderer)
        options = format_html_join("", '<option value="{}"></option>', ((each,) for each in self.offered))
        return format_html('{}<datalist id="{}">{}</datalist>', field, id, options)


def offer(field: forms.Field, offered: Sequence[str]) -> None:
    """Have a field of a form offer values."""
    widget = Offering(offered)
    widget.attrs |= field.widget_attrs(widget)
    widget.is_required = field.required
    field.widget = widget


class SendEventForm(forms.Form):
    """An event for one instance. `offered`: the types that its tasks wait for."""

    type = forms.CharField(max_length=200, help_text="What a wait listens for, such as picked-up.")
    payload = PayloadField(required=False, help_text="JSON, at most 1 MiB.")

    def __init__(self, *args: Any, offered: Sequence[str] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self.fields["type"], offered)


def startable(scope: Scope) -> QuerySet[Flow]:
    """The flows of which an instance can be started, in the order in which they are offered."""
    return Flow.objects.within(scope).filter(live_version__isnull=False, is_enabled=True).order_by("name", "pk")


class StartForm(forms.Form):
    """A new instance."""

    flow = forms.ModelChoiceField(Flow.objects.none(), empty_label=None, to_field_name="key")
    input = PayloadField(required=False, help_text="JSON that the tasks read as {{ input… }}.")
    key = forms.CharField(
        max_length=200,
        required=False,
        label="Id",
        help_text="Unique in its flow, such as an order number. Left empty, one is made.",
    )

    def __init__(self, *args: Any, scope: Scope, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choose_from(self.fields["flow"], startable(scope).defer("draft_document").select_related("live_version"))
        # Each flow declares an input of its own: only that part is made anew (the last choice waits for its turn).
        asks = {"hx-get": "?", "hx-trigger": "change", "hx-swap": "outerHTML"}
        part = {"hx-target": "#start-input", "hx-select": "#start-input"}
        self.fields["flow"].widget.attrs |= asks | part


class InstanceFilterForm(forms.Form):
    """What the list of instances shows."""

    FILTERS: ClassVar = ("q", "flow", "version", "status", "assignee", "since", "until")

    q = forms.CharField(max_length=200, required=False, label="Id begins with", widget=forms.SearchInput)
    flow = forms.ModelChoiceField(Flow.objects.none(), required=False, empty_label="Any flow", to_field_name="key")
    version = forms.IntegerField(min_value=1, max_value=2**31 - 1, required=False)
    status = forms.ChoiceField(choices=STATUS_CHOICES, required=False)
    assignee = forms.ChoiceField(required=False, label="Waits for")
    since = forms.DateField(required=False, label="Started from", widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(required=False, label="Started until", widget=forms.DateInput(attrs={"type": "date"}))
    before = forms.IntegerField(min_value=1, max_value=2**62, required=False, widget=forms.HiddenInput)
    after = forms.IntegerField(min_value=1, max_value=2**62, required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, scope: Scope, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.flows = Flow.objects.within(scope).only("key", "name", "environment", "live_version").order_by("name")
        choose_from(self.fields["flow"], self.flows)
        assignee = self.fields["assignee"]
        if isinstance(assignee, forms.ChoiceField):
            assignee.choices = lambda: assignees(scope)


class SavedViewForm(forms.Form):
    """A name for the filters that are on."""

    name = forms.CharField(max_length=60)


def assignees(scope: Scope) -> list[tuple[str, Any]]:
    """Whom an instance may wait for: oneself, nobody in particular, a group, a member."""
    members = User.objects.filter(memberships__organization=scope.organization).order_by("email")[:MOST_ASSIGNEES]
    groups = MemberGroup.objects.filter(organization=scope.organization)[:MOST_ASSIGNEES]
    return [
        ("", "Anybody"),
        ("me", "Me"),
        ("nobody", "A task nobody has"),
        ("Groups", [(f"group:{group.slug}", group.name) for group in groups]),
        ("Members", [(f"member:{user.email}", user.display_name) for user in members]),
    ]
