"""Asking an agent: one chat completion over an OpenAI-compatible HTTP endpoint, through the one way out.

What is sent: `POST <address>/chat/completions` with `{model, messages, response_format?}`; what is read of the answer:
`choices[0].message.content`. See https://platform.openai.com/docs/api-reference/chat.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

import orjson

from accounts.connections.models import Connection
from accounts.outbound import OutboundError, OutboundRequest, OutboundResponse, send
from accounts.sealing import SecretUnreadable

RETRYABLE_STATUSES: Final = frozenset({408, 409, 425, 429})
LONGEST_SHOWN: Final = 500
"""Characters of what the service said that an error keeps."""

Schema = Mapping[str, Any]


class AgentFailed(Exception):
    """There is no answer. `name` is that of the error, `is_retryable` whether asking again makes sense."""

    def __init__(self, name: str, message: str, *, is_retryable: bool = False) -> None:
        super().__init__(message)
        self.name = name
        self.message = message
        self.is_retryable = is_retryable


@dataclass(frozen=True, slots=True)
class Question:
    """What an agent is asked. `schema`: the JSON Schema that its answer is to fit, None for an answer in words."""

    prompt: str
    schema: Schema | None = None
    timeout_seconds: float = 60.0
    idempotency_key: str = ""


def ask(connection: Connection, question: Question) -> str:
    """The agent's answer as it wrote it. Raises `AgentFailed`."""
    try:
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if secret := connection.plain_secret:
            headers["Authorization"] = f"Bearer {secret}"
        if question.idempotency_key:
            headers["Idempotency-Key"] = quote(question.idempotency_key, safe=":-._~@+")
        request = OutboundRequest(
            method="POST",
            url=f"{connection.base_url.rstrip('/')}/chat/completions",
            headers=headers,
            body=orjson.dumps(_body(connection, question)),
            timeout_seconds=question.timeout_seconds,
        )
        response = send(request)
    except SecretUnreadable as bad:
        raise AgentFailed("AgentNotReady", f"{connection.name}: {bad}") from bad
    except OutboundError as bad:
        raise AgentFailed("AgentNotReached", f"{connection.name}: {bad}", is_retryable=bad.is_retryable) from bad
    if not 200 <= response.status < 300:
        raise _refusal(connection, response)
    return _content(connection, response)


def _body(connection: Connection, question: Question) -> dict[str, Any]:
    messages = [{"role": "user", "content": question.prompt}]
    body: dict[str, Any] = {"model": connection.model, "messages": messages}
    if question.schema is None:
        return body
    written = orjson.dumps(question.schema).decode()
    wanted = f"Answer with JSON only, without any other words. It has to fit this JSON Schema: {written}"
    messages.insert(0, {"role": "system", "content": wanted})
    if connection.answer_format == Connection.AnswerFormat.SCHEMA:
        described = {"name": "answer", "schema": question.schema}
        body["response_format"] = {"type": "json_schema", "json_schema": described}
    elif connection.answer_format == Connection.AnswerFormat.OBJECT:
        body["response_format"] = {"type": "json_object"}
    return body


def _refusal(connection: Connection, response: OutboundResponse) -> AgentFailed:
    is_retryable = response.status >= 500 or response.status in RETRYABLE_STATUSES
    message = f"{connection.name} answered {response.status}: {_said(response)}"
    return AgentFailed("AgentRefused", message, is_retryable=is_retryable)


def _said(response: OutboundResponse) -> str:
    """The message of `{"error": {"message": …}}`, else the beginning of the body."""
    try:
        error = orjson.loads(response.body)["error"]
        said = error["message"] if isinstance(error, dict) else error
    except (orjson.JSONDecodeError, KeyError, TypeError):
        said = response.body.decode("utf-8", "replace")
    return str(said).strip()[:LONGEST_SHOWN] or "nothing more"


def _content(connection: Connection, response: OutboundResponse) -> str:
    try:
        message = orjson.loads(response.body)["choices"][0]["message"]
        content = message.get("content")
    except (orjson.JSONDecodeError, KeyError, IndexError, TypeError, AttributeError):
        message, content = {}, None
    if isinstance(content, list):  # parts, of which only text is an answer
        content = "".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    if isinstance(content, str) and content.strip():
        return content
    if isinstance(message, dict) and message.get("refusal"):
        raise AgentFailed("AgentRefused", f"{connection.name}: {str(message['refusal'])[:LONGEST_SHOWN]}")
    message_text = f"{connection.name} answered, but not with a chat completion that has any content."
    raise AgentFailed("AgentAnswerUnreadable", message_text, is_retryable=True)
