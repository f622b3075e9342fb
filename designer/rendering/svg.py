"""A flow as SVG: the one look of canvas, version graph, differences and live instances.

Only classes and SVG attributes, no `style`: colours and lines are in `static/css/graph.css`. Every text goes through
`labels`. All is of as few elements as it takes: there may be a thousand cards, and a browser lays out each element.
A task is `<g class="node …" id="node-KEY" data-task="KEY">`, a phase `<g class="phase …" id="phase-KEY">`, the trigger
`<g class="trigger …" id="node-trigger">`, an edge `<g class="edge …" id="edge-ID" data-edge="ID">`; `element_id` names
them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from django.utils.safestring import SafeString, mark_safe

from designer.graph.kinds import kind_of
from designer.graph.lowering import is_back_edge
from designer.graph.model import TRIGGER, Edge, Flow, Join, On, Phase, Task, note_of_ref, phase_of_ref, phase_ref
from designer.rendering.cards import (
    LABEL_HEIGHT,
    LABEL_SIZE,
    NAME_SIZE,
    SUMMARY_SIZE,
    TEXT_LEFT,
    TEXT_RIGHT,
    TILE,
    card_summary,
    label_width,
    trigger_words,
)
from designer.rendering.curves import Rect, middle_of, path_data
from designer.rendering.icons import icon_path
from designer.rendering.labels import clean, markup, shorten, text_width
from designer.rendering.layout import MARGIN, Layout, rect_around
from designer.rendering.marks import LOOKS, QUIET, Look, Mark, as_mark, look_of
from designer.rendering.theme import standalone_style

ARROWS: Final = ("plain", "taken", "failed", "dead", "error", "added", "removed", "changed")
_EDGE_SIGNS: Final = {"added": "+", "removed": "−", "changed": "≠"}
_JOIN_WORDS: Final = {Join.ANY: "any", Join.RACE: "race", Join.ALL_SETTLED: "all settled"}
_BADGE_HEIGHT: Final = 18
_BADGE_SIZE: Final = 10.5

Link = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Picture:
    """What a drawing shows beyond the flow. All of it may be left out.

    `tasks`: statuses by task key. `edges`: by edge id one of `pending taken dead failed added removed changed`.
    `phases`: a word by phase key in place of the number of tasks (`2 of 4 done`). `trigger`: a status. `selected`: the
    key of a task. `link`: the address a task's card leads to, by its key.
    """

    tasks: Mapping[str, Mark | str] = field(default_factory=dict)
    edges: Mapping[str, str] = field(default_factory=dict)
    phases: Mapping[str, str] = field(default_factory=dict)
    trigger: str = ""
    selected: str = ""
    link: Link | None = None


PLAIN: Final = Picture()


@dataclass(frozen=True, slots=True)
class Ghost:
    """Where something was that now stands elsewhere."""

    name: str
    before: Rect
    after: Rect


@dataclass(frozen=True, slots=True)
class Ends:
    """What the edges of a flow mean for its cards: how many lead to each node, and which nodes have an error edge."""

    incoming: Counter[str]
    failing: frozenset[str]


def ends_of(flow: Flow) -> Ends:
    """The ends of all edges of a flow."""
    failing = frozenset(edge.source for edge in flow.edges if edge.on is On.ERROR)
    return Ends(Counter(edge.target for edge in flow.edges), failing)


def flow_svg(
    flow: Flow,
    layout: Layout,
    *,
    marks: Mapping[str, Mark | str] | None = None,
    edge_marks: Mapping[str, str] | None = None,
    phase_marks: Mapping[str, str] | None = None,
    trigger_mark: str = "",
    selected: str = "",
    link: Link | None = None,
    ghosts: Sequence[Ghost] = (),
    element: str = "graph",
    label: str = "",
) -> SafeString:
    """The whole drawing as an `<svg>` element for a page. See `Picture` for the marks; `element` is its id.

    `ghosts` lie below everything.
    `label` is read out before the tasks; without one it is the flow's name and the number of its tasks.
    """
    picture = Picture(marks or {}, edge_marks or {}, phase_marks or {}, trigger_mark, selected, link)
    box = _around(layout, ghosts)
    words = markup(label or f"{flow.name}, {_counted(len(flow.tasks), 'task')}")
    least = max(round(box.width * 0.75), 1)
    return mark_safe(  # noqa: S308 (built from escaped pieces below)
        f'<div class="graph-sheet"><svg class="graph-least" width="{least:g}" height="1" aria-hidden="true"></svg>'
        f'<svg class="graph" id="{markup(element)}" xmlns="http://www.w3.org/2000/svg" role="group"'
        f' aria-label="{words}" viewBox="{_view_box(box)}" width="{box.width:g}" height="{box.height:g}">'
        f"<defs>{definitions()}</defs>{_paper(box)}{ghosts_svg(ghosts)}"
        f"{graph_groups(flow, layout, picture)}</svg></div>"
    )


def standalone_svg(flow: Flow, layout: Layout, *, look: str = "light") -> str:
    """The drawing as a file of its own, in `light` or `dark` colours, with everything it needs inside."""
    box = layout.bounds
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<svg xmlns="http://www.w3.org/2000/svg" class="graph" viewBox="{_view_box(box)}" width="{box.width:g}"'
        f' height="{box.height:g}"><title>{markup(flow.name)}</title><style>{standalone_style(look)}</style>'
        f"<defs>{definitions()}</defs>{_paper(box)}{graph_groups(flow, layout, PLAIN)}</svg>\n"
    )


def definitions() -> SafeString:
    """The content of `<defs>`: the squared paper (`#squares`) and the arrowheads."""
    arrows = "".join(
        f'<marker id="arrow-{name}" class="arrow arrow-{name}" viewBox="0 0 9 8" refX="8" refY="4" markerWidth="9"'
        f' markerHeight="8" markerUnits="userSpaceOnUse" orient="auto"><path d="M0 .4 8.5 4 0 7.6Z"/></marker>'
        for name in ARROWS
    )
    return mark_safe(  # noqa: S308 (constants)
        '<pattern id="squares" width="80" height="80" patternUnits="userSpaceOnUse">'
        '<path class="square" d="M16 0V80M32 0V80M48 0V80M64 0V80M0 16H80M0 32H80M0 48H80M0 64H80"/>'
        f'<path class="square-strong" d="M80 0H0V80"/></pattern>{arrows}'
    )


def graph_groups(flow: Flow, layout: Layout, picture: Picture = PLAIN, *, is_canvas: bool = False) -> SafeString:
    """Phases, edges, trigger and tasks as four groups: `#graph-phases`, `#graph-edges`, `#graph-nodes`.

    On a canvas (`is_canvas`) the editor's script gives roles and names to the pieces; elsewhere tasks are a list.
    """
    phases = "".join(phase_svg(flow, layout, key, picture) for key in flow.phases)
    edges = "".join(edge_svg(flow, layout, edge, picture) for edge in flow.edges)
    ends = ends_of(flow)
    nodes = "".join(node_svg(flow, layout, key, picture, is_canvas=is_canvas, ends=ends) for key in flow.tasks)
    implied = "".join(_implied(route) for route in layout.implied)
    hidden = "" if is_canvas else ' aria-hidden="true"'
    tasks = f'<g role="list" aria-label="Tasks" class="tasks">{nodes}</g>' if nodes and not is_canvas else nodes
    return mark_safe(  # noqa: S308 (built from escaped pieces)
        f'<g class="phases" id="graph-phases"{hidden}>{phases}</g>'
        f'<g class="edges" id="graph-edges"{hidden}>{implied}{edges}</g>'
        f'<g class="nodes" id="graph-nodes">{trigger_svg(flow, layout, picture)}{tasks}</g>'
    )


def element_id(ref: str) -> str:
    """The id of the element that draws a node reference: `trigger`, a task key, `phase:KEY` or `note:KEY`."""
    phase, note = phase_of_ref(ref), note_of_ref(ref)
    if note is not None:
        return f"note-{note}"
    return f"phase-{phase}" if phase is not None else f"node-{ref}"


def edge_element_id(edge: Edge) -> str:
    """The id of the element that draws an edge."""
    return f"edge-{edge.id}"


# -- pieces -----------------------------------------------------------------------------------------------------------


def node_svg(
    flow: Flow,
    layout: Layout,
    key: str,
    picture: Picture = PLAIN,
    *,
    is_canvas: bool = False,
    ends: Ends | None = None,
) -> SafeString:
    """The card of one task. `ends`: where many are drawn, `ends_of(flow)` once for all."""
    task, box = flow.tasks[key], layout.tasks[key]
    ends = ends or ends_of(flow)
    kind, mark = kind_of(task), as_mark(picture.tasks.get(key, ""))
    look = look_of(mark.status) if mark.status else None
    summary = clean(mark.note) or card_summary(flow, task)
    classes = ["node", f"kind-{task.kind}", f"tone-{kind.colour}"]
    if look is not None:
        classes += [f"status-{mark.status}", f"look-{look.tone}"]
    if picture.selected == key:
        classes.append("is-selected")
    words = ", ".join(part for part in (task.name or key, kind.label, look.word if look else "", summary) if part)
    role = "" if is_canvas else f' role="listitem" aria-label="{markup(words)}"'
    inside = (
        f"<title>{markup(task.name or key)}</title>"
        f'<rect class="halo" x="-4" y="-4" width="{box.width + 8:g}" height="{box.height + 8:g}" rx="11"/>'
        f'<rect class="card" width="{box.width:g}" height="{box.height:g}" rx="8"/>'
        f"{_tile(kind.icon_of(task), box)}{_words(task, summary, box)}"
        f"{_ports(box, has_error_edge=key in ends.failing)}{_join(task, ends)}"
        f"{_badge(look, box) if look is not None and mark.status not in QUIET else ''}"
    )
    if picture.link is not None:
        # The link carries the name; the list item around it only counts.
        inside = f'<a href="{markup(picture.link(key))}" aria-label="{markup(words)}">{inside}</a>'
        role = "" if is_canvas else ' role="listitem"'
    return mark_safe(  # noqa: S308 (built from escaped pieces)
        f'<g class="{markup(" ".join(classes))}" id="{markup(element_id(key))}" data-task="{markup(key)}"'
        f' transform="translate({box.x:g} {box.y:g})"{role}>{inside}</g>'
    )


def phase_svg(flow: Flow, layout: Layout, key: str, picture: Picture = PLAIN) -> SafeString:
    """The area of one phase, with its name and how many tasks it has, or its status."""
    phase, box = flow.phases[key], layout.phases[key]
    status = picture.phases.get(key, "")
    count = clean(status) or _counted(sum(1 for _ in flow.tasks_in(key)), "task")
    count_width = text_width(count, SUMMARY_SIZE)
    name = shorten(phase.name or key, max(box.width - count_width - 44, 40), 12, bold=True)
    return mark_safe(  # noqa: S308 (built from escaped pieces)
        f'<g class="phase{_status_class(status)}" id="{markup(element_id(phase_ref(key)))}" data-phase="{markup(key)}"'
        f' transform="translate({box.x:g} {box.y:g})"><title>{markup(_phase_title(phase))}</title>'
        f'<rect class="area" width="{box.width:g}" height="{box.height:g}" rx="12"/>'
        f'<text class="phase-name" x="14" y="22">{markup(name)}</text>'
        f'<text class="phase-count" x="{box.width - 14:g}" y="22">'
        f"{markup(shorten(count, box.width - 60, SUMMARY_SIZE))}</text></g>"
    )


def trigger_svg(flow: Flow, layout: Layout, picture: Picture = PLAIN) -> SafeString:
    """Where instances enter, with what starts them below."""
    box = layout.trigger
    radius = box.width / 2
    look = f" look-{look_of(picture.trigger).tone}" if picture.trigger not in ("", *QUIET) else ""
    words = trigger_words(flow)
    return mark_safe(  # noqa: S308 (built from escaped pieces)
        f'<g class="trigger{look}" id="{element_id(TRIGGER)}" data-node="{TRIGGER}"'
        f' transform="translate({box.x:g} {box.y:g})"><title>{markup(f"Starts: {words}")}</title>'
        f'<circle class="halo" cx="{radius:g}" cy="{radius:g}" r="{radius + 4:g}"/>'
        f'<circle class="card" cx="{radius:g}" cy="{radius:g}" r="{radius:g}"/>'
        f'<path class="glyph" d="{icon_path("play", radius - 8, radius - 9)}"/>'
        f'<text class="caption" x="{radius:g}" y="{box.height + 17:g}">'
        f"{markup(shorten(words, 116, LABEL_SIZE))}</text></g>"
    )


def edge_svg(flow: Flow, layout: Layout, edge: Edge, picture: Picture = PLAIN) -> SafeString:
    """One edge with its arrow and label; nothing where one of its ends does not exist."""
    place = layout.edges.get(edge.id)
    if place is None:
        return mark_safe("")
    status = picture.edges.get(edge.id, "")
    is_error = edge.on is On.ERROR
    classes = ["edge"] + [f"edge-{status}"] * bool(status)
    classes += ["edge-error"] * is_error + ["edge-back"] * is_back_edge(flow, edge)
    arrow = status if status in ARROWS else "error" if is_error else "plain"
    path = path_data(place.route)
    label, box = place.label, place.label_box
    sign = _EDGE_SIGNS.get(status, "")
    if sign:
        label = f"{sign} {label}".strip()
        box = _resized(box, label) if box is not None else _pill_at(middle_of(place.route), label)
    return mark_safe(  # noqa: S308 (built from escaped pieces)
        f'<g class="{markup(" ".join(classes))}" id="{markup(edge_element_id(edge))}" data-edge="{markup(edge.id)}">'
        f'<path class="edge-reach" d="{path}"/><path class="edge-line" d="{path}" marker-end="url(#arrow-{arrow})"/>'
        f"{_pill(label, box) if box is not None else ''}</g>"
    )


def ghosts_svg(ghosts: Sequence[Ghost]) -> SafeString:
    """An empty card where each was, and a line to where it is if that is not nearly the same place."""
    drawn = "".join(
        f'<g class="ghost"><rect class="ghost-card" x="{was.x:g}" y="{was.y:g}" width="{was.width:g}"'
        f' height="{was.height:g}" rx="8"/><text class="ghost-name" x="{was.x + 12:g}" y="{was.y + 22:g}">'
        f"{markup(shorten(f'was here: {ghost.name}', was.width - 24, SUMMARY_SIZE))}</text>{_ghost_way(ghost)}</g>"
        for ghost in ghosts
        for was in (ghost.before,)
    )
    return mark_safe(f'<g class="ghosts" aria-hidden="true">{drawn}</g>' if drawn else "")  # noqa: S308 (escaped)


# -- their details ----------------------------------------------------------------------------------------------------


def _tile(icon: str, box: Rect) -> str:
    top, inset = (box.height - TILE) / 2, (TILE - 18) / 2
    return (
        f'<rect class="tile" x="12" y="{top:g}" width="{TILE}" height="{TILE}" rx="7"/>'
        f'<path class="glyph" d="{icon_path(icon, 12 + inset, top + inset)}"/>'
    )


def _words(task: Task, summary: str, box: Rect) -> str:
    room = box.width - TEXT_LEFT - TEXT_RIGHT
    name = shorten(task.name or task.key, room, NAME_SIZE, bold=True)
    return (
        f'<text class="name" x="{TEXT_LEFT}" y="25">{markup(name)}</text>'
        f'<text class="summary" x="{TEXT_LEFT}" y="42">{markup(shorten(summary, room, SUMMARY_SIZE))}</text>'
    )


def _ports(box: Rect, *, has_error_edge: bool) -> str:
    sides = "".join(f"M{x - 4:g} {box.height / 2:g}a4 4 0 1 1 8 0a4 4 0 1 1-8 0" for x in (0, box.width))
    ports = f'<path class="port" d="{sides}"/>'
    if has_error_edge:
        ports += f'<circle class="port port-error" cx="{box.width / 2:g}" cy="{box.height:g}" r="4"/>'
    return ports


def _join(task: Task, ends: Ends) -> str:
    """How a task joins several edges, where it does not wait for all of them."""
    word = _JOIN_WORDS.get(task.join)
    if word is None or ends.incoming[task.key] < 2:
        return ""
    width = text_width(word, _BADGE_SIZE) + 14
    return (
        f'<g class="join" transform="translate(10 -9)"><rect width="{width:.1f}" height="{_BADGE_HEIGHT}" rx="9"/>'
        f'<text x="{width / 2:.1f}" y="12.5">{word}</text></g>'
    )


def _badge(look: Look, box: Rect) -> str:
    width = text_width(look.word, _BADGE_SIZE, bold=True) + 28
    return (
        f'<g class="badge" transform="translate({box.width - width - 8:.1f} -9)">'
        f'<rect width="{width:.1f}" height="{_BADGE_HEIGHT}" rx="9"/>'
        f'<use class="badge-icon" href="#icon-{look.icon}" x="6" y="3" width="12" height="12"/>'
        f'<text x="21" y="12.8">{markup(look.word)}</text></g>'
    )


def _pill(label: str, box: Rect) -> str:
    return (
        f'<g class="edge-label"><rect x="{box.x:g}" y="{box.y:g}" width="{box.width:g}"'
        f' height="{box.height:g}" rx="10"/>'
        f'<text x="{box.x + box.width / 2:g}" y="{box.y + 14:g}">{markup(label)}</text></g>'
    )


def _pill_at(middle: tuple[float, float], label: str) -> Rect:
    width = label_width(label)
    return Rect(round(middle[0] - width / 2, 1), round(middle[1] - LABEL_HEIGHT / 2, 1), width, LABEL_HEIGHT)


def _resized(box: Rect, label: str) -> Rect:
    return _pill_at((box.x + box.width / 2, box.y + box.height / 2), label)


def _ghost_way(ghost: Ghost) -> str:
    if ghost.before.overlaps(ghost.after):
        return ""
    (x1, y1), (x2, y2) = _edge_towards(ghost.before, ghost.after), _edge_towards(ghost.after, ghost.before)
    return f'<path class="ghost-way" d="M{x1:g} {y1:g}L{x2:g} {y2:g}" marker-end="url(#arrow-changed)"/>'


def _edge_towards(box: Rect, other: Rect) -> tuple[float, float]:
    """Where a straight line from middle to middle leaves a box."""
    middle = box.x + box.width / 2, box.y + box.height / 2
    right, down = other.x + other.width / 2 - middle[0], other.y + other.height / 2 - middle[1]
    share = min(
        box.width / 2 / abs(right) if right else 1,
        box.height / 2 / abs(down) if down else 1,
    )
    return round(middle[0] + right * share, 1), round(middle[1] + down * share, 1)


def _around(layout: Layout, ghosts: Sequence[Ghost]) -> Rect:
    if not ghosts:
        return layout.bounds
    was = (ghost.before for ghost in ghosts)
    sheets = [Rect(box.x - MARGIN, box.y - MARGIN, box.width + 2 * MARGIN, box.height + 2 * MARGIN) for box in was]
    return rect_around([layout.bounds, *sheets])


def _implied(route: tuple[tuple[float, float], ...]) -> str:
    return f'<path class="edge-line edge-implied" d="{path_data(route)}" marker-end="url(#arrow-plain)"/>'


def _paper(box: Rect) -> str:
    return f'<rect class="paper" x="{box.x:g}" y="{box.y:g}" width="{box.width:g}" height="{box.height:g}"/>'


def _view_box(box: Rect) -> str:
    return f"{box.x:g} {box.y:g} {box.width:g} {box.height:g}"


def _phase_title(phase: Phase) -> str:
    return f"{phase.name or phase.key}: {phase.description}" if phase.description else phase.name or phase.key


def _status_class(status: str) -> str:
    return f" status-{status}" if status in LOOKS else ""


def _counted(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"
