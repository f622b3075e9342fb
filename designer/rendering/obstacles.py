"""Cards by the squares of a grid that they reach into. Pure; `static/js/editor/obstacles.js` has the same."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from designer.rendering.curves import Box

_WIDE: Final = 256
_HIGH: Final = 128


class Obstacles:
    """What stands in the way of edges. Never changed: `changed` makes another that shares most of it."""

    __slots__ = ("_squares",)

    def __init__(self, boxes: Iterable[Box] = ()) -> None:
        self._squares: dict[tuple[int, int], tuple[Box, ...]] = {}
        for box in boxes:
            for square in _squares_of(box.x, box.y, box.x + box.width, box.y + box.height):
                self._squares[square] = (*self._squares.get(square, ()), box)

    def changed(self, gone: Iterable[Box], come: Iterable[Box]) -> Obstacles:
        """The same without those that went and with those that came."""
        after = Obstacles()
        squares = after._squares = dict(self._squares)
        for box in gone:
            for square in _squares_of(box.x, box.y, box.x + box.width, box.y + box.height):
                squares[square] = tuple(other for other in squares[square] if other is not box)
        for box in come:
            for square in _squares_of(box.x, box.y, box.x + box.width, box.y + box.height):
                squares[square] = (*squares.get(square, ()), box)
        return after

    def within(self, left: float, top: float, right: float, bottom: float) -> list[Box]:
        """The boxes that share more than a side with an area."""
        wanted = int(right // _WIDE - left // _WIDE + 1) * int(bottom // _HIGH - top // _HIGH + 1)
        squares: Iterable[tuple[int, int]] = self._squares
        if wanted <= len(self._squares):
            squares = _squares_of(left, top, right, bottom)
        found: dict[int, Box] = {}
        for square in squares:
            for box in self._squares.get(square, ()):
                if box.x < right and box.x + box.width > left and box.y < bottom and box.y + box.height > top:
                    found[id(box)] = box
        return list(found.values())


NOTHING: Final = Obstacles()


def _squares_of(left: float, top: float, right: float, bottom: float) -> Iterator[tuple[int, int]]:
    down = range(int(top // _HIGH), int(bottom // _HIGH) + 1)
    return ((x, y) for x in range(int(left // _WIDE), int(right // _WIDE) + 1) for y in down)
