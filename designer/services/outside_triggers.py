"""Triggers that are kept elsewhere: a dialect may have its own, which no version holds. It registers a source of them
when it is loaded, so that the page of a flow shows all that starts it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from django.forms import Form

from accounts.scope import Scope
from designer.graph.model import Json
from designer.models import Flow
from designer.services.guards import Firing, TriedTrigger


@dataclass(frozen=True, slots=True)
class OutsideTrigger:
    """One of them, for people. `id`: what its source knows it by; `kept_by`: who keeps it."""

    id: str
    title: str
    kept_by: str
    description: str
    event_type: str
    settings: Sequence[tuple[str, str]]
    inputs: Sequence[tuple[str, str]]
    firings: Sequence[Firing]


class TriggerSource(Protocol):
    """What a dialect answers."""

    def triggers_of(self, flow: Flow, *, each: int) -> Sequence[OutsideTrigger]:
        """The triggers of a flow, each with at most `each` of its latest firings, the newest first."""

    def try_out(self, flow: Flow, id: str, payload: Json) -> TriedTrigger | None:
        """Try one of them with a sample; None where there is no such trigger."""

    def may_have(self, flow: Flow) -> bool:
        """Whether a trigger may be added to this flow."""

    def form(self, data: Mapping[str, str] | None) -> Form:
        """What a new one is made from."""

    def add(self, scope: Scope, flow: Flow, values: Mapping[str, Any]) -> None:
        """Make one from what a valid form says, and write it down in the audit log."""

    def remove(self, scope: Scope, flow: Flow, id: str) -> bool:
        """Delete one, and write that down; False where there is no such trigger."""


_sources: dict[str, TriggerSource] = {}


def add_source(name: str, source: TriggerSource) -> None:
    """Have a source asked. `name`: letters and digits, in addresses."""
    _sources[name] = source


def outside_triggers_of(flow: Flow, *, each: int) -> Mapping[str, Sequence[OutsideTrigger]]:
    """All of a flow, by the names of their sources."""
    return {name: source.triggers_of(flow, each=each) for name, source in _sources.items()}


def sources_for(flow: Flow) -> list[str]:
    """The names of the sources that a trigger of this flow can be added to."""
    return [name for name, source in _sources.items() if source.may_have(flow)]


def find_source(name: str) -> TriggerSource | None:
    """A source by its name."""
    return _sources.get(name)


def try_outside_trigger(flow: Flow, source: str, id: str, payload: Json) -> TriedTrigger | None:
    """Try one with a sample; None where there is no such trigger."""
    found = _sources.get(source)
    return None if found is None else found.try_out(flow, id, payload)
