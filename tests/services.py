"""A service for tests that wants to be shown a secret: a real HTTP server on loopback."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.servers import serve_in_thread


@dataclass
class Service:
    """What it was asked, and whom it lets in: requests with one of `lets_in` among their headers.

    `POST /token` answers `token_answer`, any other request what it was sent: `{method, path, headers, body}`.
    """

    origin: str = ""
    asked: list[dict[str, Any]] = field(default_factory=list)
    lets_in: set[tuple[str, str]] = field(default_factory=set)
    token_answer: tuple[int, Any] = (200, {"access_token": "token-1", "token_type": "Bearer", "expires_in": 3600})

    @property
    def paths(self) -> list[str]:
        """What it was asked for, in turn."""
        return [asked["path"] for asked in self.asked]

    def answer_to(self, asked: dict[str, Any]) -> tuple[int, Any]:
        """Its status and its JSON."""
        if asked["path"] == "/token":
            return self.token_answer
        if self.lets_in and not self.lets_in & set(asked["headers"].items()):
            return 401, {"error": "Who are you?", "sent": asked}
        return 200, asked


@contextmanager
def running_service() -> Iterator[Service]:
    """A service that runs until the end of the block."""
    service = Service()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Say nothing."""

        def handle_request(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            asked = {"method": self.command, "path": self.path, "headers": dict(self.headers), "body": body}
            service.asked.append(asked)
            status, content = service.answer_to(asked)
            written = content if isinstance(content, bytes) else json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(written)))
            self.send_header("X-Sent", self.headers.get("Authorization", "nothing"))
            self.end_headers()
            self.wfile.write(written)

        do_GET = do_POST = do_PUT = handle_request

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    serve_in_thread(server)
    service.origin = f"http://127.0.0.1:{server.server_port}"
    yield service
    server.shutdown()
    server.server_close()
