"""Ways with corners around whatever stands in between. Pure; `static/js/editor/corners.js` finds the same.

The sides of all cards near the two ends, kept clear of by some room, make a grid of level and upright lines. On these
the best way is searched (A*): short, and of two that are about as short the one with fewer corners. Where all cards
stand apart by twice the room or more there always is one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from heapq import heappop, heappush
from itertools import pairwise
from typing import Final

from designer.rendering.curves import Box, Point, Rect, Route
from designer.rendering.obstacles import Obstacles

WINDOWS: Final = ((120.0, 104.0), (304.0, 208.0), (640.0, 720.0))
"""How far beyond the two ends is looked: to the sides, and up and down. What lies beyond has no say."""
_ROOMS: Final = (12.0, 8.0, 4.0)
_ROOMS_OF_ERRORS: Final = (18.0, 8.0, 4.0)
_LEAST_ROOM: Final = 4.0
_CORNER: Final = 64.0  # a corner is worth a detour as long as this
_FEW_CARDS: Final = 24  # among more than these the first good way is taken, not the best
_HASTE: Final = 2.0
_MOST_STEPS: Final = 6000  # about 25 ms of a processor; seldom more than 100
_MOST_ENCLOSED: Final = 100
_RADIUS: Final = 16.0
_LEAST_TIP: Final = 3.0

_Path = list[Point]


def ways_with_corners(
    start: Point, end: Point, ends: tuple[Box, Box], others: Obstacles, offsets: Sequence[float], *, is_down: bool
) -> tuple[tuple[Route, ...], Rect]:
    """Ways side by side around `others`, none where there is no room; and the area that was looked at.

    From `start`, on the right or (`is_down`) at the bottom of the first of `ends`, to `end`, on the left of the second.
    """
    area, left_over = Rect(0, 0, 0, 0), _MOST_STEPS
    for aside, beyond in WINDOWS:
        left, right = min(start[0], end[0]) - aside, max(start[0], end[0]) + aside
        top, bottom = min(start[1], end[1]) - beyond, max(start[1], end[1]) + beyond
        area = Rect(left, top, right - left, bottom - top)
        near = [box for box in others.within(left, top, right, bottom) if box is not ends[0] and box is not ends[1]]
        for room, beside in _attempts(offsets, is_down):
            search = _Search((*ends, *near), room, area, left_over)
            path, left_over = search.path(start, end, is_down), search.left_over
            if path:
                radius = min(_RADIUS, 3 * (room - beside[-1]))  # a rounder bend would cut over a card's corner
                return tuple(rounded(_aside(path, by), radius) for by in beside), area
            if not left_over:
                return (), area
    return (), area


def _attempts(offsets: Sequence[float], is_down: bool) -> list[tuple[float, Sequence[float]]]:
    """How much room there is to be on both sides, and how far from the middle ways side by side then are."""
    rooms, half = _ROOMS_OF_ERRORS if is_down else _ROOMS, offsets[-1]
    if not half:
        return [(room, offsets) for room in rooms]
    attempts = [(rooms[0] + half, offsets)]
    for room in rooms:
        narrow = min(half, max(room - _LEAST_ROOM, room / 2))
        attempts.append((room, [by * narrow / half for by in offsets]))
    return attempts


class _Search:
    """The best way on the lines beside cards that are all `room` larger on each side than they are drawn."""

    def __init__(self, boxes: Sequence[Box], room: float, area: Rect, left_over: int) -> None:
        self.area, self.room, self.left_over = area, room, left_over
        self.walls = [(b.x - room, b.x + b.width + room, b.y - room, b.y + b.height + room) for b in boxes]

    def path(self, start: Point, end: Point, is_down: bool) -> _Path:
        """The corners of the best way from `start` to `end`, with these two; empty if there is none."""
        begin = (start[0], self.walls[0][3]) if is_down else (self.walls[0][1], start[1])
        arrive = (self.walls[1][0], end[1])
        if self._is_shut(begin) or self._is_shut(arrive):
            return []
        self._rule(begin, arrive)
        x, y = self.column[begin[0]], self.row[begin[1]]
        to_x, to_y = self.column[arrive[0]], self.row[arrive[1]]
        if self._is_enclosed(to_x, to_y, apart_from=(x, y)):
            return []
        found = self._steps(2 * (y * len(self.xs) + x) + is_down, to_x, to_y)
        if not found:
            return []
        points = [(self.xs[number // 2 % len(self.xs)], self.ys[number // 2 // len(self.xs)]) for number in found]
        # In a gap as narrow as the tip of an arrow is long, the tip goes in farther, or it would point along the gap.
        return _straightened([start, *points], (max(end[0], arrive[0] + _LEAST_TIP), end[1]))

    def _is_shut(self, point: Point) -> bool:
        x, y = point
        return any(left < x < right and top < y < bottom for left, right, top, bottom in self.walls)

    def _rule(self, begin: Point, arrive: Point) -> None:
        """The lines, and which steps from one to the next are blocked: along levels and along uprights.

        A line beside a card counts from where something is in its way on the one side to where it is on the other: a
        way that is as short as can be, and has as few corners, needs no other.
        """
        area, room = self.area, self.room
        xs = {begin[0], arrive[0], *(x for left, right, _, _ in self.walls for x in (left, right))}
        ys = {begin[1], arrive[1], *(y for _, _, top, bottom in self.walls for y in (top, bottom))}
        # What stands right beyond the area that was looked at is kept clear of, too.
        self.xs = sorted(x for x in xs if area.x + room <= x <= area.x + area.width - room)
        self.ys = sorted(y for y in ys if area.y + room <= y <= area.y + area.height - room)
        self.column = {x: number for number, x in enumerate(self.xs)}
        self.row = {y: number for number, y in enumerate(self.ys)}
        wide, high = len(self.xs), len(self.ys)
        levels = [bytearray(wide) for _ in self.ys]
        uprights = [bytearray(high) for _ in self.xs]
        sides = []
        for left, right, top, bottom in self.walls:
            first, last = self.column.get(left, 0), self.column.get(right, wide - 1)
            upper, lower = self.row.get(top, 0), self.row.get(bottom, high - 1)
            sides.append((first, last, upper, lower))
            for y in range(upper if top < self.ys[0] else upper + 1, lower + 1 if bottom > self.ys[-1] else lower):
                levels[y][first:last] = b"\1" * (last - first)
            for x in range(first if left < self.xs[0] else first + 1, last + 1 if right > self.xs[-1] else last):
                uprights[x][upper:lower] = b"\1" * (lower - upper)
        sides += [(x, x, y, y) for x, y in ((self.column[x], self.row[y]) for x, y in (begin, arrive))]
        self.levels = [bytearray(b"\1" * wide) for _ in self.ys]
        self.uprights = [bytearray(b"\1" * high) for _ in self.xs]
        for first, last, upper, lower in sides:
            for y in (upper, lower):
                _free(self.levels[y], levels[y], first, last)
            for x in (first, last):
                _free(self.uprights[x], uprights[x], upper, lower)

    def _is_enclosed(self, x: int, y: int, *, apart_from: tuple[int, int]) -> bool:
        """Whether only few points can be reached from one, another not among them: most ends that no way leads to."""
        seen, queue = {(x, y)}, [(x, y)]
        for column, row in queue:
            if len(queue) > _MOST_ENCLOSED:
                return False
            for step in self._beside(column, row):
                if step not in seen:
                    seen.add(step)
                    queue.append(step)
        return apart_from not in seen

    def _beside(self, x: int, y: int) -> Iterator[tuple[int, int]]:
        level, upright = self.levels[y], self.uprights[x]
        if x and not level[x - 1]:
            yield x - 1, y
        if x + 1 < len(self.xs) and not level[x]:
            yield x + 1, y
        if y and not upright[y - 1]:
            yield x, y - 1
        if y + 1 < len(self.ys) and not upright[y]:
            yield x, y + 1

    def _steps(self, begin: int, to_x: int, to_y: int) -> list[int]:
        """From point to point. Each is there twice: where one goes on along its level, and (odd) along its upright."""
        xs, ys, wide = self.xs, self.ys, len(self.xs)
        goal_x, goal_y, goal = xs[to_x], ys[to_y], 2 * (to_y * wide + to_x)
        haste = 1.0 if len(self.walls) <= _FEW_CARDS else _HASTE
        cost, came, queue = {begin: 0.0}, {begin: -1}, [(0.0, begin, 0.0)]
        while queue and self.left_over:
            self.left_over -= 1
            _, at, spent = heappop(queue)
            if at == goal:
                found = [at]
                while came[at] >= 0:
                    at = came[at]
                    found.append(at)
                return found[::-1]
            if spent > cost[at]:
                continue
            y, x = divmod(at // 2, wide)
            steps = []
            if at % 2 or at == goal - 1 or not (self.uprights[x][y] and (not y or self.uprights[x][y - 1])):
                steps.append((at ^ 1, spent + _CORNER))
            if at % 2:
                free = self.uprights[x]
                if y and not free[y - 1]:
                    steps.append((at - 2 * wide, spent + (ys[y] - ys[y - 1])))
                if y + 1 < len(ys) and not free[y]:
                    steps.append((at + 2 * wide, spent + (ys[y + 1] - ys[y])))
            else:
                free = self.levels[y]
                if x and not free[x - 1]:
                    steps.append((at - 2, spent + (xs[x] - xs[x - 1])))
                if x + 1 < wide and not free[x]:
                    steps.append((at + 2, spent + (xs[x + 1] - xs[x])))
            for step, length in steps:
                if length < cost.get(step, 1e18):
                    cost[step], came[step] = length, at
                    there, across = ys[step // 2 // wide], xs[step // 2 % wide]
                    turns = 1 if step % 2 else 0 if there == goal_y and across <= goal_x else 2
                    far = abs(across - goal_x) + abs(there - goal_y) + turns * _CORNER
                    heappush(queue, (length + haste * far, step, length))
        return []


def _free(line: bytearray, blocked: bytearray, first: int, last: int) -> None:
    """Let one go along a line beside a card, and on from there as far as nothing is in the way."""
    on, off = blocked.rfind(1, 0, first) + 1, blocked.find(1, last)
    off = len(line) if off < 0 else off
    line[on:first] = bytes(first - on)
    line[last:off] = bytes(off - last)
    line[first:last] = blocked[first:last]


# -- from corners to curves -------------------------------------------------------------------------------------------


def _straightened(path: _Path, end: Point) -> _Path:
    """Without what lies between two corners; to an end that is come to from the left, however short the way there."""
    kept: _Path = []
    for point in path:
        if kept and point == kept[-1]:
            continue
        if len(kept) > 1 and _is_level(kept[-2], kept[-1]) == _is_level(kept[-1], point):
            kept.pop()
        kept.append(point)
    if len(kept) > 1 and _is_level(kept[-2], kept[-1]):
        kept.pop()
    return [*kept, end]


def _aside(path: _Path, by: float) -> _Path:
    """The same path, `by` farther to the right of who goes along it."""
    shifts = [_shift(a, b, by) for a, b in pairwise(path)]
    before, after = [shifts[0], *shifts], [*shifts, shifts[-1]]
    return [(x + (a[0] or b[0]), y + (a[1] or b[1])) for (x, y), a, b in zip(path, before, after, strict=True)]


def _is_level(a: Point, b: Point) -> bool:
    return a[1] == b[1]


def _shift(a: Point, b: Point, by: float) -> Point:
    if _is_level(a, b):
        return (0.0, by if b[0] >= a[0] else -by)
    return (by if b[1] < a[1] else -by, 0.0)


def rounded(path: Sequence[Point], most: float) -> Route:
    """Curves along a path of level and upright lines: these, and bends of a radius of `most` at the corners."""
    route, last = [path[0]], path[0]
    for before, corner, after in zip(path, path[1:], path[2:], strict=False):
        radius = min(most, _distance(before, corner) / 2, _distance(corner, after) / 2)
        on, off = _towards(corner, before, radius), _towards(corner, after, radius)
        route += [*_line(last, on), _middle(on, corner), _middle(off, corner), off]
        last = off
    return (*route, *_line(last, path[-1]))


def _line(a: Point, b: Point) -> tuple[Point, Point, Point]:
    step = ((b[0] - a[0]) / 3, (b[1] - a[1]) / 3)
    return ((a[0] + step[0], a[1] + step[1]), (b[0] - step[0], b[1] - step[1]), b)


def _distance(a: Point, b: Point) -> float:
    return abs(a[0] - b[0]) + abs(a[1] - b[1])


def _towards(a: Point, b: Point, by: float) -> Point:
    if _is_level(a, b):
        return (a[0] + by if b[0] > a[0] else a[0] - by, a[1])
    return (a[0], a[1] + by if b[1] > a[1] else a[1] - by)


def _middle(a: Point, b: Point) -> Point:
    return (a[0] + b[0]) / 2, (a[1] + b[1]) / 2
