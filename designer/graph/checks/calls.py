"""Are the flows there that a flow calls, and does it come back to itself?"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from designer.graph.checks.problem import Problem, error, warning
from designer.graph.checks.subject import Subject
from designer.graph.suggestions import did_you_mean, quoted
from designer.graph.values import Path

FLOW: Path = ("settings", "flow")


def check_calls(subject: Subject, flows: Collection[str] | None) -> Iterator[Problem]:
    """Calls of what is not there, and of the flow itself. `flows`: which there are, if that is known."""
    for task in subject.flow.tasks.values():
        called = task.settings.get("flow")
        if task.kind != "call" or not isinstance(called, str) or not called:
            continue
        name = subject.name(task.key)
        if called == subject.flow.key:
            message = f"{name} calls this very flow. Unless a decision ends the chain, it fails at the eleventh call."
            yield warning("call_recursive", message, node=task.key, field=FLOW)
        elif flows is not None and called not in flows:
            hint = did_you_mean(called, flows) or " Make that flow first, or choose another."
            message = f"{name} calls the flow {quoted(called)}, which is not there.{hint}"
            yield error("flow_unknown", message, node=task.key, field=FLOW)
