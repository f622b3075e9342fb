"""Conditions come back as they were sent: every operator, attribute type and option, also after a change elsewhere."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from accounts.scope import Scope
from designer.graph.edits import ConfigureTask, SetCondition
from designer.graph.edits.changes import Change
from designer.models import Flow
from designer.services.drafting import apply_edit, draft_of
from dialects.epilot.checking.schemas import ATTRIBUTE_TYPES, OPERATORS
from tests.integration.epilot.conftest import Epilot
from tests.integration.epilot.test_executions import decision, default, manual, template

Json = dict[str, Any]
BASE: Json = {"origin": "trigger", "origin_type": "entity", "schema": "contract", "attribute": "state"}
SOURCES: tuple[Json, ...] = (
    {**BASE, "id": "src-1"},
    *({**BASE, "attribute_type": type} for type in ATTRIBUTE_TYPES),
    *({**BASE, "attribute_operation": operation} for operation in ("all", "updated", "added", "deleted")),
    {**BASE, "attribute_type": "relation", "attribute_sub_field": "email"},
    {**BASE, "attribute_type": "tags", "attribute_repeatable": True},
    {**BASE, "attribute_type": "date", "date_offset": {"amount": -3, "unit": "months"}},
    {**BASE, "attribute_type": "string", "attributes": ["state", "other", "third"], "attributes_match": "all"},
    {**BASE, "attribute_type": "string", "attributes": ["state", "other"]},
    {**BASE, "attribute_type": "string", "attributes": ["state"]},
    {"origin": "action", "origin_type": "workflow", "attribute": "status"},
    {"origin_type": "journey_block", "attribute": "block"},
)


def condition(number: int, source: Json, operator: str = "equals", **more: Any) -> Json:
    values = [] if operator.startswith("is_") else ["x", "y"]
    statement = {"id": f"s{number}", "source": source, "operator": operator, "values": values, **more}
    words = {"branch_name": f"Branch {number}", "logical_operator": "OR" if number % 2 else "AND"}
    return {"id": f"c{number}", **words, "statements": [statement]}


def every() -> list[Json]:
    """One branch for each operator, and one for each shape of a source."""
    by_operator = [condition(n, {**BASE, "attribute_type": "string"}, op) for n, op in enumerate(OPERATORS)]
    by_source = [condition(100 + n, source) for n, source in enumerate(SOURCES)]
    day = {**BASE, "attribute_type": "date"}
    relative = [
        condition(200 + n, day, "less_than", values=[word], value_type="relative_date")
        for n, word in enumerate(("today", "yesterday", "tomorrow", "now"))
    ]
    static = condition(300, day, "greater_than", value_type="static")
    return [*by_operator, *by_source, *relative, static]


def test_every_operator_attribute_type_and_option_comes_back(epilot: Epilot, scope: Scope) -> None:
    assert {"is_empty", "is_not_empty"} <= set(OPERATORS)
    assert len(OPERATORS) == 14
    assert len(ATTRIBUTE_TYPES) == 21
    conditions = [*every(), default("none-met-d")]
    tasks = [decision("d", *conditions), manual("a"), manual("b")]
    made = epilot.make(template(tasks, "d>a:c0 d>b:none-met-d"))
    path = f"/v2/flows/templates/{made['id']}"
    assert made["tasks"][0]["conditions"] == conditions
    assert epilot("GET", path)[1]["tasks"][0]["conditions"] == conditions

    # the name of the decision is changed in the editor
    row = Flow.objects.get(key=made["id"])
    apply_edit(scope, row, ConfigureTask("d", (Change(("name",), "Which?"),)), revision=row.draft_revision)
    found = epilot("GET", path)[1]
    assert (found["tasks"][0]["name"], found["tasks"][0]["conditions"]) == ("Which?", conditions)

    # one branch is named anew there: the others, and its own statements, are as they were
    row.refresh_from_db()
    branch = next(each for each in draft_of(row).tasks["d"].conditions if each.key == "c1")
    edit = SetCondition("d", replace(branch, name="Another"))
    apply_edit(scope, row, edit, revision=row.draft_revision)
    expected = [{**each, "branch_name": "Another"} if each["id"] == "c1" else each for each in conditions]
    assert epilot("GET", path)[1]["tasks"][0]["conditions"] == expected

    # an export carries them, and so does what is imported from it
    status, answer = epilot("POST", "/v2/flows/templates/import", epilot("GET", f"{path}/export")[1])
    assert status == 201
    copied = answer["flow"]["tasks"][0]["conditions"]
    assert [each["statements"] for each in copied] == [each["statements"] for each in expected]


def test_a_statement_that_is_taken_out_leaves_the_others_whole(epilot: Epilot, scope: Scope) -> None:
    statements = [each["statements"][0] for each in every()][14:30]
    many = {"id": "many", "branch_name": "Many", "logical_operator": "AND", "statements": statements}
    made = epilot.make(template([decision("d", many, default("none-met-d")), manual("a")], "d>a:many"))
    row = Flow.objects.get(key=made["id"])
    (branch,) = draft_of(row).tasks["d"].conditions
    fewer = replace(branch, statements=(*branch.statements[:3], *branch.statements[4:]))
    apply_edit(scope, row, SetCondition("d", fewer), revision=row.draft_revision)
    found = epilot("GET", f"/v2/flows/templates/{made['id']}")[1]["tasks"][0]["conditions"][0]
    assert found["statements"] == [*statements[:3], *statements[4:]]
