"""Fields with their values, ready for a template: which input, with what in it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final

import orjson
from django.utils.functional import cached_property

from designer.graph.fields import Choice, Field, FieldType
from designer.graph.model import Json
from designer.inspector.offers import Offers

_PLAIN_INPUTS: Final = frozenset(
    {
        FieldType.TEXT,
        FieldType.DURATION,
        FieldType.DATETIME,
        FieldType.CRON,
        FieldType.TIMEZONE,
        FieldType.REFERENCE,
        FieldType.FLOW_KEY,
        FieldType.CONNECTION,
        FieldType.AGENT,
        FieldType.NUMBER,
    }
)
_CODE: Final = frozenset({FieldType.JSON, FieldType.JSON_SCHEMA, FieldType.CEL})
_COMPOSED: Final = frozenset({FieldType.LIST, FieldType.MAP})
_LANGUAGES: Final = {
    FieldType.JSON: "json",
    FieldType.JSON_SCHEMA: "schema",
    FieldType.CEL: "cel",
    FieldType.TEMPLATE: "template",
}
_PATHS_ALONE: Final = frozenset({("settings", "dynamic")})
"""Fields that hold a bare path into the data, such as `input.remind_at`."""
_DATALISTS: Final = {
    FieldType.REFERENCE: "offer-moments",
    FieldType.FLOW_KEY: "offer-flows",
    FieldType.CONNECTION: "offer-connections",
    FieldType.AGENT: "offer-agents",
    FieldType.TIMEZONE: "offer-timezones",
}
MOST_SWITCH_CHOICES: Final = 3

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Control:
    """One field of a form. `path` leads from the subject to its value, `value` is None where it is not set."""

    field: Field
    path: Path
    value: Json
    offers: Offers
    is_visible: bool = True
    children: tuple[Control, ...] = ()
    """Of a group: its fields."""
    can_edit: bool = True

    @property
    def id(self) -> str:
        """Unique on the page, the same each time the form is made."""
        return "field-" + "-".join(re.sub(r"[^a-zA-Z0-9_]", "_", str(step)) for step in self.path)

    @property
    def path_json(self) -> str:
        """The path as script posts it back."""
        return orjson.dumps(list(self.path)).decode()

    @property
    def widget(self) -> str:
        """Which piece of `templates/designer/editor/widgets.html` shows it."""
        kind = self.field.type
        if kind is FieldType.CHOICE:
            fits = len(self.field.choices) <= MOST_SWITCH_CHOICES and all(len(c.label) < 14 for c in self.field.choices)
            always_set = self.field.default is not None or self.field.required
            return "switch" if fits and always_set and len(self.field.choices) > 1 else "select"
        if kind is FieldType.JSON_SCHEMA:
            return "schema"
        if kind in (FieldType.LONGTEXT, *_CODE) or (kind is FieldType.TEMPLATE and self.field.lines > 1):
            return "area"
        if kind in _PLAIN_INPUTS or kind is FieldType.TEMPLATE:
            return "input"
        return kind.value

    @property
    def is_code(self) -> bool:
        """Shown in the typewriter face, unchecked by the speller."""
        return self.field.type in _CODE

    @property
    def lines(self) -> int:
        """The height of a text area; script lets it grow with its text."""
        typical = 1 if self.field.type is FieldType.CEL else 3
        return typical if self.has_value else min(self.field.lines, typical)

    @property
    def text(self) -> str:
        """The value as it stands in an input."""
        return text_of(self.field, self.value)

    @property
    def placeholder(self) -> str:
        """What the engine takes when nothing is set, or else an example."""
        if self.field.default is not None:
            return text_of(self.field, self.field.default)
        return self.field.example

    @property
    def datalist(self) -> str:
        """The id of the list of suggestions; empty for none."""
        return _DATALISTS.get(self.field.type, "")

    @property
    def datalists(self) -> frozenset[str]:
        """The ids of the lists of suggestions that its inputs name, those of its rows and fields included."""
        inner = _DATALISTS.get(self.field.of.type, "") if self.field.of is not None else ""
        own = {"offer-people"} if self.field.key == "assigned_to" else {self.datalist, inner}
        return frozenset(own - {""}).union(*(child.datalists for child in self.children))

    @property
    def picks(self) -> str:
        """What the reference picker puts in: `template` for `{{ path }}`, `path` for it bare; empty for neither."""
        if self.path in _PATHS_ALONE:
            return "path"
        has_templates = self.field.type in (FieldType.TEMPLATE, FieldType.JSON) or self.field.is_templated
        return "template" if has_templates else ""

    @property
    def language(self) -> str:
        """In what a text area is written, for its colours; empty for plain text."""
        return _LANGUAGES.get(self.field.type, "") if self.widget in ("area", "schema") else ""

    @property
    def input_mode(self) -> str:
        """Which keyboard a phone shows."""
        if self.field.type is not FieldType.NUMBER or self.field.is_templated:
            return "text"
        return "numeric" if self.field.is_whole else "decimal"

    @property
    def is_switch(self) -> bool:
        """Whether siblings are shown depending on it."""
        return self.field.type is FieldType.CHOICE

    @property
    def default_text(self) -> str:
        """The default of a switch, as its choice's value."""
        return "" if self.field.default is None else str(self.field.default)

    @property
    def visible_when_json(self) -> str:
        """The rule by which script shows and hides it; empty when it is always shown."""
        rule = self.field.visible_when
        return orjson.dumps({"key": rule.key, "values": list(rule.values)}).decode() if rule else ""

    @property
    def choices(self) -> tuple[Choice, ...]:
        """Of a choice; of a branch the decision's branches."""
        return self.offers.branches if self.field.type is FieldType.BRANCH else self.field.choices

    @property
    def chosen(self) -> str:
        """The choice that holds: the one made, or else the default."""
        return str(self.value) if self.value is not None else self.default_text

    @property
    def is_on(self) -> bool:
        """Of a boolean: whether it holds, its default where it is not set."""
        return bool(self.field.default if self.value is None else self.value)

    @property
    def has_value(self) -> bool:
        """Whether anything is set, in a group anywhere inside."""
        return self.value not in (None, "", [], {})

    @property
    def is_changed(self) -> bool:
        """Whether what is set differs from what holds anyway. The key of a task counts as nothing special."""
        return self.has_value and self.value != self.field.default and self.path != ("key",)

    @cached_property
    def rows(self) -> tuple[Any, ...]:
        """Of a list: a control per entry. Of a map: (key, control) pairs. Of requirements: node references."""
        inner = self.field.of
        if self.field.type is FieldType.REQUIREMENTS:
            entries = self.value if isinstance(self.value, (list, tuple)) else ()
            return tuple(filter(None, map(_requirement_ref, entries)))
        if inner is None:
            return ()
        if self.field.type is FieldType.MAP:
            pairs = self.value.items() if isinstance(self.value, Mapping) else ()
            return tuple((key, self._entry(inner, place, value)) for place, (key, value) in enumerate(pairs))
        entries = self.value if isinstance(self.value, (list, tuple)) else ()
        return tuple(self._entry(inner, number, value) for number, value in enumerate(entries))

    @cached_property
    def blank(self) -> Control:
        """A row that does not exist yet."""
        inner = self.field.of or self.field
        return self._entry(inner, "new", None)

    def _entry(self, inner: Field, step: str | int, value: Json) -> Control:
        labelled = replace(inner, example=inner.example or self.field.example)
        return Control(labelled, (*self.path, step), value, self.offers)


