"""HTTP/1.1 over one connection: a request is written, its answer is read to the end.

What arrives is parsed by llhttp (`httptools`), strictly. How a body is framed is not for who asks to say: a request's
length is always told as it is. Where a connection may lead is seen to in `accounts.outbound`.
"""

from __future__ import annotations

import re
import select
import socket
import ssl
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Final

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

LONGEST_HEAD_BYTES: Final = 100 * 1024
"""So much may come in one piece that is no body: a head, what is around a chunk, trailers."""
READ_BYTES: Final = 64 * 1024
FRAMING: Final = frozenset({b"content-length", b"transfer-encoding"})
"""Headers that say where a body ends."""
BODILESS_METHODS: Final = frozenset({b"HEAD", b"CONNECT"})
"""Whose answer has no body, whatever its head says."""
WITH_LENGTH: Final = frozenset({b"POST", b"PUT", b"PATCH"})
"""Methods of which a server expects a body, so that it is told when there is none."""
SWITCHING_PROTOCOLS: Final = 101
_TOKEN: Final = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE: Final = re.compile(rb"(?:[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?")
_TARGET: Final = re.compile(rb"[\x21-\x7e]+")

RawHeaders = Sequence[tuple[bytes, bytes]]


class WireBroken(Exception):
    """The other side hung up, or said what is no HTTP. The text is fit to be shown."""


class WireTimedOut(Exception):
    """The time ran out."""


class BodyTooLarge(Exception):
    """The body has more bytes than so many."""


def request_bytes(method: bytes, target: bytes, headers: Iterable[tuple[bytes, bytes]], body: bytes) -> bytes:
    """A whole request. Raises ValueError for what no server would understand."""
    if not _TOKEN.fullmatch(method):
        raise ValueError("the method is no word")
    if not _TARGET.fullmatch(target):
        raise ValueError("the address contains what no address may contain")
    lines = [b"%b %b HTTP/1.1" % (method, target)]
    for name, value in headers:
        if not _TOKEN.fullmatch(name):
            raise ValueError(f"{name.decode('latin-1')[:100]!r} is no name of a header")
        if not _VALUE.fullmatch(value):
            raise ValueError(
                f"the header {name.decode('latin-1')[:100]} has a line break, a blank at an end, or the like"
            )
        if name.lower() not in FRAMING:
            lines.append(b"%b: %b" % (name, value))
    if body or method in WITH_LENGTH:
        lines.append(b"Content-Length: %d" % len(body))
    return b"%b\r\n\r\n%b" % (b"\r\n".join(lines), body)


class Answer:
    """What has come of an answer; llhttp calls the `on_` methods."""

    __slots__ = ("_has_head", "_parser", "_waits", "body", "headers", "is_bodiless", "is_done", "is_last", "status")

    def __init__(self, *, is_bodiless: bool = False) -> None:
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.body = bytearray()
        self.is_bodiless = is_bodiless
        self.is_done = False
        self.is_last = False
        """Whether no other exchange may follow on the connection."""
        self._has_head = False
        self._waits = 0
        self._parser = HttpResponseParser(self)

    def feed(self, data: bytes) -> None:
        """Take in what came. Raises WireBroken."""
        before = len(self.body)
        try:
            self._parser.feed_data(data)
        except HttpParserUpgrade:
            self.is_done = self.is_last = True
        except HttpParserError as error:
            if not self.is_done:
                raise WireBroken(f"the answer is no HTTP: {error}") from error
            self.is_last = True
        self._waits = 0 if len(self.body) > before else self._waits + len(data)
        if self._waits > LONGEST_HEAD_BYTES:
            raise WireBroken("the head of the answer does not end")

    def end(self) -> None:
        """Nothing more comes: which is the end of a body that nothing else ends. Raises WireBroken."""
        self.is_last = True
        named = {name.lower(): value.lower() for name, value in self.headers}
        is_chunked = named.get(b"transfer-encoding", b"").endswith(b"chunked")
        is_framed = is_chunked or (b"content-length" in named and b"transfer-encoding" not in named)
        if not self._has_head or is_framed:
            raise WireBroken("the other side hung up before its answer had come to an end")
        self.is_done = True

    def on_message_begin(self) -> None:
        """An answer, or what follows on one that says only that another will come."""
        if self.is_done:
            self.is_last = True  # nobody asked for it
        else:
            self.headers = []

    def on_header(self, name: bytes, value: bytes) -> None:
        """A line of the head; those after the body are passed over."""
        if not self._has_head:
            self.headers.append((name, value.strip(b" \t")))

    def on_headers_complete(self) -> None:
        """The head has come to its end."""
        if self.is_done:
            return
        self.status = self._parser.get_status_code()
        self._has_head = not self._is_preliminary()
        if self._has_head:
            self.is_last = not self._parser.should_keep_alive() or self.status == SWITCHING_PROTOCOLS
            if self.is_bodiless:
                self.is_done = self.is_last = True

    def on_body(self, data: bytes) -> None:
        """A piece of the body."""
        if not self.is_done:
            self.body += data

    def on_message_complete(self) -> None:
        """The answer has come to its end."""
        self.is_done = self.is_done or self._has_head

    def _is_preliminary(self) -> bool:
        return 100 <= self.status < 200 and self.status != SWITCHING_PROTOCOLS


