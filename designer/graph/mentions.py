"""What the tasks of a flow name that stands outside of it: people and groups, connections, other flows.

A flow names them by addresses and short names. What they are called is not known here: whoever draws a flow for people
puts it into `Flow.called`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from designer.graph.keeping import kept
from designer.graph.model import Flow, Mention, Task
from designer.graph.wording import mapping

ASSIGNEE: Final = "assigned_to"
AGENT: Final = "agent"
FLOW: Final = "flow"
SERVICE: Final = "connection"
MOST_FLOWS: Final = 128
_SINGLE: Final = {"ai_agent": AGENT, "call": FLOW}


def mention(what: str, name: str) -> Mention:
    """How something is looked up in `Flow.called`. Addresses and short names of people and groups know no capitals."""
    return what, name.lower() if what == ASSIGNEE else name


@kept
def mentions_of(task: Task) -> frozenset[Mention]:
    """What a task names."""
    return frozenset(_mentions(task))


def _mentions(task: Task) -> Iterator[Mention]:
    if task.kind == "manual":
        entries = task.settings.get(ASSIGNEE)
        for entry in entries if isinstance(entries, (list, tuple)) else ():
            if isinstance(entry, str) and not _is_open(entry):
                yield mention(ASSIGNEE, entry)
    for _, service in services_of(task):
        yield mention(SERVICE, service)
    if (what := _SINGLE.get(task.kind)) is not None:
        name = task.settings.get(what)
        if isinstance(name, str) and name and not _is_open(name):
            yield mention(what, name)


def _is_open(name: str) -> bool:
    """Whether it is a template: it names nobody yet. As `references.is_template`, which knows the kinds of tasks."""
    return "{{" in name or "{%" in name


def _all_mentions(flow: Flow) -> frozenset[Mention]:
    return frozenset[Mention]().union(*map(mentions_of, flow.tasks.values()))


mentions_in = kept(_all_mentions, MOST_FLOWS)
"""What all tasks of a flow name."""


def services_of(task: Task) -> Iterator[tuple[tuple[str, ...], str]]:
    """The connections that HTTP requests go over, the task's own and the one that takes it back, with their places."""
    for place, settings in ((), task.settings), (("compensation",), mapping(task.settings.get("compensation"))):
        inputs = mapping(settings.get("inputs")) if settings.get("action") == "http_request" else {}
        service = inputs.get(SERVICE)
        if isinstance(service, str) and service and not _is_open(service):
            yield ("settings", *place, "inputs", SERVICE), service


def called(flow: Flow | None, what: str, name: str) -> str:
    """What somebody or something is called; where that is not known, what the flow names it by."""
    return flow.called.get(mention(what, name), name) if flow is not None else name
