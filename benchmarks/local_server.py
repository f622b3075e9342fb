"""An HTTP server on a loopback port that answers everything after five milliseconds, and costs next to nothing itself.

`python -m benchmarks.local_server` prints its port, and serves until its input ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import Iterator
from typing import Final

SECONDS: Final = 0.005
BODY: Final = b'{"number": 1}'
ANSWER: Final = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: "
    + str(len(BODY)).encode()
    + b"\r\n\r\n"
    + BODY
)


class Answerer(asyncio.Protocol):
    """One connection, kept alive. Requests have no body."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Somebody connected."""
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer each request that has come to its end, a little later."""
        for _ in range(data.count(b"\r\n\r\n")):
            asyncio.get_running_loop().call_later(SECONDS, self._answer)

    def _answer(self) -> None:
        if isinstance(self.transport, asyncio.WriteTransport) and not self.transport.is_closing():
            self.transport.write(ANSWER)


@contextlib.contextmanager
def local_server() -> Iterator[str]:
    """The address of one in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.local_server"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
        finally:
            process.terminate()


async def _serve() -> None:
    server = await asyncio.get_running_loop().create_server(Answerer, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve())
