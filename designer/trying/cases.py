"""What people do to the cases of a flow. Each is in the audit log; a case that was taken away can be put back."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from accounts.audit import record
from accounts.scope import Scope
from designer import models as designer
from designer.graph.trials import Case, Trials
from designer.trying import models, services


@dataclass(frozen=True, slots=True)
class Removed:
    """A case that is there no more, and where it stood."""

    case: Case
    position: int


def keep_case(scope: Scope, row: designer.Flow, case: Case, *, replaces: bool = False) -> None:
    """As `services.keep_case`, and with the same refusals."""
    with transaction.atomic():
        is_known = models.Case.objects.filter(flow=row, name=case.name).exists()
        services.keep_case(row, case, replaces=replaces)
        record(scope, "case.changed" if is_known else "case.kept", row, after={"case": case.name})


def remove_case(scope: Scope, row: designer.Flow, name: str) -> Removed | None:
    """Take a case away; None where there is none. What is answered is enough to put it back."""
    with transaction.atomic():
        found = models.Case.objects.select_for_update().filter(flow=row, name=name).first()
        if found is None:
            return None
        removed = Removed(Case(found.name, found.input, found.answers, found.expect), found.position)
        found.delete()
        record(scope, "case.removed", row, before={"case": name})
    return removed


def put_back(scope: Scope, row: designer.Flow, removed: Removed) -> None:
    """Restore a case where it stood. Raises `CaseNameTaken` when there is another of its name, `TooManyCases`."""
    with transaction.atomic():
        kept = services.keep_case(row, removed.case)
        models.Case.objects.filter(pk=kept.pk).update(position=removed.position, changed_at=timezone.now())
        record(scope, "case.restored", row, after={"case": removed.case.name})


def require_cases(scope: Scope, row: designer.Flow, *, required: bool) -> None:
    """Let the cases guard publishing, or not."""
    with transaction.atomic():
        before = services.must_pass(row)
        services.require_cases(row, required=required)
        if before != required:
            record(scope, "cases.guard", row, before={"must_pass": before}, after={"must_pass": required})


def replace_cases(scope: Scope, row: designer.Flow, trials: Trials) -> None:
    """All that a flow is tried with, instead of what was kept."""
    with transaction.atomic():
        before = [case.name for case in services.cases_of(row)]
        services.keep_trials(row, trials)
        after = [case.name for case in trials.cases]
        record(scope, "cases.replaced", row, before={"cases": before}, after={"cases": after})
