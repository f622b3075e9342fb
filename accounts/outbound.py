"""The one way out: every HTTP request that a flow, a connection or a webhook asks for goes through `send`.

The host is resolved once, every address it has is checked, and the connection is made to a checked address, so a name
that changes its mind between check and use gains nothing. A connection that was kept (`outbound_connections`) is used
again only where it leads to an address that the host has now and that has passed this check again. Redirects go
through the same door. Time counts for the whole exchange, bytes for the body as it would be in memory. Proxy variables
of the environment are ignored.
"""

from __future__ import annotations

import queue
import re
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, lru_cache
from ipaddress import ip_address
from typing import Any

import httpcore
import httpx
from django.conf import settings

from accounts.addresses import Network, may_call, parse_networks
from accounts.outbound_connections import Deadline, Kept, Place, hang_up, kept_connections

MAX_RESPONSE_BYTES = 1024 * 1024
MAX_REDIRECTS = 5
CONNECT_SECONDS = 10.0
HOST = re.compile(r"[\w.-]{1,253}|[0-9a-fA-F:.]{2,45}")
REPEATABLE = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
"""Methods whose request may be sent again when nobody knows whether it arrived (RFC 9110, 9.2.2)."""
SWITCHING_PROTOCOLS = 101
COMPRESSED = {"gzip", "x-gzip", "deflate"}

Resolve = Callable[[str, int], Sequence[str]]


class OutboundError(Exception):
    """The request had no answer. The text is fit to be shown; `is_retryable` tells whether trying again makes sense."""

    is_retryable = False


class OutboundRefused(OutboundError):
    """Nothing was sent: the address may not be called, or the request is malformed."""


class OutboundFailed(OutboundError):
    """The network or the other side failed: no such host, no connection, broken answer."""

    is_retryable = True


class OutboundTimedOut(OutboundFailed):
    """The time ran out."""


class ResponseTooLarge(OutboundError):
    """The answer is larger than it may be. The same request would be answered the same way."""


@dataclass(frozen=True, slots=True)
class OutboundRequest:
    """What to send. `timeout_seconds` covers everything from the look-up to the last byte.

    `owner`: whom it is sent for, an environment by its id. Its connections are kept for a while, for what it asks next;
    without one they are not.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    timeout_seconds: float = 30.0
    max_bytes: int = MAX_RESPONSE_BYTES
    follow_redirects: bool = False
    owner: int | None = None


@dataclass(frozen=True, slots=True)
class OutboundResponse:
    """What came back, whatever the status. Header names are in lower case; `url` is the last one of redirects."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str
    seconds: float


def send(
    request: OutboundRequest, *, allowed: Sequence[Network] | None = None, resolve: Resolve | None = None
) -> OutboundResponse:
    """Send one request and read its whole answer.

    `allowed` are the private networks that may be called (default: the setting QUADRILLE_OUTBOUND_ALLOW).
    Raises OutboundRefused, OutboundTimedOut, OutboundFailed or ResponseTooLarge.
    """
    started = time.monotonic()
    if allowed is None:
        allowed = _allowed_by_settings(tuple(settings.OUTBOUND_ALLOW))
    deadline = Deadline(started + request.timeout_seconds)
    backend = GuardedBackend(deadline=deadline, allowed=allowed, resolve=resolve or look_up)
    outgoing = checked_request(request)
    with speaking_plainly():
        exchange = _exchange_with_redirects if request.follow_redirects else _exchange
        status, headers, body, url = exchange(request, outgoing, backend)
    return OutboundResponse(status, headers, body, url, time.monotonic() - started)


@lru_cache(maxsize=64)
def _allowed_by_settings(texts: tuple[str, ...]) -> Sequence[Network]:
    return parse_networks(texts)


_Answer = tuple[int, Mapping[str, str], bytes, str]


