"""What an action declares."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from designer.graph.fields import Field, OneOf
from designer.graph.model import Json
from designer.graph.values import ValueProblem


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """What an automation can do. `icon` names a symbol of the sprite (`icon-<icon>`)."""

    key: str
    label: str
    description: str
    icon: str
    inputs: tuple[Field, ...]
    one_of: tuple[OneOf, ...] = ()
    summary: Callable[[Mapping[str, Json]], str]
    """A few words for the card, from the inputs; tolerant of unfinished ones."""
    output_keys: Callable[[Mapping[str, Json]], tuple[str, ...] | None]
    """The keys of its output, from the inputs; None when that is not known before it runs."""
    more_problems: Callable[[Mapping[str, Json]], Iterator[ValueProblem]] = lambda inputs: iter(())
    """What field by field cannot tell; paths begin at a key of the inputs."""
