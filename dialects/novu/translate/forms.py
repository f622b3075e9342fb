"""The control values of each type of step: which keys there are, and what fits them.

What does not fit is kept, but never sent back: the SDKs refuse a whole workflow for one value they cannot read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from designer.graph.model import Json

STEP_TYPES: Final = (
    "in_app",
    "email",
    "sms",
    "chat",
    "push",
    "tool",
    "digest",
    "delay",
    "throttle",
    "custom",
    "http_request",
)
CHANNEL_TYPES: Final = ("in_app", "email", "sms", "push", "chat", "tool")
UNITS: Final = ("seconds", "minutes", "hours", "days", "weeks", "months")
THROTTLE_UNITS: Final = ("minutes", "hours", "days")
METHODS: Final = ("GET", "POST", "PUT", "DELETE", "PATCH")
TARGETS: Final = ("_self", "_blank", "_parent", "_top", "_unfencedTop")

Fits = Callable[[Json], bool]


def is_text(value: Json) -> bool:
    """A text."""
    return isinstance(value, str)


def is_flag(value: Json) -> bool:
    """True or false."""
    return isinstance(value, bool)


def is_number(value: Json) -> bool:
    """A number."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def is_object(value: Json) -> bool:
    """An object."""
    return isinstance(value, Mapping)


def one_of(*values: str) -> Fits:
    """One of these texts."""
    return lambda value: isinstance(value, str) and value in values


def is_text_or_null(value: Json) -> bool:
    """A text, or null."""
    return value is None or isinstance(value, str)


def is_redirect(value: Json) -> bool:
    """`{url, target?}`."""
    if not isinstance(value, Mapping) or not isinstance(value.get("url"), str):
        return False
    return "target" not in value or value["target"] in TARGETS


def is_action(value: Json) -> bool:
    """`{label?, redirect?}`."""
    if not isinstance(value, Mapping) or not is_text(value.get("label", "")):
        return False
    return "redirect" not in value or is_redirect(value["redirect"])


def is_sender(value: Json) -> bool:
    """`{email?, name?}`."""
    return isinstance(value, Mapping) and is_text(value.get("email", "")) and is_text(value.get("name", ""))


def is_window(value: Json) -> bool:
    """`{amount, unit}`."""
    return isinstance(value, Mapping) and is_number(value.get("amount")) and value.get("unit") in UNITS


def is_pairs(value: Json) -> bool:
    """`[{key, value}]`."""
    return isinstance(value, (list, tuple)) and all(
        isinstance(pair, Mapping) and is_text(pair.get("key")) and is_text(pair.get("value")) for pair in value
    )


def is_body(value: Json) -> bool:
    """A text, or `[{key, value}]`."""
    return is_text(value) or is_pairs(value)


_SKIP: Final[Mapping[str, Fits]] = {"skip": is_object}
FORMS: Final[Mapping[str, Mapping[str, Fits]]] = {
    "in_app": {
        **_SKIP,
        "body": is_text,
        "subject": is_text,
        "avatar": is_text,
        "primaryAction": is_action,
        "secondaryAction": is_action,
        "redirect": is_redirect,
        "disableOutputSanitization": is_flag,
        "data": is_object,
    },
    "email": {
        **_SKIP,
        "subject": is_text,
        "body": is_text,
        "editorType": one_of("block", "html"),
        "disableOutputSanitization": is_flag,
        "layoutId": is_text_or_null,
        "from": is_sender,
        "useProviderDefaults": is_flag,
        "replyTo": is_text,
        "preheader": is_text,
    },
    "sms": {**_SKIP, "body": is_text},
    "chat": {**_SKIP, "body": is_text},
    "tool": {**_SKIP, "body": is_text},
    "push": {**_SKIP, "subject": is_text, "body": is_text},
    "digest": {
        **_SKIP,
        "type": one_of("regular", "timed"),
        "amount": is_number,
        "unit": one_of(*UNITS),
        "digestKey": is_text,
        "lookBackWindow": is_window,
        "cron": is_text,
    },
    "delay": {
        **_SKIP,
        "type": one_of("regular", "timed"),
        "amount": is_number,
        "unit": one_of(*UNITS),
        "cron": is_text,
        "extendToSchedule": is_flag,
    },
    "throttle": {
        **_SKIP,
        "type": one_of("fixed", "dynamic"),
        "amount": is_number,
        "unit": one_of(*THROTTLE_UNITS),
        "dynamicKey": is_text,
        "threshold": is_number,
        "throttleKey": is_text,
    },
    "custom": {"custom": is_object},
    "http_request": {
        "method": one_of(*METHODS),
        "url": is_text,
        "headers": is_pairs,
        "body": is_body,
        "responseBodySchema": is_object,
        "enforceSchemaValidation": is_flag,
        "continueOnFailure": is_flag,
    },
}
"""What fits each key, by type of step."""
KEPT_SILENTLY: Final = {"delay": frozenset({"dynamicKey"})}
"""Keys that are carried out, but never sent back."""
NEEDED: Final[Mapping[str, Mapping[str, Json]]] = {
    "email": {"subject": ""},
    "http_request": {"method": "POST", "url": ""},
}
"""Without these the SDKs refuse an answer: what is sent where nothing is stored."""


def fitting(type: str, values: Mapping[str, Json]) -> dict[str, Any]:
    """The values that may be sent back. Keys that Novu does not know go along; a client ignores them."""
    form = FORMS[type]
    silent = KEPT_SILENTLY.get(type, frozenset())
    return {
        key: value
        for key, value in values.items()
        if key not in silent and (form[key](value) if key in form else value is not None)
    }


def shown(type: str, values: Mapping[str, Json]) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """`controls.values` and `controlValues`; the latter None where a needed key is missing."""
    fit = fitting(type, values)
    needed = NEEDED.get(type, {})
    complete = {**needed, **fit}
    return complete, fit if all(key in fit for key in needed) else None
