"""What ways of edges are made of: points, curves and boxes. Pure; `static/js/editor/curves.js` has the same.

A route is a chain of cubic Bézier curves: its first point, then three points for each curve.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import pairwise
from math import floor, hypot
from typing import Final, Protocol

Point = tuple[float, float]
Route = tuple[Point, ...]
Stretch = tuple[float, float, float, float, Route]
"""Left, right, top and bottom of some straight lines, and the points that they join."""
Polyline = tuple[Stretch, ...]

_FAR: Final = 1e9
_CLEAR: Final = 2.0
_INSIDE: Final = 0.5
_FEWEST_CHORDS: Final = 12
_MOST_CHORDS: Final = 96
_LONGEST_CHORD: Final = 32.0


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


def middle_of(route: Route) -> Point:
    """The point halfway along a route, however long each of its curves is."""
    points = _points_along(route)
    steps = [hypot(b[0] - a[0], b[1] - a[1]) for a, b in pairwise(points)]
    left = sum(steps) / 2
    for (a, b), step in zip(pairwise(points), steps, strict=True):
        if step and left <= step:
            return a[0] + (b[0] - a[0]) * left / step, a[1] + (b[1] - a[1]) * left / step
        left -= step
    return points[-1]


def nearest_point(route: Sequence[Point], wanted: Point) -> Point:
    """The point of a route that is nearest to another point."""
    shares = [number / 24 for number in range(3, 22)]
    return min(
        (point_at(route, share) for share in shares), key=lambda p: (p[0] - wanted[0]) ** 2 + (p[1] - wanted[1]) ** 2
    )


@lru_cache(maxsize=8192)
def polyline(route: Route) -> Polyline:
    """Points along a route, so close to each other that the lines between them may stand for it."""
    points = _points_along(route)
    return tuple(_stretch(points[first : first + 17]) for first in range(0, len(points) - 1, 16))


def _points_along(route: Sequence[Point]) -> Route:
    steps = 16 * ((len(route) - 1) // 3)
    return tuple(point_at(route, step / steps) for step in range(steps + 1))


def _stretch(points: Route) -> Stretch:
    xs, ys = [point[0] for point in points], [point[1] for point in points]
    return min(xs), max(xs), min(ys), max(ys), points


def route_bounds(route: Sequence[Point]) -> Rect:
    """A box that a route does not leave: that around the points of its curves."""
    xs, ys = [point[0] for point in route], [point[1] for point in route]
    return Rect(min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys))


def path_data(route: Sequence[Point]) -> str:
    """A route as the `d` of an SVG path."""
    first, *rest = [f"{x:g} {y:g}" for x, y in ((round(x, 1), round(y, 1)) for x, y in route)]
    return f"M{first}" + "".join(f"C{rest[n]} {rest[n + 1]} {rest[n + 2]}" for n in range(0, len(rest), 3))


# -- what a way runs through ------------------------------------------------------------------------------------------


_Sides = tuple[float, float, float, float, int]
"""Left, right, top and bottom of what ways keep out of, and which box that is."""


class Walls:
    """Boxes that ways come no nearer to than 2 units, and their `ends`, through the inside of which they do not run."""

    __slots__ = ("_sides",)

    def __init__(self, boxes: Sequence[Box], ends: Sequence[Box] = ()) -> None:
        self._sides: list[_Sides] = [
            (box.x - _CLEAR, box.x + box.width + _CLEAR, box.y - _CLEAR, box.y + box.height + _CLEAR, number)
            for number, box in enumerate(boxes)
        ]
        self._sides += [
            (box.x + _INSIDE, box.x + box.width - _INSIDE, box.y + _INSIDE, box.y + box.height - _INSIDE, number)
            for number, box in enumerate(ends, len(boxes))
        ]

    def let_through(self, ways: Iterable[Route]) -> bool:
        """Whether all of these ways are clear of them."""
        return not any(True for way in ways for _ in _met(way, self._sides))

    def met_by(self, ways: Iterable[Route]) -> list[int]:
        """The numbers of those that one of these ways runs into."""
        return sorted({side[4] for way in ways for side in _met(way, self._sides)})


def are_free(ways: Iterable[Route], boxes: Sequence[Box], ends: Sequence[Box] = ()) -> bool:
    """Whether none of these ways comes within 2 units of one of `boxes`, nor runs through the inside of its `ends`."""
    return Walls(boxes, ends).let_through(ways)


def _met(way: Route, kept: Sequence[_Sides]) -> Iterator[_Sides]:
    """What a way runs into, some of it more than once."""
    xs, ys = [point[0] for point in way], [point[1] for point in way]
    kept = _beside(kept, min(xs), max(xs), min(ys), max(ys))
    for number in range(0, len(way) - 1, 3):
        (ax, ay), (bx, by), (cx, cy), (dx, dy) = curve = way[number : number + 4]
        # A curve stays between its four points: most boxes are nowhere near.
        left, right, top, bottom = min(ax, bx, cx, dx), max(ax, bx, cx, dx), min(ay, by, cy, dy), max(ay, by, cy, dy)
        near = _beside(kept, left, right, top, bottom)
        if near and (left == right or top == bottom):
            yield from near
        elif near:
            yield from _met_by_chords(*_chords(curve, right - left + bottom - top), near)


def _beside(kept: Sequence[_Sides], left: float, right: float, top: float, bottom: float) -> Sequence[_Sides]:
    return [k for k in kept if k[0] <= right and k[1] >= left and k[2] <= bottom and k[3] >= top] if kept else kept


def _met_by_chords(xs: Sequence[float], ys: Sequence[float], kept: Sequence[_Sides]) -> Iterator[_Sides]:
    """What the lines from point to point run into. A half beside which nothing lies is not looked at further."""
    pieces = [(0, len(xs) - 1, kept)]
    while pieces:
        first, last, around = pieces.pop()
        if last - first == 1:
            a, b = (xs[first], ys[first]), (xs[last], ys[last])
            yield from (k for k in around if _meets(a, b, *k[:4]))
            continue
        middle = (first + last) // 2
        for begin, end in ((middle, last), (first, middle)):
            across, down = xs[begin : end + 1], ys[begin : end + 1]
            near = _beside(around, min(across), max(across), min(down), max(down))
            if near:
                pieces.append((begin, end, near))


def _chords(curve: Route, extent: float) -> tuple[list[float], list[float]]:
    """Points along one curve, the more the longer it is: how far to the right, and how far down."""
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = curve
    weights = _weights(min(_FEWEST_CHORDS + floor(extent / _LONGEST_CHORD), _MOST_CHORDS))
    xs = [a * ax + b * bx + c * cx + d * dx for a, b, c, d in weights]
    return xs, [a * ay + b * by + c * cy + d * dy for a, b, c, d in weights]


@cache
def _weights(steps: int) -> tuple[tuple[float, float, float, float], ...]:
    """How much each of a curve's four points says, from its begin to its end."""
    shares = [(step / steps, 1 - step / steps) for step in range(steps + 1)]
    return tuple((u * u * u, 3 * u * u * t, 3 * u * t * t, t * t * t) for t, u in shares)


