"""The cases of the demo's flows, of the templates and of the how-to pass, and go along every edge."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from designer.graph.codec import decode_flow, encode_flow, load_text
from engine.sandbox.cases import run_cases, why_not

ROOT = Path(__file__).parents[3]
SHIPPED = sorted((*(ROOT / "config/demo/flows").glob("*.yaml"), *(ROOT / "designer/gallery/templates").glob("*.yaml")))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: str(path.stem))
def test_a_shipped_flow_has_a_sample_and_green_cases_that_go_along_every_edge(path: Path) -> None:
    flow = decode_flow(load_text(path.read_bytes(), name=path.name))
    assert why_not(flow) == ""
    assert flow.trials is not None
    assert flow.trials.sample_input is not None
    assert flow.trials.cases
    report = run_cases(flow, flow.trials.cases)
    assert [result.differences for result in report.failed] == []
    assert [branch.words for branch in report.coverage.missed] == []


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: str(path.stem))
def test_a_shipped_flow_declares_the_input_that_its_tasks_read(path: Path) -> None:
    flow = decode_flow(load_text(path.read_bytes(), name=path.name))
    assert flow.trials is not None
    declared = flow.input_schema.get("properties", {})
    assert isinstance(declared, dict)
    assert isinstance(flow.trials.sample_input, dict)
    used = set(re.findall(r"\binput\.(\w+)", json.dumps(encode_flow(flow))))
    assert used == set(declared) == set(flow.trials.sample_input)
    assert all(isinstance(field, dict) and field.get("title") for field in declared.values())


def test_the_cases_of_the_how_to_pass() -> None:
    page = (ROOT / "docs/howto/try-and-test-a-flow.md").read_text()
    found = re.search(r"```yaml file=reminder\.yaml\n(.*?)```", page, re.DOTALL)
    assert found is not None
    flow = decode_flow(load_text(found[1].encode(), name="reminder.yaml"))
    assert flow.trials is not None
    report = run_cases(flow, flow.trials.cases)
    assert report.passed
    assert report.coverage.percent == 100
