"""Traces as a real receiver gets them (OTLP over HTTP), and log lines that name the step."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.utils import timezone
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from accounts.scope import Scope
from config.logs import JsonLines
from engine.actions.python import flow_function
from engine.telemetry import at_work, tracing
from tests.integration.engine.conftest import Engine, python
from tests.servers import serve_in_thread

pytestmark = pytest.mark.django_db(transaction=True)


class Receiver:
    """Takes in spans, and calls of flows."""

    def __init__(self) -> None:
        self.spans: list[Any] = []
        self.resource: dict[str, str] = {}
        self.called_with: list[str] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"] or 0))
                if self.path == "/v1/traces":
                    receiver.take(ExportTraceServiceRequest.FromString(body))
                else:
                    receiver.called_with.append(self.headers.get("traceparent", ""))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        serve_in_thread(self.server)

    def take(self, request: Any) -> None:
        for of_resource in request.resource_spans:
            self.resource = {pair.key: pair.value.string_value for pair in of_resource.resource.attributes}
            for of_scope in of_resource.scope_spans:
                self.spans += of_scope.spans

    def span(self, name: str) -> Any:
        (found,) = [span for span in self.spans if span.name == name]
        return found


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """A receiver that the standard variables name."""
    running = Receiver()
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", running.url)
    monkeypatch.setenv("OTEL_SERVICE_NAME", "our-flows")
    tracing.turn_on()
    yield running
    tracing.turn_off()
    running.server.shutdown()
    running.server.server_close()


@flow_function("test.telemetry.log")
def log_something() -> None:
    """Says something."""
    logging.getLogger("test.telemetry").warning("the till is empty")


def test_an_instance_is_a_trace_and_an_attempt_a_span(scope: Scope, receiver: Receiver) -> None:
    engine = Engine(scope, now=timezone.now())
    call = {"action": "http_request", "inputs": {"method": "POST", "url": f"{receiver.url}/till", "json": {}}}
    flow = engine.publish("call -> bad", settings={"call": call, "bad": python("no such function")})
    instance = engine.start(flow)
    while engine.work():
        pass
    tracing.flush()

    root, call_span, bad = receiver.span(flow.key), receiver.span("call"), receiver.span("bad")
    assert {span.trace_id for span in (root, call_span, bad)} == {tracing.trace_id_of(instance.pk).to_bytes(16, "big")}
    assert root.parent_span_id == b""
    assert {call_span.parent_span_id, bad.parent_span_id} == {root.span_id}
    assert root.status.code == bad.status.code == 2  # error
    assert call_span.status.code == 0
    told = {pair.key: pair.value for pair in call_span.attributes}
    assert told["quadrille.instance"].string_value == instance.key
    assert told["quadrille.attempt"].int_value == 1
    assert receiver.resource["service.name"] == "our-flows"
    # The other side may go on with the trace.
    assert receiver.called_with == [f"00-{call_span.trace_id.hex()}-{call_span.span_id.hex()}-01"]


def test_tracing_is_on_when_the_standard_variables_say_so() -> None:
    assert not tracing.is_wanted({})
    assert tracing.is_wanted({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4318"})
    assert tracing.is_wanted({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://localhost:4318/v1/traces"})
    assert not tracing.is_wanted({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x", "OTEL_SDK_DISABLED": "true"})
    assert not tracing.is_wanted({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x", "OTEL_TRACES_EXPORTER": "none"})


def test_a_log_line_names_the_step_that_was_at_work(scope: Scope, caplog: pytest.LogCaptureFixture) -> None:
    engine = Engine(scope, now=timezone.now())
    flow = engine.publish("a", settings={"a": python("test.telemetry.log")})
    caplog.handler.addFilter(at_work.NameStep())
    instance = engine.start(flow)
    while engine.work():
        pass
    (record,) = [record for record in caplog.records if record.name == "test.telemetry"]
    line = json.loads(JsonLines().format(record))
    assert {name: line[name] for name in ("message", "level", "instance", "step", "attempt", "flow")} == {
        "message": "the till is empty",
        "level": "WARNING",
        "instance": instance.key,
        "step": "a",
        "attempt": 1,
        "flow": flow.key,
    }
    assert line["at"].endswith("+00:00")
    assert "at_work" not in line
    assert record.at_work == f" [{instance.key} a]"  # type: ignore[attr-defined]
