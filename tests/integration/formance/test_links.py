"""`link()` from end to end: what an event links to is fetched over HTTP, for filters, variables and the trial."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.conf import LazySettings

from accounts.scope import Scope
from dialects.formance import triggers
from engine.models import Instance
from tests.integration.formance.conftest import Caller, publish
from tests.integration.formance.test_triggers import make_trigger
from tests.servers import serve_in_thread

__all__ = ["make_trigger"]  # a fixture
ACCOUNTS = {"/accounts/1": {"data": {"name": "ada", "tier": "gold"}}, "/accounts/2": {"data": {"name": "bob"}}}


@pytest.fixture
def accounts() -> Iterator[str]:
    """The address of a service that knows two accounts."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = ACCOUNTS.get(self.path)
            body = json.dumps(found if found is not None else {"errorCode": "NOT_FOUND"}).encode()
            self.send_response(200 if found is not None else 404)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    serve_in_thread(server)
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def event(url: str, number: str) -> dict[str, Any]:
    return {"id": number, "links": [{"name": "source_account", "uri": f"{url}/accounts/{number}"}]}


LINKED = {
    "filter": 'link(event, "source_account").tier == "gold"',
    "vars": {"who": 'link(event, "source_account").name'},
}


def test_what_is_linked_decides_and_fills_in(call: Caller, make_trigger: Any, scope: Scope, accounts: str) -> None:
    trigger = make_trigger(event="PAID", **LINKED)
    for number in ("1", "2", "3"):  # one fits, one does not, one is not there: a silent non-match
        publish(scope, "PAID", event(accounts, number))
    assert [instance.input for instance in Instance.objects.all()] == [{"who": "ada"}]
    found = call("GET", f"/triggers/{trigger['id']}/occurrences").json()["data"]
    assert [one["event"]["payload"]["id"] for one in found] == ["1"]
    tried = call("POST", f"/v2/triggers/{trigger['id']}/test", event(accounts, "1")).json()["data"]
    assert tried == {"filter": {"match": True}, "variables": {"who": {"value": "ada"}}}


def test_a_link_that_cannot_be_followed_is_an_error_with_its_reason(
    call: Caller, make_trigger: Any, scope: Scope, accounts: str
) -> None:
    trigger = make_trigger(event="PAID", vars=LINKED["vars"])
    publish(scope, "PAID", event(accounts, "3"))
    (found,) = call("GET", f"/triggers/{trigger['id']}/occurrences").json()["data"]
    assert "unexpected status code 404" in found["error"]
    publish(scope, "PAID", {"links": []})
    newest = call("GET", f"/triggers/{trigger['id']}/occurrences").json()["data"][0]
    assert newest["error"].startswith("link 'source_account' not defined for object")
    assert not Instance.objects.exists()


def test_a_private_address_is_not_fetched_unless_it_is_allowed(
    call: Caller, make_trigger: Any, accounts: str, settings: LazySettings
) -> None:
    trigger = make_trigger(event="PAID", vars=LINKED["vars"])
    settings.OUTBOUND_ALLOW = []
    tried = call("POST", f"/v2/triggers/{trigger['id']}/test", event(accounts, "1")).json()["data"]
    assert "cannot fetch" in tried["variables"]["who"]["error"]


def test_only_http_is_followed(call: Caller, make_trigger: Any) -> None:
    trigger = make_trigger(event="PAID", vars=LINKED["vars"])
    for uri in ("file:///etc/hostname", "ftp://127.0.0.1/a", "gopher://127.0.0.1/a"):
        payload = {"links": [{"name": "source_account", "uri": uri}]}
        tried = call("POST", f"/v2/triggers/{trigger['id']}/test", payload).json()["data"]
        assert "cannot fetch" in tried["variables"]["who"]["error"], uri


def test_a_link_has_five_seconds(call: Caller, make_trigger: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert triggers.FETCH_SECONDS == 5
    monkeypatch.setattr(triggers, "FETCH_SECONDS", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:  # takes connections, never answers
        trigger = make_trigger(event="PAID", vars=LINKED["vars"])
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        tried = call("POST", f"/v2/triggers/{trigger['id']}/test", event(url, "1")).json()["data"]
    assert f"cannot fetch {url}/accounts/1: " in tried["variables"]["who"]["error"]
