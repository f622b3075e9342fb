"""The stored text of markings. Instances of one version that stand at the same point have the same text."""

from __future__ import annotations

from typing import Final

from designer.graph.plan import Plan
from engine.core.state import State, new_state, state_from_json
from engine.storage import json_text

MOST_REMEMBERED: Final = 4_096
MOST_CHARACTERS: Final = 8_000_000
"""Of all remembered texts together. A marking takes some three characters a task."""
_known: dict[str, State] = {}
"""By text. Nobody changes a state: folding works on a copy."""
_texts: dict[int, tuple[State, str]] = {}
"""The other way round, by the state's identity."""
_characters = 0
_first: dict[int, tuple[Plan, State]] = {}
"""By the plan's identity."""


def read_state(text: str) -> State:
    """The state of a stored text. Not to be changed."""
    state = _known.get(text)
    if state is None:
        state = state_from_json(json_text.parse(text))
        _remember(text, state)
    return state


def write_state(state: State) -> str:
    """The text to store. `state` is not to be changed any more: it is what `read_state` answers for this text."""
    known = _texts.get(id(state))
    if known is not None and known[0] is state:
        return known[1]
    text = json_text.write_numbered(state.to_json())
    _remember(text, state)
    return text


def first_state(plan: Plan) -> State:
    """The state of an instance that has not started, the same for all of a plan. Not to be changed."""
    known = _first.get(id(plan))
    if known is not None and known[0] is plan:
        return known[1]
    if len(_first) >= MOST_REMEMBERED:
        _first.clear()
    state = new_state(plan)
    _first[id(plan)] = (plan, state)
    return state


def _remember(text: str, state: State) -> None:
    global _characters
    # Many states have one text: each of the two is bounded by itself.
    if len(_known) >= MOST_REMEMBERED or _characters + len(text) > MOST_CHARACTERS:
        _known.clear()
        _characters = 0
    if len(_texts) >= MOST_REMEMBERED or not _known:
        _texts.clear()
    if text not in _known:
        _characters += len(text)
    _known[text] = state
    _texts[id(state)] = (state, text)
