"""Every operation of both versions, through both official SDKs: parsed answers and typed errors."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from tests.dialects.formance.paths import at
from tests.dialects.formance.scenario import ALL, OPERATIONS, WITHOUT_TYPED_ERROR

README = Path(__file__).parents[3] / "dialects" / "formance" / "README.md"
BEGIN, END = "<!-- conformance: begin -->", "<!-- conformance: end -->"
CLIENT_WEAKNESSES = {("js", "data.3.input.event")}
"""The TypeScript SDK reads these inputs as another kind of stage and drops what it does not know (contract, 5.3)."""


@pytest.fixture(params=["python", "js"])
def client(request: pytest.FixtureRequest) -> str:
    """Which SDK."""
    return str(request.param)


@pytest.fixture
def results(client: str, request: pytest.FixtureRequest) -> dict[str, Any]:
    """What it made of the scenario."""
    found: dict[str, Any] = request.getfixturevalue(f"through_{client}")
    return found


@pytest.mark.parametrize("step", ALL, ids=lambda step: step["name"])
def test_a_step_of_the_scenario(step: dict[str, Any], client: str, results: dict[str, Any]) -> None:
    assert problem_with(step, client, results[step["name"]]) is None


def problem_with(step: dict[str, Any], client: str, found: dict[str, Any]) -> str | None:
    """Why a result is not what the step expects."""
    if "error" in step:
        status = {"VALIDATION": 400, "NOT_FOUND": 404}[step["error"]]
        is_right = (found.get("error"), found.get("status")) == (step["error"], status)
        return None if is_right else f"expected {step['error']}, got {found}"
    if "ok" not in found:
        return f"{found}"
    if "least" in step:
        ids = found["ok"]
        return None if len(ids) == len(set(ids)) >= step["least"] else f"{ids}"
    for path, value in step.get("expect", {}).items():
        there = at(found["ok"], path)
        is_right = there is not None if value is ... else there == value
        if not is_right and (client, path) not in CLIENT_WEAKNESSES:
            return f"{path}: expected {value!r}, got {there!r} in {found['ok']}"
    return None


def conformance(results: dict[str, dict[str, Any]]) -> str:
    """The table: what each operation was seen to do through each SDK."""
    lines = ["| version | operation | Python SDK 9.0.1 | TypeScript SDK 7.0.1 |", "|---|---|---|---|"]
    for version, operations in OPERATIONS.items():
        for op in operations:
            cells = [_cell(version, op, client, found) for client, found in results.items()]
            lines.append(f"| {version} | `{op}` | {' | '.join(cells)} |")
    return "\n".join(lines)


def _cell(version: int, op: str, client: str, found: dict[str, Any]) -> str:
    steps = [step for step in ALL if step.get("version") == version and step.get("op", step.get("pages")) == op]
    done = dict.fromkeys((False, True), 0)
    for step in steps:
        if problem_with(step, client, found[step["name"]]) is not None:
            return "**fails**"
        done["error" in step] += 1
    assert done[False], f"nothing asks for {op} of version {version}"
    if (version, op) in WITHOUT_TYPED_ERROR:
        return "answer"
    assert done[True], f"nothing makes {op} of version {version} fail"
    return "answer, typed error"


def test_the_conformance_table_says_what_was_seen(through_python: dict[str, Any], through_js: dict[str, Any]) -> None:
    """Set QUADRILLE_WRITE_CONFORMANCE=1 to write it anew."""
    table = conformance({"python": through_python, "js": through_js})
    text = README.read_text()
    before, _, rest = text.partition(BEGIN)
    kept, _, after = rest.partition(END)
    if os.environ.get("QUADRILLE_WRITE_CONFORMANCE"):
        README.write_text(f"{before}{BEGIN}\n{table}\n{END}{after}")
    else:
        assert kept.strip() == table
