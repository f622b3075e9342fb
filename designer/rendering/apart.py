"""Different edges on lines of their own. Pure; `static/js/editor/apart.js` does the same while something is dragged.

Each edge has its way by itself (`designer.rendering.routing`). Where a straight piece of it would run on the line of
another edge, or close beside, that piece is moved aside: of two edges the one whose ends are farther apart makes room,
so that the longer way runs around the shorter. What lies farther off than `FARTHEST` says nothing to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Final, TypeVar

from designer.rendering.corners import rounded
from designer.rendering.curves import Box, Point, Rect, Route, Walls, route_bounds
from designer.rendering.obstacles import Obstacles

LANE: Final = 8.0
"""How far the lines of different edges stand apart, where there is room; else closer, but not on each other."""
FARTHEST: Final = 128.0
_CLOSE: Final = 6.0  # lines that are not so near to each other stay where they are
_ONE_LINE: Final = 1.5
_TOUCH: Final = 8.0  # lines may run along each other as far as this
_LEAST: Final = 6.0  # how long a piece stays beside one that is moved
_STEPS: Final = (LANE, 4.0, 1.75)
_CLOSENESS: Final = 1000.0
_CROSSING: Final = 40.0  # a crossing is worth being moved aside as far as this
_MOST_LINES: Final = 64
_MOST_TRIED: Final = 8
_ENOUGH: Final = 6  # good places for a piece, among which the best is taken
_BESIDE: Final = 20.0  # what is farther beside a piece, or the bends at its ends, has no say
_LONGEST_BEND: Final = 1024.0  # what is longer says nothing about crossings
_SQUARE: Final = 256
_FLAT: Final = 0.25  # ways are told to the page in tenths

_OUT: Final = 1  # begins at a card
_IN: Final = 2  # ends at a card
_BEND: Final = 4  # neither level nor upright: where one is only matters for what crosses it

_Path = list[Point]
_Some = TypeVar("_Some", bound=Box)


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose way it is. Of two edges the one with the greater `rank` makes room."""

    rank: tuple[float, str]
    source: str
    target: str


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """A piece of an edge's way from `a` to `b`, and the box around it. `role`: 0 for one that can be moved aside.

    `is_early`: where it was before anything was moved aside. That is what edges see which make no room for its owner.
    """

    a: Point
    b: Point
    role: int
    owner: Owner
    is_early: bool
    x: float
    y: float
    width: float
    height: float

    def counts_for(self, owner: Owner) -> bool:
        """Whether somebody else keeps apart from it."""
        rank = self.owner.rank
        return rank > owner.rank if self.is_early else rank < owner.rank


@dataclass(frozen=True, slots=True)
class Alone:
    """How an edge would go if it were the only one. `room`: what lies outside of it does not move it aside.

    `goes_around`: whether cards are in its way; `can_move`: whether it has pieces that can be moved aside.
    """

    route: Route
    owner: Owner
    ends: tuple[Rect, Rect]
    goes_around: bool
    room: Rect
    can_move: bool
    pieces: tuple[Piece, ...] = field(compare=False)


def alone(route: Route, owner: Owner, ends: tuple[Rect, Rect], *, goes_around: bool) -> Alone:
    """What there is to know of a way that was found."""
    bounds, far = route_bounds(route), FARTHEST + LANE
    room = Rect(bounds.x - far, bounds.y - far, bounds.width + 2 * far, bounds.height + 2 * far)
    return Alone(route, owner, ends, goes_around, room, len(route) > 4, early_pieces_of(route, owner))


def owner_of(id: str, source: str, target: str, boxes: tuple[Box, Box]) -> Owner:
    """`boxes`: those of the two ends. Who lies farther apart makes room; of equals that with the later id."""
    a, b = boxes
    far = abs(b.x - a.x - a.width) + abs(b.y + b.height / 2 - a.y - a.height / 2)
    return Owner((far, id), source, target)


def pieces_of(route: Route, owner: Owner) -> tuple[Piece, ...]:
    """What edges keep apart from that make room for this one."""
    path, roles = _path_of(route)
    pieces = (_piece(a, b, role, owner) for (a, b), role in zip(pairwise(path), roles, strict=True))
    return tuple(piece for piece in pieces if piece.role != _BEND or piece.width + piece.height < _LONGEST_BEND)


def early_pieces_of(route: Route, owner: Owner) -> tuple[Piece, ...]:
    """What the others keep apart from: pieces of a way, before it is moved aside, that are fixed to a card."""
    return tuple(replace(piece, is_early=True) for piece in pieces_of(route, owner) if piece.role not in (0, _BEND))


