"""Sets metadata of an account."""

from __future__ import annotations

from typing import Final

from designer.graph.model import Task
from engine.core.ports import InboundMessage, Result, StepContext
from engine.ledger.backend import is_outside
from engine.ledger.resolving import resolve_update
from engine.ledger.running import run_step
from engine.ledger.sending import update_account

PARTS: Final = ("account", "metadata")


class AccountUpdateExecutor:
    """As a transfer: in the transaction that settles it, unless the ledger is on another server."""

    kind = "account_update"

    @property
    def writes(self) -> bool:
        """Whether it writes to this database by itself."""
        return not is_outside()

    def has_outside_effect(self, task: Task) -> bool:
        """Only where the ledger is on another server."""
        return is_outside()

    def begin(self, context: StepContext) -> Result:
        """Set them."""
        return run_step(context, PARTS, resolve_update, update_account)

    def on_timer(self, context: StepContext, purpose: str) -> Result | None:
        """No timers are set."""
        return None

    def on_event(self, context: StepContext, event: InboundMessage) -> Result | None:
        """No events are awaited."""
        return None


EXECUTOR = AccountUpdateExecutor()
