"""What stands in for each task kind in a try. Paired with `engine.steps`: a test checks that none is missing.

A kind without outside effect stands for itself: it runs as it will.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from engine.core.ports import Result
from engine.sandbox.kinds import agents, automation, messages, money, programs, windows
from engine.sandbox.question import Pretender, Question
from engine.steps import EXECUTORS


def _itself(question: Question) -> Result:
    """Run it: it reads data and nothing else, or only says what it waits for."""
    return EXECUTORS[question.context.task.kind].begin(question.context)


PRETENDERS: Final[Mapping[str, Pretender]] = MappingProxyType(
    {
        **dict.fromkeys(("manual", "decision", "delay", "wait_event", "call", "custom", "noop"), _itself),
        **dict.fromkeys(("in_app", "email", "sms", "push", "chat", "tool"), messages.pretend),
        "automation": automation.pretend,
        "ai_agent": agents.pretend,
        "transfer": money.pretend_transfer,
        "account_update": money.pretend_update,
        "digest": windows.pretend_digest,
        "throttle": windows.pretend_throttle,
        "program": programs.pretend,
    }
)
"""By kind."""
