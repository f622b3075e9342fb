"""One exchange over one connection, with another side that says whatever it likes."""

from __future__ import annotations

import random
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from accounts.outbound_wire import Answer, BodyTooLarge, Request, Wire, WireBroken, WireTimedOut, checked_request

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@dataclass
class Line:
    """A wire, and the other side of it."""

    wire: Wire
    other: socket.socket

    def ask(
        self, answer: bytes, *, ends: bool = False, method: str = "GET", most: int = 1000, seconds: float = 30
    ) -> Answer:
        """What an exchange comes to when the other side says this (and then hangs up, if it `ends`)."""
        self.other.sendall(answer)
        if ends:
            self.other.shutdown(socket.SHUT_WR)
        request = checked_request(method, "/", [("Host", "shop.example")], b"")
        return self.wire.exchange(request, max_bytes=most, deadline=time.monotonic() + seconds)


@pytest.fixture
def line() -> Iterator[Line]:
    """Two ends of a connection."""
    here, there = socket.socketpair()
    with here, there:
        yield Line(Wire(here), there)


def test_an_answer_with_its_length_leaves_the_connection_for_the_next(line: Line) -> None:
    for _ in range(2):
        answer = line.ask(b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\nX-Who: \t me \r\n\r\nok")
        assert (answer.status, answer.body) == (201, b"ok")
        assert ("X-Who", "me") in answer.headers
        assert line.wire.is_idle
        assert not line.wire.has_news()


def test_a_chunked_answer_is_put_together_and_its_trailers_are_passed_over(line: Line) -> None:
    answer = line.ask(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n2\r\nde\r\n0\r\nX-Late: 1\r\n\r\n"
    )
    assert answer.body == b"abcde"
    assert [name for name, _ in answer.headers] == ["Transfer-Encoding"]
    assert line.wire.is_idle


def test_an_answer_without_a_length_ends_with_the_connection(line: Line) -> None:
    answer = line.ask(b"HTTP/1.1 200 OK\r\n\r\nall there is", ends=True)
    assert answer.body == b"all there is"
    assert not line.wire.is_idle


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nok",
        b"HTTP/1.1 100 Continue\r\n\r\n",
    ],
)
def test_one_that_is_cut_off_is_no_answer(said: bytes, line: Line) -> None:
    with pytest.raises(WireBroken, match="hung up"):
        line.ask(said, ends=True)
    assert not line.wire.is_idle


@pytest.mark.parametrize(
    "said",
    [
        b"this is not HTTP\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nContent-Length: minus one\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX Y: 1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: a\0b\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
    ],
)
def test_what_can_be_read_in_two_ways_is_no_answer(said: bytes, line: Line) -> None:
    with pytest.raises(WireBroken, match="no HTTP"):
        line.ask(said)
    assert not line.wire.is_idle


def test_answers_that_only_announce_another_are_passed_over(line: Line) -> None:
    said = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    answer = line.ask(said + OK)
    assert (answer.status, answer.body) == (200, b"ok")
    assert [name for name, _ in answer.headers] == ["Content-Length"]


@pytest.mark.parametrize("status", [b"204 No Content", b"304 Not Modified"])
def test_some_answers_have_no_body_and_no_length(status: bytes, line: Line) -> None:
    answer = line.ask(b"HTTP/1.1 " + status + b"\r\n\r\n")
    assert answer.status == int(status[:3])
    assert line.wire.is_idle


def test_an_answer_to_head_ends_with_its_head(line: Line) -> None:
    answer = line.ask(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n", method="HEAD")
    assert (answer.status, answer.body) == (200, b"")


@pytest.mark.parametrize(
    "said",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok",
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
        OK + b"HTTP/1.1 500 Nobody asked\r\nContent-Length: 0\r\n\r\n",
        OK + b"and more",
    ],
)
def test_nothing_follows_where_the_other_side_goes_or_says_more_than_it_was_asked(said: bytes, line: Line) -> None:
    answer = line.ask(said)
    assert (answer.status, answer.body) == (200, b"ok")
    assert not line.wire.is_idle


def test_a_change_of_protocol_is_an_answer_and_the_last_one(line: Line) -> None:
    said = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: other\r\nConnection: upgrade\r\n\r\nsomething else"
    assert line.ask(said).status == 101
    assert not line.wire.is_idle


def test_what_comes_between_two_exchanges_is_seen(line: Line) -> None:
    line.ask(OK)
    line.other.sendall(b"HTTP/1.1 408 Request Timeout\r\n\r\n")
    assert line.wire.has_news()


def test_a_hang_up_between_two_exchanges_is_seen(line: Line) -> None:
    line.ask(OK)
    line.other.close()
    assert line.wire.has_news()


