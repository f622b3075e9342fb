"""Keeping what flows are tried with."""

from __future__ import annotations

from dataclasses import replace

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils import timezone

from designer import models as designer
from designer.graph.model import Flow, Json
from designer.graph.trials import MOST_CASES, Case, Trials
from designer.trying import models


class CaseNameTaken(ValueError):
    """Another case of this flow has this name."""


class TooManyCases(ValueError):
    """The flow has as many cases as one may have."""


# -- reading ----------------------------------------------------------------------------------------------------------


def sample_of(row: designer.Flow) -> Json:
    """The sample input of a flow; None for a flow without one."""
    return models.Sample.objects.filter(flow=row).values_list("input", flat=True).first()


def answers_of(row: designer.Flow) -> dict[str, Json]:
    """The answers that were typed in for the flow's next try, by task."""
    return dict(models.Sample.objects.filter(flow=row).values_list("answers", flat=True).first() or {})


def must_pass(row: designer.Flow) -> bool:
    """Whether the flow's cases guard its publishing."""
    return models.Sample.objects.filter(flow=row, cases_must_pass=True).exists()


def cases_of(row: designer.Flow) -> tuple[Case, ...]:
    """The cases of a flow, in their order."""
    rows = models.Case.objects.filter(flow=row)
    return tuple(Case(kept.name, kept.input, kept.answers, kept.expect) for kept in rows)


def trials_of(row: designer.Flow) -> Trials:
    """All that a flow is tried with."""
    return Trials(sample_of(row), cases_of(row), must_pass(row))


def with_trials(row: designer.Flow, flow: Flow) -> Flow:
    """`flow`, a graph of `row`, with what the row is tried with: what a flow file holds."""
    return replace(flow, trials=trials_of(row) or None)


# -- keeping ----------------------------------------------------------------------------------------------------------


def keep_sample(row: designer.Flow, input: Json, answers: dict[str, Json]) -> None:
    """Remember what a flow was tried with last."""
    models.Sample.objects.update_or_create(
        flow=row, defaults={"input": input, "answers": answers, "changed_at": timezone.now()}
    )


def require_cases(row: designer.Flow, *, required: bool) -> None:
    """Let the cases guard publishing, or not."""
    models.Sample.objects.update_or_create(
        flow=row, defaults={"cases_must_pass": required, "changed_at": timezone.now()}
    )


def keep_case(row: designer.Flow, case: Case, *, replaces: bool = False) -> models.Case:
    """Add a case at the end; with `replaces` in the place of one of the same name.

    Raises `CaseNameTaken`, `TooManyCases`.
    """
    fields = {"input": case.input, "answers": dict(case.answers), "expect": dict(case.expect)}
    with transaction.atomic():
        known = models.Case.objects.select_for_update().filter(flow=row)
        if replaces and (kept := known.filter(name=case.name).first()) is not None:
            known.filter(pk=kept.pk).update(**fields, changed_at=timezone.now())
            kept.refresh_from_db()
            return kept
        if known.count() >= MOST_CASES:
            raise TooManyCases(f"A flow has at most {MOST_CASES} cases.")
        position = (known.aggregate(last=Max("position"))["last"] or 0) + 1
        try:
            with transaction.atomic():
                return models.Case.objects.create(flow=row, name=case.name, position=position, **fields)
        except IntegrityError:
            raise CaseNameTaken(f"There is a case {case.name!r} already.") from None


def keep_trials(row: designer.Flow, trials: Trials | None) -> None:
    """Put what a flow file says about trying in the place of what was kept. It may say nothing."""
    if trials is None:
        return
    with transaction.atomic():
        models.Sample.objects.update_or_create(
            flow=row,
            defaults={
                "input": trials.sample_input,
                "cases_must_pass": trials.cases_must_pass,
                "changed_at": timezone.now(),
            },
        )
        models.Case.objects.filter(flow=row).delete()
        models.Case.objects.bulk_create(
            models.Case(
                flow=row,
                name=case.name,
                position=number,
                input=case.input,
                answers=dict(case.answers),
                expect=dict(case.expect),
            )
            for number, case in enumerate(trials.cases, 1)
        )
