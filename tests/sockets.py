"""A websocket client inside the test: it talks to the ASGI application itself, without a network."""

from __future__ import annotations

import contextlib
import json
from typing import Any

from asgiref.testing import ApplicationCommunicator


class SocketClient:
    """One socket. `channels.testing` has one too, but wants the whole of daphne for it."""

    def __init__(self, application: Any, path: str, headers: list[tuple[bytes, bytes]]) -> None:
        scope = {"type": "websocket", "path": path, "query_string": b"", "headers": headers, "subprotocols": []}
        self.inner = ApplicationCommunicator(application, scope)

    async def connect(self) -> bool:
        """Open it. Answers whether it was accepted."""
        await self.inner.send_input({"type": "websocket.connect"})
        return bool((await self.receive_output())["type"] == "websocket.accept")

    async def send(self, message: Any) -> None:
        """Send JSON, or a text as it is."""
        text = message if isinstance(message, str) else json.dumps(message)
        await self.inner.send_input({"type": "websocket.receive", "text": text})

    async def receive(self) -> Any:
        """The next message as JSON. Fails when the socket is closed or three seconds pass."""
        output = await self.receive_output()
        assert output["type"] == "websocket.send", output
        return json.loads(output["text"])

    async def receive_output(self, timeout: float = 3) -> dict[str, Any]:
        """The next thing the application does."""
        output: dict[str, Any] = await self.inner.receive_output(timeout)
        return output

    async def receive_nothing(self, timeout: float = 0.3) -> bool:
        """Whether nothing comes for this long."""
        return bool(await self.inner.receive_nothing(timeout, 0.01))

    async def close(self) -> None:
        """Leave, and wait until the application has noticed."""
        await self.inner.send_input({"type": "websocket.disconnect", "code": 1005})
        with contextlib.suppress(Exception):
            await self.inner.wait(3)
