"""Run pytest against a throwaway PostgreSQL: `python -m tests.postgres tests/integration/engine`.

`--prepare FOLDER` runs nothing: it leaves there what other servers can begin with (`tests/prepared.py`).
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import psycopg

from tests.prepared import CLUSTER, MIGRATED, TEMPLATE, cluster
from tests.servers import find_postgres, postgres_server

ROOT = Path(__file__).resolve().parent.parent


def main(arguments: list[str]) -> int:
    """Pytest's exit code; without a server program 0 and a loud word, but 1 in CI, where nothing may be left out."""
    if find_postgres() is None:
        print("NOT RUN on PostgreSQL: no server program found on this machine", file=sys.stderr)
        return 1 if os.environ.get("CI") else 0
    if arguments[:1] == ["--prepare"]:
        prepare(Path(arguments[1]))
        return 0
    with postgres_server() as url:
        if cluster() is None:
            migrate(url)
        environment = os.environ | {"DATABASE_URL": url, "QUADRILLE_TEST_DATABASE": "postgres", TEMPLATE: MIGRATED}
        return subprocess.run([sys.executable, "-m", "pytest", *arguments], env=environment, check=False).returncode


def migrate(server: str) -> None:
    """Make the database `MIGRATED` on this server, with all tables: others are copied from it at once."""
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {MIGRATED}")
    with tempfile.TemporaryDirectory(prefix="quadrille-migrated-") as data:
        environment = os.environ | {
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "QUADRILLE_MODE": "embedded",
            "QUADRILLE_DATA": data,
            "DATABASE_URL": f"{server.rpartition('/')[0]}/{MIGRATED}",
        }
        command = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
        subprocess.run(command, env=environment, cwd=ROOT, check=True)


def prepare(folder: Path) -> None:
    """Leave in `folder` that of a server with that database."""
    with postgres_server(keep=folder / CLUSTER) as url:
        migrate(url)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
