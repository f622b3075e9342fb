"""The sections of an instance's page that nearly each change shows something new in: summary, timeline, steps, history.

They are written here, as their rows are (`rows`): whoever watches an instance is sent them with each of its steps, and
to have templates make them took a quarter of what it costs to show a change.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from html import escape
from typing import TYPE_CHECKING, Final

from django.utils.safestring import SafeString, mark_safe

from accounts.templatetags.shell import moment, status_word

if TYPE_CHECKING:
    from engine.parts.facts import FactPage
    from engine.parts.instance import InstancePage
    from engine.parts.steps import StepLook

MOST_WAITING: Final = 2
"""Open steps that the summary names."""
ALERT: Final = '<svg class="icon" aria-hidden="true"><use href="#icon-alert"/></svg>'


def summary(page: InstancePage) -> str:
    """Version, start, what it waits for or how long it took, counts; warnings and the error."""
    version = page.instance.version
    by = f" by {escape(version.published_by_name)}" if version.published_by_name else ""
    items = [
        ("Version", f"{version.number} · published {moment(version.published_at)}{by}"),
        ("Started", f"{moment(page.instance.started_at, none='not yet')} by {_started_by(page)}"),
        _end(page),
        ("Steps", page.counts),
        ("Attempts", str(page.attempts)),
    ]
    if page.kept_events:
        items.append(("Events kept", ", ".join(escape(event.type) for event in page.kept_events)))
    listed = "\n".join(f"      <div><dt>{name}</dt><dd>{html}</dd></div>" for name, html in items)
    return (
        f'<div class="instance-summary" id="instance-summary">\n    <dl class="summary-items">\n{listed}\n    </dl>'
        f"{''.join(map(_warning, page.warnings))}{_error(page)}\n  </div>"
    )


def _started_by(page: InstancePage) -> str:
    call = page.call
    if call is None:
        return escape(page.started_by)
    address = page.scope.url("engine:instance", pk=call.parent_id)
    name = f"{escape(call.parent.flow.name)} · {escape(call.parent.key)}"
    return f'<a href="{escape(address)}?step={escape(call.task)}:{call.iteration}">{name}</a>'


def _end(page: InstancePage) -> tuple[str, str]:
    instance = page.instance
    if instance.ended_at:
        return "Ended", f"after {page.lasted}, {moment(instance.ended_at)}"
    waiting = page.waiting
    if not waiting:
        return "Waits for", "its turn" if instance.status == "queued" else "nothing"
    more = f" and {len(waiting) - MOST_WAITING} more" if len(waiting) > MOST_WAITING else ""
    return "Waits for", "".join(map(_waits, waiting[:MOST_WAITING])) + more


def _waits(look: StepLook) -> str:
    said, step = escape(look.name), look.step
    if look.waits:
        said += f" · {escape(look.waits)}"
    if step is not None and step.due_at:
        said += f", due {moment(step.due_at)}"
    elif step is not None and step.wakes_at:
        said += f", {moment(step.wakes_at)}"
    return f"<div>{said}</div>"


def _warning(words: str) -> str:
    said = f"It has come to {escape(words)}. When it reaches the limit, it fails."
    return f'\n    <div class="note note-warn" role="status">{ALERT}<div>{said}</div></div>'


def _error(page: InstancePage) -> str:
    text = page.error_text
    if not text:
        return ""
    task = page.instance.error.get("task") if isinstance(page.instance.error, Mapping) else None
    where = f'<a href="?step={escape(str(task))}">{escape(page.error_task)}</a>: ' if task else ""
    return f'\n    <div class="note note-bad" role="status">{ALERT}<div class="break">{where}{escape(text)}</div></div>'


def timeline(page: InstancePage) -> str:
    """Bars of all steps on one compressed axis."""
    found = page.timeline
    total = ""
    if found.total:
        compressed = ", idle time compressed" if found.gaps else ""
        total = f'<span class="small muted">{escape(found.total)}{compressed}</span>'
    rows = f'<div class="timeline">\n  {page.timeline_html}\n</div>'
    if not found.rows:
        rows = '<p class="muted">Nothing has begun yet.</p>'
    return _section("timeline", "Timeline", rows, beside=f'<span class="space"></span>{total}')


def steps(page: InstancePage) -> str:
    """The steps as a table, in the order they began."""
    table = _table(STEP_COLUMNS, page.steps_html, "table table-tight table-cards")
    if not page.looks:
        table = f'<p class="muted">No step has begun. The instance is {escape(status_word(page.instance.status))}.</p>'
    return _section("steps", "Steps", table)


def history(page: InstancePage) -> str:
    """Its newest facts, with the way to all of them."""
    beside = '<span class="space"></span>'
    if page.history.before:
        address = escape(page.scope.url("engine:facts", pk=page.instance.pk))
        beside += f'<a class="small" href="{address}">All {page.instance.fact_count} facts</a>'
    return _section("history", "Facts", _facts(page.history), beside=beside)


def fact_table(found: FactPage) -> SafeString:
    """Facts in words, newest first."""
    return mark_safe(_facts(found))  # noqa: S308 (rows that are escaped)


def _facts(found: FactPage) -> str:
    if not found.rows:
        return '<p class="muted">Nothing has happened yet.</p>'
    return _table(FACT_COLUMNS, found.html, "table table-tight table-cards history-table")


def _section(name: str, title: str, inside: str, *, beside: str = "") -> str:
    heading = f'<h2 id="{name}-title">{title}</h2>'
    head = f'<div class="row">{heading}{beside}</div>' if beside else heading
    return f'<section id="instance-{name}" aria-labelledby="{name}-title">\n  {head}\n  {inside}\n</section>'


STEP_COLUMNS: Final = (
    ("Step", ""),
    ("Status", ""),
    ("Attempts", "numeric"),
    ("Began", ""),
    ("Took", "numeric"),
    ("Note", ""),
)
FACT_COLUMNS: Final = (("#", "numeric"), ("When", ""), ("What", ""), ("Detail", ""))


def _table(columns: tuple[tuple[str, str], ...], rows: str, names: str) -> str:
    toned = ((name, f' class="{tone}"' if tone else "") for name, tone in columns)
    heads = "".join(f'<th scope="col"{tone}>{name}</th>' for name, tone in toned)
    return (
        f'<div class="table-frame"><table class="{names}">\n  <thead><tr>{heads}</tr></thead>\n'
        f"  <tbody>\n    {rows}\n  </tbody>\n</table></div>"
    )


SECTIONS: Final[Mapping[str, Callable[[InstancePage], str]]] = {
    "summary": summary,
    "timeline": timeline,
    "steps": steps,
    "history": history,
}


class Sections:
    """Those of one page, by name; a KeyError for others."""

    def __init__(self, page: InstancePage) -> None:
        self.page = page

    def __getitem__(self, name: str) -> SafeString:
        return mark_safe(SECTIONS[name](self.page))  # noqa: S308 (escaped above, or rows that are)
