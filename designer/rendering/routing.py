"""Ways of edges between cards. Pure; `static/js/editor/routes.js` draws the same ways while something is dragged.

A route is a chain of cubic Bézier curves: its first point, then three points for each curve.

- A normal edge leaves at the middle of the right side and arrives at the middle of the left side.
- An error edge leaves at the middle of the bottom.
- An edge to a card that does not lie to the right goes out on the right, passes between the two or above both, and
  comes in from the left: so do the edges of loops.
- A normal edge with a card in its way goes along a free line above or below that card.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

Point = tuple[float, float]

ARROW_GAP: Final = 4.0  # from the middle of a port to the tip of an arrow: its radius
_REACH: Final = 28.0
_CLEARANCE: Final = 30.0
_MARGIN: Final = 16.0
_TURN: Final = 36.0
_BENDS: Final = (56.0, 36.0, 24.0)


class Box(Protocol):
    """Anything with a place and a size."""

    @property
    def x(self) -> float: ...
    @property
    def y(self) -> float: ...
    @property
    def width(self) -> float: ...
    @property
    def height(self) -> float: ...


@dataclass(frozen=True, slots=True)
class Rect:
    """A box of its own."""

    x: float
    y: float
    width: float
    height: float

    def overlaps(self, other: Box) -> bool:
        """Whether the two share an area."""
        return (
            self.x < other.x + other.width
            and other.x < self.x + self.width
            and self.y < other.y + other.height
            and other.y < self.y + self.height
        )


def success_route(source: Box, target: Box, others: Sequence[Box] = ()) -> tuple[Point, ...]:
    """From the right side to the left side, around `others`."""
    start = (source.x + source.width, source.y + source.height / 2)
    end = (target.x - ARROW_GAP, target.y + target.height / 2)
    if end[0] < start[0] + _REACH:
        return _around(source, target, start, end, others)
    bend = max((end[0] - start[0]) / 2, _REACH)
    straight = (start, (start[0] + bend, start[1]), (end[0] - bend, end[1]), end)
    return _detour(straight, start, end, others) or straight


def error_route(source: Box, target: Box, others: Sequence[Box] = ()) -> tuple[Point, ...]:
    """From the bottom to the left side, or to the top of a card right below; around `others`."""
    start = (source.x + source.width / 2, source.y + source.height)
    if target.y >= start[1] + _REACH and target.x <= start[0] <= target.x + target.width:
        end = (target.x + target.width / 2, target.y - ARROW_GAP)
        bend = max((end[1] - start[1]) / 2, 12.0)
        return (start, (start[0], start[1] + bend), (end[0], end[1] - bend), end)
    end = (target.x - ARROW_GAP, target.y + target.height / 2)
    if end[0] < start[0] + _REACH:
        boxes = _between(others, end[0] - _TURN, start[0] + _TURN)
        first = max(source.y + source.height, target.y + target.height) + _CLEARANCE
        if target.y > start[1] + 2 * _MARGIN:
            first = (start[1] + target.y) / 2
        return _first_free(
            (_error_back(start, end, level) for level in _levels([*boxes, target], first, start[1])), boxes
        )
    drop = max(abs(end[1] - start[1]) * 0.6, _REACH)
    straight = (start, (start[0], start[1] + drop), (end[0] - max((end[0] - start[0]) / 2, _REACH), end[1]), end)
    boxes = _between(others, start[0], end[0])
    if not any(_crosses(straight, box) for box in boxes):
        return straight
    levels = [level for level in _levels(boxes, start[1] + _MARGIN, start[1]) if level > start[1]]
    return _first_free([*(_error_along(start, end, level) for level in levels), straight], boxes)


def _around(source: Box, target: Box, start: Point, end: Point, others: Sequence[Box]) -> tuple[Point, ...]:
    """Out on the right, along a free line between or above the two, in on the left."""
    boxes = _between([*others, source, target], end[0] - _TURN, start[0] + _TURN)
    above, below = min(source.y + source.height, target.y + target.height), max(source.y, target.y)
    first = (above + below) / 2 if below - above >= _REACH else min(source.y, target.y) - _CLEARANCE
    levels = _levels(boxes, first, start[1])
    return _first_free(
        (_back(start, end, level) for level in levels), _between(others, end[0] - _TURN, start[0] + _TURN)
    )


def _detour(route: Sequence[Point], start: Point, end: Point, others: Sequence[Box]) -> tuple[Point, ...] | None:
    """A way along a free level line, if something stands in the way of `route` and there is such a line."""
    boxes = _between(others, start[0], end[0])
    if not any(_crosses(route, box) for box in boxes):
        return None
    levels = _levels(boxes, boxes[0].y - _MARGIN, (start[1] + end[1]) / 2)
    ways = (_along(start, end, level, reach) for level in levels for reach in _BENDS)
    return next((way for way in ways if not any(_crosses(way, box) for box in boxes)), None)


# -- shapes: each along one level line --------------------------------------------------------------------------------


def _along(start: Point, end: Point, level: float, reach: float) -> tuple[Point, ...]:
    reach = min(reach, (end[0] - start[0]) / 3)
    on, off, half = (start[0] + reach, level), (end[0] - reach, level), reach / 2
    return (
        *(start, (start[0] + half, start[1]), (on[0] - half, level), on),
        *_line(on, off),
        *((off[0] + half, level), (end[0] - half, end[1]), end),
    )


def _back(start: Point, end: Point, level: float) -> tuple[Point, ...]:
    out, in_ = (start[0], level), (end[0], level)
    return (
        *(start, (start[0] + _TURN, start[1]), (start[0] + _TURN, level), out),
        *_line(out, in_),
        *((end[0] - _TURN, level), (end[0] - _TURN, end[1]), end),
    )


def _error_back(start: Point, end: Point, level: float) -> tuple[Point, ...]:
    in_ = (end[0], level)
    turn = (start[0] - 10, level) if level > start[1] else (start[0] + _TURN, level)
    return (
        *(start, (start[0], (start[1] + level) / 2), (start[0], level), turn),
        *_line(turn, in_),
        *((end[0] - _TURN, level), (end[0] - _TURN, end[1]), end),
    )


def _error_along(start: Point, end: Point, level: float) -> tuple[Point, ...]:
    reach = min(2 * _REACH, (end[0] - start[0]) / 3)
    on, off = (start[0] + 10, level), (end[0] - reach, level)
    return (
        *(start, (start[0], (start[1] + level) / 2), (start[0], level), on),
        *_line(on, off),
        *((off[0] + reach / 2, level), (end[0] - reach / 2, end[1]), end),
    )


def _line(a: Point, b: Point) -> tuple[Point, Point, Point]:
    step = ((b[0] - a[0]) / 3, (b[1] - a[1]) / 3)
    return ((a[0] + step[0], a[1] + step[1]), (b[0] - step[0], b[1] - step[1]), b)


# -- free lines -------------------------------------------------------------------------------------------------------


def _between(boxes: Iterable[Box], left: float, right: float) -> list[Box]:
    return [box for box in boxes if box.x < right and box.x + box.width > left]


def _levels(boxes: Sequence[Box], first: float, near: float) -> list[float]:
    """`first`, then the lines above and below each box, the nearest first, those beyond all boxes among them."""
    found = {level for box in boxes for level in (box.y - _MARGIN, box.y + box.height + _MARGIN)}
    return [first, *sorted(found, key=lambda level: (abs(level - near), level))]


def _first_free(ways: Iterable[tuple[Point, ...]], boxes: Sequence[Box]) -> tuple[Point, ...]:
    """The first way that crosses nothing, else the very first."""
    kept: tuple[Point, ...] | None = None
    for way in ways:
        if not any(_crosses(way, box) for box in boxes):
            return way
        kept = kept or way
    return kept or ()


def _crosses(route: Sequence[Point], box: Box) -> bool:
    left, right, top, bottom = box.x - 2, box.x + box.width + 2, box.y - 2, box.y + box.height + 2
    curves = (len(route) - 1) // 3
    for number in range(curves):
        (ax, ay), (bx, by), (cx, cy), (dx, dy) = route[3 * number : 3 * number + 4]
        # A curve stays between its four points: most boxes are nowhere near.
        if max(ax, bx, cx, dx) < left or min(ax, bx, cx, dx) > right:
            continue
        if max(ay, by, cy, dy) < top or min(ay, by, cy, dy) > bottom:
            continue
        steps = (point_at(route, (number + n / 12) / curves) for n in range(13))
        if any(left <= x <= right and top <= y <= bottom for x, y in steps):
            return True
    return False


def point_at(route: Sequence[Point], share: float) -> Point:
    """The point of a route at `share` (0 to 1) of its curves."""
    curves = (len(route) - 1) // 3
    number = min(int(share * curves), curves - 1)
    t = share * curves - number
    a, b, c, d = route[3 * number : 3 * number + 4]
    u = 1 - t
    weights = (u * u * u, 3 * u * u * t, 3 * u * t * t, t * t * t)
    return (
        sum(weight * point[0] for weight, point in zip(weights, (a, b, c, d), strict=True)),
        sum(weight * point[1] for weight, point in zip(weights, (a, b, c, d), strict=True)),
    )


def place_label(route: Sequence[Point], width: float, height: float, taken: Iterable[Box]) -> Point:
    """The middle of a label on a route: as near to its middle as can be without covering anything that is taken."""
    obstacles = list(taken)
    shares = (0.5, 0.44, 0.56, 0.38, 0.62, 0.32, 0.68, 0.26, 0.74, 0.2, 0.8)
    best, least = point_at(route, 0.5), None
    for share in shares:
        x, y = point_at(route, share)
        box = Rect(x - width / 2, y - height / 2, width, height)
        covered = sum(box.overlaps(other) for other in obstacles)
        if least is None or covered < least:
            best, least = (x, y), covered
        if covered == 0:
            break
    return best


def nearest_point(route: Sequence[Point], wanted: Point) -> Point:
    """The point of a route that is nearest to another point."""
    shares = [number / 24 for number in range(3, 22)]
    return min(
        (point_at(route, share) for share in shares), key=lambda p: (p[0] - wanted[0]) ** 2 + (p[1] - wanted[1]) ** 2
    )


def path_data(route: Sequence[Point]) -> str:
    """A route as the `d` of an SVG path."""
    first, *rest = [f"{x:g} {y:g}" for x, y in ((round(x, 1), round(y, 1)) for x, y in route)]
    return f"M{first}" + "".join(f"C{rest[n]} {rest[n + 1]} {rest[n + 2]}" for n in range(0, len(rest), 3))
