"""Instances of every kind of step, driven to their end by workers and people that may die at any failpoint."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.test import TestCase

from designer.graph.model import Flow
from designer.models import Flow as Row
from engine import failpoints
from engine.core.added import PROGRAM, STEP_KINDS
from engine.core.state import FINAL_STATUSES
from engine.failpoints import FailpointReached
from engine.models import Instance, Step
from engine.notifying.models import Notification
from engine.notifying.subscribers import keep_subscriber
from engine.runners.beats import CLOCK
from engine.scripts.live import LIVE
from engine.scripts.sources import find_script
from engine.services.attempts import EndedAttempt, claim_attempts, make_attempt, settle_attempts
from engine.services.events import send_event
from engine.services.human_tasks import complete_step
from engine.services.instances import start_instance
from engine.services.rounds import LEASE, Worker
from engine.storage import storage
from tests.chaos.ends import OUTCOMES
from tests.drawing import draw
from tests.integration.engine.conftest import Engine, python

FINAL = {status.value for status in FINAL_STATUSES}
TO = {"to": "{{ input.who }}"}
ONCE = {"retries": {"limit": 1, "delay": "1 second"}}
SETTINGS: dict[str, dict[str, Any]] = {
    "manual": {},
    "automation": python("echo", arguments={"n": "{{ input.n }}"}),
    "ai_agent": {"agent": "nobody", "prompt": "Hello?", **ONCE},
    "call": {"flow": "called", "inputs": {"n": "{{ input.n }}"}},
    "delay": {"for": "1 minute"},
    "wait_event": {"event_type": "go"},
    "transfer": {
        "source": {"account": {"id": "world"}},
        "destination": {"account": {"id": "till"}},
        "amount": {"amount": "{{ input.n }}", "asset": "EUR/2"},
    },
    "account_update": {"account": {"id": "till"}, "metadata": {"n": "1"}},
    "in_app": {**TO, "body": "Hello"},
    "email": {**TO, "subject": "Hello", "body": "Hello", **ONCE},
    "sms": {**TO, "body": "Hello", **ONCE},
    "push": {**TO, "body": "Hello", **ONCE},
    "chat": {**TO, "body": "Hello", **ONCE},
    "tool": {**TO, "body": "Hello", **ONCE},
    "digest": {"window": "1 minute"},
    "throttle": {"window": "1 minute"},
    "custom": {},
    "noop": {},
}
"""What a step of a kind is set to. Some end in an error here (no agent is configured): that too is to be kept."""
PROGRAMMED = frozenset({PROGRAM, *STEP_KINDS})
"""A program, and what its code asks for: one flow has them all."""
SCRIPT = """
from workers import WorkflowEntrypoint

class Crashing(WorkflowEntrypoint):
    async def run(self, event, step):
        first = await step.do("first", lambda: {"n": event["payload"]["n"]})
        await step.sleep("nap", "1 minute")
        came = await step.wait_for_event("come", "go", timeout="1 hour")
        return {"first": first, "came": came["type"]}
