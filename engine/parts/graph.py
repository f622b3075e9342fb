"""The version graph of an instance with its live marks; as a whole for the page, piece by piece for the socket."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from django.utils.safestring import SafeString

from accounts.live import Part
from designer.graph.model import TRIGGER, Flow, phase_ref
from designer.naming import named
from designer.rendering.blocks import Drawing, drawing_of, shown
from designer.rendering.graphviz import GraphvizFailed, LayoutTooLarge
from designer.rendering.layout import Layout, layout_flow
from designer.rendering.marks import Mark
from designer.rendering.svg import (
    Picture,
    edge_element_id,
    edge_svg,
    element_id,
    ends_of,
    flow_svg,
    node_svg,
    phase_svg,
    trigger_svg,
)
from engine.parts.instance import InstancePage
from engine.parts.kept import Kept
from engine.parts.steps import ROLLBACK_STATUSES, StepLook

MOST_KEPT: Final = 10_000
MOST_PICTURES: Final = 200
_kept: Final[Kept[SafeString]] = Kept(MOST_KEPT)
_whole: Final[Kept[tuple[Part, ...]]] = Kept(MOST_PICTURES)


@dataclass(frozen=True, slots=True)
class GraphPart:
    """The drawing, or why there is none."""

    svg: SafeString | None
    reason: str = ""


def graph_of(page: InstancePage) -> GraphPart:
    """The whole graph for a page."""
    layout, reason = _layout(page)
    if layout is None:
        return GraphPart(None, reason)
    picture = picture_of(page)
    svg = flow_svg(
        _flow(page),
        layout,
        marks=picture.tasks,
        edge_marks=picture.edges,
        phase_marks=picture.phases,
        trigger_mark=picture.trigger,
        link=picture.link,
        label=f"{page.flow.name}, version {page.instance.version.number}, as it stands",
    )
    return GraphPart(svg)


def graph_parts(page: InstancePage) -> Sequence[Part]:
    """The pieces of the graph that can change: only those that did travel to a viewer, and only new ones are drawn.

    Instances that stand at the same point look alike, so all of it is kept by where they stand, and each piece again.
    """
    layout, _ = _layout(page)
    if layout is None:
        return ()
    picture = picture_of(page)
    if drawing_of(page.flow) is not None:  # the links of a program's cards are those of its own steps
        return tuple(_pieces(page, layout, picture))
    marks = (picture.tasks, picture.edges, picture.phases)
    names = tuple(_flow(page).called.items())
    stands = (page.instance.version_id, names, picture.trigger, *(tuple(one.items()) for one in marks))
    return _whole.get(stands, lambda: tuple(_pieces(page, layout, picture)))


def _pieces(page: InstancePage, layout: Layout, picture: Picture) -> Iterator[Part]:
    flow = _flow(page)
    version, ends = (page.instance.version_id, tuple(flow.called.items())), ends_of(flow)

    def kept(id: str, shown: Hashable, draw: Callable[[], SafeString]) -> Part:
        return Part(id, _kept.get((version, id, shown), draw))

    yield kept(element_id(TRIGGER), picture.trigger, partial(trigger_svg, flow, layout, picture))
    for key in flow.phases:
        draw = partial(phase_svg, flow, layout, key, picture)
        yield kept(element_id(phase_ref(key)), picture.phases.get(key), draw)
    for edge in flow.edges:
        if edge.id in layout.edges:
            yield kept(
                edge_element_id(edge), picture.edges.get(edge.id), partial(edge_svg, flow, layout, edge, picture)
            )
    for key in flow.tasks:
        shown_as = picture.tasks.get(key), picture.link(key) if picture.link else ""
        yield kept(element_id(key), shown_as, partial(node_svg, flow, layout, key, picture, ends=ends))


def picture_of(page: InstancePage) -> Picture:
    """Where the instance stands. The second line of an open or failed task says what it waits for or why it failed."""
    drawing = drawing_of(page.flow)
    if drawing is not None:
        return _picture_of_program(page, drawing)
    marks = page.marks
    latest = {look.task.key: look for look in page.looks}
    tasks = {key: _mark(latest.get(key), status) for key, status in marks.tasks.items()}
    return Picture(
        tasks=tasks,
        edges=marks.edges,
        phases=marks.phases,
        trigger="" if marks.trigger == "open" else marks.trigger,
        link=lambda key: f"?step={key}",
    )


def _picture_of_program(page: InstancePage, drawing: Drawing) -> Picture:
    """Where the steps of a program stand: each card shows the latest step that it stands for."""
    latest: dict[str, StepLook] = {}
    for look in page.looks:
        key = drawing.task_of(look.task.kind, look.name)
        if key is not None:
            latest[key] = look
    return Picture(
        tasks={key: _mark(look, look.status) for key, look in latest.items()},
        trigger="" if page.marks.trigger == "open" else page.marks.trigger,
        link=lambda key: f"?step={latest[key].key}" if key in latest else "?step=",
    )


def _mark(look: StepLook | None, status: str) -> Mark:
    if look is None:
        return Mark(status)
    if look.status in ROLLBACK_STATUSES:
        return Mark(look.status)
    if look.status != status:  # an earlier round
        return Mark(status)
    if status == "failed":
        return Mark(status, look.error_text)
    return Mark(status, f"waits for {look.waits}" if look.waits else "")


def _flow(page: InstancePage) -> Flow:
    """What is drawn of its version, with names."""
    return shown(named(page.scope, page.flow))


def _layout(page: InstancePage) -> tuple[Layout | None, str]:
    try:
        return layout_flow(_flow(page)), ""
    except LayoutTooLarge as too_large:
        return None, str(too_large)
    except GraphvizFailed:
        return None, "The graph cannot be drawn: Graphviz does not work on this server."
