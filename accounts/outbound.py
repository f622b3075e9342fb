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
from typing import NamedTuple

import httpx
from django.conf import settings

from accounts.addresses import Network, may_call, parse_networks
from accounts.outbound_connections import Kept, Place, kept_connections
from accounts.outbound_wire import Answer, BodyTooLarge, Request, Wire, WireBroken, WireTimedOut, checked_request

MAX_RESPONSE_BYTES = 1024 * 1024
MAX_REDIRECTS = 5
CONNECT_SECONDS = 10.0
HOST = re.compile(r"[\w.-]{1,253}|[0-9a-fA-F:.]{2,45}")
REPEATABLE = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
"""Methods whose request may be sent again when nobody knows whether it arrived (RFC 9110, 9.2.2)."""
COMPRESSED = {"gzip", "x-gzip", "deflate"}
PORTS = {"http": 80, "https": 443}
USUAL_HEADERS = {"Accept": "*/*", "User-Agent": "Quadrille"}

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
    guard = Guard(deadline=started + request.timeout_seconds, allowed=allowed, resolve=resolve or look_up)
    with speaking_plainly():
        if request.follow_redirects:
            answer, url = _exchange_with_redirects(request, guard)
        else:
            target = target_of(request.url)
            answer, url = _exchange(request, target, _checked(request, target), guard), target.url
        body = plain_body(answer.body, answer.headers, request.max_bytes)
    return OutboundResponse(answer.status, plain_headers(answer.headers), body, url, time.monotonic() - started)


@lru_cache(maxsize=64)
def _allowed_by_settings(texts: tuple[str, ...]) -> Sequence[Network]:
    return parse_networks(texts)


class Target(NamedTuple):
    """Where a request goes. `place`: the host with its port as the header `Host` names it."""

    scheme: str
    host: str
    port: int
    place: str
    path: str
    url: str


@lru_cache(maxsize=1024)
def target_of(text: str) -> Target:
    """Where an address leads that can be called. Raises OutboundRefused."""
    try:
        url = httpx.URL(text)
        host, place, path = (part.decode("ascii") for part in (url.raw_host, url.netloc, url.raw_path))
    except (httpx.InvalidURL, ValueError, TypeError) as error:
        raise OutboundRefused(f"The request is malformed: {error}") from None
    if url.scheme not in PORTS or not url.host:
        raise OutboundRefused("The address must start with http:// or https:// and name a host.")
    if not HOST.fullmatch(url.host) or not (url.port is None or 0 < url.port < 65536):
        raise OutboundRefused("The address names a host or a port that cannot exist.")
    if url.userinfo:
        raise OutboundRefused("The address contains a user name or password. Send them in a header instead.")
    return Target(url.scheme, host, url.port or PORTS[url.scheme], place, path, str(url))


def _headers_of(request: OutboundRequest) -> dict[str, str]:
    """Without two of one name, and with what goes without saying."""
    given = {name.lower(): (name, value) for name, value in request.headers.items()}
    headers = {name: value for name, value in USUAL_HEADERS.items() if name.lower() not in given}
    headers |= dict(given.values())
    # The body is counted as it comes; a compressed one could grow a thousandfold in one step.
    headers = {name: value for name, value in headers.items() if name.lower() != "accept-encoding"}
    return headers | {"Accept-Encoding": "identity"}


def _checked(request: OutboundRequest, target: Target) -> Request:
    headers = list(_headers_of(request).items())
    if not any(name.lower() == "host" for name, _ in headers):
        headers.insert(0, ("Host", target.place))
    return _or_refused(request.method.upper(), target, headers, request.body)


def _or_refused(method: str, target: Target, headers: Iterable[tuple[str, str]], body: bytes) -> Request:
    try:
        return checked_request(method, target.path, headers, body)
    except ValueError as error:
        raise OutboundRefused(f"The request is malformed: {error}") from None


def _exchange_with_redirects(request: OutboundRequest, guard: Guard) -> tuple[Answer, str]:
    try:
        outgoing = httpx.Request(
            request.method.upper(),
            httpx.URL(target_of(request.url).url),
            headers=_headers_of(request),
            content=request.body or None,
        )
    except (ValueError, TypeError) as error:
        raise OutboundRefused(f"The request is malformed: {error}") from None
    transport = GuardedTransport(request, guard)
    with httpx.Client(
        transport=transport, follow_redirects=True, max_redirects=MAX_REDIRECTS, trust_env=False
    ) as client:
        response = client.send(outgoing, stream=True)
        response.close()
    return transport.answer, str(response.url)


def _exchange(request: OutboundRequest, target: Target, sent: Request, guard: Guard) -> Answer:
    """One request, one answer: over a connection that is kept for the owner, if there is one, else over a new one."""
    # What a server does twice when it is asked twice must not meet a connection that is just being closed.
    may_reuse = request.owner is not None and sent.method in REPEATABLE
    if may_reuse:
        places = [_place(request, target, address) for address in guard.checked_addresses(target.host, target.port)]
        kept = kept_connections.take(places)
        if kept is not None:
            try:
                return _converse(request, sent, kept, guard.deadline)
            except WireBroken:
                if time.monotonic() >= guard.deadline:
                    raise
                # It was closed while we took it up: once more over a new one.
    address, connected = guard.connect(target.host, target.port)
    if target.scheme == "https":
        connected = guard.secure(connected, target.host)
    return _converse(request, sent, Kept(_place(request, target, address), Wire(connected)), guard.deadline)


