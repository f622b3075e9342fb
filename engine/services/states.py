"""The stored text of markings. Instances of one version that stand at the same point have the same text."""

from __future__ import annotations

from typing import Final

from engine.core.state import State, state_from_json
from engine.storage import json_text

MOST_REMEMBERED: Final = 4_096
LONGEST_REMEMBERED: Final = 4_096
_known: dict[str, State] = {}
"""By text. Nobody changes a state: folding works on a copy."""
_texts: dict[int, tuple[State, str]] = {}
"""The other way round, by the state's identity."""


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
    text = json_text.write(state.to_json())
    _remember(text, state)
    return text


def _remember(text: str, state: State) -> None:
    if len(text) > LONGEST_REMEMBERED:
        return
    if len(_known) >= MOST_REMEMBERED:
        _known.clear()
        _texts.clear()
    _known[text] = state
    _texts[id(state)] = (state, text)
