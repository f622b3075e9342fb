"""The cases of the demo's flows and of the how-to pass."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from designer.graph.codec import decode_flow, load_text
from engine.sandbox.cases import run_cases, why_not

ROOT = Path(__file__).parents[3]
DEMO = sorted((ROOT / "config/demo/flows").glob("*.yaml"))


@pytest.mark.parametrize("path", DEMO, ids=lambda path: str(path.stem))
def test_a_flow_of_the_demo_has_a_sample_and_green_cases(path: Path) -> None:
    flow = decode_flow(load_text(path.read_bytes(), name=path.name))
    assert why_not(flow) == ""
    assert flow.trials is not None
    assert flow.trials.sample_input is not None
    assert flow.trials.cases
    assert [result.differences for result in run_cases(flow, flow.trials.cases).failed] == []


def test_the_cases_of_the_how_to_pass() -> None:
    page = (ROOT / "docs/howto/try-and-test-a-flow.md").read_text()
    found = re.search(r"```yaml file=reminder\.yaml\n(.*?)```", page, re.DOTALL)
    assert found is not None
    flow = decode_flow(load_text(found[1].encode(), name="reminder.yaml"))
    assert flow.trials is not None
    report = run_cases(flow, flow.trials.cases)
    assert report.passed
    assert report.coverage.percent == 100
