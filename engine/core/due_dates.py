"""Due dates that count from something that happens while the task already waits (semantics: Due dates).

Where it has happened before, the executor of the task computes the due date itself (`engine.steps.manual`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from designer.graph.references import is_template
from engine.core.commands import CountDue, SetTimer
from engine.core.facts import FactType
from engine.core.schedule import BadMoment, moment_after, zone_of
from engine.core.state import StepStatus

if TYPE_CHECKING:
    from engine.core.settling import Fold

DUE = "due"


def set_due_dates(fold: Fold, finished: int) -> None:
    """Set the due dates of waiting tasks that count from a node that is finished now, or from its phase.

    A duration that is a template cannot be read here, where there is no data: it is left to who has them.
    """
    phase = fold.phase_of(finished)
    for node in fold.plan.due_from.get(finished, ()):
        if fold.state.nodes[node] not in (StepStatus.WAITING, StepStatus.HELD):
            continue
        due = fold.plan.task(node).settings["due"]
        if due["from"].startswith("phase:") and fold.state.finished.get(phase or "") != len(
            fold.plan.phases[phase or ""]
        ):
            continue
        if is_template(str(due.get("for", ""))):
            fold.commands.append(CountDue(fold.plan.nodes[node].key, fold.state.iteration(node)))
        else:
            _set_due_date(fold, node, due.get("for"))


def _set_due_date(fold: Fold, node: int, duration: object) -> None:
    try:
        due_at = moment_after(duration, fold.now, zone_of(fold.plan.flow.timezone))
    except BadMoment:
        return
    fold.derive(FactType.DUE_DATE_SET, node, {"due_at": due_at.isoformat()})
    fold.commands.append(SetTimer(DUE, fold.plan.nodes[node].key, fold.state.iteration(node), due_at))
