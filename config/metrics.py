"""`/metrics` for Prometheus: what all processes of this machine counted, and how the engine is now.

It answers whoever sends `METRICS_TOKEN` as a bearer token, and whoever connects from `METRICS_ALLOW` directly: a
request that came through a proxy says so in a header, and has the proxy's address.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from ipaddress import ip_address
from threading import Lock
from typing import Any, Final

from django.conf import settings
from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from engine.services import vitals
from engine.telemetry import metrics

LOOK_SECONDS: Final = 5.0
"""How long a look at the database is good for: many may ask."""
PROXY_HEADERS: Final = ("HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "HTTP_X_REAL_IP", "HTTP_VIA")
METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class CountRequests:
    """Counts requests by view, method and status, and how long they took. Not there while metrics are off."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        if not settings.METRICS:
            raise MiddlewareNotUsed
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on."""
        began = time.perf_counter()
        response = self.get_response(request)
        if metrics.is_on:
            match = request.resolver_match
            view = (match.view_name or match._func_path) if match is not None else "none"
            method = request.method if request.method in METHODS else "other"
            metrics.meters().requests.labels(method, view, response.status_code).inc()
            metrics.meters().request_seconds.labels(view).observe(time.perf_counter() - began)
        return response


@never_cache
@require_safe
def metrics_page(request: HttpRequest) -> HttpResponse:
    """The text format of Prometheus. 404 while metrics are off, 403 for whoever may not see them."""
    if not metrics.is_on:
        return HttpResponse("Metrics are off.\n", status=404, content_type="text/plain")
    if not may_look(request):
        return HttpResponse("Send METRICS_TOKEN as a bearer token.\n", status=403, content_type="text/plain")
    from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
    from prometheus_client.multiprocess import MultiProcessCollector

    registry = metrics.registry()
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    text = generate_latest(registry) + generate_latest(engine_registry())
    return HttpResponse(text, content_type=CONTENT_TYPE_LATEST)


def may_look(request: HttpRequest) -> bool:
    """Whether a request has the token, or comes from an allowed network with no proxy between."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if settings.METRICS_TOKEN and scheme.lower() == "bearer":
        return constant_time_compare(token.strip(), settings.METRICS_TOKEN)
    if any(header in request.META for header in PROXY_HEADERS):
        return False
    try:
        address = ip_address(request.META.get("REMOTE_ADDR", ""))
    except ValueError:
        return False
    return any(address in network for network in settings.METRICS_ALLOW)


def engine_registry() -> Any:
    """The engine's vital signs as gauges."""
    from prometheus_client import CollectorRegistry

    registry = CollectorRegistry()
    registry.register(_signs)
    return registry


class VitalSigns:
    """Asks the database, at most every `LOOK_SECONDS`."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._known: vitals.Vitals | None = None
        self._known_until = 0.0

    def look(self) -> vitals.Vitals:
        """The last look, or a new one."""
        with self._lock:
            if self._known is None or time.monotonic() > self._known_until:
                self._known = vitals.look(timezone.now())
                self._known_until = time.monotonic() + LOOK_SECONDS
            return self._known

    def forget(self) -> None:
        """Ask anew next time."""
        self._known = None

    def describe(self) -> list[Any]:
        """Nothing: registering it asks no database."""
        return []

    def collect(self) -> Iterator[Any]:
        """The gauges."""
        from prometheus_client.core import GaugeMetricFamily

        seen = self.look()
        by_status = GaugeMetricFamily("quadrille_instances", "Instances that have not ended.", labels=["status"])
        for status, count in seen.instances.items():
            by_status.add_metric([status], count)
        yield by_status
        most = vitals.MOST_COUNTED
        yield GaugeMetricFamily("quadrille_attempts_running", "Attempts under way.", seen.running)
        yield GaugeMetricFamily(
            "quadrille_steps_claimable", f"Steps that wait for a worker, at most {most}.", seen.claimable.count
        )
        yield GaugeMetricFamily(
            "quadrille_queue_age_seconds", "How long the oldest piece of work has waited.", seen.queue_age_seconds
        )
        yield GaugeMetricFamily("quadrille_timers_overdue", f"Timers overdue, at most {most}.", seen.timers.count)
        yield GaugeMetricFamily(
            "quadrille_timer_overdue_seconds", "How long the oldest timer is overdue.", seen.timers.oldest_seconds
        )
        yield GaugeMetricFamily(
            "quadrille_events_unmatched", f"Events no trigger was asked about, at most {most}.", seen.events.count
        )


_signs: Final = VitalSigns()
