"""What one web process takes in a second, on the database that the environment names: one line of JSON.

    {"start": n, "start_batch": n, "event": n, "instance_event": n, "webhook": n}

Nobody works meanwhile: what is measured is taking in durably. Each kind is checked by counting its rows.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.core.management import call_command  # noqa: E402

from accounts.roles import ApiScope  # noqa: E402
from accounts.services.keys import issue_key  # noqa: E402
from benchmarks.ours.flow import make_scope, publish_chain  # noqa: E402
from benchmarks.ours.site import web_server  # noqa: E402
from designer.models import Trigger  # noqa: E402
from designer.services.importing import import_flow  # noqa: E402
from designer.services.publishing import publish_flow  # noqa: E402
from engine.models import Event, InboundEvent, Instance, Occurrence  # noqa: E402
from engine.services.instances import StartRequest, start_instances  # noqa: E402

BATCH = 100
WAITING = 200
"""Instances among which the events go round."""


def send(port: int, path: str, body: object, count: int, *, wanted: int = 202, key: str = "") -> float:
    """So many requests; answers how many were answered in a second."""
    command = [sys.executable, "-m", "benchmarks.peers.requests_at_once", "--port", str(port), "--path", path]
    command += ["--body", json.dumps(body), "--requests", str(count), "--wanted", str(wanted), "--key", key]
    command += ["--numbers", str(WAITING)]
    done = json.loads(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout)
    return float(done["requests"] / done["seconds"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=1600)
    count = parser.parse_args().requests
    call_command("migrate", verbosity=0)
    scope = make_scope()
    flow = publish_chain(scope, steps=10)
    hooked = import_flow(
        scope,
        {
            "format": 1,
            "key": "hooked",
            "name": "Hooked",
            "tasks": [{"key": "ask", "name": "Ask", "kind": "manual"}],
            "triggers": [{"type": "webhook"}],
        },
        replace=False,
    )
    publish_flow(scope, hooked)
    start_instances(scope, flow, [StartRequest(key=f"waits-{number}") for number in range(WAITING)])
    _, key = issue_key(scope, name="bench", scopes=list(ApiScope.values), expires_at=None)
    path = Trigger.objects.get(flow=hooked, type="webhook").secret_path
    found = {}
    with web_server() as port:
        one = {"input": {"number": 1}}
        start = f"/api/v1/flows/{flow.key}/instances"
        found["start"] = send(port, start, one, count, wanted=201, key=key)
        batch = {"instances": [one] * BATCH}
        found["start_batch"] = BATCH * send(port, f"{start}/batch", batch, 80, wanted=201, key=key)
        event = {"type": "order.made", "payload": {"number": 1}}
        found["event"] = send(port, "/api/v1/events", event, count, key=key)
        found["instance_event"] = send(port, "/api/v1/instances/waits-NUMBER/events", event, count, key=key)
        found["webhook"] = send(port, f"/hooks/{path}", {"number": 1}, count)
    assert Instance.objects.filter(flow=flow).count() >= count + 80 * BATCH
    assert min(InboundEvent.objects.count(), Event.objects.count(), Occurrence.objects.count()) >= count
    print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
