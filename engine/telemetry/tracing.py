"""OpenTelemetry: an instance is a trace, an attempt a span of it. On when the standard `OTEL_*` variables say where to.

An instance may be moved by any number of processes, for months. So its trace's number is made from its own, its root
span is sent when it ends, and nothing about tracing is stored.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from django.utils.crypto import salted_hmac

from engine.core.ports import Failed, Result, StepContext

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Tracer

is_on = False
"""Whether spans are made. To be asked before each call, so that what is off costs nothing."""
TURN_ON: Final = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
FLUSH_MILLISECONDS: Final = 5000


class EndedInstance(NamedTuple):
    """What the root span tells."""

    id: int
    key: str
    flow: str
    version_id: int
    status: str
    started_at: datetime
    ended_at: datetime


def is_wanted(environment: Mapping[str, str]) -> bool:
    """Whether the environment names a receiver and does not say otherwise."""
    if environment.get("OTEL_SDK_DISABLED", "").lower() == "true" or environment.get("OTEL_TRACES_EXPORTER") == "none":
        return False
    return any(environment.get(name) for name in TURN_ON)


def turn_on() -> None:
    """Make spans from now on. What sends them is started with the first one, in the process that has it."""
    global is_on
    is_on = True


def turn_off() -> None:
    """Send what there is, and make no more."""
    global is_on
    is_on = False
    flush()
    _sender.forget()


def flush() -> None:
    """Send what there is: this process is about to end."""
    _sender.flush()


def trace_id_of(instance_id: int) -> int:
    """The number of an instance's trace: always the same here, another one in another installation."""
    return int.from_bytes(salted_hmac("quadrille.trace", str(instance_id)).digest()[:16], "big") or 1


def root_span_id_of(instance_id: int) -> int:
    """The number of its root span."""
    return int.from_bytes(salted_hmac("quadrille.span", str(instance_id)).digest()[:8], "big") or 1


class _Sender:
    """The tracer of this process; a forked one gets its own."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process = 0
        self._provider: TracerProvider | None = None
        self._tracer: Tracer | None = None
        self._given = threading.local()

    def tracer(self) -> Tracer:
        if self._tracer is None or self._process != os.getpid():
            with self._lock:
                if self._tracer is None or self._process != os.getpid():
                    self._provider = self._make()
                    self._tracer = self._provider.get_tracer("quadrille")
                    self._process = os.getpid()
        return self._tracer

    def is_sampled(self, trace_id: int) -> bool:
        """Whether a trace is sent: decided by its number alone."""
        from opentelemetry.sdk.trace.sampling import Decision

        self.tracer()
        assert self._provider is not None  # noqa: S101
        decision = self._provider.sampler.should_sample(None, trace_id, "instance").decision
        return decision is Decision.RECORD_AND_SAMPLE

    def _make(self) -> TracerProvider:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
        from opentelemetry.sdk.trace.id_generator import RandomIdGenerator

        given = self._given

        class Numbers(RandomIdGenerator):
            """Drawn, except those of a root span, which are known."""

            def generate_trace_id(self) -> int:
                return getattr(given, "trace_id", None) or super().generate_trace_id()

            def generate_span_id(self) -> int:
                return getattr(given, "span_id", None) or super().generate_span_id()

        name = os.environ.get("OTEL_SERVICE_NAME") or "quadrille"
        provider = TracerProvider(resource=Resource.create({"service.name": name}), id_generator=Numbers())
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        return provider

    @contextmanager
    def giving(self, trace_id: int, span_id: int) -> Iterator[None]:
        """Within it, this thread's next span has these numbers."""
        self._given.trace_id, self._given.span_id = trace_id, span_id
        try:
            yield
        finally:
            self._given.trace_id = self._given.span_id = None

    def flush(self) -> None:
        if self._provider is not None and self._process == os.getpid():
            self._provider.force_flush(FLUSH_MILLISECONDS)

    def forget(self) -> None:
        with self._lock:
            if self._provider is not None and self._process == os.getpid():
                self._provider.shutdown()
            self._provider = self._tracer = None


_sender: Final = _Sender()


def trace_attempt(context: StepContext, make: Callable[[], Result]) -> Result:
    """Make an attempt within its span."""
    from opentelemetry.trace import SpanKind, Status, StatusCode

    within = _within(context.instance_id)
    with _sender.tracer().start_as_current_span(
        context.task.key, context=within, kind=SpanKind.INTERNAL, attributes=_attributes(context)
    ) as span:
        result = make()
        span.set_attribute("quadrille.result", type(result).__name__.lower())
        if isinstance(result, Failed):
            span.set_status(Status(StatusCode.ERROR, str(result.error.get("name", ""))))
        return result


def _attributes(context: StepContext) -> dict[str, str | int]:
    return {
        "quadrille.instance": context.instance_key,
        "quadrille.instance_id": context.instance_id,
        "quadrille.flow": context.flow_key,
        "quadrille.kind": context.task.kind,
        "quadrille.iteration": context.iteration,
        "quadrille.attempt": context.attempt,
        "quadrille.idempotency_key": context.idempotency_key,
    }


def _within(instance_id: int) -> Context:
    """Below the root span of an instance, which is yet to be sent. Whether it will be is decided by the trace alone."""
    from opentelemetry import trace

    trace_id = trace_id_of(instance_id)
    is_sampled = _sender.is_sampled(trace_id)
    flags = trace.TraceFlags(trace.TraceFlags.SAMPLED if is_sampled else trace.TraceFlags.DEFAULT)
    parent = trace.SpanContext(trace_id, root_span_id_of(instance_id), is_remote=True, trace_flags=flags)
    return trace.set_span_in_context(trace.NonRecordingSpan(parent))


def send_instance(ended: EndedInstance) -> None:
    """Send the root span of an instance that has ended."""
    from opentelemetry.context import Context
    from opentelemetry.trace import Status, StatusCode

    attributes: dict[str, str | int] = {
        "quadrille.instance": ended.key,
        "quadrille.instance_id": ended.id,
        "quadrille.flow": ended.flow,
        "quadrille.version_id": ended.version_id,
        "quadrille.status": ended.status,
    }
    with _sender.giving(trace_id_of(ended.id), root_span_id_of(ended.id)):
        span = _sender.tracer().start_span(
            ended.flow, context=Context(), start_time=_nanoseconds(ended.started_at), attributes=attributes
        )
    if ended.status == "errored":
        span.set_status(Status(StatusCode.ERROR))
    span.end(end_time=_nanoseconds(ended.ended_at))


def _nanoseconds(at: datetime) -> int:
    return int(at.timestamp() * 1_000_000) * 1000


def headers() -> dict[str, str]:
    """What tells the other side of a call which span it belongs to (W3C trace context); empty outside of one."""
    if not is_on:
        return {}
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    carrier: dict[str, Any] = {}
    TraceContextTextMapPropagator().inject(carrier)
    return carrier
