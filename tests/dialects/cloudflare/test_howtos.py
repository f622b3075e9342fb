"""The worked examples of the documentation, run as they stand."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.acceptance.quadrille import ROOT
from tests.dialects.cloudflare.conftest import Account

PAGES = sorted((ROOT / "docs" / "howto").glob("cloudflare-*.md"))
BLOCK = re.compile(r"^```python(?: file=(?P<file>[\w.]+))?\n(?P<code>.*?)^```", re.MULTILINE | re.DOTALL)


def test_there_are_three_of_them() -> None:
    assert len(PAGES) == 3


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_an_example_runs(account: Account, page: Path, tmp_path: Path) -> None:
    program = []
    for block in BLOCK.finditer(page.read_text()):
        if block["file"]:
            account.deploy(block["file"].removesuffix(".py"), block["code"])
        else:
            program.append(block["code"])
    path = tmp_path / "example.py"
    path.write_text("\n".join(program))
    told = {
        "QUADRILLE_URL": account.server.url,
        "QUADRILLE_KEY": account.tenant.key,
        "QUADRILLE_ACCOUNT": f"{account.tenant.organization}.{account.tenant.environment}",
    }
    done = subprocess.run(
        [sys.executable, str(path)],
        env={**os.environ, **told},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
