"""Run pytest against a throwaway PostgreSQL: `python -m tests.postgres tests/integration/engine`."""

import os
import subprocess
import sys

from tests.servers import find_postgres, postgres_server


def main(arguments: list[str]) -> int:
    """Pytest's exit code; without a server program 0 and a loud word, but 1 in CI, where nothing may be left out."""
    if find_postgres() is None:
        print("NOT RUN on PostgreSQL: no server program found on this machine", file=sys.stderr)
        return 1 if os.environ.get("CI") else 0
    with postgres_server() as url:
        environment = os.environ | {"DATABASE_URL": url, "QUADRILLE_TEST_DATABASE": "postgres"}
        return subprocess.run([sys.executable, "-m", "pytest", *arguments], env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
