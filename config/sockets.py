"""The websocket URL table: `/live/…`. Each app with live parts lists its consumers in `<app>/live/urls.py`."""

from importlib import import_module
from importlib.util import find_spec
from typing import Any


def consumers_of(app: str) -> list[Any]:
    """The `socket_urls` of an app's live room; empty where the app has none."""
    if find_spec(f"{app}.live") is None or find_spec(f"{app}.live.urls") is None:
        return []
    found: list[Any] = import_module(f"{app}.live.urls").socket_urls
    return found


def open_consumers() -> list[Any]:
    """Sockets that pages of any origin may open; these know no cookies, and ask for a token first."""
    found: list[Any] = import_module("engine.notifying.feed.socket").socket_urls
    return found


open_socket_urls = open_consumers()
socket_urls = consumers_of("accounts") + consumers_of("designer") + consumers_of("engine")