def _meets(a: Point, b: Point, left: float, right: float, top: float, bottom: float) -> bool:
    """Whether a straight line and a box share a point."""
    (ax, ay), (bx, by) = a, b
    if (ax < left and bx < left) or (ax > right and bx > right):
        return False
    if (ay < top and by < top) or (ay > bottom and by > bottom):
        return False
    # Beside each other along both axes; they are apart only if the whole box lies on one side of the line.
    dx, dy = bx - ax, by - ay
    p, q = dx * (top - ay) - dy * (left - ax), dx * (bottom - ay) - dy * (left - ax)
    r, s = dx * (top - ay) - dy * (right - ax), dx * (bottom - ay) - dy * (right - ax)
    return min(p, q, r, s) <= 0 <= max(p, q, r, s)


def stretches_within(line: Polyline, box: Box) -> Polyline:
    """Those stretches of a line that may share a point with a box, or with one inside of it."""
    right, bottom = box.x + box.width, box.y + box.height
    return tuple(k for k in line if k[0] <= right and k[1] >= box.x and k[2] <= bottom and k[3] >= box.y)


def runs_through(line: Polyline, box: Box) -> bool:
    """Whether a chain of straight lines and a box share a point."""
    sides = box.x, box.x + box.width, box.y, box.y + box.height
    return any(_meets(a, b, *sides) for *_, points in stretches_within(line, box) for a, b in pairwise(points))
