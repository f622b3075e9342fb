"""A release after this one, made from this one's code, to see what this one's processes do beside it.

It does what an upgrade within a minor version may (`docs/howto/production.md`, Upgrades): columns and a table more, a
key more in the marking, a fact that nobody before knew. The code of past releases cannot be had where tests run (a
shallow clone); but what it meets in an upgrade is always this: rows written by somebody newer.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

from tests.machines.site import ROOT

NEW_FACT: Final = "StepMeasured"
NEW_KEY: Final = "measured"
COPIED: Final = "engine"
"""The room that has changed. The others are this release's."""
MIGRATION: Final = """
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("engine", "{last}")]
    operations = [
        migrations.AddField("instance", "measure", models.IntegerField(db_default=0)),
        migrations.AddField("step", "measure", models.CharField(max_length=20, db_default="unknown")),
        migrations.AddField("fact", "measure", models.IntegerField(null=True)),
        migrations.AddField("timer", "measure", models.BooleanField(db_default=False)),
        migrations.CreateModel("Measure", [("id", models.BigAutoField(primary_key=True))]),
    ]
"""
CHANGES: Final[dict[str, list[tuple[str, str]]]] = {
    "core/facts.py": [
        ('    STEP_READY = "StepReady"', f'    STEP_MEASURED = "{NEW_FACT}"\n    STEP_READY = "StepReady"'),
    ],
    "core/step_facts.py": [
        (
            "    _leave_wait(fold, node)\n    _go_on(fold, node, StepStatus.COMPLETED, leads_on",
            '    fold.derive(FactType.STEP_MEASURED, node, {"by": "the next release"})\n'
            f"    fold.state.{NEW_KEY} += 1\n"
            "    _leave_wait(fold, node)\n    _go_on(fold, node, StepStatus.COMPLETED, leads_on",
        ),
    ],
    "core/state.py": [
        ('        *("v", "status"', f'        "{NEW_KEY}",\n        *("v", "status"'),
        ("    is_called: bool = False\n", f"    is_called: bool = False\n    {NEW_KEY}: int = 0\n"),
        (
            "            is_called=self.is_called,\n",
            f"            is_called=self.is_called,\n            {NEW_KEY}=self.{NEW_KEY},\n",
        ),
        (
            "        if self.is_called:\n",
            f'        if self.{NEW_KEY}:\n            document["{NEW_KEY}"] = self.{NEW_KEY}\n'
            "        if self.is_called:\n",
        ),
        (
            '        is_called=bool(document.get("called")),\n',
            f'        is_called=bool(document.get("called")),\n        {NEW_KEY}=document.get("{NEW_KEY}", 0),\n',
        ),
    ],
    "models/instance.py": [
        ("    objects = Instance", "    measure = models.IntegerField(db_default=0)\n    objects = Instance"),
    ],
    "models/step.py": [
        (
            "    objects = Step",
            '    measure = models.CharField(max_length=20, db_default="unknown")\n    objects = Step',
        ),
    ],
}


def make_next_release(folder: Path) -> Path:
    """Put it into a folder that does not exist yet. Fails where this release's code is not as `CHANGES` takes it."""
    folder.mkdir()
    for entry in ROOT.iterdir():
        if entry.name not in (COPIED, "manage.py") and not entry.name.startswith("."):
            (folder / entry.name).symlink_to(entry)
    shutil.copy(ROOT / "manage.py", folder)
    shutil.copytree(ROOT / COPIED, folder / COPIED, ignore=shutil.ignore_patterns("__pycache__"))
    for name, replacements in CHANGES.items():
        file = folder / COPIED / name
        text = file.read_text()
        for old, new in replacements:
            assert text.count(old) == 1, f"{name} has changed: look for {old!r}"
            text = text.replace(old, new)
        file.write_text(text)
    migrations = folder / COPIED / "migrations"
    last = max(path.stem for path in migrations.glob("0*.py"))
    (migrations / f"{int(last[:4]) + 1:04}_measures.py").write_text(MIGRATION.format(last=last))
    return folder
