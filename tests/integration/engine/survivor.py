"""What the kill test runs in the killed installation: `python -m tests.integration.engine.survivor prepare|check`.

Also the functions of its flow, which leave a line in a file each time they are run: what was done outside.
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

INSTANCES = 50
KILLS = 20
LONGEST_LIFE_SECONDS = 0.7
# A life ends before a delay that it began: it goes round once at most, and the last kill never comes too late.
DELAY = "800 milliseconds"
MOST_ROUNDS = KILLS + 3
ENOUGH = "enough"
"""The file beside that of the lines which says that this round is the last: who has been killed as often as wanted need
not go on as often again.
"""


def prepare() -> None:
    """Publish the flow and start its instances; nothing runs yet."""
    from accounts.models import Environment, Organization
    from accounts.scope import system_scope
    from designer.services.drafting import create_flow
    from designer.services.publishing import publish_flow
    from engine.services.instances import StartRequest, start_instances

    organization = Organization.objects.create(name="Acme", slug="acme")
    scope = system_scope(Environment.objects.create(organization=organization, name="Development", slug="development"))
    for flow in (child_flow(), survivor_flow()):
        row = create_flow(scope, key=flow.key, name=flow.name, flow=flow)
        publish_flow(scope, row)
    start_instances(scope, row, [StartRequest(key=f"i{n}", input={"again": True}) for n in range(INSTANCES)])


def leaves_a_line(task: str) -> dict[str, Any]:
    """An automation that does."""
    arguments = {"what": f"{{{{ instance.id }}}}:{task}"}
    return {"action": "python", "inputs": {"function": "survivor.work", "arguments": arguments}}


def child_flow() -> Any:
    """What every instance calls once."""
    from tests.drawing import draw

    return draw("work", settings={"work": leaves_a_line("work")}, key="child")


def survivor_flow() -> Any:
    """A call, parallel branches, a loop, a retry and a delay."""
    from designer.graph.model import Condition, Statement
    from tests.drawing import draw

    retries = {"limit": 50, "delay": "100 milliseconds", "backoff": "constant"}
    flow = draw(
        "first -> call -> left,right; left,right -> join; join -> page; page -> flaky -> rest -> more; "
        "more -again-> page; more -done-> last",
        kinds={"rest": "delay", "join": "noop", "call": "call"},
        settings={
            "rest": {"for": DELAY},
            "call": {"flow": "child"},
            "flaky": {**leaves_a_line("flaky"), "retries": retries},
            **{task: leaves_a_line(task) for task in ("first", "left", "right", "page", "last")},
        },
        loops={"more": ("again", "done", MOST_ROUNDS)},
        key="survivor",
    )
    again, done = (
        Condition(key=key, name=key, statements=(Statement("steps.flaky.output.again", "equals", (is_met,)),))
        for key, is_met in (("again", True), ("done", False))
    )
    return replace(flow, tasks=flow.tasks | {"more": replace(flow.tasks["more"], conditions=(again, done))})


def work(what: str) -> dict[str, Any]:
    """Take a moment, leave a line; flaky ones fail every third time, and say whether to go round again."""
    time.sleep(random.uniform(0.0, 0.03))
    lines = Path(os.environ["SURVIVOR_FILE"])
    with lines.open("a") as file:
        file.write(f"{what}\n")
    if not what.endswith(":flaky"):
        return {"what": what}
    if random.random() < 0.3:
        raise RuntimeError("not this time")
    return {"what": what, "again": not lines.with_name(ENOUGH).exists()}


def check() -> dict[str, Any]:
    """How it ended: for each instance its status, and everything that is wrong with its history."""
    from engine.calls.models import Call, Signal
    from engine.models import Fact, Instance, Step, Timer
    from tests.integration.engine.conftest import assert_history_is_whole

    wrong: list[str] = []
    for instance in Instance.objects.order_by("pk"):
        try:
            assert_history_is_whole(instance)
        except AssertionError as broken:
            wrong.append(f"{instance.key}: {broken}")
        completed = Counter(
            Fact.objects.filter(instance=instance, type="StepCompleted").values_list("task", "iteration")
        )
        wrong += [f"{instance.key}: {step} completed {count} times" for step, count in completed.items() if count > 1]
        made = Step.objects.filter(instance=instance, status="completed", kind="automation")
        again = {}
        for task, iteration, output in made.values_list("task", "iteration", "output"):
            if task == "flaky":
                again[iteration] = output.pop("again")
            if output != {"what": f"{instance.key}:{task}"}:
                wrong.append(f"{instance.key}: {task} {iteration} has the output {output}")
        # Round and round, no round left out or gone twice, as long as the step before said so and no longer.
        said = [again[iteration] for iteration in sorted(again)]
        is_ours = instance.flow.key == "survivor"
        if is_ours and said != [True] * (len(said) - 1) + [False]:
            wrong.append(f"{instance.key} was told {said}")
        for task in ("page", "flaky", "rest", "more") if is_ours else ():
            gone = sorted(Step.objects.filter(instance=instance, task=task).values_list("iteration", flat=True))
            if gone != sorted(again):
                wrong.append(f"{instance.key}: {task} has the iterations {gone}, not {sorted(again)}")
    statuses = Counter(Instance.objects.values_list("status", flat=True))
    rounds = Counter(Step.objects.filter(task="page").values_list("instance__key", flat=True))
    return {
        "statuses": dict(statuses),
        "wrong": wrong,
        "rounds": rounds,
        "timers": Timer.objects.count(),
        "calls": Call.objects.count(),
        "signals": Signal.objects.count(),
        "steps": Step.objects.filter(status="completed").count(),
        "lost_leases": sum(Step.objects.values_list("lost_leases", flat=True)),
    }


def main(what: str) -> None:
    """Run one of the two against the installation that the environment names."""
    import django

    django.setup()
    if what == "prepare":
        prepare()
    else:
        sys.stdout.write(json.dumps(check()))


def register() -> None:
    """Make the function known to the engine that imports this module."""
    from engine.actions.python import flow_function

    flow_function("survivor.work")(work)


if __name__ == "__main__":
    main(sys.argv[1])
elif os.environ.get("SURVIVOR_FILE"):
    register()
