"""What may be watched: `register_topic("instance", InstanceTopic())` in an app's `ready()`.

A topic is written `<prefix>:<id>`, such as `instance:12`. Its renderer decides who may watch and renders what is sent.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol, runtime_checkable

from django.utils.html import escape

from accounts.models import User

TOPIC_SHAPE: Final = re.compile(r"([a-z][a-z_]{0,39}):([1-9][0-9]{0,17})")
MAX_VIEW_CHARACTERS: Final = 4000


@dataclass(frozen=True, slots=True)
class Grant:
    """That somebody may watch. Viewers with equal `audience` (a role, say) may be sent the very same HTML."""

    organization_id: int
    audience: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """What one viewer is shown: the thing's id, the last sequence number they have, and how their page looks at it.

    `view` is whatever the page gave when it subscribed (a selected step, a query string): untrusted text, at most 4,000
    characters. `audience` is that of the viewer's `Grant`.
    """

    id: int
    after: int = 0
    view: str = ""
    audience: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One of many elements within a part. `key` is its `data-key`; its `html` is in that of the part word for word."""

    key: str
    html: str

    @property
    def stub(self) -> str:
        """What stands for it where a page has it already: an empty element that says "as it was"."""
        name = self.html[1:].split(" ", 1)[0]
        return f'<{name} data-key="{escape(self.key)}" data-live-same></{name}>'


@dataclass(frozen=True, slots=True)
class Part:
    """The new outer HTML of the element with this id: the very part the page is made of.

    Of its `rows`, where it names any, only those that a viewer does not have travel to them.
    """

    id: str
    html: str
    rows: tuple[Row, ...] = ()


@dataclass(frozen=True, slots=True)
class Update:
    """What a viewer has to know to be at `seq`. Without parts nothing changed. `data` goes to scripts as it is."""

    seq: int
    parts: tuple[Part, ...] = ()
    data: dict[str, Any] = field(default_factory=dict)

    def to_json(self, topic: str) -> dict[str, Any]:
        """The message on the wire."""
        message: dict[str, Any] = {
            "topic": topic,
            "seq": self.seq,
            "parts": [{"id": part.id, "html": part.html} for part in self.parts],
        }
        return message | ({"data": self.data} if self.data else {})


class TopicRenderer(Protocol):
    """How one kind of topic is watched. Both methods run in a worker thread, may query, and should not raise.

    `interval_seconds`: the shortest time between two messages to one viewer (never below 0.1).
    """

    interval_seconds: float

    def authorize(self, user: User, id: int) -> Grant | None:
        """The right to watch, or None: no such thing, or not theirs. Asked at subscribe and again while open."""
        ...

    def render(self, asked: Asked) -> Update:
        """Everything that changed since `asked.after`; parts may be repeated, unchanged ones are not sent twice."""
        ...


@runtime_checkable
class RendersSeveral(TopicRenderer, Protocol):
    """Who can render for several viewers at once, for less than one after the other. None of them may be changed by
    what another asks; when it raises, each is rendered alone.
    """

    def render_all(self, asked: Sequence[Asked]) -> list[Update]:
        """`render` for each, in their order."""
        ...


_renderers: dict[str, TopicRenderer] = {}


class NoSuchTopic(ValueError):
    """The text names no topic that anyone registered."""


def register_topic(prefix: str, renderer: TopicRenderer) -> None:
    """Let pages watch `<prefix>:<id>`. The last registration of a prefix counts."""
    _renderers[prefix] = renderer


def find_topic(topic: object) -> tuple[TopicRenderer, int]:
    """The renderer and id of a topic. Raises NoSuchTopic for anything else, whatever its type."""
    shape = TOPIC_SHAPE.fullmatch(topic) if isinstance(topic, str) else None
    if shape is None or shape[1] not in _renderers:
        raise NoSuchTopic(f"There is no topic {str(topic)[:60]!r}.")
    return _renderers[shape[1]], int(shape[2])
