"""Run pytest against a throwaway PostgreSQL: `python -m tests.postgres tests/integration/engine`."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import psycopg

from tests.prepared import TEMPLATE
from tests.servers import find_postgres, postgres_server

ROOT = Path(__file__).resolve().parent.parent


def main(arguments: list[str]) -> int:
    """Pytest's exit code; without a server program 0 and a loud word, but 1 in CI, where nothing may be left out."""
    if find_postgres() is None:
        print("NOT RUN on PostgreSQL: no server program found on this machine", file=sys.stderr)
        return 1 if os.environ.get("CI") else 0
    with postgres_server() as url:
        environment = os.environ | {"DATABASE_URL": url, "QUADRILLE_TEST_DATABASE": "postgres"}
        environment[TEMPLATE] = migrated_database(url)
        return subprocess.run([sys.executable, "-m", "pytest", *arguments], env=environment, check=False).returncode


def migrated_database(server: str) -> str:
    """A database of this server with all tables, from which others are copied at once. Answers its name."""
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("CREATE DATABASE migrated")
    with tempfile.TemporaryDirectory(prefix="quadrille-migrated-") as data:
        environment = os.environ | {
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "QUADRILLE_MODE": "embedded",
            "QUADRILLE_DATA": data,
            "DATABASE_URL": f"{server.rpartition('/')[0]}/migrated",
        }
        command = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
        subprocess.run(command, env=environment, cwd=ROOT, check=True)
    return "migrated"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
