"""What templates of every room use: times, statuses, console addresses."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from django import template
from django.contrib.staticfiles import finders
from django.forms import BoundField, CheckboxInput
from django.template import Context
from django.utils import timezone
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe
from rjsmin import jsmin

from accounts.scope import Scope

register = template.Library()

# word of the engine: (tone of chip.css, icon). The words are those of the design glossary, for instances and for steps.
STATUSES = {
    "draft": ("queued", "pencil"),
    "queued": ("queued", "circle"),
    "pending": ("queued", "circle"),
    "open": ("queued", "circle"),
    "ready": ("queued", "circle"),
    "blocked": ("queued", "lock"),
    "not_reached": ("skipped", "minus"),
    "scheduled": ("waiting", "calendar"),
    "running": ("running", "dot"),
    "in_progress": ("running", "dot"),
    "retrying": ("waiting", "refresh"),
    "waiting": ("waiting", "clock"),
    "assigned": ("running", "person"),
    "claimed": ("running", "person"),
    "on_hold": ("paused", "hand"),
    "paused": ("paused", "pause"),
    "waiting_for_pause": ("paused", "hourglass"),
    "rolling_back": ("waiting", "undo"),
    "rolled_back": ("terminated", "undo"),
    "rollback_failed": ("errored", "undo"),
    "complete": ("complete", "check"),
    "completed": ("complete", "check"),
    "active": ("complete", "check"),
    "errored": ("errored", "alert"),
    "failed": ("errored", "alert"),
    "timed_out": ("errored", "clock"),
    "terminated": ("terminated", "stop"),
    "closed": ("terminated", "stop"),
    "cancelled": ("terminated", "x"),
    "revoked": ("terminated", "x"),
    "expired": ("skipped", "clock"),
    "disabled": ("skipped", "minus"),
    "skipped": ("skipped", "skip"),
}
UNKNOWN_STATUS = ("queued", "circle")

DAY = 86400
# length in seconds, its word, and the number from which the next one is told: what lasts 90 days is said to.
UNITS = [(60, "minute", 60), (3600, "hour", 24), (DAY, "day", 91), (DAY * 365 / 12, "month", 12)]
YEAR = (DAY * 365, "year")


@register.filter
def status_tone(status: object) -> str:
    """The name of the colour of a status: a class `tone-…`."""
    return STATUSES.get(str(status), UNKNOWN_STATUS)[0]


@register.filter
def status_icon(status: object) -> str:
    """The icon of a status."""
    return STATUSES.get(str(status), UNKNOWN_STATUS)[1]


@register.filter
def status_word(status: object) -> str:
    """A status as people read it: `waiting_for_pause` is "waiting for pause"."""
    return str(status).replace("_", " ")


@register.filter
def iso(moment: datetime) -> str:
    """A moment as machines read it, in UTC."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@register.filter
def relative(moment: datetime) -> str:
    """How far away a moment is: "just now", "3 minutes ago", "in 2 days"."""
    return relative_to(moment, timezone.now())


def relative_to(moment: datetime, now: datetime) -> str:
    """The words of `static/js/time.js`: rounded to the nearest, so that what begins with two days is not "in 1 day"."""
    seconds = (moment - now).total_seconds()
    if abs(seconds) < 60:
        return "in a moment" if seconds > 0 else "just now"
    told = ((int(abs(seconds) / length + 0.5), unit, most) for length, unit, most in UNITS)
    yearly = (int(abs(seconds) / YEAR[0] + 0.5), YEAR[1])
    count, unit = next(((count, unit) for count, unit, most in told if count < most), yearly)
    words = f"{count} {unit}{'' if count == 1 else 's'}"
    return f"in {words}" if seconds > 0 else f"{words} ago"


# These two are on every page many times over: made here, an included template of a line costs eight times as much.


@register.simple_tag
def moment(value: datetime | None, none: str = "never") -> SafeString:
    """A `<time>`: relative words, the exact moment on hover. `none` is shown where there is no moment."""
    if not value:
        return format_html('<span class="muted">{}</span>', none or "never")
    exact = value.astimezone(UTC)
    return mark_safe(  # noqa: S308 (numbers, and words of ours)
        f'<time datetime="{iso(exact)}" title="{exact:%Y-%m-%d %H:%M:%S} UTC" data-controller="reltime">'
        f"{relative(exact)}</time>"
    )


@register.simple_tag
def status(value: object, *, bare: bool = False) -> SafeString:
    """A status chip: icon and word. `bare` leaves the ground out, for dense tables."""
    word = escape(value)
    return mark_safe(  # noqa: S308 (escaped above, and words of ours)
        f'<span class="chip tone-{status_tone(value)}{" status-bare" if bare else ""}" data-status="{word}">'
        f'<svg class="icon" aria-hidden="true"><use href="#icon-{status_icon(value)}"/></svg>{status_word(word)}</span>'
    )


@register.inclusion_tag("components/copy.html")
def copy(text: object, label: str = "this", shown: str = "") -> dict[str, Any]:
    """A text that is copied with one click. `label` says what it is; `shown` is a shorter form of it."""
    return {"text": str(text), "label": label, "shown": shown}


@register.simple_tag(takes_context=True)
def console_url(context: Context, name: str, *args: Any, **kwargs: Any) -> str:
    """The address of a page in the environment of this page: `{% console_url "designer:edit" flow=flow.slug %}`."""
    scope: Scope = context["scope"]
    return scope.url(name, *args, **kwargs)


@register.filter
def as_lines(value: dict[str, Any]) -> str:
    """A small JSON object as one line of `name: value`, for before and after."""
    return " · ".join(f"{name}: {', '.join(map(str, v)) if isinstance(v, list) else v}" for name, v in value.items())


@register.filter
def is_checkbox(field: BoundField) -> bool:
    """Whether a form field is one box to tick."""
    return isinstance(field.field.widget, CheckboxInput)


@register.filter
def allows(scope: Scope | None, role: str) -> bool:
    """Whether the actor has at least this role: `{% if scope|allows:"designer" %}`."""
    from accounts.roles import Role

    return scope is not None and scope.allows(Role(role))


@register.simple_tag(takes_context=True)
def inline_script(context: Context, path: str) -> SafeString:
    """A small classic script of `static/` within the page, under the nonce of this answer.

    The page is read on at once, where a file would have to come first: `{% inline_script "js/theme.js" %}`.
    """
    return mark_safe(f'<script nonce="{context["request"].csp_nonce}">{_script(path)}</script>')  # noqa: S308 (a file of ours)


@cache
def _script(path: str) -> str:
    found = finders.find(path)
    if not isinstance(found, str):
        raise template.TemplateSyntaxError(f"There is no script {path}.")
    return str(jsmin(Path(found).read_text()))
