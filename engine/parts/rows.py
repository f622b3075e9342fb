"""The rows of an instance's page: of a step, of a fact, of the timeline. Each is made once for what it shows."""

from __future__ import annotations

from typing import Any, Final

from django.template.loader import render_to_string
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from accounts.templatetags.shell import relative, status_tone, status_word
from engine.display.timeline import Bar, Row
from engine.parts.kept import Kept
from engine.parts.steps import StepLook

MOST_KEPT: Final = 10_000
_kept: Final[Kept[SafeString]] = Kept(MOST_KEPT)


def step_row(look: StepLook) -> SafeString:
    """A step in the table of steps (`engine/parts/step_row.html`)."""
    shown = (
        look.key,
        look.name,
        look.status,
        look.step.attempt if look.step else 0,
        look.began_at,
        relative(look.began_at) if look.began_at else "",
        look.lasted,
        look.error_line,
        look.waits,
    )
    return _kept.get(("step", *shown), lambda: _render("engine/parts/step_row.html", look=look))


def fact_row(row: Any) -> SafeString:
    """A `FactRow` in the table of facts (`engine/parts/fact_row.html`)."""
    fact, words = row.fact, row.words
    shown = (fact.number, fact.at, fact.iteration, words.what, words.tone, row.detail, row.name)
    return _kept.get(("fact", *shown), lambda: _render("engine/parts/fact_row.html", row=row))


def timeline_row(name: str, row: Row) -> SafeString:
    """A task on the timeline. Not kept: while an instance goes on, the bars of all its steps move."""
    task, called, latest = escape(row.task), escape(name), row.bars[-1]
    said = "; ".join(", ".join(filter(None, [status_word(bar.status), bar.label])) for bar in row.bars)
    rounds = f"{len(row.bars)} rounds" if len(row.bars) > 1 else ""
    label = escape(" · ".join(filter(None, [rounds, latest.label])))
    return mark_safe(  # noqa: S308 (escaped above, numbers, and words of ours)
        f'<div class="timeline-row" data-key="{task}"><a class="timeline-name clip" href="?step={task}"'
        f' hx-get="?step={task}" hx-target="#instance-step" hx-swap="live" hx-push-url="true" title="{called}">'
        f'{called}</a><svg class="timeline-bars" role="img" aria-label="{called}: {escape(said)}">'
        f'{"".join(map(_bar, row.bars))}</svg><span class="timeline-label clip small muted">{label}</span></div>'
    )


def _bar(bar: Bar) -> str:
    tone, faint = status_tone(bar.status), " bar-faint" if bar.pieces else ""
    pieces = "".join(
        f'<rect class="bar tone-{"errored" if piece.failed else tone}" x="{piece.left}%" y="3" width="{piece.width}%"'
        ' height="14" rx="2"/>'
        for piece in bar.pieces
    )
    return (
        f'<rect class="bar{faint} tone-{tone}" x="{bar.left}%" y="3" width="{bar.width}%" height="14" rx="3"/>{pieces}'
    )


def _render(template: str, **context: Any) -> SafeString:
    return mark_safe(render_to_string(template, context).strip())  # noqa: S308 (a template escapes)
