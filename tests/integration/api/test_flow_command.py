"""`manage.py flow`: flow files from the command line."""

from __future__ import annotations

import io
from pathlib import Path

import orjson
import pytest
from django.core.management import CommandError, call_command

from accounts.models import Environment
from designer.models import Flow, Version
from tests.integration.api.conftest import flow_file

DEMO_FLOWS = Path(__file__).parents[3] / "config" / "demo" / "flows"
PLACE = ("--organization", "acme", "--environment", "development")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A good flow file."""
    path = tmp_path / "hello.json"
    path.write_bytes(orjson.dumps(flow_file()))
    return path


def flow(*words: object) -> tuple[int, str, str]:
    """Exit code and both outputs of `manage.py flow …`."""
    out, err = io.StringIO(), io.StringIO()
    try:
        call_command("flow", *map(str, words), stdout=out, stderr=err)
    except SystemExit as end:
        return int(end.code or 0), out.getvalue(), err.getvalue()
    return 0, out.getvalue(), err.getvalue()


def test_checking_needs_no_database(file: Path) -> None:
    assert flow("check", file)[:2] == (0, f"{file}: hello has no problems\n")


@pytest.mark.parametrize("path", sorted(DEMO_FLOWS.glob("*.yaml")), ids=lambda path: path.stem)
def test_the_demo_flows_have_no_problems(path: Path) -> None:
    assert flow("check", path)[0] == 0


def test_every_problem_is_printed_with_its_path(tmp_path: Path, file: Path) -> None:
    broken = tmp_path / "broken.yaml"
    broken.write_text("format: 1\nkey: broken\nname: Broken\ncolour: red\ntasks: [{key: a, name: A, kind: dance}]\n")
    code, out, err = flow("check", broken, file, tmp_path / "missing.yaml")
    assert code == 1
    assert "hello has no problems" in out
    assert "colour" in err
    assert "tasks[0].kind" in err
    assert "missing.yaml: cannot be read" in err


def test_importing_publishing_and_exporting(environment: Environment, file: Path, tmp_path: Path) -> None:
    assert flow("import", file, *PLACE)[0] == 0
    assert "the same already" in flow("import", file, *PLACE)[1]
    assert "published version 1 of hello" in flow("publish", file, *PLACE, "--note", "first")[1]
    assert "is live and the same" in flow("publish", file, *PLACE)[1]
    assert Version.objects.get().note == "first"

    file.write_bytes(orjson.dumps(flow_file(name="Hello again")))
    code, _, err = flow("publish", file, *PLACE)
    assert (code, "--replace" in err) == (1, True)
    assert "published version 2" in flow("publish", file, *PLACE, "--replace")[1]

    assert flow("export", "hello", *PLACE, "--to", tmp_path / "out")[0] == 0
    exported = (tmp_path / "out" / "hello.yaml").read_text()
    assert "name: Hello again" in exported
    assert flow("export", "hello", *PLACE, "--format", "json")[1].startswith("{")
    assert flow("export", "nowhere", *PLACE)[0] == 1


def test_a_refused_file_changes_nothing(environment: Environment, tmp_path: Path) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_bytes(b"- " * 100_000)
    assert flow("import", bad, *PLACE)[0] == 1
    unfinished = tmp_path / "unfinished.json"
    broken = flow_file()
    broken["tasks"].append({"key": "call", "name": "Call", "kind": "automation", "settings": {}})
    unfinished.write_bytes(orjson.dumps(broken))
    assert flow("publish", unfinished, *PLACE)[0] == 1
    assert Version.objects.count() == 0
    assert Flow.objects.count() == 0


@pytest.mark.django_db
def test_a_place_that_is_not_there_is_said(file: Path) -> None:
    with pytest.raises(CommandError, match="no environment acme/nowhere"):
        call_command("flow", "import", str(file), "--organization", "acme", "--environment", "nowhere")
