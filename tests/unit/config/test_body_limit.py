"""A body over the limit is refused while it is read, whatever its headers claim."""

import json
from collections.abc import MutableMapping
from typing import Any

import pytest

from config.body_limit import BodyLimit

Message = MutableMapping[str, Any]


async def reads_everything(scope: Message, receive: Any, send: Any) -> None:
    """An application that takes the whole body and says how long it was."""
    length, more = 0, True
    while more:
        message = await receive()
        length += len(message.get("body", b""))
        more = message.get("more_body", False)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": str(length).encode()})


async def answer_to(chunks: list[bytes], *, max_bytes: int, path: str = "/") -> list[Message]:
    waiting = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]
    waiting.append({"type": "http.request", "body": b"", "more_body": False})
    sent: list[Message] = []

    async def receive() -> Message:
        return waiting.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    await BodyLimit(reads_everything, max_bytes=max_bytes)({"type": "http", "path": path}, receive, send)
    return sent


async def test_a_body_of_exactly_the_limit_passes() -> None:
    start, body = await answer_to([b"x" * 50, b"y" * 50], max_bytes=100)
    assert (start["status"], body["body"]) == (200, b"100")


async def test_one_byte_more_is_refused_with_413() -> None:
    start, body = await answer_to([b"x" * 50, b"y" * 51, b"never read"], max_bytes=100)
    assert start["status"] == 413
    assert b"too large" in body["body"]


async def test_below_a_vendors_address_the_refusal_has_its_shape() -> None:
    start, body = await answer_to([b"x" * 101], max_bytes=100, path="/formance/api/orchestration/workflows")
    assert start["status"] == 400
    assert body["body"] == b'{"errorCode":"VALIDATION","errorMessage":"request body too large"}'


@pytest.mark.parametrize(
    ("path", "code", "message"),
    [
        ("/shop/instances", 10306, "params is too large. Maximum allowed size is 1MiB."),
        ("/shop/instances/one/events/go", 10306, "event payload is too large. Maximum allowed size is 1MiB."),
        ("/shop/instances/batch", 10306, "The batch is too large. Send fewer instances at once."),
        ("/shop", 10300, "Invalid request: the body is too large"),
    ],
)
async def test_so_it_has_where_the_shape_is_an_envelope(path: str, code: int, message: str) -> None:
    path = f"/cloudflare/client/v4/accounts/acme/workflows{path}"
    start, body = await answer_to([b"x" * 101], max_bytes=100, path=path)
    told = json.loads(body["body"])
    assert (start["status"], told["success"], told["result"]) == (400, False, None)
    assert told["errors"] == [{"code": code, "message": message}]