class Wire:
    """A connection. `deadline`, of each exchange: until when it may last, on the monotonic clock."""

    def __init__(self, connected: socket.socket) -> None:
        connected.setblocking(False)
        self._socket = connected
        self._is_tls = isinstance(connected, ssl.SSLSocket)
        self._poll = select.poll()
        self._poll.register(connected, select.POLLIN)
        self.is_idle = True
        """Whether another exchange may begin."""

    def exchange(self, request: bytes, *, is_bodiless: bool, max_bytes: int, deadline: float) -> Answer:
        """Send a request and read its answer. Raises WireBroken, WireTimedOut or BodyTooLarge; then it is of no use
        any more.
        """
        self.is_idle = False
        try:
            with suppress(BrokenPipeError, ConnectionResetError):  # it may have answered before it hung up
                self._send(request, deadline)
            answer = Answer(is_bodiless=is_bodiless)
            while not answer.is_done:
                data = self._receive(deadline)
                if data:
                    answer.feed(data)
                else:
                    answer.end()
                if len(answer.body) > max_bytes:
                    raise BodyTooLarge(max_bytes)
        except OSError as error:
            raise WireBroken(str(error)) from error
        self.is_idle = not answer.is_last
        return answer

    def has_news(self) -> bool:
        """Whether the other side has hung up, or said something that nobody asked for."""
        return bool(self._poll.poll(0))

    def close(self) -> None:
        """Hang up."""
        self.is_idle = False
        with suppress(OSError):
            self._socket.close()

    def _send(self, data: bytes, deadline: float) -> None:
        left = memoryview(data)
        while left:
            try:
                left = left[self._socket.send(left) :]
            except (BlockingIOError, ssl.SSLWantWriteError):
                self._wait(select.POLLOUT, deadline)
            except ssl.SSLWantReadError:
                self._wait(select.POLLIN, deadline)

    def _receive(self, deadline: float) -> bytes:
        """Some bytes; none at the end."""
        if not self._is_tls:  # else there may be some that have been read already
            self._wait(select.POLLIN, deadline)
        while True:
            try:
                return self._socket.recv(READ_BYTES)
            except (BlockingIOError, ssl.SSLWantReadError):
                self._wait(select.POLLIN, deadline)
            except ssl.SSLWantWriteError:
                self._wait(select.POLLOUT, deadline)

    def _wait(self, for_: int, deadline: float) -> None:
        seconds = deadline - time.monotonic()
        if seconds <= 0:
            raise WireTimedOut
        if for_ == select.POLLIN:
            came = self._poll.poll(seconds * 1000)
        else:
            writing = select.poll()
            writing.register(self._socket, for_)
            came = writing.poll(seconds * 1000)
        if not came:
            raise WireTimedOut
