"""A cap on request bodies below Django, which reads a whole ASGI body to disk before any middleware runs."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from dialects.shared.refusals import refusal_for

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]

TOO_LARGE = b'{"type":"about:blank","title":"Content Too Large","status":413,"detail":"What was sent is too large."}'


class BodyTooLarge(Exception):
    """The body grew over the limit while it was read."""


class BodyLimit:
    """Answers 413 once a body without a truthful Content-Length has grown over the limit."""

    def __init__(self, application: Any, *, max_bytes: int) -> None:
        self.application: Application = application
        self.max_bytes = max_bytes

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Run one request with a counting `receive`."""
        received = 0

        async def counting_receive() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self.max_bytes:
                raise BodyTooLarge
            return message

        try:
            await self.application(scope, counting_receive, send)
        except BodyTooLarge:
            await refuse_too_large(send, str(scope.get("path", "")))


async def refuse_too_large(send: Send, path: str) -> None:
    """Send the 413 answer, or what a room answers; the connection is closed, as the rest of the body is not read."""
    shaped = refusal_for(path, 413, "What was sent is too large.")
    status, body = shaped or (413, TOO_LARGE)
    kind = b"application/json" if shaped else b"application/problem+json"
    headers = [(b"content-type", kind), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