def _requirement_ref(entry: Json) -> str:
    if not isinstance(entry, Mapping):
        return ""
    return f"phase:{entry['phase']}" if "phase" in entry else str(entry.get("task", ""))


def text_of(field: Field, value: Json) -> str:
    """A value as one would type it. JSON texts stand bare where that reads back as the same."""
    if value is None:
        return ""
    if field.type is FieldType.JSON_SCHEMA or (field.type is FieldType.JSON and not isinstance(value, str)):
        return pretty_json(value)
    if field.type is FieldType.JSON and not _stands_bare(value):
        return orjson.dumps(value).decode()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _stands_bare(text: str) -> bool:
    """Whether a text without quotes is read back as itself rather than as JSON."""
    bare = text.strip()
    if bare != text or not bare or (bare[0] in '{["' and not bare.startswith("{{")):
        return False
    try:
        orjson.loads(bare)
    except orjson.JSONDecodeError:
        return True
    return False


def pretty_json(value: Json) -> str:
    """Indented; short objects and lists are not worth lines of their own."""
    flat = orjson.dumps(value).decode()
    return flat if len(flat) <= 36 else orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()


def controls_for(
    fields: Sequence[Field], values: Mapping[str, Json], path: Path, offers: Offers, *, can_edit: bool = True
) -> tuple[Control, ...]:
    """Controls for fields that stand side by side, in their order."""
    siblings = {field.key: _effective(field, values) for field in fields}
    return tuple(_control(field, values, siblings, path, offers, can_edit) for field in fields)


def _effective(field: Field, values: Mapping[str, Json]) -> Json:
    value = values.get(field.key)
    return field.default if value is None else value


def _control(
    field: Field, values: Mapping[str, Json], siblings: Mapping[str, Json], path: Path, offers: Offers, can_edit: bool
) -> Control:
    here, value = (*path, field.key), values.get(field.key)
    rule = field.visible_when
    # What is set is shown, even where the rule would hide it: otherwise nobody could take it out.
    is_visible = rule is None or siblings.get(rule.key) in rule.values or value is not None
    children: tuple[Control, ...] = ()
    if field.type is FieldType.GROUP:
        inner = value if isinstance(value, Mapping) else {}
        children = controls_for(field.beside(siblings).fields, inner, here, offers, can_edit=can_edit)
    return Control(field, here, value, offers, is_visible, children, can_edit)


@dataclass(frozen=True, slots=True)
class ControlGroup:
    """Controls under one heading; without a heading they stand first, always open."""

    label: str
    controls: tuple[Control, ...]

    @property
    def is_open(self) -> bool:
        """Open where something is set that is not so anyway."""
        return any(control.is_changed for control in self.controls)

    @property
    def sole(self) -> Control | None:
        """The one group field that a heading of the same name holds: shown without a box of its own."""
        first = self.controls[0]
        is_sole = len(self.controls) == 1 and first.field.type is FieldType.GROUP and first.field.label == self.label
        return first if is_sole else None


def in_groups(
    controls: Sequence[Control],
    *,
    first: Sequence[str] = ("",),
    sections: Mapping[str, str] = MappingProxyType({}),
    last: Sequence[str] = (),
) -> tuple[ControlGroup, ...]:
    """Controls by the group of their field; groups named in `first` are folded into one without a heading.

    `sections`: other headings for groups, which share one where they name the same. `last`: headings at the end.
    """
    groups: dict[str, list[Control]] = {"": []}
    for control in controls:
        label = "" if control.field.group in first else sections.get(control.field.group, control.field.group)
        groups.setdefault(label, []).append(control)
    for label in last:
        if label in groups:
            groups[label] = groups.pop(label)
    return tuple(ControlGroup(label, tuple(found)) for label, found in groups.items() if found)
