"""SpiffWorkflow's side: ten script tasks in a BPMN process; after each one the workflow is serialized and stored.

With `--memory` nothing is stored: what the engine itself costs. Each of the processes takes its share.
"""

from __future__ import annotations

import argparse
import io
import itertools
import os
import sys
import threading

import psycopg
from contestant import STEPS, Task, compete, in_threads
from SpiffWorkflow.bpmn.parser import BpmnParser
from SpiffWorkflow.bpmn.serializer import BpmnWorkflowSerializer
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.util.task import TaskState

NAMESPACE = "http://www.omg.org/spec/BPMN/20100524/MODEL"
TABLE = """CREATE TABLE IF NOT EXISTS run (
    owner bigint, id bigint, steps int, document text, PRIMARY KEY (owner, id))"""


def bpmn() -> bytes:
    names = ["start", *[f"step_{number}" for number in range(STEPS)], "end"]
    tasks = "".join(
        f'<scriptTask id="{name}" name="{name}"><script>{name} = {{"number": 1}}</script></scriptTask>'
        for name in names[1:-1]
    )
    flows = "".join(
        f'<sequenceFlow id="f{n}" sourceRef="{a}" targetRef="{b}"/>'
        for n, (a, b) in enumerate(itertools.pairwise(names))
    )
    process = (
        f'<process id="chain" isExecutable="true"><startEvent id="start"/>{tasks}<endEvent id="end"/>{flows}</process>'
    )
    return f'<definitions xmlns="{NAMESPACE}" targetNamespace="bench">{process}</definitions>'.encode()


class Spiff:
    """This process's share."""

    def __init__(self, task: Task, is_stored: bool) -> None:
        parser = BpmnParser()
        parser.add_bpmn_io(io.BytesIO(bpmn()), filename="chain.bpmn")
        self.spec = parser.get_spec("chain")
        self.serializer = BpmnWorkflowSerializer()
        self.url, self.is_stored = task.url, is_stored
        self.owner, self.numbers, self.done = os.getpid(), itertools.count(), 0
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute("SELECT pg_advisory_lock(1)")
            connection.execute(TABLE)

    def run(self, workflows: int, in_flight: int) -> None:
        local = threading.local()

        def one() -> None:
            if not hasattr(local, "connection"):
                local.connection = psycopg.connect(self.url, autocommit=True)
            self._run_one(local.connection)

        in_threads(one, workflows, in_flight)

    def _run_one(self, connection: psycopg.Connection) -> None:
        workflow, id, steps = BpmnWorkflow(self.spec), next(self.numbers), 0
        sql = """INSERT INTO run VALUES (%s, %s, %s, %s)
            ON CONFLICT (owner, id) DO UPDATE SET steps = excluded.steps, document = excluded.document"""
        while not workflow.is_completed():
            for task in workflow.get_tasks(state=TaskState.READY):
                task.run()
                if task.task_spec.name.startswith("step_"):
                    steps += 1
                    if self.is_stored:
                        connection.execute(sql, [self.owner, id, steps, self.serializer.serialize_json(workflow)])
        assert steps == STEPS
        self.done += 1

    def count(self) -> int:
        if not self.is_stored:
            return self.done
        with psycopg.connect(self.url) as connection:
            sql = "SELECT count(*) FROM run WHERE owner = %s AND steps = %s"
            (found,) = connection.execute(sql, [self.owner, STEPS]).fetchone() or (0,)
            return int(found)

    def close(self) -> None:
        pass


if __name__ == "__main__":
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--memory", action="store_true")
    own, sys.argv[1:] = parser.parse_known_args()
    compete(lambda task: Spiff(task, not own.memory), ("spiffworkflow", "psycopg"), {"stored": not own.memory})
