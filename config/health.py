"""For load balancers: is the process up (`/healthz`), can it do its work (`/readyz`)."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from config.metrics import metrics_page
from engine.services.standing import cache_answers, database_answers, is_migrated, layer_answers
from engine.services.vitals import queue_age_seconds

MOST_SECONDS = 10**9


class AnswerProbes:
    """Answers `/healthz`, `/readyz` and `/metrics` whatever host is asked for: probes know a machine by its address.

    Nothing in these answers depends on the host.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer a probe, or pass the request on."""
        probe = PROBES.get(request.path_info)
        return self.get_response(request) if probe is None else probe(request)


@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """200 while the process answers at all."""
    return HttpResponse("ok\n", content_type="text/plain")


@never_cache
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """200 when database, migrations, cache and channel layer are as this release needs them, else 503, naming which is
    not. `queue_age_seconds` tells how long work has waited for a worker; `?max_queue_age=60` makes more than that a 503
    (for monitors: a web server is no less ready because workers are missing).
    """
    checks: dict[str, Any] = {
        "database": database_answers(),
        "cache": cache_answers(),
        "channel_layer": layer_answers(),
    }
    checks["migrations"] = checks["database"] and is_migrated()
    is_ready = all(checks.values())
    age = queue_age() if checks["migrations"] else None
    checks["queue_age_seconds"] = age
    asked = request.GET.get("max_queue_age", "")
    if asked:
        if not (asked.isascii() and asked.isdigit() and int(asked) < MOST_SECONDS):
            return JsonResponse({"max_queue_age": "must be a whole number of seconds"}, status=400)
        is_ready = is_ready and age is not None and age <= int(asked)
    return JsonResponse(checks, status=200 if is_ready else 503)


def queue_age() -> float | None:
    """How long the oldest piece of work has waited; None where that cannot be asked."""
    try:
        return round(queue_age_seconds(timezone.now()), 1)
    except DatabaseError:
        return None


PROBES: Final[Mapping[str, Callable[[HttpRequest], HttpResponse]]] = {
    "/healthz": healthz,
    "/readyz": readyz,
    "/metrics": metrics_page,
}
