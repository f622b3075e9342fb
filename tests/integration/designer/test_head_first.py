"""The editor's page over ASGI: its head is sent before its body is drawn, and together they are the same page."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.contrib.messages import constants
from django.contrib.messages.storage.base import Message
from django.contrib.messages.storage.cookie import CookieStorage
from django.http import HttpRequest
from django.test import AsyncClient, Client

from accounts.roles import Role
from accounts.scope import Scope
from designer import models
from designer.editor_page import EditorPage

OF_ONE_ANSWER = re.compile(r'nonce="[^"]+"|"X-CSRFToken": "\w+"|name="csrfmiddlewaretoken" value="\w+"')


@pytest.fixture
def address(scope: Scope, row: models.Flow) -> str:
    """Of the editor."""
    return scope.url("designer:edit", flow=row.key)


def pieces_of(client: Client, address: str) -> tuple[Any, list[str]]:
    """The answer, and its pieces in the order in which they are sent."""

    async def ask() -> tuple[Any, list[str]]:
        visitor = AsyncClient()
        visitor.cookies = client.cookies
        answer = await visitor.get(address)
        return answer, [piece.decode() async for piece in answer] if answer.streaming else []

    return async_to_sync(ask)()


def test_the_head_comes_by_itself_and_both_are_the_page(client_as: Callable[[Role], Client], address: str) -> None:
    client = client_as(Role.DESIGNER)
    answer, (head, body) = pieces_of(client, address)
    assert answer.status_code == 200
    assert "/static/js/editor/main" in head
    assert "editor_page" in head
    assert head.rstrip().endswith("</head>")
    assert body.lstrip().startswith("<body")
    whole = client.get(address).content.decode()
    assert OF_ONE_ANSWER.sub("", head + body) == OF_ONE_ANSWER.sub("", whole)


def test_what_goes_with_the_headers_is_there_before_the_body(client_as: Callable[[Role], Client], address: str) -> None:
    answer, (head, body) = pieces_of(client_as(Role.DESIGNER), address)
    assert answer.cookies["quadrille_csrf"].value
    assert "Cookie" in answer.headers["Vary"]
    (nonce,) = set(re.findall(r'nonce="([^"]+)"', head + body))
    assert f"'nonce-{nonce}'" in answer.headers["Content-Security-Policy"]


def test_a_note_for_the_next_page_is_shown_once(client_as: Callable[[Role], Client], address: str) -> None:
    client = client_as(Role.DESIGNER)
    notes = CookieStorage(HttpRequest())
    client.cookies["messages"] = notes._encode([Message(constants.INFO, "Put away.")])
    answer, (_, body) = pieces_of(client, address)
    assert "Put away." in body
    assert answer.cookies["messages"].value == ""


def test_who_may_not_look_is_sent_no_head(address: str) -> None:
    answer, pieces = pieces_of(Client(), address)
    assert answer.status_code == 302
    assert pieces == []


def test_a_body_that_cannot_be_drawn_says_so_and_is_logged(
    client_as: Callable[[Role], Client], address: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(self: EditorPage) -> Any:
        raise RuntimeError("out of ink")

    monkeypatch.setattr(EditorPage, "drawing", property(broken))
    with caplog.at_level(logging.ERROR, "django.request"):
        _, (head, body) = pieces_of(client_as(Role.DESIGNER), address)
    assert head.rstrip().endswith("</head>")
    assert "Something went wrong" in body
    assert body.rstrip().endswith("</body>")
    assert "out of ink" in caplog.text