def apart(way: Alone, pieces: Pieces, cards: Obstacles) -> tuple[Route, tuple[Rect, ...]]:
    """The same way, moved aside where it would run along one of `pieces`, and clear of the cards all the same.

    With it, the areas that were looked at: of pieces and cards elsewhere nothing is known.
    """
    path, roles = _path_of(way.route)
    moved, route, seen, radius = path, way.route, [], _radius(way.route, path)
    for at, role in enumerate(roles):
        if role:
            continue
        seen.append(_beside(moved, at))
        if not _closeness(moved[at], moved[at + 1], 0, pieces.within(seen[-1], way.owner), way.owner):
            continue
        is_arch = _is_arch(route)
        before, after = (route[:4], route[6:]) if is_arch else (moved[at - 1 : at + 1], moved[at + 1 : at + 3])
        areas = _swept(moved[at - 1 : at + 3], before, after)
        seen += areas
        boxes = _within(cards, areas, way) if way.goes_around else []
        first, last = _changing(at, route)
        middle = _Middle(moved[at - 1 : at + 3], roles[at - 1 : at + 2], areas, pieces, way.owner)
        walls = Walls(boxes, way.ends)
        for by in middle.places(boxes):
            shifted = _shifted(moved, at, by)
            tried = _along(way.route, path, shifted, radius)
            if walls.let_through((tried[first : last + 1],)):
                moved, route = shifted, tried
                break
    return route, tuple(seen)


def _changing(at: int, route: Route) -> tuple[int, int]:
    """Between which points a way is another one once a piece is moved: it, those beside it, and their bends."""
    if _is_arch(route):
        return 0, len(route) - 1
    return max(3 * (2 * at - 4), 0), min(3 * (2 * at + 5), len(route) - 1)


def _within(cards: Obstacles, areas: Iterable[Rect], way: Alone) -> list[Box]:
    """The cards, but for the two that a way joins, that reach into one of some areas."""
    found = {
        id(box): box
        for area in areas
        for box in cards.within(area.x, area.y, area.x + area.width, area.y + area.height)
        if box not in way.ends
    }
    return list(found.values())


def _beside(path: _Path, at: int) -> Rect:
    (ax, ay), (bx, by) = path[at], path[at + 1]
    return Rect(min(ax, bx) - _CLOSE, min(ay, by) - _CLOSE, abs(ax - bx) + 2 * _CLOSE, abs(ay - by) + 2 * _CLOSE)


def _swept(path: _Path, before: Sequence[Point], after: Sequence[Point]) -> tuple[Rect, Rect, Rect]:
    """Where three pieces, and what has a say in them, may be while the middle one is moved aside.

    `before` and `after`: points between which the way is on both its sides.
    """
    (_, b, c, _), (_, d, e, _) = _shifted(path, 1, -FARTHEST), _shifted(path, 1, FARTHEST)
    return _around((*before, b, d)), _around((b, c, d, e)), _around((c, e, *after))


def _around(points: Sequence[Point]) -> Rect:
    left, top = min(x for x, _ in points) - _BESIDE, min(y for _, y in points) - _BESIDE
    right, bottom = max(x for x, _ in points) + _BESIDE, max(y for _, y in points) + _BESIDE
    return Rect(left, top, right - left, bottom - top)


