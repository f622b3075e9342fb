"""Typed fields: what may be set on a task, a trigger or a flow.

One declaration serves four readers: the checks (`designer.graph.values`), the JSON Schema of the flow file
(`designer.graph.schema`), the forms of the inspector, and the search for references.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from designer.graph.model import Json


class FieldType(StrEnum):
    """What kind of value a field holds, as JSON, and so which input a form shows for it."""

    TEXT = "text"
    """One line of text."""
    LONGTEXT = "longtext"
    """Lines of text."""
    TEMPLATE = "template"
    """Text that may hold `{{ references }}`; `Field.lines` above 1 asks for a text area."""
    NUMBER = "number"
    """A number; with `Field.is_whole` an integer."""
    BOOLEAN = "boolean"
    CHOICE = "choice"
    """One of `Field.choices`."""
    DURATION = "duration"
    DATETIME = "datetime"
    """ISO 8601; without an offset it counts in the flow's time zone."""
    CRON = "cron"
    """Five fields: minute, hour, day of the month, month, day of the week."""
    TIMEZONE = "timezone"
    """An IANA name."""
    JSON = "json"
    """Any JSON; texts in it may hold `{{ references }}`."""
    JSON_SCHEMA = "json_schema"
    CEL = "cel"
    """A Common Expression Language expression over `event`."""
    REFERENCE = "reference"
    """`start`, `task:KEY` or `phase:KEY`; or one lone `{{ reference }}` where the field is templated."""
    BRANCH = "branch"
    """The key of one of the decision's own branches."""
    FLOW_KEY = "flow_key"
    CONNECTION = "connection"
    """The short name of a stored connection to an HTTP service."""
    AGENT = "agent"
    """The short name of a stored connection to an AI agent."""
    LIST = "list"
    """A list of `Field.of`."""
    MAP = "map"
    """Free keys, each with a value as `Field.of`."""
    GROUP = "group"
    """`Field.fields` under one key."""
    REQUIREMENTS = "requirements"
    """`[{"task": KEY} | {"phase": KEY}]`."""
    CONDITIONS = "conditions"
    """The branches of a decision; kept in `Task.conditions`, not in the settings."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One value of a choice field and its wording."""

    value: str
    label: str


@dataclass(frozen=True, slots=True)
class VisibleWhen:
    """A form shows the field only while its sibling `key` has one of `values`. None stands for "not set"."""

    key: str
    values: tuple[Json, ...]


@dataclass(frozen=True, slots=True)
class OneOf:
    """At most one of these sibling keys may be set; exactly one when `is_required`."""

    keys: tuple[str, ...]
    is_required: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One thing that can be set. `default` is what the engine takes when it is not set, shown as a placeholder."""

    key: str
    type: FieldType
    label: str
    help: str = ""
    example: str = ""
    required: bool = False
    default: Json = None
    group: str = ""
    """The heading under which a form shows it; fields of the same group stand together."""
    choices: tuple[Choice, ...] = ()
    visible_when: VisibleWhen | None = None
    is_templated: bool = False
    """Whether a text with `{{ references }}` may stand in place of a value of the type."""
    is_whole: bool = False
    minimum: float | None = None
    maximum: float | None = None
    longest: int = 10_000
    """The most characters of a text, entries of a list, or keys of a map."""
    lines: int = 1
    of: Field | None = None
    fields: tuple[Field, ...] = ()
    one_of: tuple[OneOf, ...] = ()
    by: str = ""
    """A group whose fields depend on the sibling named here: `variants[value of that sibling]`."""
    variants: Mapping[str, tuple[Field, ...]] = field(default_factory=dict)

    def beside(self, siblings: Mapping[str, Json]) -> Field:
        """This field as it is among its siblings' values: a group with variants gets the fields of the chosen one."""
        if not self.by:
            return self
        chosen = siblings.get(self.by)
        fields = self.variants.get(chosen, ()) if isinstance(chosen, str) else ()
        return replace(self, fields=fields, by="", variants={})

    @property
    def entry(self) -> Field:
        """What each entry of a list or map is."""
        if self.of is None:
            raise TypeError(f"{self.key} has no entries")
        return self.of


def choices(**labels: str) -> tuple[Choice, ...]:
    """`choices(all="All", any="Any")`."""
    return tuple(Choice(value, label) for value, label in labels.items())
