"""An HTTP server that answers when the test lets it, and remembers who called."""

from __future__ import annotations

import contextlib
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

from tests.servers import serve_in_thread

LONGEST_SECONDS = 120


class SlowServer:
    """`POST /gated` waits until `gate` is set; any other path is answered at once."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.calls: Counter[str] = Counter()
        """How often each idempotency key came."""
        self.waiting = 0
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True

    @property
    def url(self) -> str:
        """Its address, without a slash at its end."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        ours = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                with ours._lock:
                    ours.calls[self.headers.get("Idempotency-Key", "")] += 1
                    ours.waiting += 1
                if self.path == "/gated":
                    ours.gate.wait(LONGEST_SECONDS)
                with ours._lock:
                    ours.waiting -= 1
                body = b'{"ok": true}'
                with contextlib.suppress(OSError):  # whoever called is gone
                    self.send_response(200)
                    self.send_header("Content-Type", "application/json")
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Quiet."""

        return Handler

    def __enter__(self) -> Self:
        serve_in_thread(self._server)
        return self

    def __exit__(self, *_: object) -> None:
        self.gate.set()
        self._server.shutdown()
        self._server.server_close()
