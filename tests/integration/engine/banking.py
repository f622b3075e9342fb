"""What the kill test of money runs in the process that is killed: `python -m tests.integration.engine.banking`.

Threads start instances that move money, while timers bring back those that had no funds. Prints a line once it works.
"""

from __future__ import annotations

import threading
import time


def work() -> None:
    """Pay until killed."""
    from django.db import connection
    from django.utils import timezone

    from accounts.models import Environment
    from accounts.scope import system_scope
    from designer.models import Flow
    from engine.services.instances import start_instance
    from engine.services.timers import fire_due_timers

    environment = Environment.objects.select_related("organization").get(slug="main", organization__slug="bank")
    scope = system_scope(environment)
    row = Flow.objects.select_related("live_version").get(environment=environment, key="pay")

    def pay() -> None:
        while True:
            start_instance(scope, row, input={"amount": 10})

    def keep_time() -> None:
        while True:
            fire_due_timers(timezone.now())
            time.sleep(0.02)

    start_instance(scope, row, input={"amount": 10})
    connection.close()
    for act in (pay, pay, keep_time):
        threading.Thread(target=act, daemon=True).start()
    print("working", flush=True)
    time.sleep(600)


if __name__ == "__main__":
    import django

    django.setup()
    work()
