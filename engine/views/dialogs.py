"""The dialogs of an instance's page: one per thing that can be done to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from django.forms import Form

from accounts.roles import Role
from designer.services.versions import flow_of
from engine.forms import ReasonForm, SendEventForm
from engine.models import Instance
from engine.parts.event_types import awaited_in
from engine.parts.instance import InstancePage
from engine.steering_forms import CloseForm, MigrateForm, RestartFromForm, RetryForm, RevertForm, TerminateForm


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
    "close": ("Close this instance?", "It ends here, with a reason. It cannot be resumed.", "Close it"),
    "terminate": ("Terminate this instance?", "Running steps are cancelled. It cannot be resumed.", "Terminate"),
    "migrate": (
        "Migrate to another version",
        "What has begun is kept; the rest runs as that version has it.",
        "Migrate",
    ),
    "restart_from": ("Restart from here?", "This step and everything after it run again.", "Restart"),
    "revert": ("Back to this task?", "It is to be done again, and everything after it starts over.", "Go back"),
}
WITH_PAGES: Final = ("migrate", "restart_from", "revert")
"""Asked on a page of their own, or in the panel of a step."""
DANGEROUS: Final = ("terminate", "close", "restart")


FORMS: Final[dict[str, Callable[..., Form]]] = {
    "terminate": TerminateForm,
    "close": CloseForm,
    "retry": RetryForm,
}
OF_A_STEP: Final[dict[str, type[Form]]] = {"restart_from": RestartFromForm, "revert": RevertForm}


def form_for(action: str, instance: Instance, data: object = None) -> Form:
    """The form of an action."""
    if action == "send_event":
        offered = awaited_in(flow_of(instance.version))
        return SendEventForm(data, offered=offered, auto_id="send_event-%s")
    of_instance = FORMS.get(action)
    if of_instance is not None:
        return of_instance(data, instance=instance, auto_id=f"{action}-%s")
    if action in OF_A_STEP:
        return OF_A_STEP[action](data, auto_id=f"{action}-%s")  # type: ignore[arg-type]
    return ReasonForm(data, auto_id=f"{action}-%s")  # type: ignore[arg-type]


def dialog_for(
    action: str, instance: Instance, data: object = None, *, seen: Mapping[str, object] = MappingProxyType({})
) -> Dialog:
    """The dialog of an action; with `data` it is bound. `seen`: what has been filled in so far, or which step is meant,
    where it is not."""
    title, text, verb = TEXTS[action]
    if action == "migrate":
        form: Form = MigrateForm(data, instance=instance, seen=seen, auto_id="migrate-%s")
    else:
        form = form_for(action, instance, data)
    form.initial = {**form.initial, **{name: seen[name] for name in form.fields if name in seen}}
    return Dialog(action, title, text, verb, form, action in DANGEROUS)


def dialogs_for(page: InstancePage) -> list[Dialog]:
    """Every dialog the page may need: what is legal changes while it is open."""
    if not page.scope.allows(Role.OPERATOR):
        return []
    return [dialog_for(action, page.instance) for action in TEXTS if action not in WITH_PAGES]
