"""The floor: bare psycopg writes the rows that our engine writes for ten steps, and decides nothing.

For each step of each workflow: the workflow's row is updated (a marking of 120 characters), the step's row is finished,
the next step's row and four facts are inserted; one commit. `--batch 1`: one workflow to a transaction, in as many
threads as are in flight. `--batch 16`: so many workflows share each transaction, as the engine's workers do.
"""

from __future__ import annotations

import argparse
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import psycopg
from contestant import STEPS, Task, compete

TABLES = """
CREATE TABLE IF NOT EXISTS flow_run (id bigint PRIMARY KEY, status text, marking text, facts int);
CREATE TABLE IF NOT EXISTS flow_step (
    run_id bigint, task text, iteration int, status text, lease bigint, lease_until timestamptz, started_at timestamptz,
    ended_at timestamptz, input jsonb, output jsonb, attempts jsonb, PRIMARY KEY (run_id, task, iteration));
CREATE INDEX IF NOT EXISTS flow_step_claimable ON flow_step (lease_until) WHERE lease_until IS NOT NULL;
CREATE TABLE IF NOT EXISTS flow_fact (
    run_id bigint, number int, type text, at timestamptz, task text, iteration int, data jsonb,
    PRIMARY KEY (run_id, number));
"""
MARKING = "m" * 120
ATTEMPT = (
    '[{"number": 1, "started_at": "2026-01-01T00:00:00+00:00", "ended_at": "2026-01-01T00:00:00+00:00", "error": null}]'
)
INPUT = '{"function": "echo", "arguments": {"number": 1}}'
FINISH = """UPDATE flow_step SET status = 'completed', ended_at = now(), lease_until = NULL, output = '{"number": 1}',
    input = %s, attempts = attempts || %s WHERE run_id = ANY(%s) AND task = %s AND iteration = 1"""
BEGIN = """INSERT INTO flow_step
    SELECT id, %s, 1, 'running', 1, now(), now(), NULL, NULL, NULL, '[]' FROM unnest(%s::bigint[]) id"""
MARK = "UPDATE flow_run SET marking = %s, facts = %s WHERE id = ANY(%s)"
FACTS = """INSERT INTO flow_fact SELECT id, %s + n, 'step_completed', now(), %s, 1, '{"number": 1}'
    FROM unnest(%s::bigint[]) id, generate_series(1, 4) n"""


class Floor:
    """So many workflows side by side, `batch` of them to a transaction."""

    def __init__(self, task: Task, batch: int) -> None:
        self.url, self.batch, self.next_id, self.lock = task.url, batch, 1, threading.Lock()
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(TABLES)

    def run(self, workflows: int, in_flight: int) -> None:
        threads = max(1, in_flight // self.batch)
        shares = [workflows // threads + (n < workflows % threads) for n in range(threads)]
        with ThreadPoolExecutor(threads) as pool:
            for ended in [pool.submit(self._run_some, share) for share in shares]:
                ended.result()

    def _run_some(self, workflows: int) -> None:
        with psycopg.connect(self.url) as connection:
            while workflows > 0:
                size = min(self.batch, workflows)
                workflows -= size
                with self.lock:
                    ids = list(range(self.next_id, self.next_id + size))
                    self.next_id += size
                self._run(connection, ids)

    def _run(self, connection: psycopg.Connection, ids: list[int]) -> None:
        execute = connection.execute
        execute("INSERT INTO flow_run SELECT id, 'running', '', 0 FROM unnest(%s::bigint[]) id", [ids])
        execute(BEGIN, ["step_0", ids])
        connection.commit()
        for number in range(STEPS):
            execute(MARK, [MARKING, 4 * number, ids])
            execute(FINISH, [INPUT, ATTEMPT, ids, f"step_{number}"])
            if number + 1 < STEPS:
                execute(BEGIN, [f"step_{number + 1}", ids])
            execute(FACTS, [4 * number, f"step_{number}", ids])
            connection.commit()

    def count(self) -> int:
        sql = """SELECT count(*) FROM (SELECT run_id FROM flow_step WHERE status = 'completed' AND output IS NOT NULL
            GROUP BY run_id HAVING count(*) = %s) whole"""
        with psycopg.connect(self.url) as connection:
            (found,) = connection.execute(sql, [STEPS]).fetchone() or (0,)
            return int(found)

    def close(self) -> None:
        pass


if __name__ == "__main__":
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--batch", type=int, default=16)
    own, sys.argv[1:] = parser.parse_known_args()
    compete(lambda task: Floor(task, own.batch), ("psycopg",), {"batch": own.batch})
