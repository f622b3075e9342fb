"""Forms of the settings pages."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, TypeVar

from django import forms
from django.utils import timezone

from accounts.models import Environment, MemberGroup, Membership, Organization, User, valid_slug
from accounts.roles import ApiScope, Role
from accounts.scope import Scope

Owned = TypeVar("Owned", Environment, MemberGroup)
SLUG_HELP = "The short name in addresses. Links to the old one stop working when it changes."


class OrganizationForm(forms.ModelForm[Organization]):
    """Name and short name of the organization."""

    class Meta:
        model = Organization
        fields = ["name", "slug"]
        labels = {"slug": "Short name"}
        help_texts = {"slug": SLUG_HELP}
        error_messages = {"slug": {"unique": "Another organization has this short name."}}


class FoundingForm(OrganizationForm):
    """A new organization, which may leave the short name to us."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].widget.attrs |= {"autofocus": True, "autocomplete": "organization"}
        self.fields["slug"].required = False
        self.fields["slug"].help_text = "For addresses and the API. Made from the name when left empty."


class OwnedForm(forms.ModelForm[Owned]):
    """Something named in an organization. A new one may leave the short name to us."""

    slug = forms.SlugField(
        label="Short name", max_length=60, required=False, validators=[valid_slug], help_text=SLUG_HELP
    )

    def __init__(self, *args: Any, scope: Scope, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.scope = scope
        if self.instance.pk is None:
            self.fields["slug"].help_text = "For addresses and the API. Made from the name when left empty."
            self.fields["name"].widget.attrs["autofocus"] = True
        else:
            self.fields["slug"].required = True

    def clean_slug(self) -> str:
        """A short name that no other of its kind has in this organization."""
        slug: str = self.cleaned_data["slug"]
        others = type(self.instance)._default_manager.filter(organization=self.scope.organization, slug=slug)
        if slug and others.exclude(pk=self.instance.pk).exists():
            raise forms.ValidationError(f"Another {self.instance._meta.verbose_name} has this short name.")
        return slug


class EnvironmentForm(OwnedForm[Environment]):
    """One environment."""

    class Meta:
        model = Environment
        fields = ["name", "slug"]


class GroupForm(OwnedForm[MemberGroup]):
    """One group and who belongs to it."""

    members = forms.ModelMultipleChoiceField(
        User.objects.none(), required=False, widget=forms.CheckboxSelectMultiple, help_text="Who does its tasks."
    )

    class Meta:
        model = MemberGroup
        fields = ["name", "slug", "members"]

    def __init__(self, *args: Any, scope: Scope, **kwargs: Any) -> None:
        super().__init__(*args, scope=scope, **kwargs)
        colleagues = User.objects.filter(memberships__organization=scope.organization)
        members: forms.ModelMultipleChoiceField[User] = self.fields["members"]  # type: ignore[assignment]
        members.queryset = colleagues


class MemberForm(forms.Form):
    """Somebody to let in."""

    email = forms.EmailField(max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "off", "autofocus": True}))
    name = forms.CharField(max_length=120, required=False, help_text="For a new account; the person can change it.")
    role = forms.ChoiceField(choices=Role.choices, initial=Role.ASSIGNEE)

    def clean_email(self) -> str:
        """Addresses are kept in lower case."""
        address: str = self.cleaned_data["email"]
        return address.lower()


class RoleForm(forms.ModelForm[Membership]):
    """The role of one member."""

    class Meta:
        model = Membership
        fields = ["role"]


class KeyForm(forms.Form):
    """A new API key."""

    LIFETIMES = {"30": "30 days", "90": "90 days", "365": "One year", "forever": "Until it is revoked"}

    name = forms.CharField(
        max_length=120,
        widget=forms.TextInput(attrs={"autofocus": True, "autocomplete": "off"}),
        help_text="What will use it, such as web shop.",
    )
    lifetime = forms.ChoiceField(
        label="Valid for", choices=list(LIFETIMES.items()), initial="90", help_text="Shorter is safer."
    )
    scopes = forms.MultipleChoiceField(
        label="May",
        choices=ApiScope.choices,
        widget=forms.CheckboxSelectMultiple,
        initial=list(ApiScope.values),
        error_messages={"required": "Tick what the key is for."},
    )

    def expires_at(self) -> datetime | None:
        """When the key stops working; None for never."""
        days = self.cleaned_data["lifetime"]
        return None if days == "forever" else timezone.now() + timedelta(days=int(days))
