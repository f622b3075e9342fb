"""The automation registry: one action per file; file names equal those in `designer/graph/actions`.

Not in this room: what the inputs are called and how they look in the editor (`designer.graph.actions`).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from engine.actions import http_request, python, raise_error, run_automation, run_script, send_email, set_values
from engine.actions.action import RunnableAction

_ALL: Final[tuple[RunnableAction, ...]] = (
    http_request.ACTION,
    send_email.ACTION,
    set_values.ACTION,
    run_automation.ACTION,
    run_script.ACTION,
    raise_error.ACTION,
    python.ACTION,
)
ACTIONS: Final[Mapping[str, RunnableAction]] = MappingProxyType({action.key: action for action in _ALL})
"""Every action by its key."""