class _Middle:
    """The middle one of three pieces of a way: where it may be moved to."""

    def __init__(self, path: _Path, roles: Sequence[int], areas: Iterable[Rect], pieces: Pieces, owner: Owner) -> None:
        self.path, self.roles, self.owner = path, roles, owner
        self.axis = 1 if _is_level(path[1], path[2]) else 0
        self.line = path[1][self.axis]
        self.first, self.last = sorted((path[1][1 - self.axis], path[2][1 - self.axis]))
        found = [pieces.within(area, owner) for area in areas]
        for near in found:
            near.sort(key=lambda piece: (piece.owner.rank, piece.a, piece.b))
        self.before, there, self.after = found
        self.along = [piece for piece in there if _runs_along(piece, self.axis, self.first, self.last)]
        self.across = [piece for piece in there if piece.role == _BEND or not self._is_parallel(piece)]

    def places(self, boxes: Sequence[Box]) -> list[float]:
        """How far it may be moved to be less close to others, clear of `boxes`: the best place first."""
        found: list[tuple[float, float]] = []
        least, good, shut = self._closeness(self.path), 0, self._shut(boxes)
        for by in self._distances():
            line = self.line + by
            if any(begin <= line <= end for begin, end in shut):
                continue
            shifted = _shifted(self.path, 1, by)
            left = self._closeness(shifted)
            if left >= least:
                continue
            found.append((_CLOSENESS * left + _CROSSING * self._crossings(shifted) + abs(by), by))
            good += not left
            if good == _ENOUGH:
                break
        return [by for _, by in sorted(found)[:_MOST_TRIED]]

    def _is_parallel(self, piece: Piece) -> bool:
        return _is_level(piece.a, piece.b) == (self.axis == 1)

    def _distances(self) -> list[float]:
        """How far it may be moved: to lines beside those that run along it, the nearest first.

        The pieces on both sides still go the way they went then, and are not too short for a turn.
        """
        axis, (a, b, c, d) = self.axis, self.path
        found = {piece.a[axis] + by - self.line for piece in self.along for step in _STEPS for by in (-step, step)}
        nearest = sorted((by for by in found if 0 < abs(by) <= FARTHEST), key=lambda by: (abs(by), by))[:_MOST_LINES]
        least, most = -FARTHEST, FARTHEST
        for old in (b[axis] - a[axis], c[axis] - d[axis]):
            if old > 0:
                least = max(least, min(old, _LEAST) - old)
            elif old < 0:
                most = min(most, max(old, -_LEAST) - old)
        return [by for by in nearest if least <= by <= most]

    def _shut(self, boxes: Sequence[Box]) -> list[tuple[float, float]]:
        """The lines that run through a box: from where to where."""
        if self.axis:
            inside = [box for box in boxes if box.x < self.last and self.first < box.x + box.width]
            return [(box.y, box.y + box.height) for box in inside]
        inside = [box for box in boxes if box.y < self.last and self.first < box.y + box.height]
        return [(box.x, box.x + box.width) for box in inside]

    def _closeness(self, path: _Path) -> float:
        found = _closeness(path[0], path[1], self.roles[0], self.before, self.owner)
        axis, line = self.axis, path[1][self.axis]
        for piece in self.along:
            gap = abs(piece.a[axis] - line)
            if gap < _CLOSE and not _belong_together(0, piece, self.owner, gap):
                found += _harm(gap)
        return found + _closeness(path[2], path[3], self.roles[2], self.after, self.owner)

    def _crossings(self, path: _Path) -> int:
        near = (self.before, self.across, self.after)
        return sum(_crossings(a, b, others) for (a, b), others in zip(pairwise(path), near, strict=True))


def overlapping(boxes: Sequence[_Some], area: Rect) -> list[_Some]:
    """Those that share an area with one."""
    left, right, top, bottom = area.x, area.x + area.width, area.y, area.y + area.height
    return [
        box
        for box in boxes
        if box.x < right and left < box.x + box.width and box.y < bottom and top < box.y + box.height
    ]


def _runs_along(piece: Piece, axis: int, first: float, last: float) -> bool:
    if piece.role == _BEND or _is_level(piece.a, piece.b) != (axis == 1):
        return False
    begin, end = (piece.x, piece.x + piece.width) if axis else (piece.y, piece.y + piece.height)
    return min(last, end) - max(first, begin) > _TOUCH


def _closeness(a: Point, b: Point, role: int, near: Sequence[Piece], owner: Owner) -> float:
    """How bad it is that a piece runs close along others: 0 where it does not."""
    if role == _BEND:
        return 0.0
    found, axis = 0.0, 1 if _is_level(a, b) else 0
    line, first, last = a[axis], min(a[1 - axis], b[1 - axis]), max(a[1 - axis], b[1 - axis])
    for piece in near:
        gap = abs(piece.a[axis] - line)
        if gap < _CLOSE and _runs_along(piece, axis, first, last) and not _belong_together(role, piece, owner, gap):
            found += _harm(gap)
    return found


def _harm(gap: float) -> float:
    return ((LANE - gap) / LANE) ** 2 + (gap < _ONE_LINE)


def _belong_together(role: int, piece: Piece, owner: Owner, gap: float) -> bool:
    """Whether a piece and another leave or arrive together, or are of edges between the same two, side by side."""
    has_source, has_target = piece.owner.source == owner.source, piece.owner.target == owner.target
    both = role & piece.role
    return bool((has_source and both & _OUT) or (has_target and both & _IN)) or (has_source and has_target and gap >= 1)


def _crossings(a: Point, b: Point, near: Sequence[Piece]) -> int:
    found = 0
    left, right, top, bottom = min(a[0], b[0]), max(a[0], b[0]), min(a[1], b[1]), max(a[1], b[1])
    for piece in near:
        if piece.x > right or piece.y > bottom or piece.x + piece.width < left or piece.y + piece.height < top:
            continue
        c, d = piece.a, piece.b
        found += _side(a, b, c) * _side(a, b, d) < 0 and _side(c, d, a) * _side(c, d, b) < 0
    return found


