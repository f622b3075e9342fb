"""The form of a trigger, for people."""

from __future__ import annotations

from typing import Final

from django import forms

from dialects.formance.expressions import ExpressionError, compile_expression

LONGEST_EXPRESSION: Final = 4_096
MOST_VARIABLES: Final = 100


class TriggerForm(forms.Form):
    """Which events start an instance, and with what."""

    event = forms.CharField(
        label="Event type", max_length=200, help_text="Such as SAVED_PAYMENT, or a type of your own."
    )
    name = forms.CharField(max_length=500, required=False, help_text="What people call it.")
    version = forms.CharField(max_length=100, required=False, help_text="Only events of this version; empty for any.")
    filter = forms.CharField(
        required=False,
        max_length=LONGEST_EXPRESSION,
        widget=forms.Textarea(attrs={"rows": 3, "class": "mono", "spellcheck": "false"}),
        help_text='Only events for which this is true: event.type == "PAY-IN" && event.amount > 5000',
    )
    vars = forms.CharField(
        label="Variables",
        required=False,
        widget=forms.Textarea(attrs={"rows": 4, "class": "mono", "spellcheck": "false"}),
        help_text="What the instance is started with, one per line: cents = event.amount",
    )

    def clean_filter(self) -> str:
        """An expression that can be read."""
        text: str = self.cleaned_data["filter"].strip()
        if text:
            _refuse_unreadable(text)
        return text

    def clean_vars(self) -> dict[str, str]:
        """Expressions by name."""
        found: dict[str, str] = {}
        for line in filter(None, map(str.strip, self.cleaned_data["vars"].splitlines())):
            name, equals, text = (part.strip() for part in line.partition("="))
            if not (name and equals and text):
                raise forms.ValidationError(f"“{line[:60]}”: write a name, an equals sign and an expression.")
            if name in found:
                raise forms.ValidationError(f"{name[:60]} is there twice.")
            _refuse_unreadable(text, name)
            found[name] = text
        if len(found) > MOST_VARIABLES:
            raise forms.ValidationError(f"At most {MOST_VARIABLES} variables.")
        return found


def _refuse_unreadable(text: str, name: str = "") -> None:
    try:
        compile_expression(text)
    except ExpressionError as error:
        where = f"{name[:60]}: " if name else ""
        raise forms.ValidationError(f"{where}{str(error).splitlines()[0][:200]}") from error
