"""Programs are asked for a key on each request, and for nothing else; what protects pages stays where pages are."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any
from unittest import mock

import pytest
from django.test import Client

from accounts.roles import Role
from config import wsgi
from config.programs import is_for_a_program

POLICY = ("Content-Security-Policy", "X-Frame-Options", "X-Content-Type-Options", "Referrer-Policy")


@pytest.mark.parametrize("path", ["/api/v1/flows", "/hooks/nothing", "/novu/v1/environments", "/formance/_info"])
def test_a_signed_in_browser_is_nobody_to_an_api(
    client_as: Callable[[Role], Client], django_assert_max_num_queries: Callable[..., Any], path: str
) -> None:
    browser = client_as(Role.ADMINISTRATOR)
    with django_assert_max_num_queries(2) as asked:
        answer = browser.get(path)
    assert not any("session" in query["sql"] for query in asked.captured_queries)
    assert not answer.cookies
    assert not hasattr(answer.wsgi_request, "session")


def test_what_a_program_is_answered_is_guarded_as_pages_are(client_as: Callable[[Role], Client]) -> None:
    browser = client_as(Role.VIEWER)
    page, refusal = browser.get("/accounts/me/"), browser.post("/api/v1/events", {}, content_type="application/json")
    assert refusal.status_code == 401
    assert [refusal.headers[name] for name in POLICY[1:]] == [page.headers[name] for name in POLICY[1:]]
    assert refusal.headers[POLICY[0]] == browser.get("/api/v1/flows").headers[POLICY[0]]
    assert "default-src 'none'" in refusal.headers[POLICY[0]]
    assert "unsafe" not in refusal.headers[POLICY[0]]


def test_pages_below_an_api_know_who_is_signed_in(client_as: Callable[[Role], Client]) -> None:
    answer = client_as(Role.VIEWER).get("/api/v1/reference")
    assert answer.status_code == 200
    assert answer.wsgi_request.user.is_authenticated


def test_a_form_of_a_page_still_needs_its_token(client_as: Callable[[Role], Client]) -> None:
    browser = client_as(Role.VIEWER)
    browser.handler.enforce_csrf_checks = True
    assert browser.post("/accounts/sign-out/").status_code == 403


def test_only_whole_prefixes_count() -> None:
    def path(text: str) -> Any:
        return mock.Mock(path_info=text)

    assert is_for_a_program(path("/hooks/abc"))
    assert not any(is_for_a_program(path(text)) for text in ("/", "/hooks", "/api/v1/", "/o/acme/api/v1/flows"))


def test_a_whole_answer_is_closed_and_handed_over_as_a_list(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = mock.MagicMock(streaming=False)
    answer.__iter__.return_value = iter([b"a", b"b"])
    monkeypatch.setattr(wsgi, "pages", lambda environ, start: answer)
    assert wsgi.application({}, lambda *_: None) == [b"ab"]
    answer.close.assert_called_once_with()


def test_a_stream_stays_one(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = mock.Mock(streaming=True)
    monkeypatch.setattr(wsgi, "pages", lambda environ, start: stream)
    assert wsgi.application({}, lambda *_: None) is stream
    stream.close.assert_not_called()


@pytest.mark.parametrize("module", ["config.wsgi", "config.asgi"])
def test_a_server_has_its_addresses_before_the_first_request(module: str) -> None:
    script = f"import sys, {module}; print('dialects.native.urls' in sys.modules, 'engine.urls' in sys.modules)"
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "tests.settings"}
    ran = subprocess.run([sys.executable, "-c", script], env=environment, stdout=subprocess.PIPE, text=True, check=True)
    assert ran.stdout.split() == ["True", "True"]
