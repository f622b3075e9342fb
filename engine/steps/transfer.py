"""Moves money between accounts, wallets and payments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from designer.graph.model import Json, Task
from engine.core.ports import InboundMessage, Result, StepContext
from engine.ledger.activities import Activities
from engine.ledger.backend import Backend, is_outside
from engine.ledger.resolving import resolve_transfer
from engine.ledger.running import run_step
from engine.ledger.sending import Transfer

PARTS: Final = ("source", "destination", "amount", "metadata", "timestamp")


class TransferExecutor:
    """With the ledger of this database it takes effect exactly once: it runs in the transaction that settles it."""

    kind = "transfer"

    @property
    def writes(self) -> bool:
        """Whether it writes to this database by itself."""
        return not is_outside()

    def has_outside_effect(self, task: Task) -> bool:
        """Only where the ledger is on another server."""
        return is_outside()

    def begin(self, context: StepContext) -> Result:
        """Do what is left of it."""
        return run_step(context, PARTS, resolve_transfer, _transfer)

    def on_timer(self, context: StepContext, purpose: str) -> Result | None:
        """No timers are set."""
        return None

    def on_event(self, context: StepContext, event: InboundMessage) -> Result | None:
        """No events are awaited."""
        return None


def _transfer(settings: Mapping[str, Json], backend: Backend, activities: Activities) -> None:
    Transfer(settings, backend, activities).run()


EXECUTOR = TransferExecutor()
