"""A Celery chain of ten tasks: Redis is the broker, each result is stored in PostgreSQL before the next is sent."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import deque

import sqlalchemy
from celery import Celery, chain
from contestant import STEPS, Task, compete, keep_in_flight

app = Celery("ten_steps", broker=os.environ.get("BENCH_BROKER"), backend=os.environ.get("BENCH_BACKEND"))
app.conf.update(task_acks_late=True, worker_prefetch_multiplier=1, broker_connection_retry_on_startup=True)


@app.task(name="step")
def step(number: int) -> int:
    return number + 1


class Chains:
    """A Celery worker beside this process, which sends the chains."""

    def __init__(self, task: Task) -> None:
        backend = "db+" + task.url.replace("postgresql://", "postgresql+psycopg://", 1)
        app.conf.update(broker_url=task.redis_url, result_backend=backend)
        self.engine = sqlalchemy.create_engine(backend.removeprefix("db+"))
        environment = os.environ | {"BENCH_BROKER": task.redis_url, "BENCH_BACKEND": backend}
        command = [sys.executable, "-m", "celery", "-A", "celery_ten_steps", "worker", "--loglevel", "ERROR"]
        command += ["--concurrency", str(task.workers), "--without-gossip", "--without-mingle"]
        here = os.path.dirname(__file__)
        self.worker = subprocess.Popen(command, cwd=here, env=environment, stdout=sys.stderr)
        app.backend.ResultSession().close()  # makes the tables
        self.lasts: deque[str] = deque()
        self.ended = 0

    def run(self, workflows: int, in_flight: int) -> None:
        keep_in_flight(self._start, self._count_ended, workflows, in_flight)

    def _start(self, count: int) -> None:
        for _ in range(count):
            self.lasts.append(chain(step.s(0), *[step.s() for _ in range(STEPS - 1)]).apply_async().id)

    def _count_ended(self) -> int:
        sql = sqlalchemy.text("SELECT task_id FROM celery_taskmeta WHERE status = 'SUCCESS' AND task_id = ANY(:ids)")
        with self.engine.connect() as connection:
            done = set(connection.execute(sql, {"ids": list(self.lasts)}).scalars()) if self.lasts else set()
        self.lasts = deque(id for id in self.lasts if id not in done)
        self.ended += len(done)
        return self.ended

    def count(self) -> int:
        with self.engine.connect() as connection:
            sql = sqlalchemy.text("SELECT count(*) FROM celery_taskmeta WHERE status = 'SUCCESS'")
            return int(connection.execute(sql).scalar_one()) // STEPS

    def close(self) -> None:
        self.worker.terminate()
        self.worker.wait(30)


if __name__ == "__main__":
    compete(Chains, ("celery", "sqlalchemy"), {})
