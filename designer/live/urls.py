"""The addresses of the designer's own sockets."""

from typing import Any

from django.urls import path

from designer.live.presence import PresenceConsumer

# `path` is typed for views; Channels routes ASGI applications with it.
consumer: Any = PresenceConsumer.as_asgi()
socket_urls: list[Any] = [path("live/presence/<int:flow>/", consumer)]
