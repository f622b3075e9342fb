"""Control values of a step, and the settings of the task that stands for it: one to one, as far as settings go.

`settings_of` answers the settings and what is left aside: whatever these settings would not give back as it was. Read
back, the task wins: what a person changed in the editor is what the API says afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from designer.graph.durations import BadDuration, parse_duration
from designer.graph.kinds import KINDS
from designer.graph.model import Json, Task
from designer.graph.values import Fault
from dialects.novu.translate import forms

KIND_OF: Final[Mapping[str, str]] = {**{type: type for type in forms.STEP_TYPES}, "http_request": "automation"}
"""The kind of task that stands for a type of step."""
HTTP_TIMEOUT: Final = "10 seconds"
SETTINGS_OF_TYPE: Final[Mapping[str, frozenset[str]]] = {
    "in_app": frozenset(
        ["only_if", "subject", "body", "avatar", "primary_action", "secondary_action", "redirect", "data", "keep_html"]
    ),
    "email": frozenset(
        [
            "only_if",
            "subject",
            "body",
            "editor",
            "layout",
            "from",
            "reply_to",
            "preheader",
            "provider_defaults",
            "keep_html",
        ]
    ),
    "sms": frozenset(("only_if", "body")),
    "chat": frozenset(("only_if", "body")),
    "tool": frozenset(("only_if", "body")),
    "push": frozenset(("only_if", "subject", "body")),
    "digest": frozenset(("only_if", "window", "cron", "key", "look_back")),
    "delay": frozenset(("only_if", "for", "cron", "dynamic", "extend_to_schedule")),
    "throttle": frozenset(("only_if", "window", "dynamic", "threshold", "key")),
    "custom": frozenset(("values",)),
    "http_request": frozenset(("action", "inputs", "timeout", "retries")),
}
"""The settings that control values speak of; a task's other settings stay through an update."""


@dataclass(frozen=True, slots=True)
class Same:
    """A control value that is a setting under another name."""

    control: str
    setting: str
    there: Callable[[Json], Json] = lambda value: value
    back: Callable[[Json], Json] = lambda value: value


def _rename(there: Mapping[str, str]) -> Callable[[Json], Json]:
    def run(value: Json) -> Json:
        return {there.get(key, key): entry for key, entry in value.items()} if isinstance(value, Mapping) else value

    return run


_SKIP: Final = Same("skip", "only_if")
_SAME: Final[Mapping[str, tuple[Same, ...]]] = {
    "in_app": (
        _SKIP,
        Same("subject", "subject"),
        Same("body", "body"),
        Same("avatar", "avatar"),
        Same("primaryAction", "primary_action"),
        Same("secondaryAction", "secondary_action"),
        Same("redirect", "redirect"),
        Same("data", "data"),
        Same("disableOutputSanitization", "keep_html"),
    ),
    "email": (
        _SKIP,
        Same("subject", "subject"),
        Same("body", "body"),
        Same("editorType", "editor"),
        Same("layoutId", "layout"),
        Same("from", "from"),
        Same("replyTo", "reply_to"),
        Same("preheader", "preheader"),
        Same("useProviderDefaults", "provider_defaults"),
        Same("disableOutputSanitization", "keep_html"),
    ),
    "sms": (_SKIP, Same("body", "body")),
    "chat": (_SKIP, Same("body", "body")),
    "tool": (_SKIP, Same("body", "body")),
    "push": (_SKIP, Same("subject", "subject"), Same("body", "body")),
    "digest": (_SKIP, Same("digestKey", "key")),
    "delay": (_SKIP, Same("extendToSchedule", "extend_to_schedule")),
    "throttle": (_SKIP, Same("threshold", "threshold"), Same("throttleKey", "key")),
    "custom": (Same("custom", "values"),),
    "http_request": (),
}


