"""Steering many instances at once, from the list."""

from __future__ import annotations

from typing import Any, Final

from django.conf import settings
from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.views.decorators.http import require_POST

from accounts.clean_json import BadJson, clean_json
from accounts.http import HtmxHttpRequest
from accounts.roles import Role
from accounts.scope import Scope, scoped
from engine.bulk_places import in_the_way, mapping_in, places_of
from engine.forms import InstanceFilterForm
from engine.parts.instance import instances_within
from engine.parts.instances import filtered
from engine.services.bulk import ACTIONS, bulk
from engine.services.errors import InvalidInput
from engine.steering_forms import PLACE
from engine.views.answers import problems_text, refused

MOST_CHOSEN: Final = 200
VERBS: Final = {
    "pause": "Pause",
    "resume": "Resume",
    "terminate": "Terminate",
    "close": "Close",
    "restart": "Restart",
    "retry": "Retry",
    "migrate": "Migrate",
    "send_event": "Send an event",
}


ASKED: Final = ("action", "reason")
"""What the form of a migration asks for itself, beside the places of tasks."""


class Refusal(Exception):
    """What was sent cannot be acted on; the reason is for people."""


@require_POST
@scoped(Role.OPERATOR)
def act_on_many(request: HtmxHttpRequest, scope: Scope) -> HttpResponse:
    """The same for every chosen instance, or all that the list's filter finds; what was refused says why."""
    data = request.POST
    try:
        action, given = _asked(data)
        rows, missing = _chosen(scope, data)
        after = _number(data.get("after", "")) if data.get("after") else None
        result = bulk(scope, rows, action, given, after=after)
    except Refusal as refusal:
        return refused(request, str(refusal), to=scope.url("engine:instances"), status=422)
    except InvalidInput as invalid:
        return refused(request, problems_text(invalid.problems), to=scope.url("engine:instances"), status=422)
    refusals: list[dict[str, Any]] = [
        {"instance": one.instance, "key": one.instance.key, "reason": one.reason} for one in result.refused
    ]
    refusals += [{"key": str(pk), "reason": "There is no such instance."} for pk in missing]
    context = {
        "verb": f"{VERBS[action]}, a look ahead" if given.get("dry_run") else VERBS[action],
        "done": len(result.done),
        "could": bool(given.get("dry_run")),
        "refusals": refusals,
        "again": _again(data, result.next) if result.next is not None else [],
    }
    if action == "migrate" and (given["dry_run"] or in_the_way(result)):
        places = places_of(result, given["version"], given.get("mapping", {}))
        context |= {"places": places, "reason": given["reason"], "asked": _asked_anew(data)}
    if request.htmx:
        response = render(request, "engine/instances.html#bulk_result", context)
        response.headers["HX-Trigger"] = "live-sync"
        return response
    return render(request, "engine/bulk_result.html", context)


def _asked(data: QueryDict) -> tuple[str, dict[str, Any]]:
    """The action and what it takes."""
    action, reason = data.get("action", ""), data.get("reason", "").strip()
    is_look = action == "look_ahead"
    action = "migrate" if is_look else action
    if action not in ACTIONS:
        raise Refusal(f"Choose what to do: {', '.join(word.lower() for word in VERBS.values())}.")
    if (not reason and not is_look) or len(reason) > 1000:
        raise Refusal("Give a reason of at most 1,000 characters.")
    given: dict[str, Any] = {"reason": reason}
    if action == "terminate":
        given["rollback"] = "rollback" in data
    elif action == "close":
        given |= {"reasons": data.getlist("reasons"), "note": reason}
    elif action == "retry" and "newest" in data:
        given["version"] = "newest"
    elif action == "migrate":
        version = data.get("version", "").strip()
        given |= {"version": _number(version) if version else "newest", "dry_run": is_look}
        given |= {"mapping": mapping} if (mapping := mapping_in(data)) else {}
    elif action == "send_event":
        given |= {"type": data.get("type", "").strip(), "payload": _payload(data.get("payload", ""))}
    return action, given


def _payload(text: str) -> Any:
    if not text.strip():
        return None
    try:
        return clean_json(text, max_bytes=settings.MAX_PAYLOAD_BYTES)
    except BadJson as bad:
        raise Refusal(bad.about("The payload")) from bad


def _chosen(scope: Scope, data: QueryDict) -> tuple[Any, list[int]]:
    """The instances that are meant, and the chosen ones that there are not."""
    if "all" in data:
        query = QueryDict(data.get("query", "")[:4000])
        form = InstanceFilterForm(query, scope=scope)
        if not form.is_valid():
            raise Refusal("The filter cannot be understood; change it and choose again.")
        return filtered(scope, form.cleaned_data), []
    chosen = data.getlist("instance")
    ids = [_number(pk) for pk in chosen]
    if not ids or len(ids) > MOST_CHOSEN:
        raise Refusal(f"Choose between 1 and {MOST_CHOSEN} instances.")
    rows = instances_within(scope).filter(pk__in=ids)
    known = set(rows.values_list("pk", flat=True))
    return rows, [pk for pk in ids if pk not in known]


def _number(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 19):
        raise Refusal(f"Choose between 1 and {MOST_CHOSEN} instances.")
    return int(text)


def _again(data: QueryDict, after: int) -> list[tuple[str, str]]:
    """The fields with which the rest is worked off: as before, behind the last one."""
    return [*_as_before(data), ("after", str(after))]


def _asked_anew(data: QueryDict) -> list[tuple[str, str]]:
    """The fields with which a migration is looked at again: as before, but for what its form asks for itself."""
    return [(name, value) for name, value in _as_before(data) if name not in ASKED and not name.startswith(PLACE)]


def _as_before(data: QueryDict) -> list[tuple[str, str]]:
    kept = [(name, value) for name in data for value in data.getlist(name)]
    return [(name, value) for name, value in kept if name not in ("after", "csrfmiddlewaretoken")]
