"""A slow machine, a slow line, a busy server: what the stories must bear as well, asked for by the environment.

    STORIES_LATENCY=500   milliseconds that every request of the browser waits
    STORIES_CPU=4         how many times slower the browser's scripts run
    STORIES_JITTER=1500   up to so many milliseconds that the server waits before or after each request, at random:
                          answers overtake one another; news over the socket wait too, but keep their order
    STORIES_SEED=1        another seed waits differently
    STORIES_ENGINE=1500   milliseconds that each attempt of the engine waits before it begins

Several may be set. Nothing here is in a story's hands: it waits for what a person would see, however long that takes.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from playwright.sync_api import Page

NORMAL_PATIENCE: Final = 30_000
SLOW_PATIENCE: Final = 90_000


@dataclass(frozen=True, slots=True)
class Slowness:
    """How slow all is to be: milliseconds, but for `cpu` (a factor) and `seed`."""

    latency: int = 0
    cpu: int = 1
    jitter: int = 0
    seed: int = 1
    engine: int = 0

    @property
    def is_of_the_server(self) -> bool:
        """Whether the server is to be slow, rather than the browser."""
        return self.jitter > 0 or self.engine > 0

    @property
    def patience(self) -> int:
        """Milliseconds to wait for anything before it counts as never happening."""
        return NORMAL_PATIENCE if self == Slowness(seed=self.seed) else SLOW_PATIENCE

    def befall(self, page: Page) -> None:
        """Make one page slow from now on, and patient in any case."""
        page.set_default_timeout(self.patience)
        if self.latency or self.cpu > 1:
            protocol = page.context.new_cdp_session(page)
            line = {"offline": False, "latency": self.latency, "downloadThroughput": -1, "uploadThroughput": -1}
            protocol.send("Network.emulateNetworkConditions", line)
            protocol.send("Emulation.setCPUThrottlingRate", {"rate": self.cpu})


def _wanted() -> Slowness:
    names = ("latency", "cpu", "jitter", "seed", "engine")
    given = {name: os.environ.get(f"STORIES_{name.upper()}") for name in names}
    return Slowness(**{name: int(value) for name, value in given.items() if value})


SLOWNESS: Final = _wanted()
