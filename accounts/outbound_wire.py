"""HTTP/1.1 over one connection, by the standard library's `http.client`: a request is sent, its answer read to the end.

No exchange outlasts its deadline, however slowly the other side speaks. How a body is framed is not for who asks to
say: a request's length is always told as it is. Where a connection may lead is seen to in `accounts.outbound`.
"""

from __future__ import annotations

import io
import re
import select
import socket
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from http.client import (
    CONTINUE,
    HTTPConnection,
    HTTPException,
    HTTPResponse,
    IncompleteRead,
    RemoteDisconnected,
)
from typing import Any, Final, NamedTuple

FRAMING: Final = frozenset({"content-length", "transfer-encoding"})
"""Headers that say where a body ends."""
WITH_LENGTH: Final = frozenset({"POST", "PUT", "PATCH"})
"""Methods of which a server expects a body, so that it is told when there is none."""
SWITCHING_PROTOCOLS: Final = 101
READ_BYTES: Final = 64 * 1024
_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE: Final = re.compile(r"(?:[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?")
_TARGET: Final = re.compile(r"[\x21-\x7e]+")
_LENGTH: Final = re.compile(r"[0-9]+")


class WireBroken(Exception):
    """The other side hung up, or said what is no HTTP. The text is fit to be shown."""


class WireTimedOut(Exception):
    """The time ran out."""


class BodyTooLarge(Exception):
    """The body has more bytes than so many."""


class Request(NamedTuple):
    """What is sent."""

    method: str
    target: str
    headers: Sequence[tuple[str, str]]
    body: bytes


class Answer(NamedTuple):
    """What came back."""

    status: int
    headers: Sequence[tuple[str, str]]
    body: bytes


def checked_request(method: str, target: str, headers: Iterable[tuple[str, str]], body: bytes) -> Request:
    """A whole request. Raises ValueError for what no server would understand, or would take for two."""
    if not _TOKEN.fullmatch(method):
        raise ValueError("the method is no word")
    if not _TARGET.fullmatch(target):
        raise ValueError("the address contains what no address may contain")
    sent: list[tuple[str, str]] = []
    for name, value in headers:
        if not _TOKEN.fullmatch(name):
            raise ValueError(f"{name[:100]!r} is no name of a header")
        if not _VALUE.fullmatch(value):
            raise ValueError(f"the header {name[:100]} has a line break, a blank at an end, or the like")
        if name.lower() not in FRAMING:
            sent.append((name, value))
    if body or method in WITH_LENGTH:
        sent.append(("Content-Length", str(len(body))))
    return Request(method, target, sent, body)


class Wire:
    """A connection. `deadline`, of each exchange: until when it may last, on the monotonic clock."""

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        self._timed = _Timed(connected)
        self._poll = select.poll()
        self._poll.register(connected, select.POLLIN)
        self.is_idle = True
        """Whether another exchange may begin."""

    def exchange(self, request: Request, *, max_bytes: int, deadline: float) -> Answer:
        """Send a request and read its answer. Raises WireBroken, WireTimedOut or BodyTooLarge; then it is of no use
        any more.
        """
        self.is_idle = False
        self._timed.deadline = deadline
        try:
            response = self._ask(request)
            body = _read(response, max_bytes)
        except TimeoutError as error:
            raise WireTimedOut from error
        except (HTTPException, OSError, ValueError) as error:
            raise WireBroken(_in_words(error, has_ended=self._timed.has_ended)) from error
        self.is_idle = not response.will_close and response.status != SWITCHING_PROTOCOLS and not self._timed.has_more()
        return Answer(response.status, [(name, value.strip()) for name, value in response.getheaders()], body)

    def _ask(self, request: Request) -> HTTPResponse:
        connection = HTTPConnection("")  # holds nothing from one exchange to the next but the socket
        connection.response_class = _Response
        connection.auto_open = 0
        connection.sock = self._timed  # all of a socket that it uses
        connection.putrequest(request.method, request.target, skip_host=True, skip_accept_encoding=True)
        for name, value in request.headers:
            connection.putheader(name, value)
        with suppress(BrokenPipeError, ConnectionResetError):  # it may have answered before it hung up
            connection.endheaders(request.body or None)
        response = connection.getresponse()
        if self._timed.has_ended:  # to `http.client` that is the end of a head as well
            raise RemoteDisconnected("the head was cut off")
        _check(response)
        return response

    def has_news(self) -> bool:
        """Whether the other side has hung up, or said something that nobody asked for."""
        return bool(self._poll.poll(0))

    def close(self) -> None:
        """Hang up."""
        self.is_idle = False
        with suppress(OSError):
            self._socket.close()