def settings_of(type: str, values: Mapping[str, Json]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The settings for these control values, and what is left aside."""
    settings: dict[str, Any] = {}
    for same in _SAME[type]:
        if same.control in values and forms.FORMS[type][same.control](values[same.control]):
            settings[same.setting] = same.there(values[same.control])
    if type == "email" and "editorType" not in values:
        settings["editor"] = "block"  # Novu: block is the default
    settings |= _MORE[type](values) if type in _MORE else {}
    settings = _without_wrong(KIND_OF[type], settings)
    back = values_of(type, settings)
    aside = {key: value for key, value in values.items() if key not in back or back[key] != value}
    return settings, aside


def _without_wrong(kind: str, settings: dict[str, Any]) -> dict[str, Any]:
    """What not even a draft may hold is left out: it stays aside, and is told as an issue."""
    task = Task("t", "", kind, settings=settings)
    wrong = {
        problem.path[0]
        for problem in KINDS[kind].setting_problems(task)
        if problem.fault in (Fault.WRONG, Fault.UNKNOWN)
    }
    if kind == "automation" and wrong:
        inputs = {
            key: value
            for key, value in settings.get("inputs", {}).items()
            if not any(
                problem.path[:2] == ("inputs", key) and problem.fault in (Fault.WRONG, Fault.UNKNOWN)
                for problem in KINDS[kind].setting_problems(task)
            )
        }
        return {**settings, "inputs": inputs}
    return {key: value for key, value in settings.items() if key not in wrong}


def negated(rule: Mapping[str, Json]) -> Mapping[str, Json]:
    """The rule that holds where this one does not."""
    inner = rule.get("!") if len(rule) == 1 else None
    if isinstance(inner, (list, tuple)) and len(inner) == 1 and isinstance(inner[0], Mapping):
        return dict(inner[0])
    return {"!": [dict(rule)]}


def values_of(type: str, settings: Mapping[str, Json]) -> dict[str, Any]:
    """The control values that settings stand for."""
    values = {same.control: same.back(settings[same.setting]) for same in _SAME[type] if same.setting in settings}
    return values | (_BACK[type](settings) if type in _BACK else {})


def merged(type: str, settings: Mapping[str, Json], aside: Mapping[str, Json]) -> dict[str, Any]:
    """All control values: those of the settings, and those left aside that they do not contradict."""
    back = values_of(type, settings)
    values = {**aside, **back}
    if back.get("type") in ("timed", "dynamic"):
        values = {key: value for key, value in values.items() if key not in ("amount", "unit") or key in back}
    elif "amount" in back and values.get("type") in ("timed", "dynamic"):
        values["type"] = "fixed" if type == "throttle" else "regular"
    return values


# -- windows and moments ----------------------------------------------------------------------------------------------


def duration_text(amount: Json, unit: Json) -> str | None:
    """`30 minutes`; None for what is no duration."""
    if not forms.is_number(amount) or not isinstance(unit, str) or unit not in forms.UNITS:
        return None
    text = f"{amount:g}" if isinstance(amount, float) and abs(amount) < 1e6 else str(amount)
    try:
        parse_duration(f"{text} {unit}")
    except BadDuration:
        return None
    return f"{text} {unit}" if float(text) == amount else None


def amount_and_unit(duration: Json, units: tuple[str, ...] = forms.UNITS) -> tuple[float, str] | None:
    """The amount and the unit of a duration in one unit; None where no unit says it."""
    if not isinstance(duration, str):
        return None
    word = duration.strip().split(" ")
    if len(word) == 2 and _plural(word[1]) in units:
        try:
            number = float(word[0])
        except ValueError:
            return None
        return (int(number) if number == int(number) else number), _plural(word[1])
    try:
        parsed = parse_duration(duration)
    except BadDuration:
        return None
    seconds = parsed.as_timedelta().total_seconds()
    for unit, length in (("days", 86_400), ("hours", 3_600), ("minutes", 60), ("seconds", 1)):
        if unit in units and seconds and seconds % length == 0:
            return int(seconds // length), unit
    return None


def _plural(unit: str) -> str:
    return unit if unit.endswith("s") else f"{unit}s"


def _window(setting: str, settings: Mapping[str, Json], units: tuple[str, ...] = forms.UNITS) -> dict[str, Any]:
    found = amount_and_unit(settings.get(setting), units)
    return {} if found is None else {"amount": found[0], "unit": found[1]}


def _digest(values: Mapping[str, Json]) -> dict[str, Any]:
    settings: dict[str, Any] = {}
    if values.get("type") == "timed":
        if isinstance(values.get("cron"), str):
            settings["cron"] = values["cron"]
    elif (window := duration_text(values.get("amount"), values.get("unit"))) is not None:
        settings["window"] = window
    back = values.get("lookBackWindow")
    if isinstance(back, Mapping) and (text := duration_text(back.get("amount"), back.get("unit"))) is not None:
        settings["look_back"] = text
    return settings


def _digest_back(settings: Mapping[str, Json]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    if "cron" in settings:
        values |= {"type": "timed", "cron": settings["cron"]}
    else:
        values |= _window("window", settings)
    look_back = _window("look_back", settings)
    return {**values, "lookBackWindow": look_back} if look_back else values


def _delay(values: Mapping[str, Json]) -> dict[str, Any]:
    kind = values.get("type", "regular")
    if kind == "timed":
        return {"cron": values["cron"]} if isinstance(values.get("cron"), str) else {}
    if kind == "dynamic":
        return {"dynamic": values["dynamicKey"]} if isinstance(values.get("dynamicKey"), str) else {}
    duration = duration_text(values.get("amount"), values.get("unit"))
    return {} if duration is None else {"for": duration}


def _delay_back(settings: Mapping[str, Json]) -> dict[str, Any]:
    if "cron" in settings:
        return {"type": "timed", "cron": settings["cron"]}
    if "dynamic" in settings:
        return {"type": "dynamic", "dynamicKey": settings["dynamic"]}
    return _window("for", settings)


def _throttle(values: Mapping[str, Json]) -> dict[str, Any]:
    if values.get("type") == "dynamic":
        return {"dynamic": values["dynamicKey"]} if isinstance(values.get("dynamicKey"), str) else {}
    unit = values.get("unit")
    window = duration_text(values.get("amount"), unit) if unit in forms.THROTTLE_UNITS else None
    return {} if window is None else {"window": window}


def _throttle_back(settings: Mapping[str, Json]) -> dict[str, Any]:
    if "dynamic" in settings:
        return {"type": "dynamic", "dynamicKey": settings["dynamic"]}
    return _window("window", settings, forms.THROTTLE_UNITS)


# -- HTTP requests ----------------------------------------------------------------------------------------------------


def _http(values: Mapping[str, Json]) -> dict[str, Any]:
    inputs: dict[str, Any] = {}
    form = forms.FORMS["http_request"]
    for key in ("method", "url"):
        if form[key](values.get(key)):
            inputs[key] = values[key]
    if forms.is_pairs(values.get("headers")):
        inputs["headers"] = dict(_pairs(values["headers"]))
    body = values.get("body")
    if isinstance(body, str):
        inputs["body"] = body
    elif body is not None and forms.is_pairs(body):
        inputs["json"] = dict(_pairs(body))
    if values.get("enforceSchemaValidation") is True and forms.is_object(values.get("responseBodySchema")):
        inputs["answer_schema"] = values["responseBodySchema"]
    return {"action": "http_request", "inputs": inputs, "timeout": HTTP_TIMEOUT, "retries": {"limit": 0}}


def _pairs(pairs: Json) -> Iterator[tuple[str, str]]:
    for pair in pairs:
        yield pair["key"], pair["value"]


def _http_back(settings: Mapping[str, Json]) -> dict[str, Any]:
    inputs = settings.get("inputs")
    inputs = inputs if isinstance(inputs, Mapping) else {}
    values: dict[str, Any] = {key: inputs[key] for key in ("method", "url", "body") if key in inputs}
    if isinstance(inputs.get("headers"), Mapping):
        values["headers"] = [{"key": key, "value": value} for key, value in inputs["headers"].items()]
    if isinstance(inputs.get("json"), Mapping) and all(isinstance(value, str) for value in inputs["json"].values()):
        values["body"] = [{"key": key, "value": value} for key, value in inputs["json"].items()]
    if isinstance(inputs.get("answer_schema"), Mapping):
        values |= {"responseBodySchema": inputs["answer_schema"], "enforceSchemaValidation": True}
    return values


_MORE: Final[Mapping[str, Callable[[Mapping[str, Json]], dict[str, Any]]]] = {
    "digest": _digest,
    "delay": _delay,
    "throttle": _throttle,
    "http_request": _http,
}
_BACK: Final[Mapping[str, Callable[[Mapping[str, Json]], dict[str, Any]]]] = {
    "digest": _digest_back,
    "delay": _delay_back,
    "throttle": _throttle_back,
    "http_request": _http_back,
}


def type_of(task: Task) -> str:
    """The type of step that a task is; `custom` for what Novu has no word for."""
    if task.kind == "automation":
        return "http_request" if task.settings.get("action") == "http_request" else "custom"
    return task.kind if task.kind in forms.STEP_TYPES else "custom"


def is_sayable(task: Task) -> bool:
    """Whether Novu has a word for a task."""
    return task.kind == "custom" or type_of(task) != "custom"
