"""Over ASGI a page goes to a thread once, not for each of its middleware."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any

import pytest
from asgiref.testing import ApplicationCommunicator
from django.urls import reverse

from config.pages import Pages


class CountingLoop(asyncio.SelectorEventLoop):
    """A loop that notes each piece of work that it gives to a thread."""

    def __init__(self) -> None:
        super().__init__()
        self.handed_over: list[str] = []

    def run_in_executor(self, executor: Executor | None, func: Callable[..., Any], *args: Any) -> Any:
        """Hand it over, as any loop does."""
        self.handed_over.append(repr(func))
        return super().run_in_executor(executor, func, *args)


@pytest.mark.django_db(transaction=True)
def test_a_page_goes_to_a_thread_once_on_its_way_to_the_view() -> None:
    path = reverse("accounts:sign_in")
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "path": path,
        "query_string": b"",
        "headers": [(b"host", b"testserver")],
    }

    async def ask() -> Any:
        page = ApplicationCommunicator(Pages(), scope)
        await page.send_input({"type": "http.request"})
        start = await page.receive_output(timeout=30)
        while (await page.receive_output(timeout=30)).get("more_body"):
            pass
        await page.wait(timeout=30)
        return start

    loop = CountingLoop()
    try:
        start = loop.run_until_complete(ask())
    finally:
        loop.close()
    assert start["status"] == 200
    # The signals of a request that begins and ends may be handed over too: one each.
    assert len(loop.handed_over) <= 3, loop.handed_over
