"""What is wrong with a step: data for people, never a refused request (contract 7.3)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from django.conf import settings

from designer.graph.cron import BadCron, check_cron
from designer.graph.model import Json
from designer.graph.references import FILTERS, read_template
from dialects.novu.translate import forms
from dialects.novu.translate.controls import duration_text
from dialects.novu.translate.variables import TAG, is_known, needs_payload_check, templates_of
from engine.core.json_logic import variables as rule_variables

MISSING: Final = "MISSING_VALUE"
ILLEGAL: Final = "ILLEGAL_VARIABLE_IN_CONTROL_VALUE"
BAD_ARGUMENT: Final = "INVALID_FILTER_ARG_IN_VARIABLE"
BAD_URL: Final = "INVALID_URL"
TOO_LONG: Final = "TIER_LIMIT_EXCEEDED"
UNSUPPORTED: Final = "UNSUPPORTED_PROPERTY"
_DAYS: Final = {"seconds": 1 / 86_400, "minutes": 1 / 1_440, "hours": 1 / 24, "days": 1, "weeks": 7, "months": 30}
WRONG_URL: Final = "Invalid URL. Must be a valid full URL, path starting with /, or {{variable}}"
_URL: Final = re.compile(r"^(https?://[^\s/?#]+\S*|mailto:\S+@\S+|tel:\S+|/\S*|\{\{.+\}\}\S*)$", re.DOTALL)
_FILTER_WITH_NUMBER: Final = re.compile(r"\|\s*(toSentence|digest)\s*:(?P<args>[^|}]*)")

ACTIONS: Final = ("primaryAction", "secondaryAction", "redirect")

Issue = tuple[str, dict[str, str]]


def issues_of(type: str, values: Mapping[str, Json], schema: Json, *, payload_schema: Json) -> dict[str, Any]:
    """The control issues of a step, by property: `{subject: [{issueType, message, variableName?}]}`.

    `schema`: what its templates may name (`variables_of`).
    """
    found: dict[str, list[dict[str, str]]] = {}
    for path, issue in _all(type, values, schema, payload_schema):
        entries = found.setdefault(path, [])
        if issue not in entries:
            entries.append(issue)
    return found


def _all(type: str, values: Mapping[str, Json], schema: Json, payload_schema: Json) -> Iterator[Issue]:
    yield from _missing(type, values)
    yield from _unfitting(type, values)
    yield from _parts(type, values)
    yield from _addresses(type, values)
    yield from _lengths(type, values)
    yield from _schedules(type, values)
    for path, text in templates_of(values):
        yield from _template(path, text, schema, payload_schema)
    yield from _rule(values.get("skip"), schema, payload_schema)


def issue(path: str, type: str, message: str, variable: str | None = None) -> Issue:
    """One issue at a path."""
    entry = {"issueType": type, "message": message}
    return path, entry if variable is None else {**entry, "variableName": variable}


# -- what is there ----------------------------------------------------------------------------------------------------


def _required(type: str, values: Mapping[str, Json]) -> tuple[str, ...]:
    match type:
        case "email":
            return ("subject",)
        case "digest" | "delay":
            if values.get("type") == "timed":
                return ("cron",)
            return ("dynamicKey",) if values.get("type") == "dynamic" else ("amount", "unit")
        case "throttle":
            return ("dynamicKey",) if values.get("type") == "dynamic" else ("amount", "unit")
        case "http_request":
            return ("method", "url")
    return ()


def _missing(type: str, values: Mapping[str, Json]) -> Iterator[Issue]:
    for name in _required(type, values):
        if values.get(name) in (None, ""):
            yield issue(name, MISSING, f"{_title(name)} is required")
    if type == "in_app" and not values.get("subject") and not values.get("body"):
        yield issue("body", MISSING, "Subject or body is required")
    for name in ACTIONS:
        place = values.get(name)
        redirect = place if name == "redirect" else place.get("redirect") if isinstance(place, Mapping) else None
        if isinstance(redirect, Mapping) and not redirect.get("url") and redirect:
            path = "redirect.url" if name == "redirect" else f"{name}.redirect.url"
            yield issue(path, MISSING, "Url is required")


def _parts(type: str, values: Mapping[str, Json]) -> Iterator[Issue]:
    """What of an action cannot be read, by the path of the part."""
    for name in ACTIONS if type == "in_app" else ():
        place = values.get(name)
        if not isinstance(place, Mapping):
            continue
        redirect = place if name == "redirect" else place.get("redirect", {})
        checked = [] if name == "redirect" else [("label", forms.is_text(place.get("label", "")))]
        way = "" if name == "redirect" else "redirect."
        if isinstance(redirect, Mapping):
            checked.append((f"{way}url", forms.is_text(redirect.get("url", ""))))
            checked.append((f"{way}target", redirect.get("target", "_self") in forms.TARGETS))
        else:
            checked.append(("redirect", False))
        for part, is_right in checked:
            if not is_right:
                word = part.rpartition(".")[2]
                yield issue(f"{name}.{part}", MISSING, f"{_title(word)} has a value that cannot be used")


def _title(name: str) -> str:
    words = re.sub(r"([a-z])([A-Z])", r"\1 \2", name)
    return words[:1].upper() + words[1:].lower()


def _unfitting(type: str, values: Mapping[str, Json]) -> Iterator[Issue]:
    form, silent = forms.FORMS[type], forms.KEPT_SILENTLY.get(type, frozenset())
    for key, value in values.items():
        if key in silent or (type == "delay" and key == "type" and value == "dynamic"):
            continue
        if key not in form:
            yield issue(key, UNSUPPORTED, f"{_title(key)} is not supported")
        elif value not in (None, "") and not form[key](value) and not _is_action_url(key, value):
            yield issue(key, MISSING, f"{_title(key)} has a value that cannot be used")


def _is_action_url(key: str, value: Json) -> bool:
    """What of an action is missing or wrong is told by its part."""
    return key in ACTIONS and isinstance(value, Mapping)


def _addresses(type: str, values: Mapping[str, Json]) -> Iterator[Issue]:
    if type == "in_app":
        places: list[tuple[str, Json]] = [("avatar", values.get("avatar"))]
        redirect = values.get("redirect")
        places.append(("redirect.url", redirect.get("url") if isinstance(redirect, Mapping) else None))
        for name in ("primaryAction", "secondaryAction"):
            action = values.get(name)
            target = action.get("redirect") if isinstance(action, Mapping) else None
            places.append((f"{name}.redirect.url", target.get("url") if isinstance(target, Mapping) else None))
        for path, url in places:
            if isinstance(url, str) and url and not _URL.match(url.strip()):
                yield issue(path, BAD_URL, WRONG_URL)
    elif type == "http_request":
        url = values.get("url")
        if isinstance(url, str) and url and not _URL.match(url.strip()):
            yield issue("url", BAD_URL, WRONG_URL)


def _lengths(type: str, values: Mapping[str, Json]) -> Iterator[Issue]:
    if type not in ("digest", "delay") or values.get("type") in ("timed", "dynamic"):
        return
    amount, unit = values.get("amount"), values.get("unit")
    if not isinstance(amount, (int, float)) or isinstance(amount, bool) or unit not in forms.UNITS:
        return
    if amount * _DAYS[unit] > settings.DIGEST_MAX_DAYS:
        message = f"The maximum {type} is {settings.DIGEST_MAX_DAYS} days"
        yield issue("amount", TOO_LONG, message)
        yield issue("unit", TOO_LONG, message)
    elif duration_text(amount, unit) is None:  # less than nothing, or a part of a day
        yield issue("amount", MISSING, "Amount has a value that cannot be used")


def _schedules(type: str, values: Mapping[str, Json]) -> Iterator[Issue]:
    cron = values.get("cron")
    if type not in ("digest", "delay") or values.get("type") != "timed" or not isinstance(cron, str) or not cron:
        return
    try:
        check_cron(cron)
    except BadCron:
        yield issue("cron", MISSING, "Cron has a value that cannot be used")


# -- templates --------------------------------------------------------------------------------------------------------


def _template(path: str, text: str, schema: Json, payload_schema: Json) -> Iterator[Issue]:
    read = read_template(text)
    if read.error is not None:
        raw = _broken_tag(text)
        yield issue(path, ILLEGAL, f"Variable {raw} is not supported", raw)
        return
    for name in read.paths:
        if not is_legal(name, schema, payload_schema):
            raw = _tag_with(text, name)
            yield issue(path, ILLEGAL, f"Variable {raw} is not supported", raw)
    for used_filter in read.filters:
        if used_filter not in FILTERS:
            raw = _tag_containing(text, used_filter)
            yield issue(path, ILLEGAL, f"Variable {raw} is not supported", raw)
    for tag in TAG.findall(text):
        for used in _FILTER_WITH_NUMBER.finditer(tag):
            reason = _argument_reason(used[1], used["args"])
            if reason:
                yield issue(path, BAD_ARGUMENT, reason, tag)


def is_legal(path: tuple[str | int, ...], schema: Json, payload_schema: Json) -> bool:
    """Whether a step may name this. Of the payload anything, unless the workflow declares it."""
    if path[0] == "payload":
        return not needs_payload_check(payload_schema) or is_known(path[1:], payload_schema)
    if path[0] == "subscriber" and len(path) == 1:
        return True
    return is_known(path, schema)


def _broken_tag(text: str) -> str:
    """The tag of a template that cannot be read, as it is written."""
    for tag in TAG.findall(text):
        if read_template(tag).error is not None:
            return str(tag)
    start = text.find("{{") if "{{" in text else text.find("{%")
    return text[start : start + 80]


def _tag_with(text: str, path: tuple[str | int, ...]) -> str:
    for tag in TAG.findall(text):
        if path in read_template(tag).paths:
            return str(tag)
    return _tag_containing(text, ".".join(map(str, path)))  # a block is no template by itself


def _tag_containing(text: str, word: str) -> str:
    return next((str(tag) for tag in TAG.findall(text) if word in tag), text[:80])


def _argument_reason(name: str, raw: str) -> str | None:
    """Why the arguments of a filter about lists are wrong: `toSentence: 'key', 2, 'other'`, `digest: 2, 'key'`."""
    arguments = [part.strip() for part in raw.split(",")]
    place = 1 if name == "toSentence" else 0
    if len(arguments) > place and not re.fullmatch(r"\d+", arguments[place]):
        return f'"{name}" expects a number as its argument {place + 1}'
    if name == "toSentence" and arguments and not re.fullmatch(r"'[^']*'|\"[^\"]*\"", arguments[0]):
        return '"toSentence" expects a key path in quotes as its first argument'
    return None


def _rule(rule: Json, schema: Json, payload_schema: Json) -> Iterator[Issue]:
    if not isinstance(rule, Mapping):
        return
    for name in rule_variables(rule):
        path = tuple(name.split("."))
        # What a rule asks of the payload or of the subscriber's data is open.
        is_open = path[0] == "payload" or path[:2] == ("subscriber", "data")
        if name and not is_open and not is_known(path, schema):
            yield issue("skip", ILLEGAL, f"Variable {name} is not supported", name)
