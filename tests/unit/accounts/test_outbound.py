"""Outbound requests against a real server on loopback: what is refused, what is capped, what comes back."""

from __future__ import annotations

import gzip
import time
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from accounts.addresses import parse_networks
from accounts.outbound import (
    OutboundFailed,
    OutboundRefused,
    OutboundRequest,
    OutboundResponse,
    OutboundTimedOut,
    ResponseTooLarge,
    send,
)
from tests.servers import serve_in_thread

LOOPBACK = parse_networks(["127.0.0.0/8"])


class Answers(BaseHTTPRequestHandler):
    """A server with one page for each way things go."""

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        if self.path == "/big":
            self.answer(200, b"x" * 5000)
        elif self.path == "/bomb":
            self.answer(200, gzip.compress(b"x" * 1_000_000), Content_Encoding="gzip")
        elif self.path == "/zipped":
            self.answer(200, gzip.compress(b"small"), Content_Encoding="gzip")
        elif self.path == "/drip":
            self.send_response(200)
            self.end_headers()
            for _ in range(40):
                self.wfile.write(b".")
                self.wfile.flush()
                time.sleep(0.1)
        elif self.path == "/inwards":
            self.answer(302, Location="http://169.254.169.254/latest/meta-data/")
        elif self.path == "/file":
            self.answer(302, Location="file:///etc/passwd")
        elif self.path == "/round":
            self.answer(302, Location="/round")
        elif self.path == "/nonsense":
            self.wfile.write(b"this is not HTTP\r\n\r\n")
        else:
            self.answer(418, b"short and stout", X_Seen=self.headers["Host"])

    def do_POST(self) -> None:
        self.answer(201, self.rfile.read(int(self.headers["Content-Length"])), X_Seen=self.headers["X-Given"] or "")


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """Where the server listens."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        server.daemon_threads = True
        serve_in_thread(server)
        yield server.server_address[1]
        server.shutdown()


def get(url: str, *, timeout: float = 5, max_bytes: int = 1000, follow: bool = False) -> OutboundResponse:
    request = OutboundRequest("GET", url, timeout_seconds=timeout, max_bytes=max_bytes, follow_redirects=follow)
    return send(request, allowed=LOOPBACK)


def test_an_answer_of_any_status_comes_back_whole(port: int) -> None:
    response = get(f"http://127.0.0.1:{port}/tea")
    assert (response.status, response.body) == (418, b"short and stout")
    assert response.headers["x-seen"] == f"127.0.0.1:{port}"
    assert 0 < response.seconds < 5


def test_method_headers_and_body_are_sent(port: int) -> None:
    request = OutboundRequest("post", f"http://127.0.0.1:{port}/", {"X-Given": "yes"}, b"payload")
    response = send(request, allowed=LOOPBACK)
    assert (response.status, response.body, response.headers["x-seen"]) == (201, b"payload", "yes")


def test_loopback_is_refused_unless_it_is_allowed(port: int) -> None:
    with pytest.raises(OutboundRefused, match="private network"):
        send(OutboundRequest("GET", f"http://127.0.0.1:{port}/"), allowed=())


@pytest.mark.parametrize("host", ["localhost", "2130706433", "0x7f000001", "127.1", "[::1]", "[::ffff:7f00:1]"])
def test_other_spellings_of_loopback_are_refused_too(host: str, port: int) -> None:
    with pytest.raises((OutboundRefused, OutboundFailed)) as refused:
        send(OutboundRequest("GET", f"http://{host}:{port}/"), allowed=())
    assert "private network" in str(refused.value) or "no host" in str(refused.value)


def test_a_host_is_looked_up_once_and_that_address_is_called(port: int) -> None:
    asked: list[str] = []

    def changes_its_mind(host: str, _: int) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["10.0.0.1"]

    response = send(OutboundRequest("GET", f"http://shop.example:{port}/"), allowed=LOOPBACK, resolve=changes_its_mind)
    assert asked == ["shop.example"]
    assert response.headers["x-seen"] == f"shop.example:{port}"


def test_one_private_address_among_public_ones_is_enough_to_refuse(port: int) -> None:
    request = OutboundRequest("GET", f"http://shop.example:{port}/")
    with pytest.raises(OutboundRefused):
        send(request, allowed=(), resolve=lambda *_: ["93.184.215.14", "127.0.0.1"])


def test_the_next_address_is_tried_when_the_first_does_not_answer(port: int) -> None:
    request = OutboundRequest("GET", f"http://shop.example:{port}/")
    response = send(request, allowed=LOOPBACK, resolve=lambda *_: ["127.0.0.9", "127.0.0.1"])
    assert response.status == 418


def test_a_body_over_the_limit_is_an_error(port: int) -> None:
    with pytest.raises(ResponseTooLarge) as refused:
        get(f"http://127.0.0.1:{port}/big")
    assert not refused.value.is_retryable


def test_a_compressed_body_is_measured_decompressed(port: int) -> None:
    assert get(f"http://127.0.0.1:{port}/zipped").body == b"small"
    with pytest.raises(ResponseTooLarge, match="decompressed"):
        get(f"http://127.0.0.1:{port}/bomb", max_bytes=10_000)


def test_a_dripping_answer_does_not_outlast_the_timeout(port: int) -> None:
    started = time.monotonic()
    with pytest.raises(OutboundTimedOut) as late:
        get(f"http://127.0.0.1:{port}/drip", timeout=0.4)
    assert time.monotonic() - started < 2
    assert late.value.is_retryable


def test_a_redirect_is_an_answer_unless_it_is_to_be_followed(port: int) -> None:
    assert get(f"http://127.0.0.1:{port}/inwards").status == 302
    with pytest.raises(OutboundRefused):
        get(f"http://127.0.0.1:{port}/inwards", follow=True)
    with pytest.raises(OutboundRefused):
        get(f"http://127.0.0.1:{port}/file", follow=True)
    with pytest.raises(OutboundFailed, match="redirects"):
        get(f"http://127.0.0.1:{port}/round", follow=True)


@pytest.mark.parametrize(
    "url",
    ["", "ftp://example.com/", "file:///etc/passwd", "http://", "//example.com", "http://user:pw@example.com/",
     "http://exa mple.com/", "http://example.com:99999/", "gopher://x", "http://[::1"],
)  # fmt: skip
def test_a_malformed_address_is_refused_without_a_connection(url: str) -> None:
    with pytest.raises(OutboundRefused):
        send(OutboundRequest("GET", url), allowed=LOOPBACK, resolve=lambda *_: pytest.fail("nothing may be looked up"))


@pytest.mark.parametrize("headers", [{"X": "a\r\nInjected: b"}, {"X Y": "a"}, {"X": "ü€"}, {"": "a"}])
def test_a_malformed_header_is_refused(headers: dict[str, str], port: int) -> None:
    with pytest.raises(OutboundRefused):
        send(OutboundRequest("GET", f"http://127.0.0.1:{port}/", headers), allowed=LOOPBACK)


def test_network_trouble_may_be_tried_again(port: int) -> None:
    with pytest.raises(OutboundFailed) as broken:
        get(f"http://127.0.0.1:{port}/nonsense")
    with pytest.raises(OutboundFailed) as nobody:
        get("http://127.0.0.1:1/")
    assert broken.value.is_retryable
    assert nobody.value.is_retryable


def test_a_host_without_an_address_is_named() -> None:
    def unknown(host: str, _: int) -> Sequence[str]:
        raise OSError("Name or service not known")

    with pytest.raises(OutboundFailed, match=r"no host called nowhere\.example"):
        send(OutboundRequest("GET", "http://nowhere.example/"), resolve=unknown, allowed=())
