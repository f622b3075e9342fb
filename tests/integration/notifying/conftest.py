"""An engine at a moment that stands still, flows that notify, and a real mail server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message as Mail
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from accounts.scope import Scope
from designer.models import Flow
from engine.services.notifications import Recipient, Trigger, Triggered, trigger
from tests.integration.engine.conftest import Engine
from tests.servers import free_port

__all__ = ["engine"]


@pytest.fixture
def engine(scope: Scope) -> Engine:
    """The engine."""
    return Engine(scope)


@dataclass
class Sink:
    """Mails that arrived. `refuses`: what is said to every recipient instead of taking the mail."""

    port: int
    mails: list[Mail] = field(default_factory=list)
    refuses: str = ""

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take or refuse a recipient."""
        if self.refuses:
            return self.refuses
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Take a mail."""
        content = envelope.content
        assert isinstance(content, bytes)
        self.mails.append(message_from_bytes(content))
        return "250 OK"


@pytest.fixture
def mail_server() -> Iterator[Sink]:
    """A real SMTP server on a loopback port."""
    sink = Sink(free_port())
    controller = Controller(sink, hostname="127.0.0.1", port=sink.port)
    controller.start()
    yield sink
    controller.stop()


Send = Callable[..., Triggered]


@pytest.fixture
def send(engine: Engine) -> Send:
    """`send(flow, "ada", email="…", payload={…})`: trigger a flow for a subscriber."""

    def run(flow: Flow, who: str = "ada", *, payload: Any = None, **fields: Any) -> Triggered:
        asked = Trigger(flow=flow, payload=payload or {}, recipients=[Recipient(who, fields)])
        return trigger(engine.scope, asked, now=engine.now)

    return run
