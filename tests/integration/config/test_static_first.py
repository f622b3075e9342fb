"""Collected files are answered before Django is asked, as Django would have."""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.core.asgi import get_asgi_application

from config.body_limit import Receive, Send
from config.static import StaticFilesFirst

TEXT = "export const one = 1;\n" * 200


@pytest.fixture
def served(tmp_path: Path, settings: Any) -> Path:
    """A folder of collected files with one in it, and one that is no file of ours beside it."""
    settings.STATIC_ROOT = tmp_path / "static"
    settings.WHITENOISE_AUTOREFRESH = settings.WHITENOISE_USE_FINDERS = False
    settings.ALLOWED_HOSTS = ["testserver"]
    (tmp_path / "static" / "js").mkdir(parents=True)
    (tmp_path / "static" / "js" / "one.0123456789ab.js").write_text(TEXT)
    (tmp_path / "secret.txt").write_text("not to be seen")
    return tmp_path


class _Counted:
    """Django, and how often it was asked."""

    def __init__(self) -> None:
        self.application = get_asgi_application()
        self.asked = 0

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        self.asked += 1
        await self.application(scope, receive, send)


def asked(method: str, path: str, **headers: str) -> tuple[httpx.Response, httpx.Response, int]:
    """What is answered, what Django alone answers, and how often it was asked for the former."""

    async def ask() -> tuple[httpx.Response, httpx.Response, int]:
        django = _Counted()
        answers = []
        for application in (StaticFilesFirst(django), _Counted()):
            transport = httpx.ASGITransport(application)  # type: ignore[arg-type]
            async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
                answers.append(await client.request(method, path, headers=headers))
        return answers[0], answers[1], django.asked

    return asyncio.run(ask())


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    "headers",
    [{}, {"if-modified-since": "Fri, 31 Dec 2100 23:59:59 GMT"}, {"range": "bytes=7-11"}],
    ids=["whole", "known", "range"],
)
def test_a_file_is_answered_as_django_does_without_asking_it(
    served: Path, method: str, headers: dict[str, str]
) -> None:
    ours, theirs, times = asked(method, "/static/js/one.0123456789ab.js", **headers)
    assert times == 0
    assert (ours.status_code, ours.content) == (theirs.status_code, theirs.content)
    assert dict(ours.headers) == dict(theirs.headers)
    assert ours.status_code in (200, 206, 304)
    assert ours.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/static/js/two.js"),
        ("GET", "/static/../secret.txt"),
        ("GET", "/static/%2e%2e/secret.txt"),
        ("POST", "/static/js/one.0123456789ab.js"),
        ("GET", "/healthz"),
    ],
)
def test_everything_else_is_djangos(served: Path, method: str, path: str, db: None) -> None:
    ours, theirs, times = asked(method, path)
    assert (ours.status_code, times) == (theirs.status_code, 1)
    assert "not to be seen" not in ours.text


def test_a_file_asked_for_over_http_is_led_to_https(served: Path, settings: Any) -> None:
    settings.SECURE_SSL_REDIRECT = True
    ours, _, times = asked("GET", "/static/js/one.0123456789ab.js")
    assert (ours.status_code, ours.headers["location"], times) == (
        301,
        "https://testserver/static/js/one.0123456789ab.js",
        1,
    )
