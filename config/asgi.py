"""Everything over ASGI: pages, APIs and `/live/` sockets in one application."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
# Before anything that imports models.
django.setup(set_prefix=False)

from typing import Any  # noqa: E402

from channels.auth import AuthMiddlewareStack  # noqa: E402
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from channels.security.websocket import AllowedHostsOriginValidator  # noqa: E402
from django.conf import settings  # noqa: E402

from config.body_limit import BodyLimit  # noqa: E402
from config.loading import load_addresses  # noqa: E402
from config.one_cpu import keep_to_one_cpu  # noqa: E402
from config.pages import Pages  # noqa: E402
from config.sockets import open_socket_urls, socket_urls  # noqa: E402
from config.static import StaticFilesFirst  # noqa: E402

OPEN = "/feed/"
load_addresses()
if settings.WEB_KEEPS_TO_ONE_CPU:
    keep_to_one_cpu(last_first=True)


class Sockets:
    """Sockets of our own pages have their origin checked and know who is signed in; those below `/feed/` are for pages
    of any origin, and know nobody until they are sent a token."""

    def __init__(self) -> None:
        self.own = AllowedHostsOriginValidator(AuthMiddlewareStack(URLRouter(socket_urls)))
        self.open = URLRouter(open_socket_urls)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> Any:
        """Pass the socket on."""
        chosen = self.open if scope["path"].startswith(OPEN) else self.own
        return await chosen(scope, receive, send)


application = ProtocolTypeRouter(
    {
        "http": StaticFilesFirst(BodyLimit(Pages(), max_bytes=settings.MAX_REQUEST_BYTES)),
        "websocket": Sockets(),
    }
)
