"""References are found where they are written, and only there."""

from __future__ import annotations

import pytest

from designer.graph.model import Condition, Statement, Task
from designer.graph.references import read_template, references_of, rename_path, rename_steps, steps_read


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("no template", ()),
        ("{{ input.order.id }}", (("input", "order", "id"),)),
        ("{{ steps.a.output.x | upcase }}", (("steps", "a", "output", "x"),)),
        ("{{ steps['1st'].output[0] }}", (("steps", "1st", "output", 0),)),
        ("{{ steps.my-task.status }}", (("steps", "my-task", "status"),)),
        ("{% for item in input.items %}{{ item.name }}{% endfor %}", (("input", "items"),)),
        ("{% assign x = vars.a %}{{ x }}", (("vars", "a"),)),
        ("{% if event.a == steps.b.error %}{% endif %}", (("event", "a"), ("steps", "b", "error"))),
        ("{{ 'text' }}{{ 3 }}", ()),
    ],
)
def test_a_template_names_what_it_reads(text: str, paths: tuple[tuple[str | int, ...], ...]) -> None:
    read = read_template(text)
    assert read.error is None
    assert set(read.paths) == set(paths)


def test_a_computed_step_may_be_any() -> None:
    read = read_template("{{ steps[input.which].output }}")
    assert read.reads_any_step
    assert ("input", "which") in read.paths


@pytest.mark.parametrize(
    "text", ["{{ input.x", "{% if %}", "{% nonsense %}", "{% include 'other' %}", "{{ input..x }}"]
)
def test_a_template_that_cannot_be_read_says_so(text: str) -> None:
    assert read_template(text).error


def test_filters_are_named() -> None:
    assert set(read_template("{{ input.x | upcase | append: input.y }}").filters) == {"upcase", "append"}


def task() -> Task:
    """A decision whose settings and conditions refer to things."""
    statement = Statement("steps.fetch.output.total", "greater_than", ("{{ steps.limit.output }}", "steps.plain"))
    settings = {"inputs": {"json": [{"a": "{{ steps.deep.error.message }}"}]}, "note": "steps.plain"}
    return Task("t", "T", "decision", settings=settings, conditions=(Condition("c", statements=(statement,)),))


def test_the_references_of_a_task_are_found_with_their_places() -> None:
    found = {reference.field: reference.path for reference in references_of(task())}
    where = ("settings", "conditions", 0, "statements", 0)
    assert found == {
        ("settings", "inputs", "json", 0, "a"): ("steps", "deep", "error", "message"),
        (*where, "source"): ("steps", "fetch", "output", "total"),
        (*where, "values", 0): ("steps", "limit", "output"),
    }


def test_the_steps_a_task_reads_are_known_before_it_runs() -> None:
    assert steps_read(task()).keys == {"deep", "fetch", "limit"}
    assert not steps_read(task()).any_step
    assert steps_read(Task("t", "T", "noop", settings={"x": "{{ steps | json }}"})).any_step


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("{{ steps.a.output }}", "{{ steps.b.output }}"),
        ("{{ steps['a'].output }}", "{{ steps.b.output }}"),
        ("{% if steps.a.status == 'a' %}steps.a{% endif %}", "{% if steps.b.status == 'a' %}steps.a{% endif %}"),
        ("{{ steps.ab.output }}{{ steps.a-b.output }}", "{{ steps.ab.output }}{{ steps.a-b.output }}"),
        ("{{ input.steps.a }}", "{{ input.steps.a }}"),
        ("steps.a", "steps.a"),
    ],
)
def test_renaming_a_step_changes_its_references_and_nothing_else(before: str, after: str) -> None:
    assert rename_steps(before, {"a": "b"}) == after


def test_a_key_that_begins_with_a_digit_is_written_in_brackets() -> None:
    assert rename_path("steps.a.output", {"a": "1st"}) == 'steps["1st"].output'


def test_keys_can_be_exchanged() -> None:
    assert rename_steps("{{ steps.a.x }} {{ steps.b.x }}", {"a": "b", "b": "a"}) == "{{ steps.b.x }} {{ steps.a.x }}"
