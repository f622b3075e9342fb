"""What ways of edges are made of: points, curves and boxes. Pure; `static/js/editor/curves.js` has the same.

A route is a chain of cubic Bézier curves: its first point, then three points for each curve.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from math import floor, hypot
from typing import Final, Protocol

Point = tuple[float, float]
Route = tuple[Point, ...]

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
    points = polyline(route)
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
def polyline(route: Route) -> Route:
    """Points along a route, so close to each other that the lines between them may stand for it."""
    steps = 16 * ((len(route) - 1) // 3)
    return tuple(point_at(route, step / steps) for step in range(steps + 1))


def route_bounds(route: Sequence[Point]) -> Rect:
    """A box that a route does not leave: that around the points of its curves."""
    xs, ys = [point[0] for point in route], [point[1] for point in route]
    return Rect(min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys))


def path_data(route: Sequence[Point]) -> str:
    """A route as the `d` of an SVG path."""
    first, *rest = [f"{x:g} {y:g}" for x, y in ((round(x, 1), round(y, 1)) for x, y in route)]
    return f"M{first}" + "".join(f"C{rest[n]} {rest[n + 1]} {rest[n + 2]}" for n in range(0, len(rest), 3))


# -- what a way runs through ------------------------------------------------------------------------------------------


def are_free(ways: Iterable[Route], boxes: Sequence[Box], ends: Sequence[Box] = ()) -> bool:
    """Whether none of these ways comes within 2 units of one of `boxes`, nor runs through the inside of its `ends`."""
    kept = [(box.x - _CLEAR, box.x + box.width + _CLEAR, box.y - _CLEAR, box.y + box.height + _CLEAR) for box in boxes]
    kept += [
        (box.x + _INSIDE, box.x + box.width - _INSIDE, box.y + _INSIDE, box.y + box.height - _INSIDE) for box in ends
    ]
    return not kept or not any(_runs_into(way, kept) for way in ways)


def _runs_into(way: Route, kept: Sequence[tuple[float, float, float, float]]) -> bool:
    for number in range(0, len(way) - 1, 3):
        (ax, ay), (bx, by), (cx, cy), (dx, dy) = way[number : number + 4]
        # A curve stays between its four points: most boxes are nowhere near.
        left, right, top, bottom = min(ax, bx, cx, dx), max(ax, bx, cx, dx), min(ay, by, cy, dy), max(ay, by, cy, dy)
        near = [k for k in kept if k[0] <= right and k[1] >= left and k[2] <= bottom and k[3] >= top]
        if not near:
            continue
        if left == right or top == bottom:
            return True
        chords = list(_chords(way[number : number + 4], right - left + bottom - top))
        if any(_meets(a, b, *box) for a, b in pairwise(chords) for box in near):
            return True
    return False


def _chords(curve: Route, extent: float) -> Iterator[Point]:
    """Points along one curve, the more the longer it is."""
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = curve
    steps = min(_FEWEST_CHORDS + floor(extent / _LONGEST_CHORD), _MOST_CHORDS)
    for step in range(steps + 1):
        t = step / steps
        u = 1 - t
        a, b, c, d = u * u * u, 3 * u * u * t, 3 * u * t * t, t * t * t
        yield a * ax + b * bx + c * cx + d * dx, a * ay + b * by + c * cy + d * dy


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


def runs_through(line: Route, box: Box) -> bool:
    """Whether a chain of straight lines and a box share a point."""
    left, right, top, bottom = box.x, box.x + box.width, box.y, box.y + box.height
    return any(_meets(a, b, left, right, top, bottom) for a, b in pairwise(line))
