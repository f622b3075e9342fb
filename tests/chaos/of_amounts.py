"""What comes at once, thrice, never or without end: wake-ups, timers, branches, loops; and a step that kills."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

from engine import failpoints
from engine.models import Instance, Step, Timer
from engine.runners.attempt_loop import AttemptLoop
from tests.chaos.campaign import Campaign, Run, Verdict, await_true, patiently
from tests.chaos.ends import Order
from tests.chaos.orders import random_orders


@contextmanager
def deliver(how: str) -> Iterator[None]:
    """Have the wake-ups of this process delivered so."""
    failpoints.armed.update(failpoints.parse(f"wake={how}"))
    try:
        yield
    finally:
        failpoints.armed.clear()


def wake_ups(campaign: Campaign, how: str) -> Verdict:
    """Every wake-up is lost, or comes three times."""
    run = campaign.prepare(random_orders(campaign, 40 * campaign.size, flows=2))
    with deliver(how):
        campaign.made.work_with(2, QUADRILLE_FAILPOINTS=f"wake={how}")
        run.start_all().finish()
    return run.judge()


def wake_ups_never(campaign: Campaign) -> Verdict:
    """No wake-up ever arrives."""
    return wake_ups(campaign, "drop")


def wake_ups_thrice(campaign: Campaign) -> Verdict:
    """Every wake-up arrives three times."""
    return wake_ups(campaign, "thrice")


def race(campaign: Campaign) -> Verdict:
    """50 workers on one instance."""
    campaign.made.stop_workers()
    campaign.made.effects.write_text("")  # of the scenarios before, where steps were made twice and rightly so
    run = campaign.prepare([Order(campaign.seed, 1, name="race")])
    loops = [AttemptLoop(capacity=4, threads=2, first_claim=1) for _ in range(50)]
    threads = [threading.Thread(target=loop.run, daemon=True) for loop in loops]
    for thread in threads:
        thread.start()
    run.start_all().finish()
    for loop in loops:
        loop.stop()
    for thread in threads:
        thread.join()
    owners = Counter(lines_of(campaign, run))
    run.verdict.notes |= {"workers": len(loops), "effects": sum(owners.values())}
    if any(count > 1 for count in owners.values()):
        run.verdict.wrong.append("a step was made twice although nobody had gone away")
    return run.judge()


def lines_of(campaign: Campaign, run: Run) -> list[str]:
    """What was done outside by the run's instances; their keys are taken to be the campaign's newest."""
    lines = campaign.made.effects.read_text().split()
    campaign.made.effects.write_text("")
    return lines


def many_timers(campaign: Campaign) -> Verdict:
    """10,000 timers come due while nothing runs."""
    made, count = campaign.made, 10_000
    made.stop_workers()
    made.stop_beat()
    run = campaign.prepare([Order(campaign.seed, 1, name="hour")])
    run.ends = [run.ends[0] * count]
    run.orders = [Order(campaign.seed, count, name="hour")]
    run.verdict.instances = count
    run.start_all()
    with connection.cursor() as cursor:
        # An hour and a minute pass.
        cursor.execute("UPDATE engine_timer SET due_at = due_at - interval '61 minutes'")
    made.work_with(2)
    began = time.monotonic()
    run.finish(240)
    run.verdict.notes |= {"all fired within": f"{time.monotonic() - began:.1f} s", "timers left": Timer.objects.count()}
    return judge_alike(run)


def judge_alike(run: Run) -> Verdict:
    """The verdict on many instances of a small flow, with few statements; a hundred of them are looked at closely."""
    verdict, ids = run.verdict, run.ids
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT i.status, i.fact_count, count(*) FROM engine_instance i WHERE i.id = ANY(%s)
            GROUP BY i.status, i.fact_count""",
            [ids],
        )
        groups = cursor.fetchall()
        cursor.execute(
            """
            SELECT count(*) FROM (
                SELECT instance_id FROM engine_fact WHERE instance_id = ANY(%s)
                GROUP BY instance_id
                HAVING count(*) <> max(number) OR count(*) FILTER (WHERE type = 'StepCompleted') <> 2
                    OR count(*) FILTER (WHERE type = 'TimerFired') <> 1) wrong""",
            [ids],
        )
        (verdict.doubled,) = cursor.fetchone()
    verdict.lost = verdict.instances - sum(count for _, _, count in groups)
    verdict.stuck = sum(count for status, _, count in groups if status != "complete")
    if len(groups) > 1:
        verdict.wrong.append(f"they have not all ended alike: {groups}")
    run.started[0] = ids[:: len(ids) // 100]
    run.orders = [Order(run.orders[0].seed, len(run.started[0]), name=run.orders[0].name)]
    return run.judge()


def many_branches(campaign: Campaign) -> Verdict:
    """1,000 parallel branches of one instance, made by two workers, of which one is killed half-way."""
    made = campaign.made
    run = campaign.prepare([Order(campaign.seed, 1, name="wide")])
    first, _ = made.work_with(2)
    run.start_all()
    await_true(
        lambda: patiently(lambda: Step.objects.filter(instance__in=run.ids, status="completed").count()) > 300, 60
    )
    made.kill_worker(first)
    run.finish()
    return run.judge()


def endless_loops(campaign: Campaign) -> Verdict:
    """Loops without an end are stopped by the most steps their flow allows; others do not wait for them."""
    orders = [Order(campaign.seed, 10, name=f"endless-{what}") for what in ("work", "noop")]
    run = campaign.prepare([*orders, *random_orders(campaign, 20, flows=1)])
    campaign.made.work_with(2)
    run.start_all().finish()
    statuses = Counter(Instance.objects.filter(pk__in=run.started[0] + run.started[1]).values_list("status", flat=True))
    if set(statuses) != {"errored"}:
        run.verdict.wrong.append(f"endless loops are {dict(statuses)}")
    return run.judge()


def poison(campaign: Campaign) -> Verdict:
    """A step that kills its process each time: in the end it fails, and those beside it are unharmed."""
    made = campaign.made
    orders = [Order(campaign.seed, 10, name="neighbour"), *random_orders(campaign, 20, flows=1)]
    run = campaign.prepare(orders)
    deadly = Run(run.scope, [Order(campaign.seed, 1, name="deadly")], [[]])
    made.work_with(2, processes=2)
    deadly.start_all()
    run.start_all().finish(180)
    await_true(lambda: not deadly.unfinished(), 180)
    instance = Instance.objects.get(pk__in=deadly.ids)
    step = Step.objects.get(instance=instance, task="bite")
    run.verdict.instances += 1
    run.verdict.notes |= {
        "processes it killed": step.lost_leases,
        "ended as": f"{instance.status}, {(step.error or {}).get('name')}",
    }
    if (instance.status, (step.error or {}).get("name")) != ("errored", "WorkerLost"):
        run.verdict.wrong.append(f"the deadly step is {step.status}, its instance {instance.status}")
    return run.judge()