def _side(a: Point, b: Point, c: Point) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


class Pieces:
    """Pieces of ways by the squares of a grid that they reach into."""

    def __init__(self, like: Pieces | None = None) -> None:
        self._squares: dict[tuple[int, int], tuple[Piece, ...]] = dict(like._squares) if like is not None else {}

    def add(self, pieces: Iterable[Piece]) -> None:
        """Take in some."""
        for piece in pieces:
            for square in _squares_of(piece):
                self._squares[square] = (*self._squares.get(square, ()), piece)

    def remove(self, pieces: Iterable[Piece]) -> None:
        """Forget some that are in it."""
        for piece in pieces:
            for square in _squares_of(piece):
                self._squares[square] = tuple(other for other in self._squares[square] if other is not piece)

    def within(self, area: Rect, owner: Owner) -> list[Piece]:
        """Those that somebody keeps apart from, and whose boxes share more than a side with an area."""
        left, right, top, bottom = area.x, area.x + area.width, area.y, area.y + area.height
        rank = owner.rank
        found = {
            id(piece): piece
            for square in _squares_of(area)
            for piece in self._squares.get(square, ())
            if piece.x < right
            and left < piece.x + piece.width
            and piece.y < bottom
            and top < piece.y + piece.height
            and (piece.owner.rank > rank if piece.is_early else piece.owner.rank < rank)
        }
        return list(found.values())


def _squares_of(box: Box) -> Iterator[tuple[int, int]]:
    down = range(int(box.y // _SQUARE), int((box.y + box.height) // _SQUARE) + 1)
    return ((x, y) for x in range(int(box.x // _SQUARE), int((box.x + box.width) // _SQUARE) + 1) for y in down)


# -- the straight pieces of a way -------------------------------------------------------------------------------------


def _path_of(route: Route) -> tuple[_Path, list[int]]:
    """The points between its pieces, and the role of each piece.

    A way is one curve; or a bend, a level line and a bend; or straight lines with rounded corners in between.
    """
    if len(route) == 4:
        is_straight = _is_flat(route, 0) or _is_flat(route, 1)
        return [route[0], route[3]], [_OUT | _IN if is_straight else _BEND]
    if _is_arch(route):
        return [route[0], route[3], route[6], route[9]], [_BEND, 0, _BEND]
    corners = [_corner(*route[number : number + 4]) for number in range(3, len(route) - 3, 6)]
    return [route[0], *corners, route[-1]], [_OUT, *[0] * (len(corners) - 1), _IN]


def _is_arch(route: Route) -> bool:
    return len(route) == 10 and route[3] != route[6] and _is_flat(route[3:7], 1)


def _is_flat(points: Sequence[Point], axis: int) -> bool:
    places = [point[axis] for point in points]
    return max(places) - min(places) < _FLAT


def _corner(on: Point, handle: Point, _: Point, off: Point) -> Point:
    """What a rounded corner goes around: it is come to on a level line, or on an upright."""
    return (off[0], on[1]) if abs(handle[0] - on[0]) >= abs(handle[1] - on[1]) else (on[0], off[1])


def _radius(route: Route, path: _Path) -> float:
    """That of the widest of a way's rounded corners."""
    starts = zip(range(3, len(route) - 3, 6), path[1:-1], strict=False)
    return max((_length(route[number], corner) for number, corner in starts), default=0.0)


def _along(route: Route, before: _Path, path: _Path, radius: float) -> Route:
    """The way along a path, of whose pieces some are elsewhere than `before`, where `route` went."""
    if _is_arch(route):
        by = path[1][1] - before[1][1]
        return (*route[:2], *((x, y + by) for x, y in route[2:8]), *route[8:])
    return rounded(path, radius)


def _shifted(path: _Path, at: int, by: float) -> _Path:
    """The path with one of its pieces `by` farther down, or to the right."""
    (ax, ay), (bx, to) = path[at], path[at + 1]
    if _is_level(path[at], path[at + 1]):
        return [*path[:at], (ax, ay + by), (bx, to + by), *path[at + 2 :]]
    return [*path[:at], (ax + by, ay), (bx + by, to), *path[at + 2 :]]


def _piece(a: Point, b: Point, role: int, owner: Owner) -> Piece:
    return Piece(a, b, role, owner, False, min(a[0], b[0]), min(a[1], b[1]), abs(a[0] - b[0]), abs(a[1] - b[1]))


def _is_level(a: Point, b: Point) -> bool:
    return abs(a[1] - b[1]) < _FLAT


def _length(a: Point, b: Point) -> float:
    return abs(a[0] - b[0]) + abs(a[1] - b[1])
