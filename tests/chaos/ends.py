"""How instances ended, in a form that can be compared: of a run without faults, and of one with them.

`python -m tests.chaos.ends` is the run without: one process, one thread, a clock that is moved instead of waited for.
It reads orders (JSON) from its input and prints how each ended.
"""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from tests.chaos.flows import NAMED, ChaosFlow, random_flow
from tests.nursery import Nursery
from tests.prepared import DATABASE, copy_database

if TYPE_CHECKING:
    from accounts.scope import Scope
    from engine.models import Instance

MOST_AT_ONCE = 500
MOST_TRIES = 20
OUTCOMES = (
    "InstanceStarted",
    "InstanceCompleted",
    "InstanceFailed",
    "StepCompleted",
    "StepFailed",
    "StepSkipped",
    "StepCancelled",
    "DecisionTaken",
    "LoopEntered",
    "LoopExited",
    "EventConsumed",
)
"""Facts that an instance has exactly as often, whatever happened to those who ran it."""


@dataclass(frozen=True)
class Order:
    """Instances to start: `count` of the flow `name`, or of a random flow of `blocks` blocks."""

    seed: int
    count: int
    blocks: int = 12
    delay_seconds: tuple[float, float] = (0.2, 1.5)
    name: str = ""

    def flow(self) -> ChaosFlow:
        if self.name:
            return ChaosFlow(NAMED[self.name](), (), ())
        return random_flow(self.seed, blocks=self.blocks, delay_seconds=self.delay_seconds)

    def inputs(self, flow: ChaosFlow) -> list[dict[str, Any]]:
        """Of the instances, by their number."""
        chance = Random(self.seed * 7919)
        return [flow.input(chance, n) for n in range(self.count)]


def end_of(instance: Instance) -> dict[str, Any]:
    """Status, output, every step with its output, every outcome in the history. No times, no numbers of attempts."""
    steps = instance.steps.order_by("task", "iteration").values_list("task", "iteration", "status", "output", "error")
    facts = instance.facts.filter(type__in=OUTCOMES).values_list("type", "task", "iteration")
    return {
        "status": instance.status,
        "output": _timeless(instance.output),
        "error": (instance.error or {}).get("name"),
        "vars": instance.vars,
        "steps": [
            [task, iteration, status, _timeless(output), (error or {}).get("name")]
            for task, iteration, status, output, error in steps
        ],
        "facts": sorted([*key, count] for key, count in Counter(facts).items()),
    }


def _timeless(output: Any) -> Any:
    if isinstance(output, dict):
        return {key: None if key == "woke_at" else _timeless(value) for key, value in output.items()}
    return output


def new_scope(slug: str) -> Scope:
    """An organization with one environment, in which the campaign acts."""
    from accounts.models import Environment, Organization
    from accounts.scope import system_scope

    organization = Organization.objects.create(name=slug, slug=slug)
    return system_scope(Environment.objects.create(organization=organization, name="Chaos", slug="chaos"))


def start(scope: Scope, order: Order, *, prefix: str = "", now: datetime | None = None) -> list[Instance]:
    """Publish the order's flow and start its instances, each with all its events sent ahead."""
    from designer.services.drafting import create_flow
    from designer.services.publishing import publish_flow
    from engine.services.events import send_event
    from engine.services.instances import StartRequest, start_instances

    drawn = order.flow()
    row = create_flow(scope, key=f"{prefix}{drawn.flow.key}", name=drawn.flow.name, flow=drawn.flow)
    publish_flow(scope, row)
    requests = [StartRequest(key=str(n), input=input) for n, input in enumerate(order.inputs(drawn))]
    instances = [
        instance
        for place in range(0, len(requests), MOST_AT_ONCE)
        for instance in again_if_ended(
            lambda place=place: start_instances(scope, row, requests[place : place + MOST_AT_ONCE], now=now)
        )
    ]
    for instance in instances:
        for type in drawn.events:
            send_event(scope, instance, type=type, payload={"type": type, "n": instance.input["n"]}, now=now)
    return instances


def again_if_ended(act: Callable[[], list[Instance]]) -> list[Instance]:
    """Do something in a transaction; anew where the server ended that because this process stood still for a lease."""
    from django.db import InternalError, connection

    for _ in range(MOST_TRIES - 1):
        try:
            return act()
        except InternalError:
            connection.close()
    return act()


def run_calmly(now: datetime) -> None:
    """Everything there is to do, one after the other, until nothing is left."""
    from engine.services.attempts import EndedAttempt, claim_attempts, make_attempt, settle_attempts
    from engine.services.rounds import Worker
    from engine.services.timers import fire_due_timers
    from engine.storage import storage

    while True:
        worker = Worker("calm", 500)
        while claim_attempts(worker, now=now, limit=500) or worker.claimed:
            claimed, worker.claimed, worker.room = worker.claimed, [], 500
            settle_attempts([EndedAttempt(a, make_attempt(a), now) for a in claimed], worker, now=now)
        if fire_due_timers(now, limit=1000):
            continue
        moment = storage().next_moment(now)
        if moment is None:
            return
        now = moment


def main() -> None:
    """Orders in, ends out: `[[end of instance 0, …], …]`, in their order."""
    import django

    django.setup()
    from engine.models import Instance

    now = datetime(2030, 1, 1, tzinfo=UTC)
    orders = [Order(**(order | {"delay_seconds": tuple(order["delay_seconds"])})) for order in json.load(sys.stdin)]
    scope = new_scope("calm")
    started = [start(scope, order, prefix=f"{number}-", now=now) for number, order in enumerate(orders)]
    run_calmly(now)
    ends = [[end_of(Instance.objects.get(pk=one.pk)) for one in instances] for instances in started]
    sys.stdout.write(json.dumps(ends))


class Calm:
    """Tells how orders end when nothing happens to them: by runs in processes and a data folder of their own."""

    def __init__(self, folder: Path) -> None:
        unwanted = ("DATABASE_URL", "REDIS_URL", "CHAOS_EFFECTS", "QUADRILLE_LEASE_SECONDS")
        environment = {name: value for name, value in os.environ.items() if name not in unwanted} | {
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "QUADRILLE_MODE": "embedded",
            "QUADRILLE_DATA": str(folder),
            "QUADRILLE_PYTHON_MODULES": "tests.chaos.functions",
            "CHAOS_SLOWEST_SECONDS": "0",
            "LOG_LEVEL": "ERROR",
        }
        self._database = folder / DATABASE
        self._nursery = Nursery("command", environment)

    def ends(self, orders: Sequence[Order]) -> list[list[dict[str, Any]]]:
        """`[[end of instance 0, …], …]`, in the order of the orders. Begins with empty tables."""
        for file in self._database.parent.glob(f"{DATABASE}*"):
            file.unlink()
        if not copy_database(self._database):
            self._nursery.run("migrate", "--verbosity", "0")
        given = json.dumps([asdict(order) for order in orders])
        ends: list[list[dict[str, Any]]] = json.loads(self._nursery.run("-m", "tests.chaos.ends", given=given))
        return ends

    def close(self) -> None:
        """Nobody asks any more."""
        self._nursery.close()


if __name__ == "__main__":
    main()
