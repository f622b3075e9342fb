"""One executor per task kind; file names equal those in `designer/graph/kinds`.

Not in this room: when a step runs (`engine.core`), who claims it (`engine.services`), what actions do
(`engine.actions`).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from engine.core.ports import Executor
from engine.steps import (
    account_update,
    ai_agent,
    automation,
    call,
    chat,
    custom,
    decision,
    delay,
    digest,
    email,
    in_app,
    manual,
    noop,
    program,
    push,
    sms,
    throttle,
    tool,
    transfer,
    wait_event,
)

_ALL: Final[tuple[Executor, ...]] = (
    manual.EXECUTOR,
    automation.EXECUTOR,
    ai_agent.EXECUTOR,
    call.EXECUTOR,
    decision.EXECUTOR,
    delay.EXECUTOR,
    wait_event.EXECUTOR,
    transfer.EXECUTOR,
    account_update.EXECUTOR,
    in_app.EXECUTOR,
    email.EXECUTOR,
    sms.EXECUTOR,
    push.EXECUTOR,
    chat.EXECUTOR,
    tool.EXECUTOR,
    digest.EXECUTOR,
    throttle.EXECUTOR,
    custom.EXECUTOR,
    noop.EXECUTOR,
    program.EXECUTOR,
)
EXECUTORS: Final[Mapping[str, Executor]] = MappingProxyType({executor.kind: executor for executor in _ALL})
"""Every executor by its kind."""
