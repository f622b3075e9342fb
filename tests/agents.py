"""An agent for tests: a real HTTP server on loopback that speaks chat completions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.servers import serve_in_thread


@dataclass
class Agent:
    """What it was asked, and what it answers: texts in turn (the last one for ever), or a `(status, body)`."""

    url: str = ""
    asked: list[dict[str, Any]] = field(default_factory=list)
    answers: list[Any] = field(default_factory=lambda: ["ready"])

    def next_answer(self) -> Any:
        """What it says now."""
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@contextmanager
def running_agent() -> Iterator[Agent]:
    """A server that runs until the end of the block."""
    agent = Agent()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Say nothing."""

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            agent.asked.append({"path": self.path, "headers": dict(self.headers), "body": json.loads(body)})
            answer = agent.next_answer()
            status, content = answer if isinstance(answer, tuple) else (200, completion(answer))
            written = content if isinstance(content, bytes) else json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(written)))
            self.end_headers()
            self.wfile.write(written)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    serve_in_thread(server)
    agent.url = f"http://127.0.0.1:{server.server_port}/v1"
    yield agent
    server.shutdown()
    server.server_close()


def completion(content: Any) -> dict[str, Any]:
    """The answer of a chat completion endpoint."""
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "model": "tiny",
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": content}}],
        "usage": {"prompt_tokens": 9, "completion_tokens": 1, "total_tokens": 10},
    }
