"""procrastinate's side: each step is a job; its output is stored and the next job is deferred in one transaction.

`--workers` processes, each with as many jobs at once as its share of the workflows in flight.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys

import procrastinate
import psycopg
from contestant import STEPS, Task, compete, keep_in_flight

OUTPUTS = "CREATE TABLE IF NOT EXISTS output (run_id bigint, number int, value jsonb, PRIMARY KEY (run_id, number))"


def make_app(url: str, size: int) -> procrastinate.App:
    connector = procrastinate.PsycopgConnector(conninfo=url, min_size=1, max_size=size + 2)
    app = procrastinate.App(connector=connector)

    @app.task(name="step")
    async def step(run: int, number: int) -> None:
        sql = "INSERT INTO output VALUES (%(run)s, %(number)s, '{\"number\": 1}') ON CONFLICT DO NOTHING"
        await connector.execute_query_async(sql, run=run, number=number)
        if number + 1 < STEPS:
            await step.defer_async(run=run, number=number + 1)

    return app


async def work(url: str, concurrency: int) -> None:
    app = make_app(url, concurrency)
    async with app.open_async():
        await app.run_worker_async(concurrency=concurrency, install_signal_handlers=True, delete_jobs="never")


class Procrastinate:
    """Workers beside this process, which defers the first jobs."""

    def __init__(self, task: Task) -> None:
        self.next_run = 0
        sync = procrastinate.SyncPsycopgConnector(conninfo=task.url)
        self.app = procrastinate.App(connector=sync)
        self.app.open()
        self.app.schema_manager.apply_schema()
        self.connection = psycopg.connect(task.url, autocommit=True)
        self.connection.execute(OUTPUTS)
        share = max(1, task.in_flight // task.workers)
        command = [sys.executable, __file__, "--work", task.url, str(share)]
        self.workers = [subprocess.Popen(command, stdout=sys.stderr) for _ in range(task.workers)]

    def run(self, workflows: int, in_flight: int) -> None:
        keep_in_flight(self._start, self.count, workflows, in_flight)

    def _start(self, count: int) -> None:
        jobs = [{"run": self.next_run + n, "number": 0} for n in range(count)]
        self.next_run += count
        self.app.configure_task("step", allow_unknown=True).batch_defer(*jobs)

    def count(self) -> int:
        (found,) = self.connection.execute("SELECT count(*) FROM output WHERE number = %s", [STEPS - 1]).fetchone()
        return int(found)

    def close(self) -> None:
        for worker in self.workers:
            worker.terminate()
        for worker in self.workers:
            worker.wait(20)
        self.connection.close()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--work"]:
        asyncio.run(work(sys.argv[2], int(sys.argv[3])))
        os._exit(0)
    compete(Procrastinate, ("procrastinate", "psycopg"), {})
