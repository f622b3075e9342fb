"""Every operation through every official client, against the live server; answers fit the documents they ship."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft4Validator

from dialects.epilot.conformance import NOT_IN_CLIENT, OPERATIONS, table
from tests.acceptance.quadrille import ROOT, Quadrille
from tests.dialects.conftest import Tenant

Json = dict[str, Any]
CLIENTS = ("sdk", "combined", "single")
SDK = ROOT / "node_modules" / "@epilot"
DOCUMENTS = {
    "sdk": (SDK / "sdk/definitions/workflow-definition.json", SDK / "sdk/definitions/workflow.json"),
    "combined": (SDK / "sdk/definitions/workflow-definition.json", SDK / "sdk/definitions/workflow.json"),
    "single": (SDK / "workflow-definition-client/dist/openapi.json", SDK / "workflow-client/dist/openapi.json"),
}
README = ROOT / "dialects" / "epilot" / "README.md"


def lenient(schema: Any) -> Any:
    """An OpenAPI 3.0 schema as a JSON Schema. `oneOf` is read as `anyOf`: the vendor's alternatives overlap (an
    automation task is also a manual task), so that nothing could ever fit exactly one.
    """
    if isinstance(schema, list):
        return [lenient(entry) for entry in schema]
    if not isinstance(schema, dict):
        return schema
    found = {
        ("anyOf" if k == "oneOf" else k): lenient(v) for k, v in schema.items() if k not in ("example", "nullable")
    }
    if schema.get("nullable") is True and isinstance(found.get("type"), str):
        found["type"] = [found["type"], "null"]
    return found


@lru_cache(maxsize=8)
def document(path: Path) -> Json:
    return dict(lenient(json.loads(path.read_text())))


def schema_of(client: str, operation: str, status: int) -> tuple[Json, Json] | None:
    """What the vendor's document says of an answer."""
    for path in DOCUMENTS[client]:
        found = document(path)
        for methods in found["paths"].values():
            for known in methods.values():
                if isinstance(known, dict) and known.get("operationId") == operation:
                    content = known["responses"].get(str(status), {}).get("content", {})
                    schema = content.get("application/json", {}).get("schema")
                    return (schema, found) if schema else None
    return None


def problems(client: str, line: Json) -> list[str]:
    """How an answer differs from the vendor's document."""
    known = schema_of(client, line["operation"], line["status"])
    if known is None or (line["operation"] == "getExecution" and line["data"] == {}):
        return []
    schema, whole = known
    validator = Draft4Validator({**schema, "components": whole["components"]})
    return [f"{'.'.join(map(str, e.absolute_path))}: {e.message[:300]}" for e in validator.iter_errors(line["data"])]


@pytest.fixture(scope="module")
def tenant(new_tenant: Callable[[str], Tenant]) -> Tenant:
    return new_tenant("epilot")


@pytest.fixture(scope="module", params=CLIENTS)
def run(request: pytest.FixtureRequest, server: Quadrille, tenant: Tenant) -> tuple[str, list[Json]]:
    """The scenario through one client; what it printed."""
    node = shutil.which("node")
    if node is None or not SDK.exists():
        if os.environ.get("CI"):
            pytest.fail("node or the official clients are missing, and CI leaves nothing out")
        pytest.skip("NOT RUN: node or the official clients are missing")
    environment = {**os.environ, "BASE_URL": f"{server.url}/epilot", "TOKEN": tenant.key, "CLIENT": request.param}
    script = Path(__file__).with_name("sdk.mjs")
    done = subprocess.run(
        [node, script], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=500, check=False
    )
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert done.returncode == 0, f"{done.stderr[-2000:]}\n{lines[-1:]}\n{server.log.read_text()[-3000:]}"
    return request.param, lines


def test_every_operation_succeeds_and_is_refused(run: tuple[str, list[Json]]) -> None:
    client, lines = run
    assert [line for line in lines if line.get("failed")] == []
    wanted = set(OPERATIONS) - NOT_IN_CLIENT.get(client, frozenset())
    for case in ("success", "error"):
        assert {line["operation"] for line in lines if line["case"] == case} == wanted
    assert all(line["message"] for line in lines if line["case"] == "error")


def test_every_answer_fits_the_vendors_document(run: tuple[str, list[Json]]) -> None:
    client, lines = run
    found = {line["operation"]: problems(client, line) for line in lines if line["case"] == "success"}
    assert {operation: wrong[:3] for operation, wrong in found.items() if wrong} == {}


def test_the_table_in_the_readme_is_current() -> None:
    assert table() in README.read_text()
