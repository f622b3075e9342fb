"""`manage.py flow test`: the cases of flow files, for people and for build servers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from defusedxml.ElementTree import parse
from django.core.management import call_command

FLOW = """
format: 1
key: order
name: Order
tasks:
  - key: charge
    name: Charge
    kind: automation
    settings: {action: http_request, inputs: {method: POST, url: "https://pay.example/{{ input.id }}"}}
edges: [{from: trigger, to: charge}]
cases:
  - name: Paid
    input: {id: 7}
    answers: {charge: {response: {status: 201, body: {ok: true}}}}
    expect: {status: complete, path: [charge]}
"""


@pytest.fixture
def good(tmp_path: Path) -> Path:
    path = tmp_path / "order.yaml"
    path.write_text(FLOW)
    return path


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    path = tmp_path / "bad.yaml"
    path.write_text(FLOW.replace("status: complete", "status: errored"))
    return path


def test_green_cases_need_no_database_and_exit_well(good: Path, capsys: Any) -> None:
    call_command("flow", "test", str(good))
    assert "1 of 1 cases passed, 100 % of the edges taken" in capsys.readouterr().out


def test_a_red_case_makes_the_exit_code_one_and_says_what_differed(good: Path, bad: Path, capsys: Any) -> None:
    with pytest.raises(SystemExit) as ended:
        call_command("flow", "test", str(good), str(bad))
    assert ended.value.code == 1
    out = capsys.readouterr().out
    assert "FAIL Paid" in out
    assert "It ended complete, not errored." in out


def test_json_and_junit_for_build_servers(good: Path, bad: Path, tmp_path: Path, capsys: Any) -> None:
    with pytest.raises(SystemExit):
        call_command("flow", "test", str(good), str(bad), "--json", "--junit", str(tmp_path / "cases.xml"))
    answer = json.loads(capsys.readouterr().out)
    assert answer[str(good)]["passed"] is True
    assert answer[str(bad)]["cases"][0]["differences"][0]["what"] == "status"
    assert parse(tmp_path / "cases.xml").getroot().get("failures") == "1"


def test_a_file_that_cannot_be_run_says_why(tmp_path: Path, capsys: Any) -> None:
    path = tmp_path / "broken.yaml"
    path.write_text(
        "format: 1\nkey: a\ntasks: [{key: t, name: T, kind: automation}]\nedges: [{from: trigger, to: t}]\n"
    )
    with pytest.raises(SystemExit):
        call_command("flow", "test", str(path), str(tmp_path / "missing.yaml"))
    said = capsys.readouterr().err
    assert "The flow cannot be run" in said
    assert "cannot be read" in said
