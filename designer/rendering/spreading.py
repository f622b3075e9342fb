"""The ways of a whole drawing, apart from each other; after an edit only those are looked at again that it may touch.

Edges are gone through by their rank: each makes room for those before it, which do not know of it. So whatever goes
another way than before says something only to those after it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from designer.rendering.apart import Alone, Piece, Pieces, apart, overlapping, pieces_of
from designer.rendering.curves import Box, Rect, route_bounds
from designer.rendering.layout import EdgePlace
from designer.rendering.obstacles import Obstacles


@dataclass(slots=True)
class Way:
    """One edge: its place in the last drawing (`old`), and now but for its label. `is_kept`: nothing has touched it.

    A way that was looked for anew is at first as if it were the only one.
    """

    old: EdgePlace | None
    place: EdgePlace | None
    is_kept: bool


def spread(
    ways: Iterable[Way], gone: Iterable[EdgePlace], changed: Sequence[Rect], cards: Obstacles, like: Pieces | None
) -> Pieces:
    """Move ways aside that would run along others, and answer the pieces of all of them.

    `gone`: edges that are no more; `changed`: those of the cards that came, went or moved, where they were and are;
    `like`: the pieces before all that.
    """
    spreading = _Spreading(changed, cards, like)
    for old in gone:
        spreading.forget(old)
    movable = []
    for way in ways:
        if not way.is_kept:
            spreading.find(way)
        place = way.place
        if place is not None and (alone := place.alone) is not None and alone.can_move:
            movable.append((alone.owner.rank, way, place, alone))
    movable.sort(key=lambda ranked: ranked[0])
    for _, way, place, alone in movable:
        spreading.make_room(way, place, alone)
    return spreading.pieces


class _Spreading:
    def __init__(self, changed: Sequence[Rect], cards: Obstacles, like: Pieces | None) -> None:
        self.pieces, self.cards, self.changed_cards = Pieces(like), cards, changed
        self.changed: list[Piece] = []
        self.around = _Around()
        self.around.take(changed)

    def forget(self, place: EdgePlace) -> None:
        """An edge went, or is about to go another way."""
        if place.alone is not None:
            self._change((*place.alone.pieces, *place.pieces), ())

    def find(self, way: Way) -> None:
        """An edge whose way was looked for anew; it may be the old one."""
        old, place = way.old, way.place
        alone = place.alone if place is not None else None
        if old is not None and place is not None and old.alone == alone:
            way.place, way.is_kept = replace(old, seen=place.seen), True
            return
        if old is not None:
            self.forget(old)
        if place is not None and alone is not None:
            late = () if alone.can_move else pieces_of(alone.route, alone.owner)
            way.place = replace(place, pieces=late)
            self._change((), (*alone.pieces, *late))

    def make_room(self, way: Way, place: EdgePlace, alone: Alone) -> None:
        """Move a way aside if anything that is near has changed, or if it is new."""
        if place.pieces and not self._is_touched(place, alone):
            return
        route, felt = apart(alone, self.pieces, self.cards)
        if place.pieces and route == place.route:
            way.place = replace(place, felt=felt) if felt != place.felt else place
            return
        pieces = pieces_of(route, alone.owner)
        self._change(place.pieces, pieces)
        way.place = replace(place, route=route, bounds=route_bounds(route), pieces=pieces, felt=felt)
        way.is_kept = False

    def _is_touched(self, place: EdgePlace, alone: Alone) -> bool:
        if not self.around.reaches(alone.room):
            return False
        near = [piece for piece in overlapping(self.changed, alone.room) if piece.counts_for(alone.owner)]
        things: list[Box] = [*near, *self.changed_cards]
        return any(overlapping(things, area) for area in place.felt)

    def _change(self, gone: Sequence[Piece], come: Sequence[Piece]) -> None:
        self.pieces.remove(gone)
        self.pieces.add(come)
        for pieces in (gone, come):
            self.changed += pieces
            self.around.take(pieces)


class _Around:
    """The box around everything that has changed."""

    def __init__(self) -> None:
        self.left = self.top = 1e18
        self.right = self.bottom = -1e18

    def take(self, boxes: Iterable[Box]) -> None:
        """Grow by some."""
        for box in boxes:
            self.left, self.top = min(self.left, box.x), min(self.top, box.y)
            self.right = max(self.right, box.x + box.width)
            self.bottom = max(self.bottom, box.y + box.height)

    def reaches(self, area: Rect) -> bool:
        """Whether it shares something with an area."""
        return (
            self.left < area.x + area.width
            and area.x < self.right
            and self.top < area.y + area.height
            and area.y < self.bottom
        )
