"""The settings reference names what the settings read."""

from __future__ import annotations

import re
from pathlib import Path

from config.variables import GROUPS

HOUSE = Path(__file__).parents[3]
READ = re.compile(r'env\.(?:text|items|flag|number|choice|require|networks)\(\s*"([A-Z_0-9]+)"')


def test_every_variable_is_explained_once() -> None:
    named = [variable.name for group in GROUPS.values() for variable in group]
    assert len(named) == len(set(named))
    read = {
        name
        for file in ("settings.py", "environment.py")
        for name in READ.findall((HOUSE / "config" / file).read_text())
    }
    assert read - set(named) == set(), "explain them in config/variables.py, then run `python -m docs.build`"
    assert {name for name in named if name not in read and not name.startswith(("OTEL_", "PROMETHEUS_"))} == set()


def test_what_production_needs_is_marked() -> None:
    needed = {variable.name for group in GROUPS.values() for variable in group if variable.needed}
    source = (HOUSE / "config" / "environment.py").read_text()
    assert needed == set(re.findall(r'env\.require\("([A-Z_]+)"', source))