def _place(request: OutboundRequest, target: Target, address: str) -> Place:
    return Place(request.owner or 0, target.scheme, target.place, target.port, address)


def _converse(request: OutboundRequest, sent: Request, kept: Kept, deadline: float) -> Answer:
    """Send, read to the end, and keep the connection where it has an owner."""
    is_done = False
    try:
        answer = kept.connection.exchange(sent, max_bytes=request.max_bytes, deadline=deadline)
        is_done = True
    finally:
        if is_done and request.owner is not None:
            kept_connections.keep(kept)
        else:
            kept.connection.close()
    return answer


def plain_headers(headers: Sequence[tuple[str, str]]) -> dict[str, str]:
    """By their names in lower case; those of one name as one."""
    plain: dict[str, str] = {}
    for name, value in headers:
        key, text = name.lower(), _text(value)
        plain[key] = f"{plain[key]}, {text}" if key in plain else text
    return plain


def _text(value: str) -> str:
    """`http.client` reads every byte as a letter of Latin-1."""
    try:
        return value.encode("latin-1").decode()
    except UnicodeError:
        return value


def plain_body(body: bytes, headers: Sequence[tuple[str, str]], max_bytes: int) -> bytes:
    """The body, decompressed when the server compressed it against our wish. Raises ResponseTooLarge or zlib.error."""
    if not any(name.lower() == "content-encoding" and value.lower() in COMPRESSED for name, value in headers):
        return body
    plain = zlib.decompressobj(wbits=47).decompress(body, max_bytes + 1)
    if len(plain) > max_bytes:
        raise ResponseTooLarge(f"The answer is larger than {max_bytes} bytes once it is decompressed.")
    return plain


@contextmanager
def speaking_plainly() -> Iterator[None]:
    """Turn the errors of the wire and of httpx into ours, in words for people."""
    try:
        yield
    except (WireTimedOut, TimeoutError) as error:
        raise OutboundTimedOut("The other side did not answer in time.") from error
    except (httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
        raise OutboundRefused("A redirect leads to something that is not http:// or https://.") from error
    except BodyTooLarge as error:
        raise ResponseTooLarge(f"The answer is larger than {error} bytes.") from error
    except httpx.TooManyRedirects as error:
        raise OutboundFailed(f"There were more than {MAX_REDIRECTS} redirects.") from error
    except (httpx.HTTPError, WireBroken, OSError, zlib.error) as error:
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


class Guard:
    """Connects only to checked addresses, and lets nothing outlast the deadline of the exchange."""

    def __init__(self, *, deadline: float, allowed: Sequence[Network], resolve: Resolve) -> None:
        self.deadline = deadline
        self._checked: dict[tuple[str, int], Sequence[str]] = {}
        self._allowed = tuple(allowed)
        self._resolve = resolve

    def connect(self, host: str, port: int) -> tuple[str, socket.socket]:
        """A connection to the first address of the host that answers, and which that is. Raises OSError."""
        last_error = OSError(f"{host} has no address")
        for address in self.checked_addresses(host, port):
            try:
                connected = socket.create_connection((address, port), min(CONNECT_SECONDS, self.remaining()))
            except OSError as error:
                last_error = error
                continue
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return address, connected
        raise last_error

    def secure(self, connected: socket.socket, host: str) -> ssl.SSLSocket:
        """The same connection, encrypted, its certificate checked against the host's name. Raises OSError."""
        try:
            connected.settimeout(self.remaining())
            return _tls().wrap_socket(connected, server_hostname=host)
        except BaseException:
            connected.close()
            raise

    def remaining(self) -> float:
        """Seconds until the deadline. Raises WireTimedOut when it has passed."""
        seconds = self.deadline - time.monotonic()
        if seconds <= 0:
            raise WireTimedOut
        return seconds

    def checked_addresses(self, host: str, port: int) -> Sequence[str]:
        """Every address of the host. Raises OutboundRefused if any of them may not be called."""
        known = self._checked.get((host, port))
        if known is not None:
            return known
        addresses = self.resolve_in_time(host, port)
        if not all(_may_call(address, self._allowed) for address in addresses):
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
                answers.put(self._resolve(host, port))
            except (OSError, UnicodeError) as error:
                answers.put(error)

        threading.Thread(target=ask, name="look-up", daemon=True).start()
        try:
            answer = answers.get(timeout=min(CONNECT_SECONDS, self.remaining()))
        except queue.Empty:
            raise WireTimedOut from None
        if isinstance(answer, Exception):
            raise OutboundFailed(f"There is no host called {host}.") from answer
        return answer


@cache
def _tls() -> ssl.SSLContext:
    """How certificates are checked. Reading all that are trusted takes longer than most requests: once per process."""
    context = httpx.create_ssl_context(trust_env=False)
    context.set_alpn_protocols(["http/1.1"])
    return context


class GuardedTransport(httpx.BaseTransport):
    """Sends what httpx makes of a request and of each redirect, past no guard."""

    def __init__(self, request: OutboundRequest, guard: Guard) -> None:
        self._request = request
        self._guard = guard
        self.answer = Answer(0, (), b"")
        """The last one."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """One exchange. What httpx gets has no body: only its head says what follows."""
        target = target_of(str(request.url))
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in request.headers.raw]
        sent = _or_refused(request.method, target, headers, request.read())
        self.answer = _exchange(self._request, target, sent, self._guard)
        return httpx.Response(self.answer.status, headers=plain_headers(self.answer.headers))
