"""The worked examples do what they say: their Python is run from top to bottom."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.dialects.novu.conftest import HOWTOS, Account

pytestmark = pytest.mark.filterwarnings("ignore:warning. .. DEPRECATED:DeprecationWarning")
SECRET = """
from accounts.models import Environment
from engine.notifying.secrets import feed_secret
print("SECRET " + feed_secret(Environment.objects.get(pk={pk})))
"""


def test_there_are_three() -> None:
    assert len(HOWTOS) == 3


@pytest.mark.parametrize("page", HOWTOS, ids=lambda page: page.stem)
def test_the_python_of_a_how_to_runs(accounts: dict[str, Account], page: Path) -> None:
    account = accounts[page.stem]
    blocks = re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL)
    assert blocks
    names: dict[str, Any] = {
        "API_KEY": account.development.key,
        "ORIGIN": account.server.url,
        "ORGANIZATION": account.name,
        "ENVIRONMENT": "development",
    }
    if "FEED_SECRET" in "".join(blocks):
        printed = account.server.manage("shell", "-v", "0", "-c", SECRET.format(pk=account.development.pk))
        names["FEED_SECRET"] = next(line for line in printed.splitlines() if line.startswith("SECRET ")).split()[1]
    exec(compile("\n".join(blocks), str(page), "exec"), names)  # noqa: S102  # the pages are ours
