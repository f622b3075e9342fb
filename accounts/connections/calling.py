"""Calling a service over a stored connection: where it may lead, and what lets it in.

The secret goes nowhere else: to addresses below the connection's own, or to the token address that an administrator
wrote down. Redirects are not followed. Whatever comes back is kept without it.
"""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import quote, quote_plus, unquote, unquote_plus, urlencode, urlsplit, urlunsplit

import orjson
from django.core.cache import cache

from accounts.connections.models import Connection
from accounts.outbound import OutboundError, OutboundRefused, OutboundRequest, OutboundResponse, send, target_of
from accounts.sealing import SecretUnreadable, seal, unseal

HIDDEN: Final = "[REDACTED]"
SHORTEST_HIDDEN: Final = 6
"""Characters: what is shorter occurs by chance."""
USUAL_SECONDS: Final = 300
"""How long a token is used that does not say how long it lasts."""
EARLIER: Final = 30
"""Seconds before its end at which a token is no longer used."""
LONGEST_SHOWN: Final = 300
MOST_TOKEN_SECONDS: Final = 20.0


class ConnectionFailed(Exception):
    """Nothing was asked of the service. `name` is that of the error; the text is fit to be shown."""

    def __init__(self, name: str, message: str, *, is_retryable: bool = False) -> None:
        super().__init__(message)
        self.name = name
        self.message = message
        self.is_retryable = is_retryable


@dataclass(frozen=True, slots=True)
class _Pass:
    """What lets a request in: `headers` to add, a parameter of the address, and the texts that nobody is to see."""

    headers: Mapping[str, str]
    secrets: tuple[str, ...] = ()
    parameter: tuple[str, str] | None = None


def service_of(environment_id: int, key: str) -> Connection:
    """The HTTP service that is called so in an environment. Raises `ConnectionFailed`."""
    found = Connection.objects.filter(environment=environment_id, key=key).first()
    if found is None:
        message = f"There is no connection {key[:60]!r} here. Add one with this short name in the settings."
        raise ConnectionFailed("ConnectionUnknown", message)
    if found.type != Connection.Type.HTTP:
        raise ConnectionFailed("ConnectionUnknown", f"{found.name} is an AI agent, not an HTTP service.")
    return found


def address_below(connection: Connection, text: str) -> str:
    """The whole address for what a task writes: what comes after the connection's own, or an address below it.

    Raises `ConnectionFailed` for one that leads elsewhere.
    """
    text, base = text.strip(), connection.base_url.rstrip("/")
    is_whole = text.startswith(("http://", "https://"))
    url = text if is_whole else base + (text if text[:1] in ("", "?") else "/" + text.lstrip("/"))
    if not _is_below(base, url):
        message = f"{text[:200]!r} does not lead to {connection.name} ({base}), so nothing was sent."
        raise ConnectionFailed("WrongInputs", message)
    return url


def _is_below(base: str, url: str) -> bool:
    try:
        root, target = target_of(base), target_of(url)
    except OutboundRefused:
        return False
    here, there = root.path.rstrip("/"), target.path.partition("?")[0]
    steps = unquote(unquote(there)).replace("\\", "/").split("/")
    is_same_host = (root.scheme, root.host, root.port) == (target.scheme, target.host, target.port)
    return is_same_host and (there + "/").startswith(here + "/") and not {".", ".."} & set(steps)


def send_over(connection: Connection, request: OutboundRequest) -> OutboundResponse:
    """Send a request with what lets it in; its `url` is as `address_below` takes it. The response is without secrets.

    A token that is refused is had anew once; the time of the request covers that too. Raises `ConnectionFailed` and
    `OutboundError`.
    """
    request = replace(request, url=address_below(connection, request.url))
    until = time.monotonic() + request.timeout_seconds
    try:
        response = _sent(connection, request, until)
        if response.status == 401 and connection.auth == Connection.Auth.OAUTH2:
            cache.delete(_token_key(connection))
            response = _sent(connection, request, until)
    except SecretUnreadable as bad:
        raise ConnectionFailed("ConnectionNotReady", f"{connection.name}: {bad}") from bad
    return response


def _sent(connection: Connection, request: OutboundRequest, until: float) -> OutboundResponse:
    by = _pass_of(connection, until)
    ours = {name.lower() for name in by.headers}
    given = {name: value for name, value in request.headers.items() if name.lower() not in ours}
    seconds = until - time.monotonic()
    whole = replace(request, headers={**given, **by.headers}, follow_redirects=False, timeout_seconds=seconds)
    if by.parameter is None:
        return _without(send(whole), by.secrets)
    response = send(replace(whole, url=_with_parameter(request.url, *by.parameter)))
    return replace(_without(response, by.secrets), url=request.url)


def _with_parameter(url: str, name: str, value: str) -> str:
    """The address with this parameter, in place of any that a task gave it."""
    parts = urlsplit(url)
    given = [pair for pair in parts.query.split("&") if pair and unquote_plus(pair.partition("=")[0]) != name]
    return urlunsplit(parts._replace(query="&".join([*given, urlencode({name: value})]), fragment=""))


