"""Bodies and queries, checked in Novu's words (contract 7)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from django.conf import settings
from django.http import QueryDict

from designer.graph.json_schemas import json_schema_reason
from designer.graph.model import Json
from dialects.novu.errors import bad_body, bad_query
from dialects.novu.translate import forms

Problems = list[tuple[str, str]]

LONGEST_NAME: Final = 64
LONGEST_DESCRIPTION: Final = 256
LONGEST_TAG: Final = 32
MOST_TAGS: Final = 16
LONGEST_IDENTIFIER: Final = 255
SEVERITIES: Final = ("high", "medium", "low", "none")
SOURCES: Final = (
    "template_store",
    "editor",
    "notification_directory",
    "onboarding_digest_demo",
    "onboarding_in_app",
    "empty_state",
    "dropdown",
    "onboarding_get_started",
    "bridge",
    "dashboard",
    "ai",
)
MOST_LISTED: Final = 100


class Checker:
    """Collects what is wrong with a body."""

    def __init__(self, body: Mapping[str, Any]) -> None:
        self.body = body
        self.problems: Problems = []

    def add(self, field: str, text: str) -> None:
        """Note a problem."""
        self.problems.append((field, text))

    def finish(self) -> None:
        """Raise the 400 for what was found."""
        if self.problems:
            raise bad_body(self.problems)

    def typed(self, field: str, is_right: Callable[[Json], bool], word: str, *, null: bool = True) -> bool:
        """Whether the field is there and of the type; notes it where it is of another."""
        value = self.body.get(field)
        if value is None:
            if field in self.body and not null:
                self.add(field, f"{field} must be {word}")
            return False
        if not is_right(value):
            self.add(field, f"{field} must be {word}")
            return False
        return True

    def choice(self, field: str, values: Sequence[str]) -> None:
        """One of these texts, where there is one."""
        value = self.body.get(field)
        if value is not None and value not in values:
            self.add(field, f"{field} must be one of the following values: {', '.join(values)}")

    # -- of workflows -------------------------------------------------------------------------------------------------

    def name(self, *, required: bool) -> None:
        """1 to 64 characters."""
        value = self.body.get("name")
        if value is None:
            if required:
                self.add("name", "name must be longer than or equal to 1 characters")
                self.add("name", "name must be a string")
        elif not isinstance(value, str):
            self.add("name", "name must be a string")
        elif not value.strip():
            self.add("name", "name must be longer than or equal to 1 characters")
        elif len(value) > LONGEST_NAME:
            self.add("name", f"name must be shorter than or equal to {LONGEST_NAME} characters")

    def description(self) -> None:
        """At most 256 characters."""
        if self.typed("description", forms.is_text, "a string") and len(self.body["description"]) > LONGEST_DESCRIPTION:
            self.add("description", f"description must be shorter than or equal to {LONGEST_DESCRIPTION} characters")

    def tags(self) -> None:
        """At most 16 of 1 to 32 characters, each once."""
        if not self.typed("tags", lambda value: isinstance(value, list), "an array"):
            return
        tags = self.body["tags"]
        if not all(isinstance(tag, str) for tag in tags):
            self.add("tags", "each value in tags must be a string")
            return
        if len(tags) > MOST_TAGS:
            self.add("tags", f"tags must contain no more than {MOST_TAGS} elements")
        if len(set(tags)) < len(tags):
            self.add("tags", "All tags's elements must be unique")
        if not all(1 <= len(tag) <= LONGEST_TAG for tag in tags):
            text = f"longer than or equal to 1 and shorter than or equal to {LONGEST_TAG} characters"
            self.add("tags", f"each value in tags must be {text}")

    def payload(self) -> None:
        """`payloadSchema` and `validatePayload`."""
        if self.typed("payloadSchema", forms.is_object, "an object"):
            reason = json_schema_reason(self.body["payloadSchema"])
            if reason is not None:
                self.add("payloadSchema", "payloadSchema must be a valid JSON schema")
        self.typed("validatePayload", forms.is_flag, "a boolean")

    def flags(self, *fields: str) -> None:
        """True or false."""
        for field in fields:
            self.typed(field, forms.is_flag, "a boolean")

    def preferences(self, *, required: bool) -> None:
        """`{user?, workflow?}`."""
        if required and self.body.get("preferences") is None:
            self.add("preferences", "preferences should not be empty")
            return
        if not self.typed("preferences", forms.is_object, "an object"):
            return
        for layer in ("user", "workflow"):
            given = self.body["preferences"].get(layer)
            if given is None:
                continue
            name = f"preferences.{layer}"
            if not isinstance(given, Mapping):
                self.add(name, f"{name} must be an object")
                continue
            self._layer(name, given)

    def _layer(self, name: str, given: Mapping[str, Any]) -> None:
        everything, channels = given.get("all"), given.get("channels", {})
        if not isinstance(everything, Mapping):
            self.add(name, f"{name}.all must be an object")
        else:
            for key in ("enabled", "readOnly"):
                if key in everything and not isinstance(everything[key], bool):
                    self.add(name, f"{name}.all.{key} must be a boolean")
        if not isinstance(channels, Mapping):
            self.add(name, f"{name}.channels must be an object")
            return
        for channel, wish in channels.items():
            if channel not in forms.CHANNEL_TYPES:
                known = ", ".join(forms.CHANNEL_TYPES)
                self.add(name, f"{name}.channels must be one of the following values: {known}")
            elif not isinstance(wish, Mapping) or not isinstance(wish.get("enabled", True), bool):
                self.add(name, f"{name}.channels.{channel}.enabled must be a boolean")

    def steps(self) -> None:
        """A list of at most 20 steps, each with a name, a known type and fitting parts."""
        steps = self.body.get("steps")
        if not isinstance(steps, list):
            self.add("steps", "steps must be an array")
            return
        if len(steps) > settings.NOVU_MAX_STEPS:
            self.add("steps", f"steps must contain no more than {settings.NOVU_MAX_STEPS} elements")
        for number, step in enumerate(steps[: settings.NOVU_MAX_STEPS]):
            self._step(f"steps.{number}", step)

    def _step(self, path: str, step: Json) -> None:
        if not isinstance(step, Mapping):
            self.add(path, f"{path} must be an object")
            return
        name = step.get("name")
        if not isinstance(name, str):
            self.add(path, f"{path}.name must be a string")
        elif not name.strip():
            self.add(path, f"{path}.name should not be empty")
        elif len(name) > 200:
            self.add(path, f"{path}.name must be shorter than or equal to 200 characters")
        if step.get("type") not in forms.STEP_TYPES:
            known = ", ".join(forms.STEP_TYPES)
            self.add(path, f"{path}.type must be one of the following values: {known}")
        for key in ("_id", "stepId"):
            if step.get(key) is not None and not isinstance(step[key], str):
                self.add(path, f"{path}.{key} must be a string")
        for key in ("controlValues", "providerOverrides"):
            if step.get(key) is not None and not isinstance(step[key], Mapping):
                self.add(path, f"{path}.{key} must be an object")

    def agent(self) -> None:
        """`{identifier, providers?}`."""
        is_object = self.typed("agent", forms.is_object, "an object")
        if is_object and not isinstance(self.body["agent"].get("identifier"), str):
            self.add("agent", "agent.identifier must be a string")


def check_create(body: Mapping[str, Any]) -> None:
    """A CreateWorkflowDto. Raises the 400."""
    checker = Checker(body)
    checker.name(required=True)
    identifier = body.get("workflowId")
    if not isinstance(identifier, str):
        checker.add("workflowId", "workflowId must be a string")
    elif not identifier.strip():
        checker.add("workflowId", "workflowId should not be empty")
    elif len(identifier) > LONGEST_IDENTIFIER:
        checker.add("workflowId", f"workflowId must be shorter than or equal to {LONGEST_IDENTIFIER} characters")
    _common(checker)
    checker.preferences(required=False)
    checker.choice("__source", SOURCES)
    checker.finish()


def check_update(body: Mapping[str, Any]) -> None:
    """An UpdateWorkflowDto. Raises the 400."""
    checker = Checker(body)
    checker.name(required=True)
    _common(checker)
    checker.preferences(required=True)
    checker.finish()


def _common(checker: Checker) -> None:
    checker.description()
    checker.tags()
    checker.steps()
    checker.payload()
    checker.flags("active", "isTranslationEnabled")
    checker.choice("severity", SEVERITIES)
    checker.agent()


def check_patch(body: Mapping[str, Any]) -> None:
    """A PatchWorkflowDto. Raises the 400."""
    checker = Checker(body)
    checker.name(required=False)
    checker.description()
    checker.tags()
    checker.payload()
    checker.flags("active", "isTranslationEnabled")
    checker.finish()


def check_duplicate(body: Mapping[str, Any]) -> None:
    """The body of a duplication. Raises the 400."""
    checker = Checker(body)
    checker.name(required=False)
    checker.description()
    checker.tags()
    checker.flags("isTranslationEnabled")
    checker.typed("workflowId", forms.is_text, "a string")
    checker.finish()


def check_texts(body: Mapping[str, Any], **fields: bool) -> None:
    """Texts by field; True for those that must be there and not be empty. Raises the 400."""
    checker = Checker(body)
    for field, required in fields.items():
        value = body.get(field)
        if required and value in (None, ""):
            checker.add(field, f"{field} should not be empty")
        elif value is not None and not isinstance(value, str):
            checker.add(field, f"{field} must be a string")
    checker.finish()


# -- queries ----------------------------------------------------------------------------------------------------------


def whole(query: QueryDict, name: str, *, default: int, least: int, most: int | None, problems: list[str]) -> int:
    """A whole number of the query; `10.0` is one (the Python SDK sends floats)."""
    raw = query.get(name)
    if raw in (None, ""):
        return default
    try:
        number = float(raw)
        if number != int(number):
            raise ValueError
    except (ValueError, OverflowError):
        problems.append(f"{name} must be an integer number")
        return default
    if most is not None and number > most:
        problems.append(f"{name} must not be greater than {most}")
        return default
    if number < least:
        problems.append(f"{name} must not be less than {least}")
        return default
    return min(int(number), 2**31)


def chosen(query: QueryDict, name: str, values: Sequence[str], *, default: str, problems: list[str]) -> str:
    """One of these words."""
    raw = query.get(name)
    if raw in (None, ""):
        return default
    if raw not in values:
        problems.append(f"{name} must be one of the following values: {', '.join(values)}")
        return default
    return str(raw)


def several(query: QueryDict, name: str, values: Sequence[str] | None, *, problems: list[str]) -> list[str]:
    """A repeated parameter; written `name` or `name[]`."""
    found = [value for value in (*query.getlist(name), *query.getlist(f"{name}[]")) if value]
    if values is not None and any(value not in values for value in found):
        problems.append(f"each value in {name} must be one of the following values: {', '.join(values)}")
    return found


def refuse(problems: Sequence[str]) -> None:
    """Raise the 422 for what is wrong with a query."""
    if problems:
        raise bad_query(problems)
