"""What the palette offers: every kind of task, each action of automations by its own name, phases and notes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache

import orjson

from designer.graph.actions import ACTIONS
from designer.graph.kinds import KINDS, Group, Kind
from designer.graph.model import Json


@dataclass(frozen=True, slots=True)
class PaletteItem:
    """One thing to add. `kind` is empty for what is no task; `settings` are those of a new task."""

    id: str
    kind: str
    name: str
    hint: str
    icon: str
    tone: str
    settings: Mapping[str, Json] = field(default_factory=dict)

    @property
    def settings_json(self) -> str:
        """The settings as script reads them."""
        return orjson.dumps(dict(self.settings)).decode()


@dataclass(frozen=True, slots=True)
class PaletteGroup:
    """Items under one heading."""

    label: str
    items: tuple[PaletteItem, ...]


PHASE = PaletteItem("phase", "", "Phase", "A named group of tasks, around what is selected.", "layers", "plain")

NOTE = PaletteItem("note", "", "Note", "A remark on the canvas, for whoever reads the flow.", "note", "plain")


@cache
def palette() -> tuple[PaletteGroup, ...]:
    """The groups in their order; those without anything are left out."""
    groups: dict[Group, list[PaletteItem]] = {group: [] for group in Group}
    for kind in KINDS.values():
        groups[kind.group].extend(_items(kind))
    groups[Group.STRUCTURE].extend((PHASE, NOTE))
    return tuple(PaletteGroup(group.value, tuple(items)) for group, items in groups.items() if items)


def _items(kind: Kind) -> Iterator[PaletteItem]:
    if not any(known.key == "action" for known in kind.fields):
        yield PaletteItem(kind.key, kind.key, kind.label, kind.description, kind.icon, kind.colour, kind.defaults)
        return
    for action in ACTIONS.values():
        settings = {**kind.defaults, "action": action.key}
        yield PaletteItem(action.key, kind.key, action.label, action.description, action.icon, kind.colour, settings)
