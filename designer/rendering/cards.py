"""How large the things on a drawing are, in canvas units (1 unit = 1 px at 100 %), and the words on them. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from designer.graph.kinds import kind_of
from designer.graph.lowering import is_back_edge
from designer.graph.model import Edge, Flow, On, Task
from designer.graph.wording import branch_name, short_duration
from designer.rendering.labels import clean, shorten, text_width

GRID: Final = 8
CARD_HEIGHT: Final = 56
NARROWEST: Final = 160
WIDEST: Final = 264
TILE: Final = 32
TEXT_LEFT: Final = 52
TEXT_RIGHT: Final = 12
NAME_SIZE: Final = 13.0
SUMMARY_SIZE: Final = 11.5
LABEL_SIZE: Final = 11.0
LABEL_HEIGHT: Final = 20
LONGEST_LABEL: Final = 150
TRIGGER_SIZE: Final = 44
PHASE_HEAD: Final = 36
PHASE_PADDING: Final = 20


@dataclass(frozen=True, slots=True)
class Size:
    """Width and height."""

    width: int
    height: int


def card_size(flow: Flow, task: Task) -> Size:
    """The size of a task's card: as wide as its words need, on the grid, within limits. The ends are ports."""
    words = max(text_width(clean(task.name), NAME_SIZE, bold=True), text_width(card_summary(flow, task), SUMMARY_SIZE))
    wanted = TEXT_LEFT + words + TEXT_RIGHT
    steps = -(-int(wanted + 0.999) // (2 * GRID))
    return Size(min(max(steps * 2 * GRID, NARROWEST), WIDEST), CARD_HEIGHT)


def card_summary(flow: Flow, task: Task) -> str:
    """The second line of a card: what its kind says of it, else the name of the kind."""
    kind = kind_of(task)
    return clean(kind.summary_in(flow, task)) or kind.label


def edge_label(flow: Flow, edge: Edge) -> str:
    """What stands on an edge: the name of its branch, `on error`, how often a loop goes round; mostly nothing."""
    task = flow.tasks.get(edge.source)
    if edge.on is On.ERROR:
        return _error_label(task)
    if task is None or edge.branch is None:
        return ""
    words = branch_name(task, edge.branch)
    if task.loop is not None and is_back_edge(flow, edge):
        words = f"{words}, ≤ {task.loop.max_iterations}×"
    return shorten(words, LONGEST_LABEL - 2 * GRID, LABEL_SIZE)


def _error_label(task: Task | None) -> str:
    """What an error edge of a task is taken for: the one thing that is meant to happen there, where there is one."""
    if task is not None and task.kind == "wait_event":
        return "timed out"
    if task is not None and task.kind == "manual" and task.settings.get("expires"):
        return shorten(f"after {short_duration(task.settings['expires'])}", LONGEST_LABEL - 2 * GRID, LABEL_SIZE)
    return "on error"


def label_width(text: str) -> int:
    """The width of the pill around an edge's label; 0 without one."""
    return int(text_width(text, LABEL_SIZE) + 2 * GRID + 0.999) if text else 0


def trigger_words(flow: Flow) -> str:
    """What starts instances, in a few words: `by hand`, `schedule`, `event payment.saved`, `3 triggers`."""
    triggers = [trigger for trigger in flow.triggers if trigger.get("type") not in ("manual", "api")]
    if not triggers:
        return "by hand"
    if len(triggers) > 1:
        return f"{len(triggers)} triggers"
    kind = str(triggers[0].get("type", ""))
    return {"cron": "schedule", "event": str(triggers[0].get("event", "event"))}.get(kind, kind)
