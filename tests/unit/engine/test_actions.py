"""The actions, against a real server on loopback and Django's mail backend."""

from __future__ import annotations

import json
import smtplib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from unittest import mock

import pytest
from django.core import mail
from pytest_django import Settings

from engine.actions import ACTIONS
from engine.actions.action import ActionFailed, ActionOutcome, ActionRequest
from engine.actions.python import DoNotRetry, flow_function
from tests.servers import serve_in_thread

received: list[dict[str, Any]] = []


class OutsideWorld(BaseHTTPRequestHandler):
    """Answers `/status/NNN` with that status, and anything else with JSON about the request."""

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def handle_request(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        received.append({"method": self.command, "headers": dict(self.headers), "body": body})
        status = int(self.path.rpartition("/")[2]) if self.path.startswith("/status/") else 200
        answer, kind = json.dumps({"path": self.path}).encode(), "application/json; charset=utf-8"
        if self.path == "/text":
            answer, kind = b"plain \xff", "text/plain"
        elif self.path == "/broken":
            answer = b"{no json"
        elif self.path == "/large":
            answer = b"x" * (1024 * 1024 + 1)
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(answer)))
        self.send_header("Set-Cookie", "session=secret")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer)

    do_GET = do_POST = do_PUT = do_HEAD = handle_request


@pytest.fixture(scope="module")
def world() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), OutsideWorld)
    serve_in_thread(server)
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def run(action: str, key: str = "7-order-1:t:1", /, **inputs: Any) -> ActionOutcome:
    return ACTIONS[action].run(ActionRequest(inputs=inputs, idempotency_key=key, timeout_seconds=5))


def failure(action: str, /, **inputs: Any) -> ActionFailed:
    with pytest.raises(ActionFailed) as caught:
        run(action, **inputs)
    return caught.value


# -- http_request -----------------------------------------------------------------------------------------------------


def test_a_request_is_sent_and_its_json_answer_parsed(world: str) -> None:
    outcome: Any = run(
        "http_request", method="POST", url=f"{world}/orders", json={"id": 7}, headers={"X-Shop": "berlin"}
    )
    assert outcome.output["status"] == 200
    assert outcome.output["body"] == {"path": "/orders"}
    assert outcome.output["headers"]["content-type"].startswith("application/json")
    assert "set-cookie" not in outcome.output["headers"]
    sent = received[-1]
    assert (sent["method"], json.loads(sent["body"])) == ("POST", {"id": 7})
    assert (sent["headers"]["Content-Type"], sent["headers"]["X-Shop"]) == ("application/json", "berlin")


def test_the_idempotency_key_is_sent_where_the_flow_does_not_send_its_own(world: str) -> None:
    run("http_request", method="GET", url=world)
    assert received[-1]["headers"]["Idempotency-Key"] == "7-order-1:t:1"
    run("http_request", method="GET", url=world, headers={"idempotency-key": "mine"})
    assert received[-1]["headers"]["idempotency-key"] == "mine"


def test_a_key_in_another_script_is_sent_in_ascii(world: str) -> None:
    run("http_request", "7-Bestellung für Zoë:t:1", method="GET", url=world)
    assert received[-1]["headers"]["Idempotency-Key"] == "7-Bestellung%20f%C3%BCr%20Zo%C3%AB:t:1"


def test_a_text_body_and_a_number_beyond_64_bits_are_sent(world: str) -> None:
    run("http_request", method="PUT", url=world, body="Grüße")
    assert received[-1]["headers"]["Content-Type"] == "text/plain; charset=utf-8"
    run("http_request", method="POST", url=world, json={"n": 10**30})
    assert json.loads(received[-1]["body"]) == {"n": 10**30}


@pytest.mark.parametrize(("path", "body"), [("/text", "plain �"), ("/broken", "{no json")])
def test_an_answer_that_is_no_json_is_text(world: str, path: str, body: str) -> None:
    outcome: Any = run("http_request", method="GET", url=world + path)
    assert outcome.output["body"] == body


@pytest.mark.parametrize(
    ("status", "is_retryable"), [(500, True), (503, True), (429, True), (408, True), (400, False), (404, False)]
)
def test_an_unexpected_status_is_an_error(world: str, status: int, is_retryable: bool) -> None:
    failed = failure("http_request", method="GET", url=f"{world}/status/{status}")
    assert (failed.name, failed.is_retryable) == ("UnexpectedStatus", is_retryable)
    assert failed.details == {"status": status, "body": {"path": f"/status/{status}"}}


@pytest.mark.parametrize("expected", [404, [404], ["404", 200]])
def test_the_flow_may_expect_another_status(world: str, expected: Any) -> None:
    outcome: Any = run("http_request", method="GET", url=f"{world}/status/404", expect_status=expected)
    assert outcome.output["status"] == 404
    assert failure("http_request", method="GET", url=f"{world}/status/201", expect_status=expected).name


def test_a_server_that_is_not_there_may_be_tried_again() -> None:
    failed = failure("http_request", method="GET", url="http://127.0.0.1:1/")
    assert (failed.name, failed.is_retryable) == ("OutboundFailed", True)