def _exchange_with_redirects(request: OutboundRequest, outgoing: httpx.Request, backend: GuardedBackend) -> _Answer:
    with httpx.Client(
        transport=GuardedTransport(backend),
        timeout=request.timeout_seconds,
        follow_redirects=True,
        max_redirects=MAX_REDIRECTS,
        trust_env=False,
    ) as client:
        response = client.send(outgoing, stream=True)
        try:
            body = read_body(response.iter_raw(), response.headers, request.max_bytes)
        finally:
            response.close()
    return response.status_code, plain_headers(response.headers), body, str(response.url)


def _exchange(request: OutboundRequest, outgoing: httpx.Request, backend: GuardedBackend) -> _Answer:
    """One request, one answer: over a connection that is kept for the owner, if there is one, else over a new one."""
    url = outgoing.url
    port = url.port or (443 if url.scheme == "https" else 80)
    # What a server does twice when it is asked twice must not meet a connection that is just being closed.
    may_reuse = request.owner is not None and outgoing.method in REPEATABLE
    if may_reuse:
        addresses = backend.checked_addresses(url.host, port)
        places = [_place(request, url, port, address) for address in addresses]
        kept = kept_connections.take(places)
        if kept is not None:
            kept.deadline.at = backend.deadline.at
            try:
                return _converse(request, outgoing, kept)
            except (httpcore.ReadError, httpcore.WriteError, httpcore.RemoteProtocolError):
                if time.monotonic() >= backend.deadline.at:
                    raise
                # It was closed while we took it up: once more over a new one.
    origin = httpcore.Origin(url.raw_scheme, url.raw_host, port)
    connection = httpcore.HTTPConnection(
        origin, ssl_context=_tls() if url.scheme == "https" else None, network_backend=backend
    )
    return _converse(request, outgoing, Kept(_place(request, url, port, ""), connection, backend.deadline), backend)


def _place(request: OutboundRequest, url: httpx.URL, port: int, address: str) -> Place:
    return Place(request.owner or 0, url.raw_scheme, url.raw_host, port, address)


def _converse(
    request: OutboundRequest, outgoing: httpx.Request, kept: Kept, backend: GuardedBackend | None = None
) -> _Answer:
    """Send, read to the end, and keep the connection where it has an owner. `backend`: who makes it, if it is new."""
    url, is_done = outgoing.url, False
    try:
        answer = kept.connection.handle_request(
            httpcore.Request(
                method=outgoing.method,
                url=httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
                headers=outgoing.headers.raw,
                content=request.body or None,
            )
        )
        if not isinstance(answer.stream, Iterable):
            raise TypeError("a synchronous connection answers with a synchronous stream")
        headers = httpx.Headers(answer.headers)
        body = read_body(answer.stream, headers, request.max_bytes)
        answer.close()
        is_done = True
    finally:
        if is_done and request.owner is not None and answer.status != SWITCHING_PROTOCOLS:
            if backend is not None:
                kept.place = kept.place._replace(address=backend.connected_to)
            kept_connections.keep(kept)
        else:
            hang_up(kept.connection)
    return answer.status, plain_headers(headers), body, str(url)


def plain_headers(headers: httpx.Headers) -> dict[str, str]:
    """By their names in lower case."""
    return {name.lower(): value for name, value in headers.items()}


def checked_request(request: OutboundRequest) -> httpx.Request:
    """The request for httpx. Raises OutboundRefused for what no server would understand."""
    try:
        url = parsed_url(request.url)
        headers = httpx.Headers({"Accept": "*/*", "User-Agent": "Quadrille", **request.headers})
        # The body is counted as it comes; a compressed one could grow a thousandfold in one step.
        headers["Accept-Encoding"] = "identity"
        outgoing = httpx.Request(request.method.upper(), url, headers=headers, content=request.body or None)
    except (httpx.InvalidURL, ValueError, TypeError) as error:
        raise OutboundRefused(f"The request is malformed: {error}") from None
    return outgoing


