"""Calls another service through the one outbound door, over a stored connection where the task names one."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError, best_match

from accounts.connections.calling import ConnectionFailed, send_over, service_of
from accounts.json_text import json_bytes, read_json
from accounts.outbound import OutboundError, OutboundRequest, OutboundResponse, send
from designer.graph.conditions import REDACTED
from designer.graph.model import Json
from engine.actions.action import ActionFailed, ActionOutcome, ActionRequest, RunnableAction
from engine.telemetry import tracing

RETRYABLE_STATUSES = frozenset({408, 425, 429})
SECRET_HEADERS = frozenset({"authorization", "proxy-authorization", "cookie", "x-api-key", "api-key"})
LONGEST_SHOWN = 2000
"""Characters of an unexpected answer's body that its error keeps."""


class HttpRequest(RunnableAction):
    """Sends one request with the step's idempotency key and answers `{status, headers, body}`."""

    key = "http_request"
    has_outside_effect = True

    def shown(self, inputs: Mapping[str, Json]) -> Mapping[str, Json]:
        """Without what lets somebody in."""
        headers = inputs.get("headers")
        if not isinstance(headers, Mapping):
            return inputs
        hidden = {name: REDACTED if str(name).lower() in SECRET_HEADERS else value for name, value in headers.items()}
        return {**inputs, "headers": hidden}

    def run(self, request: ActionRequest) -> ActionOutcome:
        """Send it. A network failure, a 5xx, 408, 425 or 429 may be tried again; another unexpected status may not."""
        try:
            response = _sent(request)
        except OutboundError as bad:
            raise ActionFailed(type(bad).__name__, str(bad), is_retryable=bad.is_retryable) from bad
        except ConnectionFailed as bad:
            raise ActionFailed(bad.name, bad.message, is_retryable=bad.is_retryable) from bad
        return outcome_of(request, response)


def _sent(request: ActionRequest) -> OutboundResponse:
    outbound, key = outbound_of(request), request.inputs.get("connection")
    if not key:
        return send(outbound)
    if request.step is None:
        raise ActionFailed("WrongInputs", "Only a step has connections: it belongs to an environment.")
    return send_over(service_of(request.step.environment_id, str(key)), outbound)


def outcome_of(request: ActionRequest, response: OutboundResponse) -> ActionOutcome:
    """What an answer means for the step. Raises `ActionFailed` for one that is not expected."""
    body = _body(response)
    if not _is_expected(response.status, request.inputs.get("expect_status")):
        raise ActionFailed(
            "UnexpectedStatus",
            f"{request.inputs.get('method', 'GET')} {response.url} answered {response.status}.",
            is_retryable=response.status >= 500 or response.status in RETRYABLE_STATUSES,
            status=response.status,
            body=body if len(response.body) <= LONGEST_SHOWN else str(body)[:LONGEST_SHOWN],
        )
    _refuse_misfit(body, request.inputs.get("answer_schema"))
    headers = {name: value for name, value in response.headers.items() if name != "set-cookie"}
    return ActionOutcome(output={"status": response.status, "headers": headers, "body": body})


def outbound_of(request: ActionRequest) -> OutboundRequest:
    """What is sent for rendered inputs. Raises `ActionFailed` for inputs that are none."""
    inputs = request.inputs
    given = inputs.get("headers") or {}
    if not isinstance(given, Mapping):
        raise ActionFailed("WrongInputs", "headers must be an object of names and values.")
    headers = {str(name): _text(value) for name, value in given.items()}
    named = {name.lower() for name in headers}
    if "idempotency-key" not in named:
        headers["Idempotency-Key"] = quote(request.idempotency_key, safe=":-._~@+")
    headers |= {name: value for name, value in tracing.headers().items() if name not in named}
    body = b""
    if "json" in inputs:
        body = json_bytes(inputs["json"])
        if "content-type" not in named:
            headers["Content-Type"] = "application/json"
    elif inputs.get("body") is not None:
        body = _text(inputs["body"]).encode()
        if "content-type" not in named:
            headers["Content-Type"] = "text/plain; charset=utf-8"
    return OutboundRequest(
        method=str(inputs.get("method", "GET")).upper(),
        url=str(inputs.get("url", "")),
        headers=headers,
        body=body,
        timeout_seconds=request.timeout_seconds,
        owner=None if request.step is None else request.step.environment_id,
    )


def _text(value: Json) -> str:
    return value if isinstance(value, str) else json_bytes(value).decode()


def _is_expected(status: int, expected: Json) -> bool:
    if isinstance(expected, int) and not isinstance(expected, bool):
        return status == expected
    if isinstance(expected, (list, tuple)) and expected:
        return status in expected or str(status) in expected
    return 200 <= status < 300


def _refuse_misfit(body: Json, schema: Json) -> None:
    if not isinstance(schema, Mapping) or not schema:
        return
    try:
        error = best_match(Draft202012Validator(schema).iter_errors(body))
    except (SchemaError, RecursionError) as bad:
        raise ActionFailed("WrongInputs", f"answer_schema is no JSON Schema: {str(bad)[:200]}") from bad
    if error is not None:
        raise ActionFailed("UnexpectedAnswer", f"The answer does not fit its schema: {error.message[:300]}")


def _body(response: OutboundResponse) -> Json:
    """JSON where the answer says so and is, otherwise text."""
    if "json" in response.headers.get("content-type", ""):
        try:
            return read_json(response.body)
        except ValueError:
            pass
    return response.body.decode("utf-8", "replace").replace("\0", "\ufffd")


ACTION = HttpRequest()
