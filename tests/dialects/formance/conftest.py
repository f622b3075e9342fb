"""The scenario, run once through each SDK."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.quadrille import Quadrille
from tests.dialects.conftest import Tenant
from tests.dialects.formance import python_client
from tests.dialects.formance.scenario import ALL

HERE = Path(__file__).parent


def without_expectations() -> list[dict[str, Any]]:
    """The steps as a client needs them."""
    return [{key: value for key, value in step.items() if key != "expect"} for step in ALL]


@pytest.fixture(scope="session")
def through_python(server: Quadrille, new_tenant: Callable[[str], Tenant]) -> dict[str, Any]:
    """What the Python SDK made of the scenario."""
    return python_client.run(server.url, new_tenant("formance-python").key, without_expectations())


@pytest.fixture(scope="session")
def through_js(server: Quadrille, new_tenant: Callable[[str], Tenant]) -> dict[str, Any]:
    """What the TypeScript SDK made of the scenario, in one process of node."""
    command = ["node", str(HERE / "client.mjs"), server.url, new_tenant("formance-js").key]
    steps = json.dumps(without_expectations(), default=str)
    done = subprocess.run(command, input=steps, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    found: dict[str, Any] = json.loads(done.stdout)
    return found
