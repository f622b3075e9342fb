"""Every path that a problem can name leads to a field of the form of its culprit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest

from designer.graph.actions import ACTIONS
from designer.graph.fields import Field
from designer.graph.flow_fields import LIMIT_FIELDS, RETENTION_FIELDS
from designer.graph.kinds import KINDS
from designer.graph.model import Flow, Json, Task
from designer.graph.values import Path
from designer.inspector.controls import Control
from designer.inspector.forms import Form, form_for
from tests.drawing import draw


def paths_of(fields: Sequence[Field], above: Path) -> Iterator[Path]:
    """Every place of a schema: groups, their fields in all variants, the first entry of a list or a map."""
    for field in fields:
        here = (*above, field.key)
        yield here
        yield from paths_of(field.fields, here)
        for variant in field.variants.values():
            yield from paths_of(variant, here)
        if field.of is not None:
            yield (*here, 0)
            yield from paths_of(field.of.fields, (*here, 0))


def fields_in(form: Form) -> set[Path]:
    """The paths of what can be filled in."""

    def within(controls: Sequence[Control]) -> Iterator[Path]:
        for control in controls:
            if control.widget == "group":
                yield from within(control.children)
            else:
                yield control.path

    shown = {path for group in form.groups for path in within(group.controls)}
    return shown | ({("conditions",)} if form.branches is not None else set())


def is_met(form: Form, wanted: Path) -> bool:
    """Whether a field of the form is at this place, in it or around it: within the same setting."""
    least = 2 if wanted[0] == "settings" else 1
    return any(path[:least] == wanted[:least] for path in fields_in(form))


def tasks() -> Iterator[tuple[str, dict[str, Json]]]:
    for kind in KINDS:
        if kind == "automation":
            yield from ((kind, {"action": action}) for action in ACTIONS)
        else:
            yield kind, {}


@pytest.mark.parametrize(("kind", "settings"), list(tasks()), ids=str)
def test_each_path_of_a_kind_leads_into_its_form(kind: str, settings: dict[str, Json]) -> None:
    flow: Flow = draw("trigger -> a -> b").with_task(Task("a", name="A", kind=kind, settings=settings))
    form = form_for(flow, "a")
    assert form is not None
    wanted: set[Path] = {("name",), ("phase",), ("description",)}
    wanted |= set(paths_of(KINDS[kind].fields, ("settings",)))
    missed = [path for path in wanted if path[:2] != ("settings", "conditions") and not is_met(form, path)]
    assert missed == []
    assert is_met(form, ("conditions",)) == KINDS[kind].has_branches


def test_each_path_of_the_flow_leads_into_its_form() -> None:
    flow = replace(draw("trigger -> a"), limits={"wall_seconds": 10})
    form = form_for(flow, "")
    assert form is not None
    wanted = [("timezone",), *paths_of(LIMIT_FIELDS, ("limits",)), *paths_of(RETENTION_FIELDS, ("retention",))]
    assert [path for path in wanted if not is_met(form, path)] == []
