"""The floor of an idle instance: the bare rows of ten steps, one workflow after another; `milliseconds` says how long
each took. See `floor_ten_steps`.

The statements of a step and its commit travel together and are prepared, so that a step costs one round trip and one
wait for the disk, and nothing else: nobody is woken, claims anything, or decides what comes next.
"""

from __future__ import annotations

import argparse
import json
import sys
import time

import psycopg
from floor_ten_steps import ATTEMPT, BEGIN, FACTS, FINISH, INPUT, MARK, MARKING, TABLES

STEPS = 10
REST_SECONDS = 0.03


def run_one(connection: psycopg.Connection, id: int) -> None:
    """Write one workflow: its beginning and each of its steps in a transaction of its own."""
    ids = [id]
    start = "INSERT INTO flow_run SELECT id, 'running', '', 0 FROM unnest(%s::bigint[]) id"
    _commit(connection, [(start, [ids]), (BEGIN, ["step_0", ids])])
    for number in range(STEPS):
        statements = [
            (MARK, [MARKING, 4 * number, ids]),
            (FINISH, [INPUT, ATTEMPT, ids, f"step_{number}"]),
            (FACTS, [4 * number, f"step_{number}", ids]),
        ]
        if number + 1 < STEPS:
            statements.append((BEGIN, [f"step_{number + 1}", ids]))
        _commit(connection, statements)


def _commit(connection: psycopg.Connection, statements: list[tuple[str, list[object]]]) -> None:
    with connection.pipeline():
        for sql, parameters in statements:
            connection.execute(sql, parameters, prepare=True)
        connection.commit()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", required=True)
    parser.add_argument("--workflows", type=int, required=True)
    parser.add_argument("--warm-up", type=int, default=16)
    arguments, _ = parser.parse_known_args()
    found = []
    with psycopg.connect(arguments.url) as connection:
        connection.execute(TABLES)
        connection.commit()
        for id in range(arguments.warm_up):
            run_one(connection, id)
        print("ready", flush=True)
        sys.stdin.readline()
        began = time.monotonic()
        for id in range(arguments.workflows):
            time.sleep(REST_SECONDS)
            before = time.perf_counter()
            run_one(connection, arguments.warm_up + id)
            found.append((time.perf_counter() - before) * 1000)
        ended = time.monotonic()
        sql = "SELECT count(*) FROM flow_step WHERE status = 'completed' AND output IS NOT NULL"
        (count,) = connection.execute(sql).fetchone() or (0,)
        assert count == STEPS * (arguments.warm_up + arguments.workflows), f"{count} steps are stored"
    answer = {"began": began, "ended": ended, "steps": STEPS * len(found), "milliseconds": found}
    print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
