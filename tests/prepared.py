"""What is migrated and collected once for all rings, and copied by each installation that begins anew.

`tests/run` names a data folder that `manage.py prepare` has made; `tests/postgres.py` names a migrated database of its
server. Where neither is named, as for a single test by hand, each installation migrates for itself.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

FOLDER = "QUADRILLE_TEST_PREPARED"
"""The environment variable with that data folder."""
TEMPLATE = "QUADRILLE_TEST_TEMPLATE"
"""The environment variable with the name of that database."""
DATABASE = "quadrille.sqlite3"
STATIC = "static"


def static_folder() -> Path | None:
    """The static files as `manage.py prepare` has collected them, if it has. To be read only."""
    folder = os.environ.get(FOLDER)
    return Path(folder) / STATIC if folder else None


def copy_database(target: Path) -> bool:
    """Copy the migrated SQLite file to `target`, which is no file yet. Answers whether there is one to copy."""
    folder = os.environ.get(FOLDER)
    if not folder:
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(Path(folder) / DATABASE, target)
    return True


def copy_folder(target: Path) -> None:
    """As `copy_database`, into the data folder `target`, with the static files. Each has keys of its own."""
    if copy_database(target / DATABASE):
        shutil.copytree(Path(os.environ[FOLDER]) / STATIC, target / STATIC)
