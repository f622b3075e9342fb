"""HTTP requests over a stored connection: what lets them in goes to that service only, and is seen by nobody."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from django.core.cache import cache

from accounts.connections.calling import ConnectionFailed, address_below, look
from accounts.connections.models import Connection
from accounts.connections.services import add_connection, change_connection
from accounts.scope import Scope
from engine.models import Fact, Instance, Step
from tests.integration.engine.conftest import Engine
from tests.services import Service, running_service

StepOf = Callable[..., Step]
SECRET = "s3cret/of-the shop"
TOGETHER = base64.b64encode(f"flows:{SECRET}".encode()).decode()


@pytest.fixture(scope="module")
def server() -> Iterator[Service]:
    with running_service() as running:
        yield running


@pytest.fixture
def service(server: Service) -> Service:
    """A service that was asked nothing yet and lets everybody in."""
    cache.clear()
    server.asked.clear()
    server.lets_in, server.token_answer = set(), Service().token_answer
    return server


def connect(scope: Scope, service: Service, auth: str = "bearer", **fields: Any) -> Connection:
    fields = {"secret": SECRET, "base_url": f"{service.origin}/v1", **fields}
    return add_connection(scope, name="Shop", type="http", auth=auth, **fields)


def asking(engine: Engine, **inputs: Any) -> Instance:
    """An instance whose only task asks `shop` for an order."""
    inputs = {"method": "GET", "connection": "shop", "url": "/orders/{{ input.order }}", **inputs}
    settings = {"action": "http_request", "inputs": inputs, "retries": {"limit": 1, "delay": "1 second"}}
    return worked(engine, engine.start("ask", settings={"ask": settings}, input={"order": 7}))


def again(engine: Engine, before: Instance) -> Instance:
    """Another instance of the same flow."""
    return worked(engine, engine.start(before.flow, input={"order": 7}))


def worked(engine: Engine, instance: Instance) -> Instance:
    engine.work()
    instance.refresh_from_db()
    return instance


@pytest.mark.parametrize(
    ("auth", "fields", "header"),
    [
        ("bearer", {}, ("Authorization", f"Bearer {SECRET}")),
        ("basic", {"user_name": "flows"}, ("Authorization", f"Basic {TOGETHER}")),
        ("header", {"header_name": "X-Shop-Key"}, ("X-Shop-Key", SECRET)),
    ],
)
def test_the_secret_lets_a_request_in_and_is_kept_nowhere(
    engine: Engine,
    step_of: StepOf,
    scope: Scope,
    service: Service,
    auth: str,
    fields: dict[str, str],
    header: tuple[str, str],
) -> None:
    connect(scope, service, auth, **fields)
    service.lets_in = {header}
    instance = asking(engine, headers={header[0].lower(): "from the task"})
    step = step_of(instance, "ask")
    assert (instance.status, service.paths) == ("complete", ["/v1/orders/7"])
    output: Any = step.output
    assert output["body"]["path"] == "/v1/orders/7"
    assert "[REDACTED]" in output["body"]["headers"][header[0]]
    assert step.input["connection"] == "shop"
    kept = str([step.input, step.output, step.attempts, *Fact.objects.values_list("data", flat=True)])
    assert SECRET not in kept
    assert TOGETHER not in kept


@pytest.mark.parametrize(
    ("written", "asked"),
    [
        ("/orders/7", "/v1/orders/7?key=" + quote_plus(SECRET)),
        ("/orders/7?full=a%20b&key=from-the-task&KEY=1", "/v1/orders/7?full=a%20b&KEY=1&key=" + quote_plus(SECRET)),
    ],
)
def test_a_key_in_the_address_is_kept_nowhere(
    engine: Engine, step_of: StepOf, scope: Scope, service: Service, written: str, asked: str
) -> None:
    connection = connect(scope, service, "query", query_name="key")
    service.lets_in = {("Authorization", "nobody")}
    step = step_of(asking(engine, url=written), "ask")
    assert service.paths == [asked]
    assert step.error["status"] == 401
    kept = str([step.input, step.error, step.attempts, *Fact.objects.values_list("data", flat=True)])
    assert "key=[REDACTED]" in kept
    with pytest.raises(ConnectionFailed) as refused:
        look(connection)
    said = f"{kept} {refused.value.message}"
    assert not [form for form in (SECRET, quote_plus(SECRET), quote(SECRET, safe="")) if form in said]


def test_a_refusal_that_says_what_was_sent_is_kept_without_it(
    engine: Engine, step_of: StepOf, scope: Scope, service: Service
) -> None:
    connect(scope, service)
    service.lets_in = {("Authorization", "Bearer another")}
    step = step_of(asking(engine), "ask")
    assert step.error["status"] == 401
    assert "Bearer [REDACTED]" in str(step.error)
    assert SECRET not in str([step.error, step.attempts, *Fact.objects.values_list("data", flat=True)])


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:1/v1/orders",
        "https://evil.example.com/v1/orders",
        "../admin",
        "/orders/../../admin",
        "/orders/%2e%2e/%2E%2E/admin",
        "/orders/..%2f..%2fadmin",
        "/orders/%252e%252e/admin",
        "/..\\admin",
        "HERE/v10/orders",
        "HERE@evil.example.com/v1",
    ],
)
def test_nothing_is_sent_to_elsewhere(
    engine: Engine, step_of: StepOf, scope: Scope, service: Service, url: str
) -> None:
    connect(scope, service)
    step = step_of(asking(engine, url=url.replace("HERE", service.origin)), "ask")
    assert step.error["name"] == "WrongInputs"
    assert "does not lead to Shop" in step.error["message"]
    assert service.asked == []


@pytest.mark.parametrize(
    ("base", "text", "whole"),
    [
        ("https://a.example/v1", "orders", "https://a.example/v1/orders"),
        ("https://a.example/v1", "/orders?x=1", "https://a.example/v1/orders?x=1"),
        ("https://a.example/v1", "?x=../1", "https://a.example/v1?x=../1"),
        ("https://a.example/v1", "", "https://a.example/v1"),
        ("https://a.example", "//evil.example.com/", "https://a.example/evil.example.com/"),
        ("https://a.example/v1", "https://A.example:443/v1/orders", "https://A.example:443/v1/orders"),
        ("https://a.example/v1", "http://a.example/v1/orders", None),
        ("https://a.example/v1", "https://a.example:8443/v1/orders", None),
        ("https://a.example/v1", "https://a.example.evil.com/v1", None),
        ("https://a.example/v1", "https://a.example/v1beta", None),
        ("https://a.example/v1", "https://a.example/", None),
    ],
)
def test_an_address_is_below_its_connection_or_none(base: str, text: str, whole: str | None) -> None:
    connection = Connection(name="A", base_url=base)
    if whole is None:
        with pytest.raises(ConnectionFailed):
            address_below(connection, text)
    else:
        assert address_below(connection, text) == whole


# -- what is missing --------------------------------------------------------------------------------------------------


def test_a_connection_that_is_not_there_or_not_ready_is_said(
    engine: Engine, step_of: StepOf, scope: Scope, foreign_scope: Scope, service: Service
) -> None:
    connect(foreign_scope, service)
    instance = asking(engine)
    error = step_of(instance, "ask").error
    assert error["name"] == "ConnectionUnknown"
    assert "There is no connection 'shop' here" in error["message"]
    mine = connect(scope, service, secret="")
    assert "has no secret yet" in step_of(again(engine, instance), "ask").error["message"]
    Connection.objects.filter(pk=mine.pk).update(secret="sealed under a key that is gone")
    assert step_of(again(engine, instance), "ask").error["name"] == "ConnectionNotReady"
    assert service.asked == []
    change_connection(scope, mine, auth="none")
    assert again(engine, instance).status == "complete"
    assert "Authorization" not in service.asked[0]["headers"]


def test_an_agent_is_no_service(engine: Engine, step_of: StepOf, scope: Scope, service: Service) -> None:
    add_connection(scope, name="Helper", key="shop", base_url=service.origin, model="m", secret="x")
    assert "Helper is an AI agent" in step_of(asking(engine), "ask").error["message"]
    assert service.asked == []


def test_a_service_is_no_agent(engine: Engine, step_of: StepOf, scope: Scope, service: Service) -> None:
    connect(scope, service)
    own = {"agent": "shop", "prompt": "Hello?"}
    instance = engine.start("ask", kinds={"ask": "ai_agent"}, settings={"ask": own})
    engine.work()
    assert "There is no agent 'shop' here" in step_of(instance, "ask").error["message"]


# -- tokens -----------------------------------------------------------------------------------------------------------


def by_token(scope: Scope, service: Service) -> Connection:
    more = {"user_name": "quad rille", "token_url": f"{service.origin}/token", "token_scope": "orders:read"}
    return connect(scope, service, "oauth2", **more)


def test_a_token_is_had_once_and_kept(engine: Engine, scope: Scope, service: Service) -> None:
    by_token(scope, service)
    service.lets_in = {("Authorization", "Bearer token-1")}
    instance = asking(engine)
    assert [instance.status, again(engine, instance).status] == ["complete"] * 2
    assert service.paths == ["/token", "/v1/orders/7", "/v1/orders/7"]
    asked = service.asked[0]
    client = base64.b64encode(b"quad+rille:s3cret%2Fof-the+shop").decode()
    assert (asked["method"], asked["headers"]["Authorization"]) == ("POST", f"Basic {client}")
    assert asked["body"] == "grant_type=client_credentials&scope=orders%3Aread"
    seen = str([*Step.objects.values_list("output", "attempts"), *Fact.objects.values_list("data", flat=True)])
    assert "token-1" not in seen


def test_a_token_that_is_refused_is_had_anew_once(engine: Engine, scope: Scope, service: Service) -> None:
    by_token(scope, service)
    instance = asking(engine)
    assert instance.status == "complete"
    service.token_answer = (200, {"access_token": "token-2", "expires_in": 3600})
    service.lets_in = {("Authorization", "Bearer token-2")}
    service.asked.clear()
    assert again(engine, instance).status == "complete"
    assert service.paths == ["/v1/orders/7", "/token", "/v1/orders/7"]
    service.lets_in = {("Authorization", "Bearer nobody")}
    service.asked.clear()
    assert again(engine, instance).status == "errored"
    assert service.paths == ["/v1/orders/7", "/token", "/v1/orders/7"]


@pytest.mark.parametrize("lasts", [0, 20, -5])
def test_a_token_that_ends_soon_is_used_once(engine: Engine, scope: Scope, service: Service, lasts: int) -> None:
    by_token(scope, service)
    service.token_answer = (200, {"access_token": "token-1", "expires_in": lasts})
    instance = asking(engine)
    assert [instance.status, again(engine, instance).status] == ["complete"] * 2
    assert service.paths == ["/token", "/v1/orders/7"] * 2


@pytest.mark.parametrize(
    ("answer", "is_retried"),
    [
        ((401, {"error": "invalid_client", "error_description": f"No such client with {SECRET}"}), False),
        ((500, b"broken"), True),
        ((200, {"token": "another shape"}), False),
        ((200, {"access_token": "two\nlines"}), False),
        ((200, b"[1]"), False),
    ],
)
def test_no_token_is_an_error_that_says_why(
    engine: Engine, step_of: StepOf, scope: Scope, service: Service, answer: tuple[int, Any], is_retried: bool
) -> None:
    by_token(scope, service)
    service.token_answer = answer
    instance = asking(engine)
    step = step_of(instance, "ask")
    assert step.status == ("retrying" if is_retried else "failed")
    error = step.attempts[0]["error"]
    assert (error["name"], "Shop got no token" in error["message"]) == ("ConnectionRefused", True)
    assert ("No such client" in error["message"]) is (answer[0] == 401)
    assert SECRET not in str(step.attempts)
    assert "/v1/orders/7" not in service.paths