class _Response(HTTPResponse):
    """One that passes over every answer that only announces another, as `http.client` does with 100 (Continue)."""

    def _read_status(self) -> tuple[str, int, str]:
        version, status, reason = super()._read_status()  # type: ignore[misc]  # the stubs leave it out
        return version, CONTINUE if 100 < status < 200 and status != SWITCHING_PROTOCOLS else status, reason


class _Timed(io.RawIOBase):
    """The socket as `http.client` uses one. Raises TimeoutError once the deadline has passed.

    What has been read beyond one answer is not lost with it, and `http.client` may close it as often as it likes.
    """

    def __init__(self, connected: socket.socket) -> None:
        super().__init__()
        self._socket = connected
        self._reader = _Reader(self, READ_BYTES)
        self._may_read = True
        self.deadline = 0.0
        self.has_ended = False
        """Whether the other side has hung up."""

    def makefile(self, mode: str) -> io.BufferedReader:
        """What answers are read from."""
        return self._reader

    def has_more(self) -> bool:
        """Whether more has been read than the answer had."""
        self._may_read = False
        try:
            return bool(self._reader.peek())
        finally:
            self._may_read = True

    def sendall(self, data: bytes) -> None:
        """Send all of it."""
        self._socket.settimeout(self._remaining())
        self._socket.sendall(data)

    def readinto(self, buffer: Any) -> int | None:
        """Some bytes; none at the end."""
        if not self._may_read:
            return None
        self._socket.settimeout(self._remaining())
        count = self._socket.recv_into(buffer)
        self.has_ended = not count
        return count

    def readable(self) -> bool:
        """It is."""
        return True

    def close(self) -> None:
        """Stays open: `Wire.close` hangs up."""

    def _remaining(self) -> float:
        seconds = self.deadline - time.monotonic()
        if seconds <= 0:
            raise TimeoutError
        return seconds


class _Reader(io.BufferedReader):
    def close(self) -> None:
        """Stays open, as what it reads."""


def _check(response: HTTPResponse) -> None:
    """Raise ValueError for a head that can be read in two ways. `http.client` lets many of them pass."""
    if response.msg.defects:
        raise ValueError("a line of its head is none")
    if any("\0" in value for value in response.msg.values()):
        raise ValueError("its head contains NUL")
    lengths = set(response.msg.get_all("content-length", []))
    codings = response.msg.get_all("transfer-encoding", [])
    if len(lengths) > 1 or not all(map(_LENGTH.fullmatch, lengths)):
        raise ValueError("its length is no number")
    if codings and (lengths or [coding.strip().lower() for coding in codings] != ["chunked"]):
        raise ValueError("it does not say where it ends")


def _read(response: HTTPResponse, max_bytes: int) -> bytes:
    found: list[bytes] = []
    left = max_bytes + 1
    while left and (data := response.read(min(left, READ_BYTES))):
        found.append(data)
        left -= len(data)
    if not left:
        raise BodyTooLarge(max_bytes)
    if response.length:
        raise IncompleteRead(b"", response.length)
    return b"".join(found)


def _in_words(error: Exception, *, has_ended: bool) -> str:
    if has_ended and isinstance(error, (IncompleteRead, RemoteDisconnected)):
        return "the other side hung up before its answer had come to an end"
    return f"the answer is no HTTP: {error}" if isinstance(error, (HTTPException, ValueError)) else str(error)
