"""`python -m tests.chaos`: every scenario, as by hand; `--short`: as CI does; `--only NAME`: one of them.

Ends with `N/N survived`.
"""

from __future__ import annotations

import argparse
import os
import platform
import random
import sys
import time

from tests.chaos.installation import Installation, installation
from tests.servers import find_postgres, find_redis


def main() -> int:
    """0 when every scenario was survived."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true", help="as often as CI has time for")
    parser.add_argument("--only", action="append", default=[], metavar="SCENARIO")
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    arguments = parser.parse_args()
    if find_postgres() is None or find_redis() is None:
        print("NOT RUN: the fault campaign needs the programs of PostgreSQL and redis-server", file=sys.stderr)
        return 1 if os.environ.get("CI") else 0
    began = time.monotonic()
    print(f"{platform.platform()}, {os.cpu_count()} cores, Python {platform.python_version()}, seed {arguments.seed}")
    with installation() as made:
        failed, count = run_all(made, arguments.seed, 1 if arguments.short else 4, arguments.only)
    print(f"{count - failed}/{count} survived, seed {arguments.seed}, {time.monotonic() - began:.0f} s")
    return 1 if failed else 0


def run_all(made: Installation, seed: int, size: int, only: list[str]) -> tuple[int, int]:
    """Run the scenarios in turn; answers how many were not survived, and how many there were."""
    os.environ.update(made.environment(LOG_LEVEL="CRITICAL"))
    import django

    django.setup()
    from tests.chaos.campaign import Campaign
    from tests.chaos.scenarios import BY_HAND, SCENARIOS

    campaign = Campaign(made, seed, size)
    failed = 0
    chosen = only or [name for name in SCENARIOS if size > 1 or name not in BY_HAND]
    for name in chosen:
        began = time.monotonic()
        verdict = SCENARIOS[name](campaign)
        word = "survived" if verdict.has_survived else "NOT SURVIVED"
        figures = f"lost {verdict.lost}, stuck {verdict.stuck}, doubled {verdict.doubled}, other {verdict.different}"
        notes = "".join(f"; {what}: {value}" for what, value in verdict.notes.items())
        seconds = time.monotonic() - began
        print(f"{name}: {word}; {verdict.instances} instances, {figures}; {seconds:.0f} s{notes}", flush=True)
        for line in verdict.wrong[:20]:
            print(f"    {line}", flush=True)
        failed += not verdict.has_survived
    campaign.close()
    return failed, len(chosen)


if __name__ == "__main__":
    sys.exit(main())
