"""The worked examples of docs/howto, run as they stand."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.acceptance.quadrille import Quadrille
from tests.dialects.conftest import Tenant

HOWTO = Path(__file__).parents[3] / "docs" / "howto"
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("name", ["formance-settle-an-invoice", "formance-trigger", "formance-wallets-and-payouts"])
def test_an_example_runs_as_it_stands(server: Quadrille, new_tenant: Callable[[str], Tenant], name: str) -> None:
    blocks = BLOCK.findall((HOWTO / f"{name}.md").read_text())
    assert len(blocks) >= 3
    environment = {**os.environ, "QUADRILLE_URL": server.url, "QUADRILLE_KEY": new_tenant(name).key}
    command = [sys.executable, "-W", "ignore", "-c", "\n".join(blocks)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=180, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
