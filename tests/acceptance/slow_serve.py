"""`manage.py serve`, made slow as `STORIES_JITTER` and `STORIES_ENGINE` say (see `slowness`). For the stories alone."""

from __future__ import annotations

import asyncio
import os
import random
import time
from typing import TYPE_CHECKING, Any, Final

import django
import uvicorn

from manage import main

if TYPE_CHECKING:
    from engine.core.ports import Result
    from engine.services.rounds import ClaimedAttempt

JITTER: Final = int(os.environ.get("STORIES_JITTER") or 0) / 1000
ENGINE: Final = int(os.environ.get("STORIES_ENGINE") or 0) / 1000
CHANCE: Final = random.Random(int(os.environ.get("STORIES_SEED") or 1))


class Jitter:
    """Waits at random before a request of a page is seen, or before its answer is told. Files are spared."""

    def __init__(self, application: Any) -> None:
        self.application = application

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Pass it on, late."""
        is_of_a_page = any(name == b"sec-fetch-mode" for name, _ in scope.get("headers", ()))
        if scope["type"] == "websocket":
            await self.application(scope, receive, late(send, "websocket.send", lambda: CHANCE.uniform(0, JITTER)))
        elif is_of_a_page and not scope["path"].startswith("/static/"):
            wait, comes_late = CHANCE.uniform(0, JITTER), CHANCE.random() < 0.5
            if not comes_late:
                await asyncio.sleep(wait)
            await self.application(
                scope, receive, late(send, "http.response.start", lambda: wait if comes_late else 0.0)
            )
        else:
            await self.application(scope, receive, send)


def late(send: Any, kind: str, seconds: Any) -> Any:
    """`send`, but messages of one kind wait first."""

    async def wait_and_send(message: Any) -> None:
        if message["type"] == kind:
            await asyncio.sleep(seconds())
        await send(message)

    return wait_and_send


def slow_down() -> None:
    """Put the waits in: around the web application, and before each attempt of the engine."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    from config.asgi import application
    from engine.management.commands import serve
    from engine.services import attempts, executing

    def config() -> uvicorn.Config:
        made = plain_config()
        made.app = Jitter(application)
        return made

    def make_late(attempt: ClaimedAttempt) -> Result:
        # A quick one is made by the thread that hands out the others: it would hold up all of them.
        time.sleep(ENGINE / 10 if executing.is_quick(attempt.context.task) else ENGINE)
        return make_attempt(attempt)

    plain_config, serve.server_config = serve.server_config, config
    make_attempt, attempts.make_attempt = attempts.make_attempt, make_late


if __name__ == "__main__":
    slow_down()
    main()
