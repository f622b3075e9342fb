"""The list of instances over so many, filtered in every way it offers: one line of JSON.

    {"any": {"milliseconds": n, "queries": n}, …}

The instances are written past the engine, as they look when they have run: most complete, some waiting for a person.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from datetime import timedelta

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402
from django.utils import timezone  # noqa: E402

from accounts.models import Membership, User  # noqa: E402
from accounts.roles import Role  # noqa: E402
from accounts.scope import Scope  # noqa: E402
from benchmarks.ours.flow import make_scope  # noqa: E402
from designer.models import Flow  # noqa: E402
from designer.services.importing import import_flow  # noqa: E402
from designer.services.publishing import publish_flow  # noqa: E402
from engine.models import Instance  # noqa: E402

TIMES = 7
LOOKS = "SELECT n FROM generate_series(1, %s) AS n"
LOOKS_ON_SQLITE = "WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < %s) SELECT n FROM s"
STATUS = """CASE WHEN n %% 1000 = 0 THEN 'waiting' WHEN n %% 97 = 0 THEN 'errored' WHEN n %% 89 = 0 THEN 'terminated'
    ELSE 'complete' END"""


def two_flows(scope: Scope) -> list[Flow]:
    """A busy one, and one that has few instances."""
    flows = []
    for key in ("busy", "rare"):
        task = {"key": "ask", "name": "Ask", "kind": "manual"}
        flow = import_flow(scope, {"format": 1, "key": key, "name": key.title(), "tasks": [task]}, replace=False)
        publish_flow(scope, flow)
        flows.append(flow)
    return flows


def fill(scope: Scope, flows: list[Flow], member: User, count: int) -> None:
    """So many instances: one in five thousand of the rare flow, one in a thousand waits, one in four of those for a
    member."""
    numbers = LOOKS_ON_SQLITE if connection.vendor == "sqlite" else LOOKS
    days = "datetime('2026-01-01', '+' || (n / 5000) || ' days')"
    if connection.vendor != "sqlite":
        days = "timestamptz '2026-01-01' + make_interval(days => n / 5000)"
    busy, rare = flows
    sql = f"""
        INSERT INTO engine_instance (id, environment_id, flow_id, version_id, key, status, input, context, vars, output,
            state, fact_count, trigger, created_at, started_at, ended_at)
        SELECT n, %s, CASE WHEN n %% 5000 = 0 THEN %s ELSE %s END, CASE WHEN n %% 5000 = 0 THEN %s ELSE %s END,
            'order-' || n, {STATUS}, '{{"number": 1}}', '{{}}', '{{}}', '{{"number": 1}}', '', 9, '{{"type": "api"}}',
            {days}, {days}, CASE WHEN n %% 1000 = 0 THEN NULL ELSE {days} END
        FROM ({numbers}) AS numbers"""  # noqa: S608 - all of it is ours
    steps = f"""
        INSERT INTO engine_step (environment_id, instance_id, task, iteration, kind, status, attempt, attempts,
            lease_owner, lease_token, lost_leases, is_sensitive, is_past, waits_for, event_type, event_filter,
            assigned_to)
        SELECT %s, n, 'ask', 1, 'manual', CASE WHEN n %% 1000 = 0 THEN 'waiting' ELSE 'completed' END, 0, '[]',
            '', 0, 0, {{no}}, {{no}}, CASE WHEN n %% 1000 = 0 THEN 'person' ELSE '' END, '', '',
            CASE WHEN n %% 4000 = 0 THEN '["{member.email}"]' ELSE '[]' END {{json}}
        FROM ({numbers}) AS numbers"""  # noqa: S608
    is_sqlite = connection.vendor == "sqlite"
    steps = steps.format(no="0" if is_sqlite else "FALSE", json="" if is_sqlite else "::jsonb")
    if not is_sqlite:
        for text in ("'{\"number\": 1}'", "'{}'", '\'{"type": "api"}\''):
            sql = sql.replace(text, f"{text}::jsonb")
    with connection.cursor() as cursor:
        live = [flow.live_version_id for flow in flows]
        cursor.execute(sql, [scope.environment.pk, rare.pk, busy.pk, live[1], live[0], count])
        cursor.execute(steps, [scope.environment.pk, count])
        cursor.execute("ANALYZE" if is_sqlite else "VACUUM ANALYZE engine_instance, engine_step")


def queries(count: int, member: User) -> dict[str, str]:
    """Every filter that is offered, one at a time and together, and pages far down."""
    day = (timezone.now().replace(year=2026, month=1, day=1) + timedelta(days=count // 10000)).date().isoformat()
    statuses = ("running", "waiting", "complete", "errored", "terminated", "unfinished", "queued", "paused")
    found = {"none": "", "far down": f"before={count // 2}", "towards newer": f"after={count // 2}"}
    found |= {f"status {status}": f"status={status}" for status in statuses}
    found |= {f"flow {flow}": f"flow={flow}" for flow in ("busy", "rare")}
    found |= {"flow and status": "flow=rare&status=errored", "version": "version=1", "no such version": "version=7"}
    found |= {"since": f"since={day}", "until": f"until={day}", "a day": f"since={day}&until={day}"}
    found |= {"waits for me": "assignee=me", "waits for nobody": "assignee=nobody"}
    found |= {"waits for a member": f"assignee=member:{member.email}"}
    found |= {"one id": f"q=order-{count // 3}", "ids beginning": "q=order-", "no id": "q=nothing"}
    found["everything"] = f"q=order-1&flow=busy&version=1&status=errored&since={day}&until={day}"
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--instances", type=int, required=True)
    count = parser.parse_args().instances
    call_command("migrate", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    scope = make_scope()
    member = User.objects.create_user(email="member@example.com", password=None)
    Membership.objects.create(user=member, organization=scope.organization, role=Role.OPERATOR)
    fill(scope, two_flows(scope), member, count)
    assert Instance.objects.count() == count
    client = Client(headers={"host": settings.ALLOWED_HOSTS[0]})
    client.force_login(member, backend=settings.AUTHENTICATION_BACKENDS[-1])
    page = scope.url("engine:instances")
    found = {}
    client.get(page, secure=True)
    for name, query in queries(count, member).items():
        times = []
        for _ in range(TIMES):
            began = time.perf_counter()
            answer = client.get(f"{page}?{query}", secure=True)
            times.append((time.perf_counter() - began) * 1000)
            assert answer.status_code == 200, (name, answer.status_code)
        with CaptureQueriesContext(connection) as sent:
            client.get(f"{page}?{query}", secure=True)
        found[name] = {"milliseconds": statistics.median(times), "queries": len(sent)}
    print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
