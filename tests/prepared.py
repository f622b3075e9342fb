"""What is migrated and collected once for all rings, and copied by each installation that begins anew.

`tests/run` names a data folder that `manage.py prepare` has made, with the folder of a PostgreSQL server in it that has
a migrated database (`tests/postgres.py --prepare`). Where none is named, as for a single test by hand, each
installation migrates for itself.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

FOLDER = "QUADRILLE_TEST_PREPARED"
"""The environment variable with that data folder."""
TEMPLATE = "QUADRILLE_TEST_TEMPLATE"
"""The environment variable with the name of that database."""
DATABASE = "quadrille.sqlite3"
STATIC = "static"
CLUSTER = "postgres"
MIGRATED = "migrated"
"""The database with all tables in that folder of a PostgreSQL server."""


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
    copy_database(target / DATABASE)
    copy_static(target)


def copy_static(target: Path) -> None:
    """Copy the collected static files into the data folder `target`, if there are any to copy."""
    folder = static_folder()
    if folder:
        shutil.copytree(folder, target / STATIC)


def cluster() -> Path | None:
    """The folder of a PostgreSQL server that has the database `MIGRATED`, if one is prepared. To be copied only."""
    folder = os.environ.get(FOLDER)
    found = Path(folder) / CLUSTER if folder else None
    return found if found and found.is_dir() else None


def migrated(server: str) -> str:
    """DATABASE_URL of the database with tables on a server that began with a copy of `cluster`; else as it is."""
    return f"{server.rpartition('/')[0]}/{MIGRATED}" if cluster() else server


def copy_owned(source: Path, target: Path) -> None:
    """Copy a folder with the owners and rights of its files to `target`, which is none yet."""
    subprocess.run(["cp", "-a", str(source), str(target)], check=True)