def test_no_more_of_a_body_is_read_than_is_wanted(line: Line) -> None:
    with pytest.raises(BodyTooLarge, match="10"):
        line.ask(b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n" + b"x" * 11, most=10)


@pytest.mark.parametrize("head", [b"X: " + b"x" * 70_000, b"X: y\r\n" * 200])
def test_a_head_may_not_grow_for_ever(head: bytes, line: Line) -> None:
    line.other.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 400_000)
    with pytest.raises(WireBroken, match="no HTTP"):
        line.ask(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n\r\n")


def test_who_speaks_slowly_does_not_outlast_the_deadline(line: Line) -> None:
    is_over = threading.Event()

    def drip() -> None:
        while not is_over.wait(0.01):
            line.other.sendall(b"x")

    thread = threading.Thread(target=drip, daemon=True)
    thread.start()
    try:
        with pytest.raises(WireTimedOut):
            line.ask(b"HTTP/1.1 200 OK\r\nX: ", seconds=0.2)
    finally:
        is_over.set()
        thread.join(30)


def test_silence_does_not_outlast_the_deadline(line: Line) -> None:
    began = time.monotonic()
    with pytest.raises(WireTimedOut):
        line.ask(b"HTTP/1.1 200 OK\r\n", seconds=0.05)
    assert time.monotonic() - began < 20
    with pytest.raises(WireTimedOut):
        line.ask(b"", seconds=0)


def posted(body: bytes) -> Request:
    return checked_request("POST", "/", [("Host", "shop.example")], body)


def test_a_request_that_nobody_reads_does_not_outlast_the_deadline(line: Line) -> None:
    with pytest.raises(WireTimedOut):
        line.wire.exchange(posted(b"x" * 10_000_000), max_bytes=1, deadline=time.monotonic() + 0.05)


def test_a_large_request_is_sent_whole(line: Line) -> None:
    body = random.Random(3).randbytes(2_000_000)
    came = bytearray()

    def serve() -> None:
        while len(came) < len(body) or b"\r\n\r\n" not in came or len(came.split(b"\r\n\r\n", 1)[1]) < len(body):
            came.extend(line.other.recv(100_000))
        line.other.sendall(OK)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    line.wire.exchange(posted(body), max_bytes=10, deadline=time.monotonic() + 60)
    thread.join(60)
    head, _, arrived = bytes(came).partition(b"\r\n\r\n")
    assert head.splitlines() == [b"POST / HTTP/1.1", b"Host: shop.example", b"Content-Length: 2000000"]
    assert arrived == body


def test_who_answers_before_all_is_sent_and_hangs_up_is_heard(line: Line) -> None:
    line.other.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    line.other.close()
    answer = line.wire.exchange(posted(b"x" * 10_000_000), max_bytes=1, deadline=time.monotonic() + 60)
    assert answer.status == 413


@pytest.mark.parametrize("seed", range(20))
def test_it_does_not_matter_in_what_pieces_an_answer_comes(seed: int, line: Line) -> None:
    left = (
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX: y\r\n\r\n"
        b"3\r\nabc\r\n10\r\n0123456789abcdef\r\n0\r\n\r\n"
    )
    chance, pieces = random.Random(seed), []
    while left:
        count = chance.randint(1, 9)
        pieces.append(left[:count])
        left = left[count:]

    def speak() -> None:
        for piece in pieces:
            line.other.sendall(piece)

    thread = threading.Thread(target=speak, daemon=True)
    thread.start()
    assert line.ask(b"") == Answer(200, [("Transfer-Encoding", "chunked"), ("X", "y")], b"abc0123456789abcdef")
    thread.join(30)
    assert line.wire.is_idle


def test_the_length_of_a_body_is_told_as_it_is() -> None:
    given = [("Host", "a"), ("Content-Length", "99"), ("transfer-encoding", "chunked")]
    assert checked_request("POST", "/x?y", given, b"body").headers == [("Host", "a"), ("Content-Length", "4")]
    assert ("Content-Length", "0") in checked_request("PUT", "/", given, b"").headers
    assert checked_request("GET", "/", given, b"").headers == [("Host", "a")]


@pytest.mark.parametrize("value", ["a\r\nInjected: b", "a\r\n b", "a\nb", "a\0", " a", "a\t", "\x7f", "\u2028"])
def test_a_header_that_is_more_than_a_header_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="X"):
        checked_request("GET", "/", [("X", value)], b"")


@pytest.mark.parametrize(
    ("method", "target", "name"),
    [("GET /", "/", "X"), ("", "/", "X"), ("GET", "/ HTTP/1.1", "X"), ("GET", "", "X"),
     ("GET", "/\r\n", "X"), ("GET", "/", "X:"), ("GET", "/", ""), ("GET", "/", "X\n")],
)  # fmt: skip
def test_a_request_that_is_more_than_one_request_is_refused(method: str, target: str, name: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the words differ
        checked_request(method, target, [(name, "y")], b"")