def _without(response: OutboundResponse, secrets: tuple[str, ...]) -> OutboundResponse:
    """The response without what nobody is to see: some services say what they were sent."""
    body, headers = response.body, dict(response.headers)
    for text in _as_written(secrets):
        body = body.replace(text.encode(), HIDDEN.encode())
        headers = {name: value.replace(text, HIDDEN) for name, value in headers.items()}
    return replace(response, body=body, headers=headers)


def _as_written(secrets: tuple[str, ...]) -> Iterator[str]:
    """Each as it is and as JSON writes it, the longest first."""
    long = (text for text in secrets if len(text) >= SHORTEST_HIDDEN)
    yield from sorted({form for text in long for form in (text, orjson.dumps(text)[1:-1].decode())}, key=len)[::-1]


# -- what lets a request in -------------------------------------------------------------------------------------------


def _pass_of(connection: Connection, until: float) -> _Pass:
    if connection.auth == Connection.Auth.NONE:
        return _Pass({})
    secret = connection.plain_secret
    if not secret:
        message = f"{connection.name} has no secret yet. An administrator adds it in the settings."
        raise ConnectionFailed("ConnectionNotReady", message)
    match connection.auth:
        case Connection.Auth.BASIC:
            together = base64.b64encode(f"{connection.user_name}:{secret}".encode()).decode()
            return _Pass({"Authorization": f"Basic {together}"}, (secret, together))
        case Connection.Auth.HEADER:
            return _Pass({connection.header_name: secret}, (secret,))
        case Connection.Auth.QUERY:
            return _Pass({}, (secret, quote(secret, safe=""), quote_plus(secret)), (connection.query_name, secret))
        case Connection.Auth.OAUTH2:
            token = _token(connection, secret, min(until - time.monotonic(), MOST_TOKEN_SECONDS))
            return _Pass({"Authorization": f"Bearer {token}"}, (secret, token))
        case _:
            return _Pass({"Authorization": f"Bearer {secret}"}, (secret,))


def _token_key(connection: Connection) -> str:
    return f"connection-token:{connection.pk}:{connection.changed_at.timestamp()}"


def _token(connection: Connection, secret: str, seconds: float) -> str:
    """An access token of RFC 6749, 4.4, kept (sealed) until shortly before its end."""
    if kept := cache.get(_token_key(connection)):
        return unseal(kept)
    response = send(_token_request(connection, secret, seconds))
    if response.status != 200:
        response = _without(response, (secret,))
    try:
        said = orjson.loads(response.body)
    except orjson.JSONDecodeError:
        said = None
    token = said.get("access_token") if isinstance(said, dict) else None
    if response.status != 200 or not isinstance(token, str) or not token.isascii() or not token.isprintable():
        raise _no_token(connection, response, said)
    lasts = said.get("expires_in")
    is_told = isinstance(lasts, (int, float)) and not isinstance(lasts, bool)
    kept_for = int(lasts) - EARLIER if is_told else USUAL_SECONDS
    if kept_for > 0:
        cache.set(_token_key(connection), seal(token), kept_for)
    return token


def _token_request(connection: Connection, secret: str, seconds: float) -> OutboundRequest:
    client = f"{quote_plus(connection.user_name)}:{quote_plus(secret)}"  # as RFC 6749, 2.3.1 writes them
    form = {"grant_type": "client_credentials"}
    if connection.token_scope:
        form["scope"] = connection.token_scope
    return OutboundRequest(
        method="POST",
        url=connection.token_url,
        headers={
            "Authorization": f"Basic {base64.b64encode(client.encode()).decode()}",
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept": "application/json",
        },
        body=urlencode(form).encode(),
        timeout_seconds=seconds,
    )


def _no_token(connection: Connection, response: OutboundResponse, said: object) -> ConnectionFailed:
    why = ""
    if isinstance(said, dict):
        why = ": ".join(str(said[name]) for name in ("error", "error_description") if said.get(name))
    where = urlsplit(connection.token_url).netloc
    message = f"{connection.name} got no token: {where} answered {response.status}" + (f" ({why})" if why else "") + "."
    is_retryable = response.status >= 500 or response.status == 429
    return ConnectionFailed("ConnectionRefused", message[:LONGEST_SHOWN], is_retryable=is_retryable)


# -- for whoever sets it up -------------------------------------------------------------------------------------------


def look(connection: Connection, *, seconds: float = 20.0) -> tuple[int, str]:
    """Ask for the connection's own address, as a flow would: the status, and what came of it in words.

    Raises `ConnectionFailed`, also where the answer is that we may not.
    """
    try:
        response = send_over(connection, OutboundRequest(method="GET", url="", timeout_seconds=seconds))
    except OutboundError as bad:
        raise ConnectionFailed(type(bad).__name__, f"{connection.name}: {bad}") from bad
    words = f"{connection.name} answers {response.status} at {response.url}."
    if response.status in (401, 403):
        raise ConnectionFailed("ConnectionRefused", f"{words} It does not let us in: look at the secret.")
    return response.status, words
