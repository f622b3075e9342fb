"""Ways of edges between cards. Pure; `static/js/editor/routes.js` draws the same ways while something is dragged.

- A normal edge leaves at the middle of the right side and arrives at the middle of the left side.
- An error edge leaves at the middle of the bottom.
- An edge to a card that does not lie to the right goes out on the right, passes between the two or above both, and
  comes in from the left: so do the edges of loops.
- An edge with a card in its way goes along a free line above or below that card; where there is none nearby, around
  corners (`designer.rendering.corners`).
- Several edges from one card to another go side by side, in lanes from top to bottom.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from designer.rendering.corners import ways_with_corners
from designer.rendering.curves import (
    Box,
    Point,
    Rect,
    Route,
    Walls,
    are_free,
    point_at,
    polyline,
    runs_through,
    stretches_within,
)
from designer.rendering.obstacles import NOTHING, Obstacles

ARROW_GAP: Final = 4.0  # from the middle of a port to the tip of an arrow: its radius
_REACH: Final = 28.0
_CLEARANCE: Final = 30.0
_MARGIN: Final = 16.0
_TURN: Final = 36.0
_BENDS: Final = (56.0, 36.0, 24.0)
_LEAST_SIDE: Final = 6.0
_NEARBY: Final = 240.0
"""A level line farther than this above or below both ends is not looked for."""
LANE: Final = 16.0
"""How far edges between the same two stand apart, where their cards leave room for it."""


@dataclass(frozen=True, slots=True)
class Ways:
    """How edges go: `routes`, one for each lane. `seen`: the area whose boxes they depend on.

    Whatever comes, goes or moves outside of it, they stay as they are.
    """

    routes: tuple[Route, ...]
    seen: Rect


def success_ways(source: Box, target: Box, others: Obstacles = NOTHING, *, lanes: int = 1) -> Ways:
    """From the right side to the left side, around `others` but the two: `lanes` edges side by side."""
    start = (source.x + source.width, source.y + source.height / 2)
    end = (target.x - ARROW_GAP, target.y + target.height / 2)
    offsets = lane_offsets(source, target, lanes)
    if end[0] < start[0] + _REACH:
        return _around(source, target, start, end, others, offsets)
    bend = max((end[0] - start[0]) / 2, _REACH)
    straight = tuple(_straight(start, end, bend, by) for by in offsets)
    heights = [start[1] + offsets[0], end[1] + offsets[0], start[1] + offsets[-1], end[1] + offsets[-1]]
    seen = _area(start[0], end[0], heights)
    near_by = _but(others, seen, source, target)
    blocking = [near_by[number] for number in Walls(near_by).met_by(straight)]
    if not blocking:
        return Ways(straight, seen)
    clearance, near = _MARGIN + offsets[-1], (start[1] + end[1]) / 2
    foremost = min(blocking, key=lambda box: (box.x, box.y))
    first = min(foremost.y - clearance, foremost.y + foremost.height + clearance, key=lambda y: abs(y - near))
    nearby = _nearby(start[0], end[0], heights)
    boxes = _but(others, nearby, source, target)
    levels = _levels(boxes, first, near, nearby, clearance)
    walls = Walls(boxes)
    reaches = [min(reach, (end[0] - start[0]) / 3) for reach in _BENDS]
    for level in _free_levels(levels, boxes, start[0] + max(reaches), end[0] - max(reaches), offsets):
        for reach in reaches:
            ways = tuple(_along(_down(start, by), _down(end, by), level + by, reach) for by in offsets)
            if walls.let_through(ways):
                return Ways(ways, _area(start[0], end[0], [*heights, *_searched(first, level, near, clearance)]))
    return _cornered(start, end, (source, target), others, offsets, straight, nearby)


def error_way(source: Box, target: Box, others: Obstacles = NOTHING, *, lower: float = 0.0) -> Ways:
    """From the bottom to the left side, or to the top of a card right below; around `others` but the two.

    `lower`: how far below the middle of the left side it arrives, where other edges lead there beside it.
    """
    start = (source.x + source.width / 2, source.y + source.height)
    end = (target.x - ARROW_GAP, target.y + target.height / 2 + lower)
    if target.y >= start[1] + _REACH and target.x <= start[0] <= target.x + target.width:
        top = (target.x + target.width / 2, target.y - ARROW_GAP)
        bend = max((top[1] - start[1]) / 2, 12.0)
        plain: Route = (start, (start[0], start[1] + bend), (top[0], top[1] - bend), top)
        seen = _area(min(start[0], top[0]) - _MARGIN, max(start[0], top[0]) + _MARGIN, [start[1], top[1]])
        if are_free((plain,), _but(others, seen, source, target)):
            return Ways((plain,), seen)
        return _cornered(start, end, (source, target), others, (0.0,), (plain,), seen, is_error=True)
    if end[0] < start[0] + _REACH:
        return _error_around(source, target, start, end, others)
    drop = max(abs(end[1] - start[1]) * 0.6, _REACH)
    straight = (start, (start[0], start[1] + drop), (end[0] - max((end[0] - start[0]) / 2, _REACH), end[1]), end)
    heights = [start[1], end[1], start[1] + drop]
    seen = _area(start[0], end[0], heights)
    ends = (source, target)
    if are_free((straight,), _but(others, seen, *ends), ends):
        return Ways((straight,), seen)
    nearby = _nearby(start[0], end[0], heights)
    boxes = _but(others, nearby, *ends)
    first, walls = start[1] + _MARGIN, Walls(boxes, ends)
    levels = (level for level in _levels([*boxes, *ends], first, start[1], nearby) if level > start[1])
    for level in _free_levels(
        levels, [*boxes, *ends], start[0] + 10, end[0] - min(2 * _REACH, (end[0] - start[0]) / 3)
    ):
        way = _error_along(start, end, level)
        if walls.let_through((way,)):
            return Ways((way,), _area(start[0], end[0], [*heights, *_searched(first, level, start[1])]))
    return _cornered(start, end, ends, others, (0.0,), (straight,), nearby, is_error=True)


def _error_around(source: Box, target: Box, start: Point, end: Point, others: Obstacles) -> Ways:
    """Out at the bottom, along a free line between or below the two, in on the left."""
    ends, heights = (source, target), [start[1], end[1]]
    left, right = end[0] - _TURN, start[0] + _TURN
    first = max(source.y + source.height, target.y + target.height) + _CLEARANCE
    if target.y > start[1] + 2 * _MARGIN:
        first = (start[1] + target.y) / 2
    nearby = _nearby(left, right, [*heights, first])
    boxes = _but(others, nearby, *ends)
    levels, walls = _levels([*boxes, *ends], first, start[1], nearby), Walls(boxes, ends)
    for level in _free_levels(levels, [*boxes, *ends], end[0], start[0]):
        way = _error_back(start, end, level)
        if walls.let_through((way,)):
            return Ways((way,), _area(left, right, [*heights, *_searched(first, level, start[1])]))
    return _cornered(start, end, ends, others, (0.0,), (_error_back(start, end, first),), nearby, is_error=True)


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


def _around(source: Box, target: Box, start: Point, end: Point, others: Obstacles, offsets: Sequence[float]) -> Ways:
    """Out on the right, along a free line between or above the two, in on the left."""
    ends, wide = (source, target), (len(offsets) - 1) * LANE
    left, right = end[0] - _TURN - wide, start[0] + _TURN + wide
    above, below = min(source.y + source.height, target.y + target.height), max(source.y, target.y)
    first = (above + below) / 2 if below - above >= _REACH else min(source.y, target.y) - _CLEARANCE
    heights = [each + by for each in (start[1], end[1]) for by in offsets]
    nearby = _nearby(left, right, [*heights, first - wide, first + wide])
    boxes = _but(others, nearby, *ends)
    levels, walls = _levels([*boxes, *ends], first, start[1], nearby), Walls(boxes, ends)
    for level in _free_levels(levels, [*boxes, *ends], end[0], start[0]):
        ways = _backs(start, end, level, offsets)
        if walls.let_through(ways):
            searched = _searched(first, level, start[1])
            reached = [searched[0] - wide, searched[1] + wide]
            return Ways(ways, _area(left, right, [*heights, *reached]))
    return _cornered(start, end, ends, others, offsets, _backs(start, end, first, offsets), nearby)


def _cornered(
    start: Point,
    end: Point,
    ends: tuple[Box, Box],
    others: Obstacles,
    offsets: Sequence[float],
    plain: tuple[Route, ...],
    looked_at: Rect,
    *,
    is_error: bool = False,
) -> Ways:
    """Ways with corners, else the plain ones; `looked_at` for a way along one line."""
    found, area = ways_with_corners(start, end, ends, others, offsets, is_down=is_error)
    return Ways(found or plain, _both(area, looked_at))


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


def _nearby(left: float, right: float, heights: Sequence[float]) -> Rect:
    """Where level lines are looked for."""
    return _area(left, right, [min(heights) - _NEARBY, max(heights) + _NEARBY])


def _both(a: Rect, b: Rect) -> Rect:
    left, top = min(a.x, b.x), min(a.y, b.y)
    return Rect(left, top, max(a.x + a.width, b.x + b.width) - left, max(a.y + a.height, b.y + b.height) - top)


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


def _but(others: Obstacles, area: Rect, source: Box, target: Box) -> list[Box]:
    """What may stand in the way in an area."""
    found = others.within(area.x, area.y, area.x + area.width, area.y + area.height)
    return [box for box in found if box is not source and box is not target]


def _levels(boxes: Sequence[Box], first: float, near: float, nearby: Rect, clearance: float = _MARGIN) -> list[float]:
    """`first`, then the lines above and below each box that are not far off, the nearest first."""
    found = {level for box in boxes for level in (box.y - clearance, box.y + box.height + clearance)}
    inside = [level for level in found if nearby.y + clearance < level < nearby.y + nearby.height - clearance]
    return [first, *sorted(inside, key=lambda level: (abs(level - near), level))]


def _free_levels(
    levels: Iterable[float], boxes: Sequence[Box], left: float, right: float, offsets: Sequence[float] = (0.0,)
) -> Iterator[float]:
    """Those of the lines that run through no box on their way from `left` to `right`."""
    top, bottom = offsets[0], offsets[-1]
    blocked = [
        (box.y - bottom, box.y + box.height - top) for box in boxes if box.x < right and box.x + box.width > left
    ]
    return (level for level in levels if not any(above < level < below for above, below in blocked))


def _down(point: Point, by: float) -> Point:
    return point[0], point[1] + by


_SHARES: Final = (0.5, 0.44, 0.56, 0.38, 0.62, 0.32, 0.68, 0.26, 0.74, 0.2, 0.8, 0.14, 0.86)
_ASIDE: Final = ((0.5, 0.25), (1, 0.5), (2, 0.75))
"""How many lines above or below its route a label may stand, and how many ways through it are as bad as that."""
_SPOTS: Final = (
    *((share, 0.0, 0.0) for share in _SHARES),
    *(
        (share, side * lines, harm)
        for lines, harm in _ASIDE
        for side in (-1, 1)
        for share in (0.5, 0.38, 0.62, 0.26, 0.74, 0.14, 0.86)
    ),
)
_COVERING: Final = 100  # how many ways that run through a label are as bad as a card or label under it


def place_label(
    route: Sequence[Point], width: float, height: float, taken: Iterable[Box], ways: Iterable[Route] = ()
) -> Point:
    """The middle of a label: as near to the middle of its route as can be without covering anything that is taken.

    On the route where that can be, else right beside it, else a line or two above or below it; where none of the other
    `ways` runs through it, if there is such a place.
    """
    area = label_area(route, width, height)
    obstacles = list(taken)
    lines_near = [near for way in ways if (near := stretches_within(polyline(way), area))]
    best = point_at(route, 0.5)
    least: float | None = None
    for share, lines, off in _SPOTS if obstacles or lines_near else ():
        if least is not None and off >= least:
            break
        x, y = _down(point_at(route, share), lines * height)
        box = Rect(x - width / 2, y - height / 2, width, height)
        harm = off + _COVERING * sum(box.overlaps(other) for other in obstacles)
        if least is not None and harm >= least:
            continue
        harm += sum(runs_through(line, box) for line in lines_near)
        if least is None or harm < least:
            best, least = (x, y), harm
    return best


def label_area(route: Sequence[Point], width: float, height: float) -> Rect:
    """Where a label may come to lie: what is not here says nothing about its place."""
    xs, ys = [point[0] for point in route], [point[1] for point in route]
    left, top = min(xs) - width / 2, min(ys) - 2.5 * height
    return Rect(left, top, max(xs) + width / 2 - left, max(ys) + 2.5 * height - top)
