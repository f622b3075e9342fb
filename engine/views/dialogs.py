"""The dialogs of an instance's page: one per thing that can be done to it."""

from __future__ import annotations

from dataclasses import dataclass

from django.forms import Form

from accounts.roles import Role
from engine.display.json_text import json_text
from engine.forms import ReasonForm, RetryForm, SendEventForm
from engine.models import Instance
from engine.parts.instance import InstancePage


@dataclass(frozen=True, slots=True)
class Dialog:
    """What is asked before something is done."""

    key: str
    title: str
    text: str
    verb: str
    form: Form
    is_dangerous: bool = False


TEXTS = {
    "send_event": ("Send an event", "It is kept until a task waits for its type.", "Send"),
    "pause": ("Pause this instance?", "Attempts under way may finish; nothing new begins, delays stop.", "Pause"),
    "resume": ("Resume this instance?", "It goes on where it stood; its delays end later by the pause.", "Resume"),
    "retry": ("Retry what failed?", "It goes on from the failed steps; what is done stays done.", "Retry"),
    "restart": ("Restart from the beginning?", "Every task runs again, those with outside effects too.", "Restart"),
    "terminate": ("Terminate this instance?", "Running steps are cancelled. It cannot be resumed.", "Terminate"),
}


def form_for(action: str, instance: Instance, data: object = None) -> Form:
    """The form of an action."""
    if action == "send_event":
        return SendEventForm(data, auto_id="send_event-%s")  # type: ignore[arg-type]  # a QueryDict or None
    if action == "retry":
        shown = json_text(instance.input)
        form = RetryForm(data, initial={"input": shown.text}, auto_id="retry-%s")  # type: ignore[arg-type]
        if shown.cut:  # too large to edit here: it is retried with what it has
            del form.fields["input"]
        return form
    return ReasonForm(data, auto_id=f"{action}-%s")  # type: ignore[arg-type]


def dialog_for(action: str, instance: Instance, data: object = None) -> Dialog:
    """The dialog of an action; with `data` it is bound."""
    title, text, verb = TEXTS[action]
    form = form_for(action, instance, data)
    return Dialog(action, title, text, verb, form, action in ("terminate", "restart"))


def dialogs_for(page: InstancePage) -> list[Dialog]:
    """Every dialog the page may need: what is legal changes while it is open."""
    if not page.scope.allows(Role.OPERATOR):
        return []
    return [dialog_for(action, page.instance) for action in TEXTS]
