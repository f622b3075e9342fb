"""The socket's address."""

from typing import Any

from django.urls import path

from accounts.live.consumer import LiveConsumer

# `path` is typed for views; Channels routes ASGI applications with it.
consumer: Any = LiveConsumer.as_asgi()
socket_urls: list[Any] = [path("live/", consumer)]
