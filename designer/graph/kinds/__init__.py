"""The catalogue of task kinds, one file per kind: what can be set on it, its ports, its wording and its look.

Not in this room: how a kind runs (`engine/steps`, where the file names are the same).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from designer.graph.kinds import (
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
from designer.graph.kinds.kind import Group, Kind, Port
from designer.graph.model import Task

KINDS: Final[Mapping[str, Kind]] = MappingProxyType(
    {
        kind.key: kind
        for kind in (
            manual.KIND,
            automation.KIND,
            ai_agent.KIND,
            call.KIND,
            program.KIND,
            decision.KIND,
            delay.KIND,
            wait_event.KIND,
            transfer.KIND,
            account_update.KIND,
            in_app.KIND,
            email.KIND,
            sms.KIND,
            push.KIND,
            chat.KIND,
            tool.KIND,
            digest.KIND,
            throttle.KIND,
            custom.KIND,
            noop.KIND,
        )
    }
)
"""Every kind by its key, in the order of the palette."""


def kind_of(task: Task) -> Kind:
    """The kind of a task. Flows are decoded with known kinds only, so there always is one."""
    return KINDS[task.kind]


__all__ = ["KINDS", "Group", "Kind", "Port", "kind_of"]