def test_an_address_that_may_not_be_called_is_not_tried_again(settings: Settings, world: str) -> None:
    settings.OUTBOUND_ALLOW = []
    failed = failure("http_request", method="GET", url=world)
    assert (failed.name, failed.is_retryable) == ("OutboundRefused", False)


@pytest.mark.parametrize(
    "inputs",
    [
        {"url": "file:///etc/passwd"},
        {"url": ""},
        {"url": None},
        {"url": "{world}", "headers": ["x"]},
        {"url": "{world}", "headers": {"X": "a\r\nY: b"}},
        {"url": "{world}", "method": "GET /"},
        {"url": "{world}/large"},
    ],
)
def test_a_request_that_makes_no_sense_fails_for_good(world: str, inputs: dict[str, Any]) -> None:
    given = {key: value.replace("{world}", world) if isinstance(value, str) else value for key, value in inputs.items()}
    assert not failure("http_request", **{"method": "GET", **given}).is_retryable


def test_headers_that_let_somebody_in_are_not_shown() -> None:
    inputs = {"url": "x", "headers": {"Authorization": "Bearer 1", "X-API-Key": "2", "Accept": "3"}}
    shown: Any = ACTIONS["http_request"].shown(inputs)
    assert shown["headers"] == {"Authorization": "[REDACTED]", "X-API-Key": "[REDACTED]", "Accept": "3"}


# -- send_email -------------------------------------------------------------------------------------------------------


def test_a_mail_is_sent_with_the_same_message_id_for_every_attempt() -> None:
    inputs = {"to": "ann@example.com, Bob <bob@example.com>", "subject": "Hello", "body": "Text", "html": "<p>Text</p>"}
    ids = [run("send_email", **inputs).output for _ in range(2)]
    assert ids[0] == ids[1]
    sent = mail.outbox[-1]
    assert (sent.to, sent.subject, sent.body) == (["ann@example.com", "Bob <bob@example.com>"], "Hello", "Text")
    assert sent.message()["Message-ID"] == ids[0]["message_id"]
    assert [kind for _, kind in sent.alternatives] == ["text/html"]


@pytest.mark.parametrize(
    "inputs",
    [
        {"to": ""},
        {"to": []},
        {"to": "nobody"},
        {"to": "ann@example.com\nBcc: all@example.com"},
        {"to": "Ann\nBcc: all@example.com <ann@example.com>"},
        {"from": "me@example.com\nBcc: all@example.com"},
        {"to": [f"a{n}@example.com" for n in range(101)]},
    ],
)
def test_a_mail_that_cannot_be_sent_so_fails_for_good(inputs: dict[str, Any]) -> None:
    failed = failure("send_email", **{"to": "ann@example.com", "subject": "S", "body": "B", **inputs})
    assert (failed.name, failed.is_retryable) == ("WrongInputs", False)
    assert not mail.outbox


def test_a_subject_of_several_lines_becomes_one() -> None:
    run("send_email", to="ann@example.com", subject="One\r\nBcc: all@example.com", body="B")
    assert mail.outbox[-1].subject == "One Bcc: all@example.com"


@pytest.mark.parametrize(
    ("error", "name", "is_retryable"),
    [
        (ConnectionRefusedError("no server"), "MailServerUnreachable", True),
        (smtplib.SMTPServerDisconnected("gone"), "MailServerUnreachable", True),
        (smtplib.SMTPDataError(451, b"later"), "MailRefused", True),
        (smtplib.SMTPDataError(550, b"never"), "MailRefused", False),
        (smtplib.SMTPRecipientsRefused({"ann@example.com": (550, b"unknown")}), "RecipientsRefused", False),
    ],
)
def test_what_the_mail_server_says_decides_about_another_try(error: Exception, name: str, is_retryable: bool) -> None:
    with mock.patch("django.core.mail.backends.locmem.EmailBackend.send_messages", side_effect=error):
        failed = failure("send_email", to="ann@example.com", subject="S", body="B")
    assert (failed.name, failed.is_retryable) == (name, is_retryable)


# -- python -----------------------------------------------------------------------------------------------------------


@flow_function("tests.divide")
def divide(a: int, b: int) -> Any:
    if a < 0:
        raise DoNotRetry("a must not be negative")
    return a / b


def test_a_registered_function_is_called_with_its_arguments() -> None:
    assert run("python", function="tests.divide", arguments={"a": 6, "b": 3}).output == 2
    assert run("python", function="echo", arguments={"x": [1]}).output == {"x": [1]}


@pytest.mark.parametrize(
    ("inputs", "name", "is_retryable"),
    [
        ({"function": "os.system"}, "UnknownFunction", False),
        ({"function": "tests.divide", "arguments": [1]}, "WrongInputs", False),
        ({"function": "tests.divide", "arguments": {"a": 1, "b": 0}}, "FunctionFailed", True),
        ({"function": "tests.divide", "arguments": {"a": -1, "b": 1}}, "FunctionFailed", False),
    ],
)
def test_a_function_that_fails_fails_the_attempt(inputs: dict[str, Any], name: str, is_retryable: bool) -> None:
    failed = failure("python", **inputs)
    assert (failed.name, failed.is_retryable) == (name, is_retryable)
