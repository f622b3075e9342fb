"""DBOS's side of `ten_steps`: workflows of ten steps that do nothing, each step's output stored before the next begins.

Runs in DBOS's own environment and knows nothing of Quadrille. One process of possibly several on one database: it
launches DBOS, runs the warm-up, writes `ready` to stdout, waits for a line on stdin, runs its workflows and writes one
line of JSON:

    {"began": …, "ended": …, "workflows": …, "steps": …, "settings": {…}, "versions": {…}}

`began` and `ended` are moments of the system-wide monotonic clock: before the first workflow is started, after the last
one has ended. Raises AssertionError when a workflow or an output is missing in the database afterwards.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib.metadata
import json
import platform
import sys
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import sqlalchemy
from dbos import DBOS, DBOSConfig

STEPS = 10
MOST_CONNECTIONS = 80
"""Of one process: the server takes two hundred in all."""


@DBOS.step()
def noop(number: int) -> dict[str, int]:
    return {"number": number}


@DBOS.workflow()
def ten_steps() -> None:
    for number in range(STEPS):
        noop(number)


@DBOS.step()
async def noop_async(number: int) -> dict[str, int]:
    return {"number": number}


@DBOS.workflow()
async def ten_steps_async() -> None:
    for number in range(STEPS):
        await noop_async(number)


def run_in_threads(workflows: int, in_flight: int) -> None:
    """Each of `in_flight` threads runs one workflow after another."""
    left = iter(range(workflows))

    def run_some() -> None:
        while next(left, None) is not None:
            ten_steps()

    with ThreadPoolExecutor(in_flight) as pool:
        for ended in [pool.submit(run_some) for _ in range(in_flight)]:
            ended.result()


def run_in_tasks(workflows: int, in_flight: int) -> None:
    """Each of `in_flight` asyncio tasks runs one workflow after another."""
    left = iter(range(workflows))

    async def run_some() -> None:
        while next(left, None) is not None:
            await ten_steps_async()

    async def run_all() -> None:
        await asyncio.gather(*[run_some() for _ in range(in_flight)])

    asyncio.run(run_all())


RUNNERS = {"threads": run_in_threads, "asyncio": run_in_tasks}


def configure(arguments: argparse.Namespace) -> DBOSConfig:
    """DBOS as it is recommended, without what this work does not use; a connection for each workflow in flight."""
    return {
        "name": "ten-steps",
        "system_database_url": arguments.url,
        "sys_db_pool_size": min(arguments.in_flight + 8, MOST_CONNECTIONS),
        "max_executor_threads": arguments.in_flight + 8,
        "executor_id": uuid.uuid4().hex,
        "application_version": "1",
        "log_level": "ERROR",
        "console_log_level": "ERROR",
        "enable_otlp": False,
    }


def read_settings(engine: sqlalchemy.Engine) -> dict[str, object]:
    """What the database says of its durability, on one of DBOS's own connections."""
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            wanted = {name: f"PRAGMA {name}" for name in ("journal_mode", "synchronous")}
        else:
            wanted = {name: f"SHOW {name}" for name in ("synchronous_commit", "fsync", "full_page_writes")}
        return {name: connection.exec_driver_sql(sql).scalar() for name, sql in wanted.items()}


def count_stored(engine: sqlalchemy.Engine) -> tuple[int, int]:
    """How many workflows have succeeded with exactly ten stored outputs, and how many outputs there are in all."""
    sql = """
        SELECT count(*), sum(outputs) FROM (
            SELECT w.workflow_uuid, count(o.output) AS outputs
            FROM workflow_status w JOIN operation_outputs o ON o.workflow_uuid = w.workflow_uuid
            WHERE w.status = 'SUCCESS' AND o.output IS NOT NULL AND w.executor_id = :executor
            GROUP BY w.workflow_uuid HAVING count(o.output) = :steps) AS whole"""
    with engine.connect() as connection:
        if engine.dialect.name != "sqlite":
            connection.exec_driver_sql("SET search_path TO dbos")
        row = connection.execute(sqlalchemy.text(sql), {"executor": DBOS.executor_id, "steps": STEPS}).one()
    return int(row[0]), int(row[1] or 0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", required=True)
    parser.add_argument("--workflows", type=int, required=True)
    parser.add_argument("--in-flight", type=int, required=True)
    parser.add_argument("--warm-up", type=int, default=64, help="workflows before the clock starts")
    parser.add_argument("--style", choices=RUNNERS, default="threads")
    arguments = parser.parse_args()

    dbos = DBOS(config=configure(arguments))
    DBOS.launch()
    engine = dbos._sys_db.engine
    run = RUNNERS[arguments.style]
    run(arguments.warm_up, arguments.in_flight)

    print("ready", flush=True)
    sys.stdin.readline()
    began = time.monotonic()
    run(arguments.workflows, arguments.in_flight)
    ended = time.monotonic()

    workflows, steps = count_stored(engine)
    wanted = arguments.workflows + arguments.warm_up
    assert (workflows, steps) == (wanted, wanted * STEPS), f"{workflows} of {wanted} workflows whole, {steps} outputs"
    answer = {
        "began": began,
        "ended": ended,
        "workflows": arguments.workflows,
        "steps": arguments.workflows * STEPS,
        "settings": read_settings(engine),
        "versions": {
            "python": platform.python_version(),
            "dbos": importlib.metadata.version("dbos"),
            "sqlalchemy": sqlalchemy.__version__,
        },
    }
    print(json.dumps(answer), flush=True)
    DBOS.destroy()


if __name__ == "__main__":
    main()