@lru_cache(maxsize=1024)
def parsed_url(text: str) -> httpx.URL:
    """An address that can be called. Raises OutboundRefused, httpx.InvalidURL, ValueError or TypeError."""
    url = httpx.URL(text)
    if url.scheme not in {"http", "https"} or not url.host:
        raise OutboundRefused("The address must start with http:// or https:// and name a host.")
    if not HOST.fullmatch(url.host) or not (url.port is None or 0 < url.port < 65536):
        raise OutboundRefused("The address names a host or a port that cannot exist.")
    if url.userinfo:
        raise OutboundRefused("The address contains a user name or password. Send them in a header instead.")
    return url


def read_body(chunks: Iterable[bytes], headers: httpx.Headers, max_bytes: int) -> bytes:
    """The body, decompressed when the server compressed it against our wish. Raises ResponseTooLarge."""
    body = bytearray()
    for chunk in chunks:
        body += chunk
        if len(body) > max_bytes:
            raise ResponseTooLarge(f"The answer is larger than {max_bytes} bytes.")
    if headers.get("content-encoding", "").strip().lower() not in COMPRESSED:
        return bytes(body)
    plain = zlib.decompressobj(wbits=47).decompress(bytes(body), max_bytes + 1)
    if len(plain) > max_bytes:
        raise ResponseTooLarge(f"The answer is larger than {max_bytes} bytes once it is decompressed.")
    return plain


@contextmanager
def speaking_plainly() -> Iterator[None]:
    """Turn the errors of httpx and httpcore into ours, in words for people."""
    try:
        yield
    except (httpx.TimeoutException, httpcore.TimeoutException) as error:
        raise OutboundTimedOut("The other side did not answer in time.") from error
    except (httpx.UnsupportedProtocol, httpcore.UnsupportedProtocol, httpx.InvalidURL) as error:
        raise OutboundRefused("A redirect leads to something that is not http:// or https://.") from error
    except (httpx.LocalProtocolError, httpcore.LocalProtocolError) as error:
        raise OutboundRefused(f"The request is malformed: {error}") from error
    except httpx.TooManyRedirects as error:
        raise OutboundFailed(f"There were more than {MAX_REDIRECTS} redirects.") from error
    except (httpx.HTTPError, httpcore.NetworkError, httpcore.ProtocolError, ssl.SSLError, zlib.error) as error:
        raise OutboundFailed(f"The connection failed: {error}") from error


@lru_cache(maxsize=4096)
def _may_call(address: str, allowed: tuple[Network, ...]) -> bool:
    return may_call(address, allowed)


@lru_cache(maxsize=4096)
def is_address(host: str) -> bool:
    """Whether a host is an address in its plain spelling: there is nothing to look up. Odd ones the system explains."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return "%" not in host


def look_up(host: str, port: int) -> Sequence[str]:
    """Every address of a host, in the system's order of preference. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]).partition("%")[0] for entry in found))


