"""The worked examples run as they are written."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.acceptance.quadrille import ROOT, Quadrille
from tests.dialects.conftest import Tenant

HOWTOS = sorted((ROOT / "docs" / "howto").glob("epilot-*.md"))
BLOCK = re.compile(r"^```js\n(.*?)^```", re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def tenant(new_tenant: Callable[[str], Tenant]) -> Tenant:
    return new_tenant("epilot-howto")


@pytest.mark.parametrize("path", HOWTOS, ids=lambda path: path.stem)
def test_the_example_runs(path: Path, server: Quadrille, tenant: Tenant, tmp_path: Path) -> None:
    node = shutil.which("node")
    if node is None or not (ROOT / "node_modules" / "@epilot").exists():
        if os.environ.get("CI"):
            pytest.fail("node or the official clients are missing, and CI leaves nothing out")
        pytest.skip("NOT RUN: node or the official clients are missing")
    (tmp_path / "node_modules").symlink_to((ROOT / "node_modules").resolve())
    script = tmp_path / "example.mjs"
    script.write_text("\n".join(BLOCK.findall(path.read_text())))
    environment = {**os.environ, "QUADRILLE_URL": server.url, "QUADRILLE_KEY": tenant.key}
    done = subprocess.run(
        [node, script], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]


def test_there_are_three_examples() -> None:
    assert len(HOWTOS) == 3
