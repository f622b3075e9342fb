"""What those are called whom and what the tasks of flows name: people and groups, agents, other flows.

On drawings and in comparisons they stand by the names that they have now, also of versions that are older than these
names; in flow files, and where nobody knows them, by what the flow names them by.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from threading import Lock
from typing import Final

from accounts import people
from accounts.connections.models import Connection
from accounts.scope import Scope
from designer import models
from designer.comparison import Comparison
from designer.graph.mentions import AGENT, ASSIGNEE, FLOW, mentions_in
from designer.graph.model import Flow, Mention

KEPT_FOR: Final = people.KEPT_FOR
MOST_KEPT: Final = 10_000
MOST_FLOWS: Final = 256
_kept: dict[tuple[int, Mention], tuple[float, str]] = {}
"""What an agent or a flow of an environment is called, and until when that is believed."""
_named: OrderedDict[int, tuple[Flow, Flow]] = OrderedDict()
"""Flows as they are drawn beside themselves, by their ids."""
_lock: Final = Lock()


def names_in(scope: Scope, *flows: Flow) -> Mapping[Mention, str]:
    """The names of all that these flows name; what is not known is not among them."""
    wanted = frozenset[Mention]().union(*map(mentions_in, flows))
    by_kind = {what: [name for kind, name in wanted if kind == what] for what in (ASSIGNEE, AGENT, FLOW)}
    persons = people.called(scope, by_kind[ASSIGNEE]) if by_kind[ASSIGNEE] else {}
    found = {(ASSIGNEE, name): said for name, said in persons.items()} | _beside(scope, wanted)
    return {mention: said for mention, said in sorted(found.items()) if said and said != mention[1]}


def named(scope: Scope, flow: Flow) -> Flow:
    """`flow` as it is drawn, with names. The very same value again as long as all of them are called so."""
    names = names_in(scope, flow)
    if not names:
        return flow
    with _lock:
        known, found = _named.get(id(flow), (None, flow))
        if known is not flow or found.called != names:
            found = replace(flow, called=names)
        _named[id(flow)] = flow, found
        _named.move_to_end(id(flow))
        while len(_named) > MOST_FLOWS:
            _named.popitem(last=False)
    return found


def compared(scope: Scope, old: Flow, new: Flow, *, is_laid_out: bool = False) -> Comparison:
    """Two graphs held against each other, with names."""
    return Comparison(named(scope, old), named(scope, new), is_laid_out=is_laid_out)


def forget_names() -> None:
    """Look everything up anew."""
    people.forget_people()
    _kept.clear()


def _beside(scope: Scope, wanted: Iterable[Mention]) -> dict[Mention, str]:
    """The names of agents and flows of the environment."""
    place, now = scope.environment.pk, time.monotonic()
    asked = {mention for mention in wanted if mention[0] in (AGENT, FLOW)}
    believed = {each: kept for each in asked if (kept := _kept.get((place, each))) is not None and kept[0] > now}
    unknown = asked - believed.keys()
    found = dict.fromkeys(unknown, "")
    if agents := _keys(unknown, AGENT):
        rows = Connection.objects.within(scope).filter(type=Connection.Type.AGENT, key__in=agents)
        found |= {(AGENT, key): name for key, name in rows.values_list("key", "name")}
    if flows := _keys(unknown, FLOW):
        rows_of_flows = models.Flow.objects.within(scope).filter(key__in=flows)
        found |= {(FLOW, key): name for key, name in rows_of_flows.values_list("key", "name")}
    if len(_kept) + len(found) > MOST_KEPT:
        _kept.clear()
    _kept.update({(place, mention): (now + KEPT_FOR, said) for mention, said in found.items()})
    return {mention: said for mention, (_, said) in believed.items()} | found


def _keys(mentions: Collection[Mention], what: str) -> list[str]:
    return [name for kind, name in mentions if kind == what]
