"""One exchange over one connection, with another side that says whatever it likes."""

from __future__ import annotations

import random
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from accounts.outbound_wire import (
    LONGEST_HEAD_BYTES,
    Answer,
    BodyTooLarge,
    Wire,
    WireBroken,
    WireTimedOut,
    request_bytes,
)

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@dataclass
class Line:
    """A wire, and the other side of it."""

    wire: Wire
    other: socket.socket

    def ask(
        self, answer: bytes, *, ends: bool = False, is_bodiless: bool = False, most: int = 1000, seconds: float = 30
    ) -> Answer:
        """What an exchange comes to when the other side says this (and then hangs up, if it `ends`)."""
        self.other.sendall(answer)
        if ends:
            self.other.shutdown(socket.SHUT_WR)
        request = request_bytes(b"GET", b"/", [(b"Host", b"shop.example")], b"")
        deadline = time.monotonic() + seconds
        return self.wire.exchange(request, is_bodiless=is_bodiless, max_bytes=most, deadline=deadline)


@pytest.fixture
def line() -> Iterator[Line]:
    """Two ends of a connection."""
    here, there = socket.socketpair()
    with here, there:
        yield Line(Wire(here), there)


def test_an_answer_with_its_length_leaves_the_connection_for_the_next(line: Line) -> None:
    for _ in range(2):
        answer = line.ask(b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\nX-Who: \t me \r\n\r\nok")
        assert (answer.status, bytes(answer.body)) == (201, b"ok")
        assert (b"X-Who", b"me") in answer.headers
        assert line.wire.is_idle
        assert not line.wire.has_news()


def test_a_chunked_answer_is_put_together_and_its_trailers_are_passed_over(line: Line) -> None:
    answer = line.ask(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n2\r\nde\r\n0\r\nX-Late: 1\r\n\r\n"
    )
    assert bytes(answer.body) == b"abcde"
    assert [name for name, _ in answer.headers] == [b"Transfer-Encoding"]
    assert line.wire.is_idle


def test_an_answer_without_a_length_ends_with_the_connection(line: Line) -> None:
    answer = line.ask(b"HTTP/1.1 200 OK\r\n\r\nall there is", ends=True)
    assert bytes(answer.body) == b"all there is"
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
    assert (answer.status, bytes(answer.body)) == (200, b"ok")
    assert [name for name, _ in answer.headers] == [b"Content-Length"]


@pytest.mark.parametrize("status", [b"204 No Content", b"304 Not Modified"])
def test_some_answers_have_no_body_and_no_length(status: bytes, line: Line) -> None:
    answer = line.ask(b"HTTP/1.1 " + status + b"\r\n\r\n")
    assert answer.status == int(status[:3])
    assert line.wire.is_idle


def test_an_answer_to_head_ends_with_its_head(line: Line) -> None:
    answer = line.ask(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n", is_bodiless=True)
    assert (answer.status, bytes(answer.body)) == (200, b"")


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
    assert (answer.status, bytes(answer.body)) == (200, b"ok")
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


@pytest.mark.parametrize(
    "begin", [b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: "]
)
def test_a_head_and_trailers_may_not_grow_for_ever(begin: bytes, line: Line) -> None:
    line.wire._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 * LONGEST_HEAD_BYTES)
    line.other.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 * LONGEST_HEAD_BYTES)
    with pytest.raises(WireBroken, match="does not end"):
        line.ask(begin + b"x" * (LONGEST_HEAD_BYTES + 70_000))


def test_silence_does_not_outlast_the_deadline(line: Line) -> None:
    began = time.monotonic()
    with pytest.raises(WireTimedOut):
        line.ask(b"HTTP/1.1 200 OK\r\n", seconds=0.05)
    assert time.monotonic() - began < 20
    with pytest.raises(WireTimedOut):
        line.ask(b"", seconds=0)


def test_a_request_that_nobody_reads_does_not_outlast_the_deadline(line: Line) -> None:
    with pytest.raises(WireTimedOut):
        line.wire.exchange(b"x" * 10_000_000, is_bodiless=False, max_bytes=1, deadline=time.monotonic() + 0.05)


def test_a_large_request_is_sent_whole(line: Line) -> None:
    body = random.Random(3).randbytes(2_000_000)
    came = bytearray()

    def serve() -> None:
        while len(came) < len(body):
            came.extend(line.other.recv(100_000))
        line.other.sendall(OK)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    line.wire.exchange(body, is_bodiless=False, max_bytes=10, deadline=time.monotonic() + 60)
    thread.join(60)
    assert bytes(came) == body


def test_who_answers_before_all_is_sent_and_hangs_up_is_heard(line: Line) -> None:
    line.other.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    line.other.close()
    answer = line.wire.exchange(b"x" * 10_000_000, is_bodiless=False, max_bytes=1, deadline=time.monotonic() + 60)
    assert answer.status == 413


@pytest.mark.parametrize("seed", range(20))
def test_it_does_not_matter_in_what_pieces_an_answer_comes(seed: int) -> None:
    whole = (
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX: y\r\n\r\n"
        b"3\r\nabc\r\n10\r\n0123456789abcdef\r\n0\r\n\r\n"
    )
    chance, answer, left = random.Random(seed), Answer(), whole
    while left:
        assert not answer.is_done
        count = chance.randint(1, 9)
        answer.feed(left[:count])
        left = left[count:]
    assert answer.is_done
    assert not answer.is_last
    assert bytes(answer.body) == b"abc0123456789abcdef"
    assert answer.headers == [(b"Transfer-Encoding", b"chunked"), (b"X", b"y")]


def test_the_length_of_a_body_is_told_as_it_is() -> None:
    given = [(b"Host", b"a"), (b"Content-Length", b"99"), (b"transfer-encoding", b"chunked")]
    assert request_bytes(b"POST", b"/x?y", given, b"body") == (
        b"POST /x?y HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody"
    )
    assert b"Content-Length: 0\r\n" in request_bytes(b"PUT", b"/", given, b"")
    assert b"Content-Length" not in request_bytes(b"GET", b"/", given, b"")


@pytest.mark.parametrize("value", [b"a\r\nInjected: b", b"a\nb", b"a\0", b" a", b"a\t", b"\x7f"])
def test_a_header_that_is_more_than_a_header_is_refused(value: bytes) -> None:
    with pytest.raises(ValueError, match="X"):
        request_bytes(b"GET", b"/", [(b"X", value)], b"")


@pytest.mark.parametrize(
    ("method", "target", "name"),
    [(b"GET /", b"/", b"X"), (b"", b"/", b"X"), (b"GET", b"/ HTTP/1.1", b"X"), (b"GET", b"", b"X"),
     (b"GET", b"/\r\n", b"X"), (b"GET", b"/", b"X:"), (b"GET", b"/", b""), (b"GET", b"/", b"X\n")],
)  # fmt: skip
def test_a_request_that_is_more_than_one_request_is_refused(method: bytes, target: bytes, name: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the words differ
        request_bytes(method, target, [(name, b"y")], b"")
