"""Ways of edges between cards. Pure; `static/js/editor/routes.js` draws the same ways while something is dragged.

A route is a chain of cubic Bézier curves: its first point, then three points for each curve.

- A normal edge leaves at the middle of the right side and arrives at the middle of the left side.
- An error edge leaves at the middle of the bottom.
- An edge to a card that does not lie to the right goes out on the right, passes between the two or above both, and
  comes in from the left: so do the edges of loops.
- A normal edge with a card in its way goes along a free line above or below that card.
- Several edges from one card to another go side by side, in lanes from top to bottom.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Final, Protocol

Point = tuple[float, float]
Route = tuple[Point, ...]

ARROW_GAP: Final = 4.0  # from the middle of a port to the tip of an arrow: its radius
_REACH: Final = 28.0
_CLEARANCE: Final = 30.0
_MARGIN: Final = 16.0
_TURN: Final = 36.0
_BENDS: Final = (56.0, 36.0, 24.0)
_FAR: Final = 1e9
_LEAST_SIDE: Final = 6.0
LANE: Final = 16.0
"""How far edges between the same two stand apart, where their cards leave room for it."""


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


NOWHERE: Final = Rect(0, 0, -_FAR, -_FAR)
"""An area that overlaps nothing."""


@dataclass(frozen=True, slots=True)
class Ways:
    """How edges go: `routes`, one for each lane. `seen`: the area whose boxes they depend on.

    Whatever comes, goes or moves outside of it, they stay as they are.
    """

    routes: tuple[Route, ...]
    seen: Rect


def success_ways(source: Box, target: Box, others: Sequence[Box] = (), *, lanes: int = 1) -> Ways:
    """From the right side to the left side, around `others`: `lanes` edges side by side."""
    start = (source.x + source.width, source.y + source.height / 2)
    end = (target.x - ARROW_GAP, target.y + target.height / 2)
    offsets = lane_offsets(source, target, lanes)
    if end[0] < start[0] + _REACH:
        return _around(source, target, start, end, others, offsets)
    bend = max((end[0] - start[0]) / 2, _REACH)
    straight = tuple(_straight(start, end, bend, by) for by in offsets)
    boxes = _between(others, start[0], end[0])
    heights = [start[1] + offsets[0], end[1] + offsets[0], start[1] + offsets[-1], end[1] + offsets[-1]]
    blocking = [box for box in boxes if any(_crosses(way, box) for way in straight)]
    if not blocking:
        return Ways(straight, _area(start[0], end[0], heights))
    clearance, near = _MARGIN + offsets[-1], (start[1] + end[1]) / 2
    first = min(blocking, key=lambda box: (box.x, box.y)).y - clearance
    for level in _levels(boxes, first, near, clearance):
        for reach in _BENDS:
            ways = tuple(_along(_down(start, by), _down(end, by), level + by, reach) for by in offsets)
            if _are_free(ways, boxes):
                return Ways(ways, _area(start[0], end[0], [*heights, *_searched(first, level, near, clearance)]))
    return Ways(straight, _column(start[0], end[0]))


def error_way(source: Box, target: Box, others: Sequence[Box] = (), *, lower: float = 0.0) -> Ways:
    """From the bottom to the left side, or to the top of a card right below; around `others`.

    `lower`: how far below the middle of the left side it arrives, where other edges lead there beside it.
    """
    start = (source.x + source.width / 2, source.y + source.height)
    if target.y >= start[1] + _REACH and target.x <= start[0] <= target.x + target.width:
        end = (target.x + target.width / 2, target.y - ARROW_GAP)
        bend = max((end[1] - start[1]) / 2, 12.0)
        return Ways(((start, (start[0], start[1] + bend), (end[0], end[1] - bend), end),), NOWHERE)
    end = (target.x - ARROW_GAP, target.y + target.height / 2 + lower)
    heights = [start[1], end[1]]
    if end[0] < start[0] + _REACH:
        left, right = end[0] - _TURN, start[0] + _TURN
        boxes = _between(others, left, right)
        first = max(source.y + source.height, target.y + target.height) + _CLEARANCE
        if target.y > start[1] + 2 * _MARGIN:
            first = (start[1] + target.y) / 2
        for level in _levels([*boxes, target], first, start[1]):
            way = _error_back(start, end, level)
            if _are_free((way,), boxes):
                return Ways((way,), _area(left, right, [*heights, *_searched(first, level, start[1])]))
        return Ways((_error_back(start, end, first),), _column(left, right))
    drop = max(abs(end[1] - start[1]) * 0.6, _REACH)
    straight = (start, (start[0], start[1] + drop), (end[0] - max((end[0] - start[0]) / 2, _REACH), end[1]), end)
    boxes = _between(others, start[0], end[0])
    heights.append(start[1] + drop)
    if _are_free((straight,), boxes):
        return Ways((straight,), _area(start[0], end[0], heights))
    first = start[1] + _MARGIN
    for level in (level for level in _levels(boxes, first, start[1]) if level > start[1]):
        way = _error_along(start, end, level)
        if _are_free((way,), boxes):
            return Ways((way,), _area(start[0], end[0], [*heights, *_searched(first, level, start[1])]))
    return Ways((_error_along(start, end, first),), _column(start[0], end[0]))


def lane_offsets(source: Box, target: Box, lanes: int) -> tuple[float, ...]:
    """How far from the middle of its side each of several edges between two boxes begins and ends, from the top."""
    if lanes == 1:
        return (0.0,)
    room = min(source.height, target.height) - _MARGIN
    apart = min(LANE, room / (lanes - 1))
    return tuple((lane - (lanes - 1) / 2) * apart for lane in range(lanes))


def error_offset(source: Box, target: Box, lanes: int) -> float:
    """How far below the middle of the left side an error edge arrives that has `lanes` other edges beside it."""
    return min(lane_offsets(source, target, lanes)[-1] + LANE, target.height / 2 - _LEAST_SIDE)


def _around(
    source: Box, target: Box, start: Point, end: Point, others: Sequence[Box], offsets: Sequence[float]
) -> Ways:
    """Out on the right, along a free line between or above the two, in on the left."""
    wide = (len(offsets) - 1) * LANE
    left, right = end[0] - _TURN - wide, start[0] + _TURN + wide
    boxes = _between(others, left, right)
    above, below = min(source.y + source.height, target.y + target.height), max(source.y, target.y)
    first = (above + below) / 2 if below - above >= _REACH else min(source.y, target.y) - _CLEARANCE
    heights = [each + by for each in (start[1], end[1]) for by in offsets]
    kept: tuple[Route, ...] = ()
    for level in _levels(_between([*others, source, target], left, right), first, start[1]):
        ways = _backs(start, end, level, offsets)
        if _are_free(ways, boxes):
            searched = _searched(first, level, start[1])
            reached = [searched[0] - wide, searched[1] + wide]
            return Ways(ways, _area(left, right, [*heights, *reached]))
        kept = kept or ways
    return Ways(kept, _column(left, right))


def _backs(start: Point, end: Point, level: float, offsets: Sequence[float]) -> tuple[Route, ...]:
    """Ways back side by side, the one inside the other: none crosses another at a turn."""
    leaves_up, comes_down, last = level <= start[1], level <= end[1], len(offsets) - 1
    ways = []
    for lane in range(last + 1):
        # The further out a turn is, the further its end of the edge lies from the line.
        inner = lane if leaves_up == comes_down else last - lane
        begin = _down(start, offsets[lane if leaves_up else last - lane])
        arrive = _down(end, offsets[inner if comes_down else last - inner])
        line = level - lane * LANE if leaves_up else level + lane * LANE
        ways.append(_back(begin, arrive, line, _TURN + lane * LANE, _TURN + inner * LANE))
    return tuple(ways)


# -- what a way depends on --------------------------------------------------------------------------------------------


def _area(left: float, right: float, heights: Sequence[float]) -> Rect:
    slack = _MARGIN + 3  # a card this near to a line has a say in it
    top = min(heights) - slack
    return Rect(left, top, right - left, max(heights) + slack - top)


def _column(left: float, right: float) -> Rect:
    """Everything between two sides: no line was free."""
    return Rect(left, -_FAR, right - left, 2 * _FAR)


def _searched(first: float, level: float, near: float, clearance: float = _MARGIN) -> tuple[float, float]:
    """The highest and the lowest that was looked at until `level` was found: lines are tried by their distance."""
    far = (abs(level - near) if level != first else 0.0) + clearance
    return min(first - clearance, near - far), max(first + clearance, near + far)


# -- shapes: each along one level line --------------------------------------------------------------------------------


def _straight(start: Point, end: Point, bend: float, by: float) -> Route:
    """`by`: how far below the middles. A steep one also keeps aside, or it would come near those above and below it."""
    steepness = (end[1] - start[1]) / (end[0] - start[0])
    aside = by * min(max(steepness, -1.0), 1.0)
    out, in_ = (start[0] + bend - aside, start[1] + by), (end[0] - bend - aside, end[1] + by)
    return (_down(start, by), out, in_, _down(end, by))


def _along(start: Point, end: Point, level: float, reach: float) -> Route:
    reach = min(reach, (end[0] - start[0]) / 3)
    on, off, half = (start[0] + reach, level), (end[0] - reach, level), reach / 2
    return (
        *(start, (start[0] + half, start[1]), (on[0] - half, level), on),
        *_line(on, off),
        *((off[0] + half, level), (end[0] - half, end[1]), end),
    )


def _back(start: Point, end: Point, level: float, right: float, left: float) -> Route:
    out, in_ = (start[0], level), (end[0], level)
    return (
        *(start, (start[0] + right, start[1]), (start[0] + right, level), out),
        *_line(out, in_),
        *((end[0] - left, level), (end[0] - left, end[1]), end),
    )


def _error_back(start: Point, end: Point, level: float) -> Route:
    in_ = (end[0], level)
    turn = (start[0] - 10, level) if level > start[1] else (start[0] + _TURN, level)
    return (
        *(start, (start[0], (start[1] + level) / 2), (start[0], level), turn),
        *_line(turn, in_),
        *((end[0] - _TURN, level), (end[0] - _TURN, end[1]), end),
    )


def _error_along(start: Point, end: Point, level: float) -> Route:
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


def _levels(boxes: Sequence[Box], first: float, near: float, clearance: float = _MARGIN) -> list[float]:
    """`first`, then the lines above and below each box, the nearest first, those beyond all boxes among them."""
    found = {level for box in boxes for level in (box.y - clearance, box.y + box.height + clearance)}
    return [first, *sorted(found, key=lambda level: (abs(level - near), level))]


def _are_free(ways: Iterable[Route], boxes: Sequence[Box]) -> bool:
    """Whether none of these crosses anything."""
    return not any(_crosses(way, box) for way in ways for box in boxes)


def _down(point: Point, by: float) -> Point:
    return point[0], point[1] + by


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


_SHARES: Final = (0.5, 0.44, 0.56, 0.38, 0.62, 0.32, 0.68, 0.26, 0.74, 0.2, 0.8, 0.14, 0.86)
_ASIDE: Final = (-1, 1, -2, 2)
_SPOTS: Final = (
    *((share, 0) for share in _SHARES),
    *((share, lines) for lines in _ASIDE for share in (0.5, 0.38, 0.62, 0.26, 0.74, 0.14, 0.86)),
)
_COVERING: Final = 100  # how many ways that run through a label are as bad as a card or label under it


def place_label(
    route: Sequence[Point], width: float, height: float, taken: Iterable[Box], ways: Iterable[Route] = ()
) -> Point:
    """The middle of a label: as near to the middle of its route as can be without covering anything that is taken.

    On the route where that can be, else up to two lines above or below it; where none of the other `ways` runs through
    it, if there is such a place.
    """
    obstacles, lines_near = list(taken), [polyline(way) for way in ways]
    best, least = point_at(route, 0.5), None
    for share, lines in _SPOTS if obstacles or lines_near else ():
        x, y = _down(point_at(route, share), lines * height)
        box = Rect(x - width / 2, y - height / 2, width, height)
        harm = _COVERING * sum(box.overlaps(other) for other in obstacles)
        if least is not None and harm >= least:
            continue
        harm += sum(runs_through(line, box) for line in lines_near)
        if least is None or harm < least:
            best, least = (x, y), harm
        if harm == 0:
            break
    return best


@lru_cache(maxsize=8192)
def polyline(route: Route) -> Route:
    """Points along a route, so close to each other that the lines between them may stand for it."""
    steps = 16 * ((len(route) - 1) // 3)
    return tuple(point_at(route, step / steps) for step in range(steps + 1))


def runs_through(line: Route, box: Box) -> bool:
    """Whether a chain of straight lines and a box share a point."""
    left, right, top, bottom = box.x, box.x + box.width, box.y, box.y + box.height
    for (ax, ay), (bx, by) in pairwise(line):
        if (ax < left and bx < left) or (ax > right and bx > right):
            continue
        if (ay < top and by < top) or (ay > bottom and by > bottom):
            continue
        # Beside each other along both axes; they are apart only if the whole box lies on one side of the line.
        dx, dy = bx - ax, by - ay
        sides = [dx * (y - ay) - dy * (x - ax) for x in (left, right) for y in (top, bottom)]
        if min(sides) <= 0 <= max(sides):
            return True
    return False


def route_bounds(route: Sequence[Point]) -> Rect:
    """A box that a route does not leave: that around the points of its curves."""
    xs, ys = [point[0] for point in route], [point[1] for point in route]
    return Rect(min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys))


def label_area(route: Sequence[Point], width: float, height: float) -> Rect:
    """Where a label may come to lie: what is not here says nothing about its place."""
    xs, ys = [point[0] for point in route], [point[1] for point in route]
    left, top = min(xs) - width / 2, min(ys) - 2.5 * height
    return Rect(left, top, max(xs) + width / 2 - left, max(ys) + 2.5 * height - top)


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