class GuardedBackend(httpcore.SyncBackend):
    """Connects only to checked addresses, and lets nothing outlast the deadline of the exchange."""

    def __init__(self, *, deadline: Deadline, allowed: Sequence[Network], resolve: Resolve) -> None:
        super().__init__()
        self.connected_to = ""
        """The address of the last connection."""
        self._checked: dict[tuple[str, int], Sequence[str]] = {}
        self.deadline = deadline
        self.allowed = tuple(allowed)
        self.resolve = resolve

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """A connection to the first address of the host that answers."""
        last_error: Exception = httpcore.ConnectError(f"{host} has no address")
        for address in self.checked_addresses(host, port):
            seconds = min(CONNECT_SECONDS, remaining(self.deadline))
            try:
                stream = super().connect_tcp(address, port, seconds, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                last_error = error
                continue
            self.connected_to = address
            return DeadlineStream(stream, self.deadline)
        raise last_error

    def checked_addresses(self, host: str, port: int) -> Sequence[str]:
        """Every address of the host. Raises OutboundRefused if any of them may not be called."""
        known = self._checked.get((host, port))
        if known is not None:
            return known
        addresses = self.resolve_in_time(host, port)
        if not all(_may_call(address, self.allowed) for address in addresses):
            raise OutboundRefused(
                f"{host} leads into a private network, which requests may not reach. "
                "An administrator can allow it with QUADRILLE_OUTBOUND_ALLOW."
            )
        self._checked[host, port] = addresses
        return addresses

    def resolve_in_time(self, host: str, port: int) -> Sequence[str]:
        """The addresses of a host. The system's look-up knows no timeout, so it runs beside us."""
        if is_address(host):
            return [host]
        answers: queue.SimpleQueue[Sequence[str] | OSError | UnicodeError] = queue.SimpleQueue()

        def ask() -> None:
            try:
                answers.put(self.resolve(host, port))
            except (OSError, UnicodeError) as error:
                answers.put(error)

        threading.Thread(target=ask, name="look-up", daemon=True).start()
        try:
            answer = answers.get(timeout=min(CONNECT_SECONDS, remaining(self.deadline)))
        except queue.Empty:
            raise httpcore.ConnectTimeout(f"{host} could not be looked up in time") from None
        if isinstance(answer, Exception):
            raise OutboundFailed(f"There is no host called {host}.") from answer
        return answer


class DeadlineStream(httpcore.NetworkStream):
    """A connection on which no single operation, and so not the sum of them, goes beyond the deadline."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: Deadline) -> None:
        self.stream = stream
        self.deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Some bytes; none at the end."""
        return self.stream.read(max_bytes, remaining(self.deadline))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """All of the bytes."""
        self.stream.write(buffer, remaining(self.deadline))

    def close(self) -> None:
        """Hang up."""
        self.stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """The same connection, encrypted, its certificate checked against the host's name."""
        secured = self.stream.start_tls(ssl_context, server_hostname, remaining(self.deadline))
        return DeadlineStream(secured, self.deadline)

    def get_extra_info(self, info: str) -> Any:
        """What the connection below knows about itself."""
        return self.stream.get_extra_info(info)


def remaining(deadline: Deadline) -> float:
    """Seconds until the deadline. Raises httpcore.ReadTimeout when it has passed."""
    seconds = deadline.at - time.monotonic()
    if seconds <= 0:
        raise httpcore.ReadTimeout("the time ran out")
    return seconds


@cache
def _tls() -> ssl.SSLContext:
    """How certificates are checked. Reading all that are trusted takes longer than most requests: once per process."""
    return httpx.create_ssl_context(trust_env=False)


class GuardedTransport(httpx.BaseTransport):
    """httpx over a connection pool whose connections the backend makes."""

    def __init__(self, backend: GuardedBackend) -> None:
        self.pool = httpcore.ConnectionPool(ssl_context=_tls(), network_backend=backend)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """One exchange; the answer's body is read later."""
        url = request.url
        outgoing = httpcore.Request(
            method=request.method,
            url=httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
            headers=request.headers.raw,
            content=request.stream,
            extensions=request.extensions,
        )
        answer = self.pool.handle_request(outgoing)
        if not isinstance(answer.stream, Iterable):
            raise TypeError("a synchronous pool answers with a synchronous stream")
        return httpx.Response(answer.status, headers=answer.headers, stream=PooledBody(answer.stream))

    def close(self) -> None:
        """Hang up on everyone."""
        self.pool.close()


class PooledBody(httpx.SyncByteStream):
    """The body of an answer, chunk by chunk."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self.chunks = chunks

    def __iter__(self) -> Iterator[bytes]:
        yield from self.chunks

    def close(self) -> None:
        """Let the connection go."""
        if hasattr(self.chunks, "close"):
            self.chunks.close()
