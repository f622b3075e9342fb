"""The actions of automations, one file each: what goes in, what comes out, the wording.

Not in this room: how an action runs (`engine/actions`, where the file names are the same).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from designer.graph.actions import http_request, python, raise_error, run_automation, run_script, send_email, set_values
from designer.graph.actions.action import Action

ACTIONS: Final[Mapping[str, Action]] = MappingProxyType(
    {
        action.key: action
        for action in (
            http_request.ACTION,
            send_email.ACTION,
            set_values.ACTION,
            run_automation.ACTION,
            run_script.ACTION,
            raise_error.ACTION,
            python.ACTION,
        )
    }
)
"""Every action by its key, in the order of the palette."""

__all__ = ["ACTIONS", "Action"]
