"""Connections that are kept: for whom, how long, and never around the check of the address."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from accounts import outbound_connections as kept
from accounts.addresses import Network, parse_networks
from accounts.outbound import OutboundFailed, OutboundRefused, OutboundRequest, send
from accounts.outbound_connections import KeptConnections
from tests.servers import serve_in_thread

LOOPBACK = parse_networks(["127.0.0.0/8"])
SERVER, OTHER = "127.0.0.1", "127.0.0.2"


class Answers(BaseHTTPRequestHandler):
    """Says from which port it was asked: the same one is the same connection."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        body = str(self.client_address[1]).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        if self.path == "/cookie":
            self.send_header("Set-Cookie", "who=somebody")
        if self.path == "/last":
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)
        # Hanging up without a word of it is what a server does whose patience has ended.
        self.close_connection = self.path in {"/last", "/hang-up"}

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"] or 0))
        self.do_GET()

    do_PUT = do_POST


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """Where the server listens, on every loopback address."""
    with ThreadingHTTPServer(("", 0), Answers) as server:
        server.daemon_threads = True
        serve_in_thread(server)
        yield server.server_address[1]
        server.shutdown()


@pytest.fixture(autouse=True)
def connections(monkeypatch: pytest.MonkeyPatch) -> Iterator[KeptConnections]:
    """Those of one test; kept for as long as it takes."""
    monkeypatch.setattr(kept, "IDLE_SECONDS", 60.0)
    own = KeptConnections()
    monkeypatch.setattr("accounts.outbound.kept_connections", own)
    yield own
    own.close()


def ask(
    port: int,
    path: str = "/",
    *,
    owner: int | None = 1,
    method: str = "GET",
    host: str = SERVER,
    allowed: Sequence[Network] = LOOPBACK,
    addresses: Sequence[str] = (SERVER,),
) -> str:
    """The port of the connection over which a request came."""
    request = OutboundRequest(method, f"http://{host}:{port}{path}", body=b"", owner=owner)
    return send(request, allowed=allowed, resolve=lambda *_: addresses).body.decode()


def test_an_owner_goes_on_over_the_same_connection(port: int) -> None:
    assert len({ask(port) for _ in range(5)}) == 1
    assert ask(port, method="PUT") == ask(port)


def test_owners_share_no_connection(port: int) -> None:
    assert ask(port, owner=1) != ask(port, owner=2)
    assert ask(port, owner=1) == ask(port, owner=1)


def test_without_an_owner_nothing_is_kept(port: int) -> None:
    assert ask(port, owner=None) != ask(port, owner=None)
    assert ask(port, owner=1) != ask(port, owner=None)


def test_a_request_that_must_not_come_twice_has_a_connection_of_its_own(port: int) -> None:
    first = ask(port)
    assert ask(port, method="POST") != first
    assert ask(port, method="POST") != ask(port, method="POST")


def test_a_kept_connection_is_not_taken_where_the_address_may_not_be_called_any_more(port: int) -> None:
    ask(port)
    with pytest.raises(OutboundRefused, match="private network"):
        ask(port, allowed=())
    ask(port, host="shop.example")
    with pytest.raises(OutboundRefused, match="private network"):
        ask(port, host="shop.example", addresses=[SERVER, "10.0.0.1"])


def test_a_kept_connection_is_not_taken_when_the_host_is_elsewhere_now(port: int) -> None:
    before = ask(port, host="shop.example")
    assert ask(port, host="shop.example") == before
    assert ask(port, host="shop.example", addresses=[OTHER]) != before
    assert ask(port, host="shop.example", addresses=[OTHER, SERVER]) != before
    assert ask(port, host="shop.example", addresses=[SERVER]) == before


def test_hosts_of_one_address_share_no_connection(port: int) -> None:
    assert ask(port, host="one.example") != ask(port, host="other.example")


def test_cookies_are_not_remembered(port: int) -> None:
    seen: list[str | None] = []
    answered = Answers.do_GET

    def note(handler: Answers) -> None:
        seen.append(handler.headers["Cookie"])
        answered(handler)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Answers, "do_GET", note)
        assert ask(port, "/cookie") == ask(port)
    assert seen == [None, None]


@pytest.mark.parametrize("path", ["/last", "/hang-up"])
def test_a_connection_that_the_server_closes_is_replaced(path: str, port: int) -> None:
    before = ask(port, path)
    assert before not in {ask(port), ask(port)}


def test_a_server_that_hangs_up_in_the_midst_is_asked_once_more_over_a_new_connection() -> None:
    came: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            """The first connection answers once, and hangs up on its second request; so does the next one."""
            for _ in range(2):
                connection, _address = server.accept()
                with connection:
                    for _ in range(2):
                        asked = connection.recv(10_000).decode()
                        if not asked:
                            break
                        came.append(asked.split(" ")[1])
                        if len(came) in {1, 3}:
                            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
                        else:
                            break

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        port = server.getsockname()[1]
        assert ask(port, "/a") == "ok"
        assert ask(port, "/b") == "ok"
    assert came[:3] == ["/a", "/b", "/b"]


def test_a_new_connection_that_breaks_is_not_repeated() -> None:
    came: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _address = server.accept()
            with connection:
                came.append(connection.recv(10_000))

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        with pytest.raises(OutboundFailed):
            ask(server.getsockname()[1])
        thread.join(10)
    assert len(came) == 1


def test_it_is_kept_for_a_while_and_then_closed(
    port: int, connections: KeptConnections, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "IDLE_SECONDS", 0.05)
    ask(port)
    deadline = time.monotonic() + 30
    while connections._count and time.monotonic() < deadline:
        time.sleep(0.01)
    assert connections._count == 0


def test_one_that_is_too_old_is_not_taken(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    before = ask(port)
    monkeypatch.setattr(kept, "IDLE_SECONDS", 0.0)
    assert ask(port) != before


def test_no_more_than_so_many_are_kept(
    port: int, connections: KeptConnections, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "MOST_IDLE", 2)
    first, *_, last = [ask(port, owner=owner) for owner in (1, 2, 3)]
    assert connections._count == 2
    assert ask(port, owner=3) == last
    assert ask(port, owner=1) != first


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_process_takes_none_of_its_parents(port: int, connections: KeptConnections) -> None:
    before = ask(port)
    child = os.fork()
    if child == 0:
        os._exit(0 if connections.take([]) is None and connections._count == 0 else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert ask(port) == before
