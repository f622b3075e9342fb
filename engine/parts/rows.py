"""The rows of an instance's page: of a step, of a fact, of the timeline. Each is made once for what it shows.

They are written here: each change of an instance that somebody watches makes some, for which a template takes longer.
"""

from __future__ import annotations

from datetime import UTC
from html import escape
from typing import Any, Final

from django.utils.safestring import SafeString, mark_safe

from accounts.templatetags.shell import iso, moment, relative, status, status_tone, status_word
from engine.display.timeline import Bar, Row
from engine.parts.kept import Kept
from engine.parts.steps import StepLook

MOST_KEPT: Final = 10_000
_kept: Final[Kept[SafeString]] = Kept(MOST_KEPT)


def step_row(look: StepLook) -> SafeString:
    """A step in the table of steps."""
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
    return _kept.get(("step", *shown), lambda: _step_row(look))


def _step_row(look: StepLook) -> SafeString:
    key, note, tone = escape(look.key), "", ""
    if look.error_text:
        note = escape(look.error_line)
    elif look.waits:
        note = f"waits for {escape(look.waits)}"
    if look.is_not_reached:
        tone = " muted"
    elif look.error_text:
        tone = " bad"
    link = f'<a href="?step={key}" hx-get="?step={key}" hx-target="#instance-step" hx-swap="live" hx-push-url="true">'
    return mark_safe(  # noqa: S308 (escaped here, or made by tags that escape)
        f'<tr data-key="{key}" data-task="{escape(look.task.key)}">\n'
        f'  <th scope="row">{link}{escape(look.name)}</a>{_round(look.iteration)}</th>\n'
        f'  <td data-label="Status">{status(look.status, bare=True)}</td>\n'
        f'  <td class="numeric" data-label="Attempts">{(look.step.attempt if look.step else 0) or ""}</td>\n'
        f'  <td class="nowrap" data-label="Began">{moment(look.began_at) if look.began_at else ""}</td>\n'
        f'  <td class="numeric nowrap" data-label="Took">{escape(look.lasted)}</td>\n'
        f'  <td data-label="Note" class="break{tone}">{note}</td>\n'
        "</tr>"
    )


def _round(iteration: int) -> str:
    return f' <span class="small muted">round {iteration}</span>' if iteration > 1 else ""


def fact_row(row: Any) -> SafeString:
    """A `FactRow` in the table of facts."""
    fact, words = row.fact, row.words
    shown = (fact.number, fact.at, fact.iteration, words.what, words.tone, row.detail, row.name)
    return _kept.get(("fact", *shown), lambda: _fact_row(row))


def _fact_row(row: Any) -> SafeString:
    fact, words, at = row.fact, row.words, row.fact.at.astimezone(UTC)
    tone, toned = (f' class="tone-{words.tone}"', ' class="toned"') if words.tone else ("", "")
    bad = " bad" if words.tone == "errored" else ""
    name = ""
    if row.name:
        more = " · " if words.detail else ""
        name = f'<span class="strong">{escape(row.name)}</span>{_round(fact.iteration)}{more}'
    return mark_safe(  # noqa: S308 (escaped here, and words of ours)
        f'<tr data-key="fact-{fact.number}">\n'
        f'  <td class="numeric muted">{fact.number}</td>\n'
        f'  <td class="nowrap"><time datetime="{iso(at)}" title="{at:%Y-%m-%d %H:%M:%S} UTC" data-controller="clock" >'
        f"{at:%H:%M:%S}</time></td>\n"
        f"  <td{tone}><span{toned}>{escape(words.what)}</span></td>\n"
        f'  <td class="break{bad}">{name}{escape(row.detail)}</td>\n'
        "</tr>"
    )


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
