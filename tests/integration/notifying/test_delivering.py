"""Mail arrives in a real mail server; webhooks arrive signed; what fails says why."""

from __future__ import annotations

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.test import override_settings
from standardwebhooks import Webhook, WebhookVerificationError

from accounts.sealing import seal
from engine.models import Step
from engine.notifying.models import Message, Provider
from tests.integration.engine.conftest import Engine
from tests.integration.notifying.conftest import Send, Sink
from tests.servers import serve_in_thread

pytestmark = pytest.mark.django_db(transaction=True)
SECRET = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
MAIL = {
    "subject": "Parcel {{ payload.no }}",
    "body": "<h1>Hello {{ subscriber.firstName }}</h1><p>It has left.</p><script>bad()</script>",
    "from": {"email": "depot@example.test", "name": "Depot"},
    "reply_to": "help@example.test",
}


def smtp(port: int) -> override_settings:
    """Have mail sent to a real server."""
    backend = "django.core.mail.backends.smtp.EmailBackend"
    return override_settings(EMAIL_BACKEND=backend, EMAIL_HOST="127.0.0.1", EMAIL_PORT=port)


def test_a_mail_arrives_in_the_mail_server(engine: Engine, send: Send, mail_server: Sink) -> None:
    flow = engine.publish("trigger -> mail", kinds={"mail": "email"}, settings={"mail": MAIL})
    with smtp(mail_server.port):
        send(flow, email="ada@example.test", firstName="Ada", payload={"no": "P-1"})
        engine.work()
    (mail,) = mail_server.mails
    assert (mail["Subject"], mail["To"]) == ("Parcel P-1", "ada@example.test")
    assert (mail["From"], mail["Reply-To"]) == ('"Depot" <depot@example.test>', "help@example.test")
    plain, html = (part.get_payload(decode=True).decode() for part in mail.get_payload())  # type: ignore[union-attr]
    assert plain.split() == ["Hello", "Ada", "It", "has", "left."]
    assert "<h1>Hello Ada</h1>" in html
    assert "script" not in html
    message = Message.objects.get()
    assert (message.status, message.address, message.provider_type) == ("sent", "ada@example.test", "mail")


def test_a_repeated_attempt_sends_nothing_twice(engine: Engine, send: Send, mail_server: Sink) -> None:
    flow = engine.publish("trigger -> mail", kinds={"mail": "email"}, settings={"mail": MAIL})
    with smtp(mail_server.port):
        send(flow, email="ada@example.test")
        (attempt,) = engine.claim("dies")
        engine.settle(attempt, name="dies", result=None)  # it took too long: another attempt follows
        engine.later(minutes=1)
        engine.work()
        engine.later(minutes=10)
        engine.work()
    assert len(mail_server.mails) == 1
    assert Message.objects.count() == 1


def test_a_refused_recipient_fails_the_step_for_good(engine: Engine, send: Send, mail_server: Sink) -> None:
    mail_server.refuses = "550 no such user"
    flow = engine.publish("trigger -> mail", kinds={"mail": "email"}, settings={"mail": MAIL})
    with smtp(mail_server.port):
        send(flow, email="ghost@example.test")
        engine.work()
    step = Step.objects.get()
    assert (step.status, step.error["name"]) == ("failed", "RecipientsRefused")
    assert Message.objects.get().status == "error"


def test_a_provider_of_its_own_takes_the_mail(engine: Engine, send: Send, mail_server: Sink) -> None:
    Provider.objects.create(
        environment=engine.scope.environment,
        channel="email",
        type="smtp",
        name="Post",
        settings={"host": "127.0.0.1", "port": mail_server.port, "from": "shop@example.test"},
    )
    flow = engine.publish(
        "trigger -> mail", kinds={"mail": "email"}, settings={"mail": {**MAIL, "provider_defaults": True}}
    )
    send(flow, email="ada@example.test")
    engine.work()
    assert mail_server.mails[0]["From"] == "shop@example.test"


@pytest.fixture
def receiver() -> Iterator[tuple[str, list[tuple[dict[str, str], bytes]]]]:
    """The address of somebody who takes webhooks, and what came."""
    came: list[tuple[dict[str, str], bytes]] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            try:  # as the receiver's own code would
                Webhook(SECRET).verify(body, {name.lower(): value for name, value in self.headers.items()})
                status = 200
            except WebhookVerificationError:
                status = 401
            came.append((dict(self.headers.items()), body))
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    running = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    serve_in_thread(running)
    yield f"http://127.0.0.1:{running.server_port}/", came
    running.shutdown()
    running.server_close()


@pytest.mark.parametrize("channel", ["sms", "push", "chat"])
def test_a_webhook_provider_receives_a_signed_request(
    engine: Engine, send: Send, receiver: tuple[str, list[Any]], channel: str
) -> None:
    url, came = receiver
    _provider(engine, channel, url, SECRET)
    flow = engine.publish("trigger -> say", kinds={"say": channel}, settings={"say": {"body": "No {{ payload.no }}"}})
    send(flow, phone="+491701", payload={"no": 7})
    engine.work()
    ((headers, body),) = came
    heard = Webhook(SECRET).verify(body, {name.lower(): value for name, value in headers.items()})
    assert (heard["channel"], heard["body"], heard["subscriber"]["subscriberId"]) == (channel, "No 7", "ada")
    assert Step.objects.get().status == "completed"
    assert Message.objects.get().status == "sent"


def test_a_forged_signature_is_refused_and_told(engine: Engine, send: Send, receiver: tuple[str, list[Any]]) -> None:
    url, came = receiver
    _provider(engine, "sms", url, "whsec_" + "A" * 32)  # not the secret that the receiver knows
    flow = engine.publish("trigger -> say", kinds={"say": "sms"}, settings={"say": {"body": "x"}})
    send(flow, phone="+491701")
    engine.work()
    step = Step.objects.get()
    assert len(came) == 1
    assert (step.status, step.error["name"]) == ("failed", "ProviderRefused")
    assert step.error["message"] == "Gateway answered 401."


def test_a_channel_whose_providers_are_off_fails_with_its_reason(engine: Engine, send: Send) -> None:
    _provider(engine, "sms", "http://127.0.0.1:9/", SECRET, is_active=False)
    flow = engine.publish("trigger -> say", kinds={"say": "sms"}, settings={"say": {"body": "x"}})
    send(flow, phone="+491701")
    engine.work()
    assert Step.objects.get().error["name"] == "NoProvider"


def _provider(engine: Engine, channel: str, url: str, secret: str, **more: Any) -> None:
    Provider.objects.create(
        environment=engine.scope.environment,
        channel=channel,
        type="webhook",
        name="Gateway",
        url=url,
        secret=seal(secret),
        **more,
    )
