"""Steps that are tried again for ever tell the same again and again: the middle of it is taken out.

A transfer without funds is repeated until money comes, every 100 seconds for months if need be. The first attempts say
what was the case, the latest what is; of those between, the facts and the entries of the step's list go. Numbers of
facts and of attempts stay as they were, so where they have a gap is where something was taken out.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from django.db import connection, transaction

from engine.models import Fact, Instance, Step, Timer

FIRST: Final = 20
LAST: Final = 100
SLACK: Final = 100
"""How many attempts are kept of the first, and of the latest; how many more there must be to make it worth while."""
REPEATED: Final = (
    "AttemptStarted",
    "AttemptFailed",
    "AttemptTimedOut",
    "RetryScheduled",
    "TimerSet",
    "TimerFired",
    "StepReady",
)
FAILURES: Final = ("AttemptFailed", "AttemptTimedOut")
AT_A_TIME: Final = 200


def thin_histories(now: datetime) -> int:
    """Thin out what steps have told that wait for another attempt. Answers 0: there is no more to do for a while."""
    pausing = Timer.objects.filter(purpose="retry").values("instance")
    many = FIRST + LAST + SLACK
    steps = Step.objects.filter(status="retrying", instance__in=pausing, instance__fact_count__gt=many)
    last = 0
    while found := list(steps.filter(pk__gt=last).order_by("pk").values_list("pk", "instance")[:AT_A_TIME]):
        for pk, instance_id in found:
            _thin(pk, instance_id)
            last = pk
    return 0


def _thin(pk: int, instance_id: int) -> None:
    """Thin out one step, holding its instance as whoever advances it does."""
    with transaction.atomic():
        locking = Instance.objects.select_for_update(
            skip_locked=connection.features.has_select_for_update_skip_locked, of=("self",)
        )
        if locking.filter(pk=instance_id).only("pk").first() is None:
            return  # it is being advanced: next time
        step = Step.objects.only("task", "iteration", "attempts").get(pk=pk)
        told = Fact.objects.filter(instance=instance_id, task=step.task, iteration=step.iteration)
        failures = list(told.filter(type__in=FAILURES).order_by("number").values_list("number", flat=True))
        if len(failures) <= FIRST + LAST + SLACK:
            return
        between = told.filter(number__gt=failures[FIRST - 1], number__lt=failures[-LAST])
        between.filter(type__in=REPEATED).delete()
        Step.objects.filter(pk=pk).update(attempts=_thinned(step.attempts))


def _thinned(attempts: Sequence[Any]) -> list[Any]:
    return [*attempts[:FIRST], *attempts[-LAST:]] if len(attempts) > FIRST + LAST else list(attempts)