"""


def write_script(folder: Path) -> None:
    """Put the program where `SCRIPTS_FOLDER` is."""
    (folder / "crashing.py").write_text(SCRIPT)


def programmed() -> dict[str, Any]:
    """The settings of a task that is the program."""
    script = find_script("crashing", organization="acme")
    assert script is not None
    return {"script": "crashing", "class_name": "Crashing", "fingerprint": script.fingerprint}


def flow_of(kind: str) -> Flow:
    """A step of the kind between two others, and a catch."""
    key = f"crash-{kind}".replace("_", "-")
    if kind == "decision":
        kinds = {"after": "noop", "other": "noop"}
        ways = "before -> x; x -yes-> after; x -none_met-> other"
        return draw(ways, kinds=kinds, settings={"before": python()}, key=key)
    before = {"before": python("echo", arguments={"first": True}), "caught": python(), "after": python()}
    kinds = {"x": PROGRAM if kind in PROGRAMMED else kind}
    settings = {"x": programmed() if kind in PROGRAMMED else SETTINGS[kind], **before}
    return draw("before -> x -> after; x -!-> caught", kinds=kinds, settings=settings, key=key)


def publish_kind(engine: Engine, kind: str) -> Row:
    """That flow, and the one that it calls."""
    if kind == "call":
        engine.publish("inner", settings={"inner": python()}, key="called")
    return engine.publish(flow_of(kind))


@dataclass
class Driver:
    """Does what workers, the clock and people do, one thing at a time. What dies is replaced, a lease later."""

    engine: Engine
    crashes: int = 0
    attempts: list[tuple[str, str]] = field(default_factory=list)
    """Task and idempotency key of every attempt that was begun, again and again."""

    def start(self, row: Row, number: int) -> Instance:
        """An instance of such a flow, with people of its own."""
        environment = self.engine.scope.environment
        ann = keep_subscriber(environment.pk, f"ann{number}", {"email": "ann@example.com"})
        notification = Notification.objects.create(environment=environment, subscriber=ann, transaction_id=f"t{number}")
        return start_instance(
            self.engine.scope,
            row,
            input={"n": 7, "yes": True, "who": ann.subscriber_id},
            context={"notification": notification.pk},
            now=self.engine.now,
        )

    @contextmanager
    def mortal(self) -> Any:
        """What is done inside is done by somebody who may die; the next one comes when the lease has run out."""
        try:
            with TestCase.captureOnCommitCallbacks(execute=True):
                yield
        except FailpointReached:
            self.crashes += 1
            self.engine.workers.clear()
            LIVE.clear()  # the next one is another process
            self.engine.now += LEASE

    def run(self, instance: Instance) -> Instance:
        """To its end."""
        for _ in range(60):
            instance.refresh_from_db()
            if instance.status in FINAL:
                return instance
            before = self.crashes
            self._work()
            self._people(instance)
            if self.crashes == before:  # else first whoever died is replaced, and does it again
                self._clock()
        raise AssertionError(f"stuck: {list(instance.steps.values_list('task', 'status'))}")

    def _work(self) -> None:
        for _ in range(20):
            worker = Worker(f"worker-{self.crashes}", 10)
            with self.mortal():
                claim_attempts(worker, now=self.engine.now, limit=10)
            if not worker.claimed:
                return
            # Who died after the commit of its claim makes none of these; who did not makes them and tells.
            before = self.crashes
            ended = []
            for attempt in worker.claimed:
                with self.mortal():
                    self.attempts.append((attempt.step.task, attempt.context.idempotency_key))
                    ended.append(EndedAttempt(attempt, make_attempt(attempt), self.engine.now))
            if self.crashes == before:
                with self.mortal():
                    settle_attempts(ended, Worker(worker.name, 0), now=self.engine.now)

    def _people(self, instance: Instance) -> None:
        for step in Step.objects.filter(instance=instance, status="waiting"):
            with self.mortal():
                if step.waits_for == "person":
                    complete_step(self.engine.scope, step, output={"by": "hand"}, now=self.engine.now)
                elif step.waits_for == "event" and step.event_type == "go":
                    send_event(self.engine.scope, instance, type="go", payload={"n": 1}, now=self.engine.now)

    def _clock(self) -> None:
        moment = storage().next_moment(self.engine.now)
        if not storage().has_due_timer(self.engine.now) and moment is not None:
            self.engine.now = max(self.engine.now + timedelta(milliseconds=1), moment)
        for verb in CLOCK:
            with self.mortal():
                verb(self.engine.now)


def end(instance: Instance) -> dict[str, Any]:
    """How it ended: without times, ids and numbers of attempts."""
    steps = instance.steps.order_by("task", "iteration")
    facts = instance.facts.filter(type__in=OUTCOMES).order_by("type", "task", "iteration")
    return {
        "status": instance.status,
        "error": (instance.error or {}).get("name"),
        "steps": [
            (s.task, s.iteration, s.status, shape(s.output), (s.error or {}).get("name"), len(s.attempts))
            for s in steps
        ],
        "facts": list(facts.values_list("type", "task", "iteration")),
        "children": list(Instance.objects.filter(flow__key="called").values_list("status", flat=True)) and "called",
    }


def shape(output: Any) -> Any:
    """What of an output is the same for every instance."""
    return sorted(output) if isinstance(output, dict) else output


Arm = Callable[[str], None]


def arm(text: str) -> None:
    """Arm failpoints, or none."""
    failpoints.armed.clear()
    failpoints.armed.update(failpoints.parse(text))
