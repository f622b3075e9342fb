"""What the kill test of programs runs in the killed installation: `python -m … prepare|check`."""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path

INSTANCES = 10
KILLS = 6
ROUNDS = KILLS + 2
SCRIPT = f"""
import asyncio, os, random
from workers import WorkflowEntrypoint


class Survivor(WorkflowEntrypoint):
    async def run(self, event, step):
        def line(what):
            with open(os.environ["SURVIVOR_FILE"], "a") as file:
                file.write(f"{{event.instance_id}}:{{what}}\\\\n")
            return what

        def flaky(what):
            line(what)
            if random.random() < 0.3:
                raise RuntimeError("not this time")
            return what

        found = [await step.do("first", lambda: line("first"))]
        found += await asyncio.gather(step.do("left", lambda: line("left")), step.do("right", lambda: line("right")))
        for number in range({ROUNDS}):
            retries = {{"limit": 50, "delay": 50, "backoff": "constant"}}
            found.append(await step.do("page", lambda: flaky(f"page{{number}}"), {{"retries": retries}}))
            await step.sleep("rest", 800)
        return found
"""


def prepare() -> None:
    """Put the script into its folder, publish the program and start its instances; nothing runs yet."""
    from django.conf import settings

    from accounts.models import Environment, Organization
    from accounts.scope import system_scope
    from designer.graph.model import TRIGGER, Edge, Flow, Task
    from designer.services.drafting import create_flow
    from designer.services.publishing import publish_flow
    from engine.scripts.sources import find_script
    from engine.services.instances import StartRequest, start_instances

    folder = Path(settings.SCRIPTS_FOLDER) / "organizations" / "acme"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "survivor.py").write_text(SCRIPT)
    script = find_script("survivor", organization="acme")
    assert script is not None
    organization = Organization.objects.create(name="Acme", slug="acme")
    scope = system_scope(Environment.objects.create(organization=organization, name="Development", slug="development"))
    told = {"script": "survivor", "class_name": "Survivor", "fingerprint": script.fingerprint}
    task = Task("program", "Survivor", "program", settings=told)
    flow = Flow("survivor", "Survivor", tasks={"program": task}, edges=(Edge(TRIGGER, "program"),))
    row = create_flow(scope, key=flow.key, name=flow.name, flow=flow)
    publish_flow(scope, row)
    start_instances(scope, row, [StartRequest(key=f"i{n}", input={}) for n in range(INSTANCES)])


def check() -> None:
    """Print what has become of them."""
    from engine.models import Instance, Step, Timer

    instances = list(Instance.objects.all())
    steps = Step.objects.exclude(kind="program")
    found = {
        "statuses": Counter(instance.status for instance in instances),
        "errors": [instance.error for instance in instances if instance.error],
        "outputs": [instance.output for instance in instances],
        "steps": [steps.filter(instance=instance).count() for instance in instances],
        "unsettled": steps.exclude(status="completed").count(),
        "timers": Timer.objects.count(),
        "lost_leases": sum(Step.objects.values_list("lost_leases", flat=True)),
    }
    print(json.dumps(found))


if __name__ == "__main__":
    import django

    django.setup()
    {"prepare": prepare, "check": check}[sys.argv[1]]()
