"""Every template of the gallery comes to its end, whatever people answer: sparse forms, waits that time out."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any, Final

import pytest

from designer.gallery.catalog import Template, templates
from designer.graph.model import Json, Task
from engine.sandbox.running import try_flow

TRIES: Final = 40
ROUNDS: Final = 4
"""How many different answers a task of a loop gets."""
TEXTS: Final = {"email": "somebody@example.com", "date": "2030-05-01", "date-time": "2030-05-01T09:00:00Z"}


def _answer(chance: random.Random, schema: Mapping[str, Any]) -> Json:
    """Something that fits a form; what may be left out is, every other time."""
    if "enum" in schema:
        found: Json = chance.choice(schema["enum"])
        return found
    match schema.get("type"):
        case "boolean":
            return chance.random() < 0.5
        case "integer" | "number":
            least = schema.get("minimum", schema.get("exclusiveMinimum", -1) + 1)
            return min(least + chance.choice((0, 1, 50, 1_000)), schema.get("maximum", 10**9))
        case "array":
            items = max(schema.get("minItems", 0), chance.randint(0, 2))
            return [_answer(chance, schema["items"]) for _ in range(items)]
        case "object":
            must = schema.get("required", ())
            fields = schema.get("properties", {}).items()
            return {name: _answer(chance, field) for name, field in fields if name in must or chance.random() < 0.5}
        case _:
            return TEXTS.get(schema.get("format", ""), "as long as anybody may ask for")


def _answers(chance: random.Random, task: Task) -> list[Json]:
    may_be_late = task.kind == "wait_event" or bool(task.settings.get("expires"))
    if may_be_late and chance.random() < 0.3:
        return [{"times_out": True}]
    form = task.settings.get("form")
    if task.kind != "manual" or not isinstance(form, Mapping):
        return []
    return [{"output": _answer(chance, form)} for _ in range(ROUNDS)]


def _input(chance: random.Random, template: Template) -> Json:
    """Another input that the flow takes: what may be chosen, and numbers on either side of a limit."""
    fields: Any = template.flow.input_schema["properties"]
    given = dict(template.sample_input)
    for name, field in fields.items():
        if chance.random() < 0.5 and ("enum" in field or field["type"] in ("boolean", "integer", "number")):
            given[name] = _answer(chance, field)
    return given


@pytest.mark.parametrize("template", templates(), ids=lambda template: template.key)
def test_a_template_comes_to_its_end_whatever_is_answered(template: Template) -> None:
    chance = random.Random(template.key)
    as_it_comes = try_flow(template.flow, template.sample_input)
    assert (as_it_comes.status, as_it_comes.error) == ("complete", None)
    for _ in range(TRIES):
        answers = {key: given for key, task in template.flow.tasks.items() if (given := _answers(chance, task))}
        trial = try_flow(template.flow, _input(chance, template), answers)
        assert (trial.status, trial.error) == ("complete", None), answers
